use rusqlite::{Connection, Transaction};

use super::{CallError, SqliteManager};
use crate::connection_pool::ConnectionPool;

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

    /// Calls `f` in a transaction on a connection of the pool; see
    /// [`SqliteConnection::transaction`](super::SqliteConnection::transaction).
    ///
    /// # Errors
    ///
    /// [`CallError::Acquire`] where there was no connection to be had; else those of the transaction.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe, as the transaction is.
    #[track_caller]
    pub fn transaction<T, E, F>(&self, f: F) -> impl Future<Output = Result<T, CallError<E>>> + Send
    where
        F: FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<rusqlite::Error> + Send + 'static,
    {
        let acquire = self.acquire();
        async move { acquire.await.map_err(CallError::Acquire)?.transaction(f).await }
    }
}
