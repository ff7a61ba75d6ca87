use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use tokio::time::Instant;

use super::acquire::current_path;
use super::plane::Plane;
use super::{
    Acquire, AcquireError, ConnectionManager, ConnectionPoolActor, ConnectionPoolBuilder, ConnectionPoolStatus,
    DrainReceipt, Pooled,
};
use crate::Handle;

/// Keeps connections open and lends them out, never more than `max_size` of them.
///
/// A clone is the same pool. When the last one is dropped the pool is closed.
///
/// See the [module](super) for what it guarantees, and [`ConnectionManager`] for an example.
pub struct ConnectionPool<M: ConnectionManager> {
    owner: Arc<Owner<M>>,
}

/// Closes the pool with its last handle. Whoever has a connection holds the plane, but not this.
struct Owner<M: ConnectionManager> {
    plane: Arc<Plane<M>>,
    actor: Handle<ConnectionPoolActor<M>>,
}

impl<M: ConnectionManager> Drop for Owner<M> {
    fn drop(&mut self) {
        self.plane.close();
    }
}

impl<M: ConnectionManager> ConnectionPool<M> {
    /// Settings for a pool, all at their [defaults](super::ConnectionPoolConfig#defaults).
    pub fn builder(manager: M) -> ConnectionPoolBuilder<M> {
        ConnectionPoolBuilder::new(manager)
    }

    pub(super) fn new(plane: Arc<Plane<M>>, actor: Handle<ConnectionPoolActor<M>>) -> Self {
        Self { owner: Arc::new(Owner { plane, actor }) }
    }

    /// A connection: an idle one, else the next that comes back or is opened. First come, first served.
    ///
    /// # Errors
    ///
    /// - [`AcquireError::TimedOut`]: the pool's `acquire_timeout` passed.
    /// - [`AcquireError::DeadlinePassed`]: the ambient deadline passed.
    /// - [`AcquireError::Cancelled`]: the ambient token was cancelled.
    /// - [`AcquireError::Closed`]: the pool is closed.
    ///
    /// # Panics
    ///
    /// When polled outside of a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropped at any point it leaves the line, and a connection that it had just been
    /// given goes to the next in it. Not polled for the pool's `handoff_grace` it loses that connection to
    /// the next, but not its place.
    #[track_caller]
    pub fn acquire(&self) -> Acquire<'_, M> {
        Acquire::new(&self.owner.plane, Location::caller())
    }

    /// A connection that is ready now, unless somebody waits for one.
    ///
    /// # Errors
    ///
    /// - [`AcquireError::Exhausted`]: none is ready, or the one that is has to be checked first.
    /// - [`AcquireError::Closed`]: the pool is closed.
    #[track_caller]
    pub fn try_acquire(&self) -> Result<Pooled<M>, AcquireError> {
        let plane = &self.owner.plane;
        let loan = plane.try_take(Location::caller(), &current_path())?;
        Ok(Pooled::new(Arc::clone(plane), loan))
    }

    /// Runs `f` with a connection, which goes back afterwards, however `f` ends.
    ///
    /// # Errors
    ///
    /// Those of [`acquire`](Self::acquire); what `f` returns is the value.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe if `f` is: dropping this drops what `f` made, and gives the connection back.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actors::connection_pool::{ConnectionManager, ConnectionPool};
    /// # use async_trait::async_trait;
    /// # struct Mine;
    /// # #[async_trait]
    /// # impl ConnectionManager for Mine {
    /// #     type Connection = u8;
    /// #     type Error = std::io::Error;
    /// #     async fn connect(&self) -> Result<u8, std::io::Error> { Ok(7) }
    /// #     async fn check(&self, _: &mut u8) -> Result<(), std::io::Error> { Ok(()) }
    /// # }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// # let system = actors::System::start()?;
    /// let pool = ConnectionPool::builder(Mine).start(&system).await?;
    /// let doubled = pool.with(async |conn| *conn * 2).await?;
    /// assert_eq!(doubled, 14);
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn with<R, F>(&self, f: F) -> impl Future<Output = Result<R, AcquireError>>
    where
        F: AsyncFnOnce(&mut M::Connection) -> R,
    {
        let acquire = self.acquire();
        async move {
            let mut conn = acquire.await?;
            Ok(f(&mut conn).await)
        }
    }

    /// A snapshot: where the connections are, who has them, who waits.
    #[must_use]
    pub fn status(&self) -> ConnectionPoolStatus {
        self.owner.plane.status()
    }

    /// Lends out no more connections; whoever waits is told. Idle ones are closed, others when they come
    /// back.
    pub fn close(&self) {
        self.owner.plane.close();
    }

    /// Closes the pool and waits until every connection is closed, at most until the deadline.
    ///
    /// This is not interrupted by the ambient token or deadline: it is what a shutdown waits for.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the pool stays closed, and this can be called again.
    pub async fn drain(&self, deadline: Instant) -> DrainReceipt {
        self.owner.plane.drain(deadline).await
    }

    /// The actor that looks after the pool, for who would rather send it [messages](super::messages).
    #[must_use]
    pub fn actor(&self) -> &Handle<ConnectionPoolActor<M>> {
        &self.owner.actor
    }
}

impl<M: ConnectionManager> Clone for ConnectionPool<M> {
    fn clone(&self) -> Self {
        Self { owner: Arc::clone(&self.owner) }
    }
}

impl<M: ConnectionManager> fmt::Debug for ConnectionPool<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionPool").field("status", &self.status()).finish()
    }
}
