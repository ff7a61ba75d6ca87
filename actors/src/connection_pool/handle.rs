use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use patterns_core::context::Context;
use tokio::time::Instant;

use super::plane::{Plane, Tie};
use super::{
    Acquire, AcquireError, ConnectionManager, ConnectionPoolActor, ConnectionPoolBuilder, ConnectionPoolStatus,
    DrainReceipt, Pooled, ResizeError,
};
use crate::Handle;

/// Keeps connections open and lends them out, never more than `max_size` of them.
///
/// A clone is the same pool. When the last one is dropped the pool is closed.
///
/// See the [module](super) for what it guarantees, and [`ConnectionManager`] for an example.
pub struct ConnectionPool<M: ConnectionManager> {
    owner: Arc<Owner<M>>,
    tie: Arc<Tie<M>>,
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
        let tie = Arc::new(Tie { plane: Arc::clone(&plane) });
        Self { owner: Arc::new(Owner { plane, actor }), tie }
    }

    /// A connection: an idle one, else the next that comes back or is opened. First come, first served.
    ///
    /// # Errors
    ///
    /// - [`AcquireError::TimedOut`]: the pool's `acquire_timeout` passed.
    /// - [`AcquireError::DeadlinePassed`]: the ambient deadline passed.
    /// - [`AcquireError::Cancelled`]: the ambient token was cancelled.
    /// - [`AcquireError::ConnectFailed`]: there is no connection, and connecting fails for good, has failed for the
    ///   pool's `fail_after`, or is tried again only after the ambient deadline.
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
        self.acquire_at(Location::caller())
    }

    /// For a caller that is elsewhere.
    pub(super) fn acquire_at(&self, place: &'static Location<'static>) -> Acquire<'_, M> {
        Acquire::new(&self.tie, place)
    }

    /// A connection that is ready now, unless somebody waits for one.
    ///
    /// # Errors
    ///
    /// - [`AcquireError::Exhausted`]: none is ready, or the one that is has to be checked first.
    /// - [`AcquireError::Closed`]: the pool is closed.
    #[track_caller]
    pub fn try_acquire(&self) -> Result<Pooled<M>, AcquireError> {
        let conn = self.tie.plane.try_take(Location::caller(), Context::try_current())?;
        Ok(Pooled::new(Arc::clone(&self.tie), conn))
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

    /// Changes how many connections there may be, and how many are kept ready, at once and at any time.
    ///
    /// Raised, it opens connections for those who wait. Lowered, it takes nothing from those who have
    /// connections: idle ones beyond the limit are closed now, others as they come back, and nobody gets one
    /// until there are few enough.
    ///
    /// # Errors
    ///
    /// - [`ResizeError::Zero`]: `max_size` is 0.
    /// - [`ResizeError::MinAboveMax`]: `min_idle` is more than `max_size`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actors::connection_pool::{ConnectionManager, ConnectionPool, ResizeError};
    /// # use async_trait::async_trait;
    /// # struct Mine;
    /// # #[async_trait]
    /// # impl ConnectionManager for Mine {
    /// #     type Connection = ();
    /// #     type Error = std::io::Error;
    /// #     async fn connect(&self) -> Result<(), std::io::Error> { Ok(()) }
    /// #     async fn check(&self, _: &mut ()) -> Result<(), std::io::Error> { Ok(()) }
    /// # }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// # let system = actors::System::start()?;
    /// let pool = ConnectionPool::builder(Mine).max_size(1).start(&system).await?;
    /// let one = pool.acquire().await?;
    /// pool.resize(2, 0)?;
    /// let two = pool.acquire().await?;
    /// assert_eq!(pool.status().in_use, 2);
    /// assert_eq!(pool.resize(0, 0), Err(ResizeError::Zero));
    /// # drop((one, two));
    /// # Ok(()) }
    /// ```
    pub fn resize(&self, max_size: usize, min_idle: usize) -> Result<(), ResizeError> {
        self.owner.plane.resize(max_size, min_idle)
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

/// What managers need that do more than to connect.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
impl<M: ConnectionManager> ConnectionPool<M> {
    pub(crate) fn manager(&self) -> &M {
        &self.tie.plane.manager
    }
}

#[cfg(feature = "sqlite")]
impl<M: ConnectionManager> ConnectionPool<M> {
    pub(super) fn acquire_timeout(&self) -> std::time::Duration {
        self.tie.plane.config.acquire_timeout
    }

    /// What to tell somebody who has waited in vain since then.
    pub(super) fn report(&self, since: Instant) -> Box<super::AcquireReport> {
        self.tie.plane.report(since)
    }

    /// Runs a task of the pool's, which a shutdown waits for.
    pub(super) fn spawn(&self, name: &'static str, fut: impl Future<Output = ()> + Send + 'static) {
        self.tie.plane.spawn(name, fut);
    }
}

impl<M: ConnectionManager> Clone for ConnectionPool<M> {
    fn clone(&self) -> Self {
        Self { owner: Arc::clone(&self.owner), tie: Arc::new(Tie { plane: Arc::clone(&self.owner.plane) }) }
    }
}

impl<M: ConnectionManager> fmt::Debug for ConnectionPool<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionPool").field("status", &self.status()).finish()
    }
}
