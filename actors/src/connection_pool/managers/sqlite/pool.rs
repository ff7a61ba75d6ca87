use std::panic::Location;
use std::sync::Arc;

use patterns_core::context::interruptible;
use rusqlite::{Connection, Transaction};
use tokio::time::{Instant, timeout};

use super::job::{Call, Stage};
use super::writer::{WriteCounts, Writer};
use super::{CallError, SqliteManager};
use crate::connection_pool::{AcquireError, ConnectionPool};

impl ConnectionPool<SqliteManager> {
    /// Calls `f` with a connection of the pool; see [`SqliteConnection::call`](super::SqliteConnection::call).
    ///
    /// # Errors
    ///
    /// [`CallError::Acquire`] where there was no connection to be had; else those of the call.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe, as the call is.
    #[track_caller]
    pub fn call<T, E, F>(&self, f: F) -> impl Future<Output = Result<T, CallError<E>>> + Send
    where
        F: FnOnce(&mut Connection) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        let acquire = self.acquire();
        async move { acquire.await.map_err(CallError::Acquire)?.call(f).await }
    }

    /// Calls `f` in a write transaction, which is committed if `f` returns `Ok`, and rolled back on anything
    /// else: an error, a panic, an interruption, a drop.
    ///
    /// All calls of this method go through one writer, first come, first served, and those that arrive while
    /// others run or are committed are committed together with them; see [the module](super#how-it-works). Of such
    /// a group each call is rolled back by itself. It can't begin, commit or roll back a transaction itself.
    ///
    /// # Limits
    ///
    /// - Two things roll a whole group back: SQLite itself where the disk is full, and a `deferrable initially
    ///   deferred` constraint that a call leaves broken, as it shows only when the group is committed. Who has no
    ///   part in it gets [`CallError::RolledBack`], and may try again.
    /// - A call that nobody waits for any more is stopped within a second or so, not at once, if others'
    ///   changes would be lost with it.
    ///
    /// # Errors
    ///
    /// - [`CallError::Failed`]: `f` said so; or SQLite, to the begin or the commit.
    /// - [`CallError::Acquire`]: there was no connection to be had, or the turn did not come, within the pool's
    ///   `acquire_timeout`.
    /// - [`CallError::Panicked`]: `f` panicked.
    /// - [`CallError::Interrupted`]: the ambient token was cancelled or the ambient deadline passed.
    /// - [`CallError::RolledBack`]: the group was rolled back, as told above.
    /// - [`CallError::Closed`]: the runtime was shut down.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropped, or interrupted, before `f` has returned, nothing is changed. After that it is
    /// committed with its group, though nobody is told.
    #[track_caller]
    pub fn transaction<T, E, F>(&self, f: F) -> impl Future<Output = Result<T, CallError<E>>> + Send
    where
        F: FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<rusqlite::Error> + Send + 'static,
    {
        let place = Location::caller();
        async move {
            let since = Instant::now();
            let (job, mut reply, stage) = Call::new(f);
            let writer = self.manager().writer();
            let number = writer.submit(self, place, Box::new(job));
            let waiting = Waiting { writer, number, stage };
            let turn = timeout(self.acquire_timeout(), &mut reply);
            let replied = match interruptible(turn).await {
                Ok(Ok(replied)) => replied,
                Err(interrupt) => return Err(CallError::Interrupted(interrupt)),
                Ok(Err(_)) if writer.withdraw(number).is_some() => {
                    return Err(CallError::Acquire(AcquireError::TimedOut(self.report(since))));
                }
                // It has begun: from now on it takes as long as it takes.
                Ok(Err(_)) => interruptible(&mut reply).await.map_err(CallError::Interrupted)?,
            };
            drop(waiting);
            replied.unwrap_or(Err(CallError::Closed))
        }
    }

    /// What the database's writer has done so far: how many calls of [`transaction`](Self::transaction) were
    /// committed, and in how many commits.
    #[must_use]
    pub fn write_counts(&self) -> WriteCounts {
        self.manager().writer().counts()
    }
}

/// Whoever waits for a call. Dropped, it takes the call out of the line, or has it stopped.
struct Waiting<'a> {
    writer: &'a Arc<Writer>,
    number: u64,
    stage: Arc<Stage>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.stage.abandon();
        drop(self.writer.withdraw(self.number));
    }
}
