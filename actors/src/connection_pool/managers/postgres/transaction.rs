use std::fmt;
use std::panic::Location;
use std::time::Duration;

use patterns_core::context;

use super::{PostgresError, PostgresManager, Session, TransactionError};
use crate::connection_pool::ConnectionPool;

/// How much of others' work a transaction sees; see [PostgreSQL's documentation][isolation].
///
/// [isolation]: https://www.postgresql.org/docs/current/transaction-iso.html
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Isolation {
    /// Each statement sees what was committed before it.
    ReadCommitted,
    /// All statements see what was committed before the first.
    RepeatableRead,
    /// As if transactions ran one after the other. Some then fail, and are to be
    /// [tried again](TransactionBuilder::retries).
    Serializable,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Options {
    isolation: Option<Isolation>,
    read_only: bool,
    deferrable: bool,
}

impl Options {
    fn begin(self) -> String {
        let isolation = match self.isolation {
            None => "",
            Some(Isolation::ReadCommitted) => " isolation level read committed",
            Some(Isolation::RepeatableRead) => " isolation level repeatable read",
            Some(Isolation::Serializable) => " isolation level serializable",
        };
        let read_only = if self.read_only { " read only" } else { "" };
        let deferrable = if self.deferrable { " deferrable" } else { "" };
        format!("begin{isolation}{read_only}{deferrable}")
    }
}

/// A transaction with settings, to be [run](Self::run) on a connection of a pool. Made by
/// [`ConnectionPool::build_transaction`].
///
/// # Defaults
///
/// The server's isolation, for reading and writing, never tried again.
#[must_use = "a builder does nothing until it is run"]
pub struct TransactionBuilder<'p> {
    pool: &'p ConnectionPool<PostgresManager>,
    options: Options,
    retries: u32,
}

impl<'p> TransactionBuilder<'p> {
    pub(super) fn new(pool: &'p ConnectionPool<PostgresManager>) -> Self {
        Self { pool, options: Options::default(), retries: 0 }
    }

    /// How much it sees of others' work.
    pub fn isolation(mut self, isolation: Isolation) -> Self {
        self.options.isolation = Some(isolation);
        self
    }

    /// It changes nothing.
    pub fn read_only(mut self) -> Self {
        self.options.read_only = true;
        self
    }

    /// Where it is serializable and read only: it begins only when nothing can make it fail.
    pub fn deferrable(mut self) -> Self {
        self.options.deferrable = true;
        self
    }

    /// How often it is begun anew where it fails because of others: by the server's word that it could not be
    /// serialized with them, or was in a deadlock with them. With pauses between 5 ms and half a second.
    pub fn retries(mut self, times: u32) -> Self {
        self.retries = times;
        self
    }

    /// Calls `f` in the transaction, as [`ConnectionPool::transaction`] does; more than once, where it is to be tried
    /// again. Each time has a connection of its own.
    ///
    /// # Errors
    ///
    /// Those of [`ConnectionPool::transaction`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe, as the transaction is.
    #[track_caller]
    pub fn run<T, E, F>(self, mut f: F) -> impl Future<Output = Result<T, TransactionError<E>>>
    where
        F: AsyncFnMut(&Session) -> Result<T, E>,
    {
        let place = Location::caller();
        async move {
            let mut tried = 0;
            loop {
                let conn = self.pool.acquire_at(place).await.map_err(TransactionError::Acquire)?;
                let open = conn.begin(&self.options).await.map_err(TransactionError::Begin)?;
                let result = f(&conn).await;
                let ended = open.end(result).await;
                let again = ended.is_err() && conn.care().met_serialization_failure() && tried < self.retries;
                drop(conn);
                if !again || context::sleep(pause(tried)).await.is_err() {
                    return ended;
                }
                tried += 1;
            }
        }
    }
}

/// Longer each time, and never the same for two that got in each other's way.
fn pause(tried: u32) -> Duration {
    Duration::from_millis(5 << tried.min(6)).mul_f64(0.5 + rand::random::<f64>())
}

impl fmt::Debug for TransactionBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransactionBuilder")
            .field("options", &self.options)
            .field("retries", &self.retries)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// Begins a transaction.
    pub(super) async fn begin(&self, options: &Options) -> Result<Open<'_>, PostgresError> {
        // From before it is sent: dropped in between, it may have begun.
        let open = Open { session: self, over: false };
        self.batch_execute(&options.begin()).await?;
        self.care().begun();
        Ok(open)
    }
}

/// An open transaction. Dropped, it is rolled back, before the connection is used for anything else.
pub(super) struct Open<'a> {
    session: &'a Session,
    over: bool,
}

impl Open<'_> {
    /// Commits, if all went well, or rolls back.
    pub(super) async fn end<T, E>(mut self, result: Result<T, E>) -> Result<T, TransactionError<E>> {
        let value = match result {
            Ok(value) => value,
            Err(error) => {
                // If it can't be rolled back now, that is due.
                self.over = matches!(self.session.limited(self.session.tidy()).await, Ok(Ok(())));
                return Err(TransactionError::Failed(error));
            }
        };
        if self.session.is_failed().await.map_err(TransactionError::Commit)? {
            return Err(TransactionError::Aborted);
        }
        self.session.batch_execute("commit").await.map_err(TransactionError::Commit)?;
        self.over = true;
        Ok(value)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if !self.over {
            self.session.care().rollback_is_due();
        }
    }
}
