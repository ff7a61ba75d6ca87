use std::error::Error;

use async_trait::async_trait;

/// How a [`ConnectionPool`](super::ConnectionPool) makes, checks and closes connections.
///
/// `connect`, `check` and `close` run in tasks of the pool, on the runtime that was current when it was
/// started, each under a timeout of the pool. They are dropped when it passes. A panic in one is an
/// error of that one connection. None of them is ever waited for under a lock.
///
/// # Comparison to `deadpool::managed::Manager` and `bb8::ManageConnection`
///
/// 1. `close` is awaited, and the connection's slot is free only afterwards: the server never sees
///    more than `max_size` connections, not even while some are being replaced.
/// 2. No method runs in the caller's task: a caller that is dropped in the middle of a checkout cuts none short.
///
/// # Examples
///
/// ```
/// use actors::connection_pool::{ConnectionManager, ConnectionPool};
/// use actors::System;
/// use async_trait::async_trait;
///
/// struct Tickets(std::sync::atomic::AtomicU32);
///
/// #[async_trait]
/// impl ConnectionManager for Tickets {
///     type Connection = u32;
///     type Error = std::io::Error;
///
///     async fn connect(&self) -> Result<u32, std::io::Error> {
///         Ok(self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
///     }
///
///     async fn check(&self, _: &mut u32) -> Result<(), std::io::Error> {
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), Box<dyn std::error::Error>> {
/// let system = System::start()?;
/// let pool = ConnectionPool::builder(Tickets(7.into())).max_size(2).start(&system).await?;
/// assert_eq!(*pool.acquire().await?, 7);
/// # Ok(()) }
/// ```
#[async_trait]
pub trait ConnectionManager: Send + Sync + 'static {
    /// An open connection.
    type Connection: Send + 'static;
    /// Why a connection could not be made, or is not good any more.
    type Error: Error + Send + Sync + 'static;

    /// Opens a connection.
    async fn connect(&self) -> Result<Self::Connection, Self::Error>;

    /// Whether every further attempt will fail like this one until somebody changes something: a wrong password, an
    /// unknown database. Then whoever waits is told at once, unless there are other connections, and it is tried
    /// again only after the pool's `retry_max`. By default nothing is.
    fn is_permanent(&self, error: &Self::Error) -> bool {
        let _ = error;
        false
    }

    /// Finds out whether a connection still works. One that doesn't is closed and replaced.
    async fn check(&self, connection: &mut Self::Connection) -> Result<(), Self::Error>;

    /// Closes a connection, and returns once the other side knows. By default it is dropped.
    async fn close(&self, connection: Self::Connection) {
        drop(connection);
    }

    /// What to do with a connection that comes back from a user; quick, as it runs where the
    /// [`Pooled`](super::Pooled) is dropped. By default it is used again.
    fn on_return(&self, connection: &mut Self::Connection) -> OnReturn {
        let _ = connection;
        OnReturn::Reuse
    }
}

/// What to do with a connection that comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnReturn {
    /// The next one may have it at once.
    Reuse,
    /// It has to be [checked](ConnectionManager::check) first.
    Check,
    /// It has to be closed.
    Discard,
}
