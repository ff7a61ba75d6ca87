use std::panic::Location;

use super::{PostgresManager, Session, TransactionBuilder, TransactionError};
use crate::connection_pool::ConnectionPool;

impl ConnectionPool<PostgresManager> {
    /// Calls `f` in a transaction on a connection of the pool. It is committed if `f` returns `Ok`, and rolled back on
    /// anything else: an error, a panic, an interruption, a drop. The connection goes to its next user only after
    /// that, and is closed instead if it takes longer than the pool's `check_timeout`.
    ///
    /// # Errors
    ///
    /// - [`TransactionError::Failed`]: `f` said so.
    /// - [`TransactionError::Acquire`]: there was no connection to be had.
    /// - [`TransactionError::Begin`], [`TransactionError::Commit`]: the server refused, or is lost, or the ambient
    ///   token or deadline ended the wait for it.
    /// - [`TransactionError::Aborted`]: `f` returned `Ok`, but the transaction had failed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe if `f` is: dropped before the commit has begun, nothing is changed. Dropped while it commits, it is
    /// committed or not.
    #[track_caller]
    pub fn transaction<T, E, F>(&self, f: F) -> impl Future<Output = Result<T, TransactionError<E>>>
    where
        F: AsyncFnOnce(&Session) -> Result<T, E>,
    {
        let place = Location::caller();
        async move {
            let mut conn = self.acquire_at(place).await.map_err(TransactionError::Acquire)?;
            conn.transaction(f).await
        }
    }

    /// A transaction with settings: its isolation, whether it only reads, whether it is tried again.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use actors::ConnectionPool;
    /// use actors::connection_pool::postgres::{Isolation, PostgresError, PostgresManager, TransactionError};
    ///
    /// # async fn f(pool: &ConnectionPool<PostgresManager>) -> Result<(), TransactionError> {
    /// let moved = pool
    ///     .build_transaction()
    ///     .isolation(Isolation::Serializable)
    ///     .retries(5)
    ///     .run(async |tx| {
    ///         tx.execute("update account set balance = balance - 1 where owner = 'a'", &[]).await?;
    ///         tx.execute("update account set balance = balance + 1 where owner = 'b'", &[]).await
    ///     })
    ///     .await?;
    /// assert_eq!(moved, 1);
    /// # Ok(()) }
    /// ```
    pub fn build_transaction(&self) -> TransactionBuilder<'_> {
        TransactionBuilder::new(self)
    }
}
