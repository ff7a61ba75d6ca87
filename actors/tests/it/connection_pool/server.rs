//! A server that only counts.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use actors::connection_pool::{ConnectionManager, OnReturn};
use async_trait::async_trait;
use parking_lot::Mutex;
use tokio::time::{Instant, sleep};

/// What the server saw, and how it behaves.
#[derive(Default)]
pub(super) struct Server {
    pub(super) live: AtomicUsize,
    pub(super) most: AtomicUsize,
    pub(super) opening: AtomicUsize,
    pub(super) most_opening: AtomicUsize,
    pub(super) next: AtomicU64,
    pub(super) attempts: AtomicUsize,
    pub(super) checks: AtomicUsize,
    /// When connections were closed.
    pub(super) closed_at: Mutex<Vec<Instant>>,
    pub(super) behaviour: Mutex<Behaviour>,
    pub(super) check_on_return: AtomicBool,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Behaviour {
    pub(super) connect_time: Duration,
    pub(super) check_time: Duration,
    pub(super) close_time: Duration,
    pub(super) connect: Answer,
    pub(super) check: Answer,
    pub(super) close_panics: bool,
    pub(super) return_panics: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Answer {
    #[default]
    Ok,
    Fail,
    /// For good: another try is of no use.
    Forbid,
    Panic,
    Never,
}

impl Answer {
    async fn give(self, time: Duration) -> io::Result<()> {
        sleep(time).await;
        match self {
            Self::Ok => Ok(()),
            Self::Fail => Err(io::Error::new(io::ErrorKind::ConnectionRefused, "connection refused")),
            Self::Forbid => Err(io::Error::new(io::ErrorKind::PermissionDenied, "wrong password")),
            Self::Panic => panic!("a bug in the driver"),
            Self::Never => std::future::pending().await,
        }
    }
}

impl Server {
    pub(super) fn new() -> Arc<Self> {
        Arc::default()
    }

    pub(super) fn behave(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut self.behaviour.lock());
    }

    pub(super) fn live(&self) -> usize {
        self.live.load(SeqCst)
    }

    pub(super) fn most(&self) -> usize {
        self.most.load(SeqCst)
    }

    pub(super) fn attempts(&self) -> usize {
        self.attempts.load(SeqCst)
    }
}

/// A connection; the server knows until it is dropped.
pub(super) struct Conn {
    pub(super) number: u64,
    server: Arc<Server>,
}

impl Drop for Conn {
    fn drop(&mut self) {
        self.server.live.fetch_sub(1, SeqCst);
        self.server.closed_at.lock().push(Instant::now());
    }
}

impl std::fmt::Debug for Conn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Conn({})", self.number)
    }
}

/// Counts attempts to connect, also those that are cut off.
struct Attempt(Arc<Server>);

impl Attempt {
    fn new(server: &Arc<Server>) -> Self {
        server.attempts.fetch_add(1, SeqCst);
        server.most_opening.fetch_max(server.opening.fetch_add(1, SeqCst) + 1, SeqCst);
        Self(server.clone())
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.0.opening.fetch_sub(1, SeqCst);
    }
}

pub(super) struct Manager(pub(super) Arc<Server>);

#[async_trait]
impl ConnectionManager for Manager {
    type Connection = Conn;
    type Error = io::Error;

    async fn connect(&self) -> io::Result<Conn> {
        let _attempt = Attempt::new(&self.0);
        // A server counts a connection from the first packet on.
        let live = self.0.live.fetch_add(1, SeqCst) + 1;
        let conn = Conn { number: self.0.next.fetch_add(1, SeqCst), server: self.0.clone() };
        self.0.most.fetch_max(live, SeqCst);
        let Behaviour { connect, connect_time, .. } = *self.0.behaviour.lock();
        connect.give(connect_time).await?;
        Ok(conn)
    }

    fn is_permanent(&self, error: &io::Error) -> bool {
        error.kind() == io::ErrorKind::PermissionDenied
    }

    async fn check(&self, _: &mut Conn) -> io::Result<()> {
        self.0.checks.fetch_add(1, SeqCst);
        let Behaviour { check, check_time, .. } = *self.0.behaviour.lock();
        check.give(check_time).await
    }

    async fn close(&self, connection: Conn) {
        let Behaviour { close_time, close_panics, .. } = *self.0.behaviour.lock();
        sleep(close_time).await;
        assert!(!close_panics, "a bug in the driver");
        drop(connection);
    }

    fn on_return(&self, _: &mut Conn) -> OnReturn {
        assert!(!self.0.behaviour.lock().return_panics, "a bug in the driver");
        if self.0.check_on_return.load(SeqCst) { OnReturn::Check } else { OnReturn::Reuse }
    }
}
