use std::error::Error;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use patterns_core::context::TaskPath;

use crate::chain::chain;

/// A plain snapshot of a [`ConnectionPool`](super::ConnectionPool).
///
/// `in_use + idle + handed_over + opening + checking + closing` is the number of slots taken, and never
/// more than `max_size`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectionPoolStatus {
    /// Whether it hands out connections.
    pub is_open: bool,
    /// The limit.
    pub max_size: usize,
    /// Connections that are kept ready.
    pub min_idle: usize,
    /// Connections that users hold.
    pub in_use: usize,
    /// Connections that are ready.
    pub idle: usize,
    /// Connections reserved for waiters that have not been polled since.
    pub handed_over: usize,
    /// Connections being opened.
    pub opening: usize,
    /// Connections being checked, or about to be.
    pub checking: usize,
    /// Connections being closed, or about to be.
    pub closing: usize,
    /// Who waits for a connection.
    pub waiting: usize,
    /// Who has a connection, longest first.
    pub holders: Vec<Holder>,
    /// The last failed attempt to connect, unless one has succeeded since.
    pub last_failure: Option<ConnectFailure>,
    /// What has happened so far.
    pub counts: ConnectionCounts,
}

impl ConnectionPoolStatus {
    /// How many slots are taken.
    #[must_use]
    pub fn size(&self) -> usize {
        self.in_use + self.idle + self.handed_over + self.opening + self.checking + self.closing
    }

    /// Those who have held a connection for longer than the pool's `leak_after`.
    pub fn leaks(&self) -> impl Iterator<Item = &Holder> {
        self.holders.iter().filter(|holder| holder.leaked)
    }
}

/// What has happened in a pool so far.
///
/// `requests = acquired + gave_up + waiting` at any time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionCounts {
    /// Attempts to get a connection.
    pub requests: u64,
    /// Those that got one.
    pub acquired: u64,
    /// Those that did not: timed out, interrupted, refused or dropped.
    pub gave_up: u64,
    /// Connections opened.
    pub opened: u64,
    /// Attempts to open one that failed.
    pub open_failed: u64,
    /// Connections closed, for whatever reason; those past the `close_timeout` too.
    pub closed: u64,
    /// Checks that a connection did not pass.
    pub check_failed: u64,
    /// Connections that were taken back from a waiter that wasn't polled.
    pub taken_back: u64,
    /// Connections that were held for longer than the pool's `leak_after`.
    pub leaks: u64,
}

/// Somebody who has a connection.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Holder {
    /// Where in the source it was acquired.
    pub place: &'static Location<'static>,
    /// The names of the task that acquired it.
    pub path: TaskPath,
    /// For how long it has been held, to within a tenth of a second.
    pub held_for: Duration,
    /// Whether that was reported as a leak.
    pub leaked: bool,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.place)?;
        if !self.path.is_root() {
            write!(f, " ({})", self.path)?;
        }
        write!(f, " for {:?}", self.held_for)
    }
}

/// A failed attempt to connect.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectFailure {
    /// What went wrong.
    pub error: Arc<dyn Error + Send + Sync>,
    /// Whether it [can't be helped](super::ConnectionManager::is_permanent) by trying again.
    pub permanent: bool,
    /// How many attempts have failed since the last that succeeded.
    pub attempts: u32,
    /// How long ago that was.
    pub ago: Duration,
    /// How long ago the first of these attempts failed.
    pub failing_for: Duration,
    /// In how much time it is tried again; zero while it is being tried.
    pub retry_in: Duration,
}

impl fmt::Display for ConnectFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ago = Duration::from_secs(self.ago.as_secs());
        write!(f, "{} ({ago:?} ago, attempt {})", chain(&*self.error), self.attempts)
    }
}

/// What came of [draining](super::ConnectionPool::drain) a pool.
#[derive(Clone, Debug)]
#[must_use]
#[non_exhaustive]
pub struct DrainReceipt {
    /// How long it took.
    pub took: Duration,
    /// What happened in the pool's life.
    pub counts: ConnectionCounts,
    /// Who did not give their connection back. It is closed when they do.
    pub held: Vec<Holder>,
    /// Connections whose closing had not ended.
    pub closing: usize,
}

impl DrainReceipt {
    /// Whether every connection is closed.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.held.is_empty() && self.closing == 0
    }
}

impl fmt::Display for DrainReceipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "drained in {:?}: {} connections closed", self.took, self.counts.closed)?;
        if self.closing > 0 {
            write!(f, ", {} still closing", self.closing)?;
        }
        for holder in &self.held {
            write!(f, "; still held: {holder}")?;
        }
        Ok(())
    }
}
