use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::shared::Shared;
use super::state::Claim;
use super::{AcquireError, Builder, Holder, OwnedPermit, Permit, Request, Status, Waiter};
use crate::context::TaskPath;

/// Admits holders of permits up to a limit: weighted, with priorities, first come, first served.
///
/// At no time are more permits held than the limit allows, whatever happens to those who hold or wait: a
/// [`Permit`] is given back when it is dropped, and a waiter that is dropped leaves the line. Among waiters of
/// equal priority the first come is the first served; one that wants many permits holds up those behind it
/// until it has them, so it can't starve. A waiter that nobody polls is passed over after a grace, and keeps
/// its place ([why](super)).
///
/// Clones are the same semaphore.
///
/// # Limits
///
/// - Strict order is given up for a waiter that is not polled within the grace: so also where the runtime is
///   held up by code that blocks. It is then served as soon as it is polled and permits are free.
/// - A deadlock of holders who wait for one another's permits stays one; [`status`](Self::status) names them.
///
/// # Comparison to `tokio::sync::Semaphore`
///
/// 1. A queued future that is not polled does not keep permits from others.
/// 2. Waiting obeys the ambient token and deadline.
/// 3. Priorities; the limit can be lowered at any time, also below what is held; [`status`](Self::status) names
///    who holds and who waits.
/// 4. Asking for more than there will ever be is an error instead of a wait without end.
///
/// # Defaults
///
/// Those of the [`Builder`].
///
/// # Examples
///
/// ```
/// use patterns_core::semaphore::{AcquireError, Semaphore};
/// use patterns_core::task_group::TaskGroup;
/// use std::time::Duration;
/// use tokio::time::{Instant, sleep};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), Box<dyn std::error::Error>> {
/// let start = Instant::now();
/// let at_once = Semaphore::new(3);
/// TaskGroup::new("downloads").run(async |group| {
///     for n in 0..9 {
///         let at_once = at_once.clone();
///         group.spawn(format!("file-{n}"), async move {
///             let _permit = at_once.acquire().await?;
///             sleep(Duration::from_secs(1)).await;
///             Ok::<_, AcquireError>(())
///         });
///     }
///     Ok(())
/// }).await?;
/// assert_eq!(start.elapsed(), Duration::from_secs(3)); // nine, three at once
///
/// let all = at_once.acquire_many(3).await?;
/// assert!(at_once.try_acquire().unwrap_err().is_no_permits());
/// drop(all);
/// assert!(at_once.try_acquire().is_ok());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Semaphore {
    pub(super) shared: Arc<Shared>,
}

impl Semaphore {
    /// One with this many permits and the defaults. Zero is possible: nobody gets in until it is
    /// [resized](Self::resize).
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Builder::new(limit).make()
    }

    /// Builds one with this many permits.
    pub fn builder(limit: usize) -> Builder {
        Builder::new(limit)
    }

    /// Waits for a permit.
    ///
    /// # Errors
    ///
    /// - [`AcquireError::ExceedsLimit`]: the limit is zero, at the call or since it was lowered.
    /// - [`AcquireError::Closed`]: the semaphore was closed, before or while waiting.
    /// - [`AcquireError::Interrupted`]: the ambient token was cancelled or the ambient deadline passed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no permit is lost. However, the place in line is.
    pub async fn acquire(&self) -> Result<Permit<'_>, AcquireError> {
        self.request(1).acquire().await
    }

    /// Waits for `n` permits, all at once.
    ///
    /// # Errors
    ///
    /// As for [`acquire`](Self::acquire), with `n` for one.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no permit is lost. However, the place in line is.
    pub async fn acquire_many(&self, n: usize) -> Result<Permit<'_>, AcquireError> {
        self.request(n).acquire().await
    }

    /// Waits for a permit that borrows nothing.
    ///
    /// # Errors
    ///
    /// As for [`acquire`](Self::acquire).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no permit is lost. However, the place in line is.
    pub async fn acquire_owned(&self) -> Result<OwnedPermit, AcquireError> {
        self.request(1).acquire_owned().await
    }

    /// Takes a permit if that takes no waiting.
    ///
    /// # Errors
    ///
    /// - [`AcquireError::NoPermits`]: none is free, or others are in line.
    /// - [`AcquireError::ExceedsLimit`]: the limit is zero.
    /// - [`AcquireError::Closed`]: the semaphore was closed.
    pub fn try_acquire(&self) -> Result<Permit<'_>, AcquireError> {
        self.request(1).try_acquire()
    }

    /// A wish for `n` permits, which may have a [priority](Request::priority).
    pub fn request(&self, n: usize) -> Request<'_> {
        Request::new(self, n)
    }

    /// Changes the limit, at once.
    ///
    /// Raised, it admits whom it can. Lowered, it takes nothing from those who hold permits: nobody gets in until
    /// enough were given back. One that waits for more than the new limit gets
    /// [`AcquireError::ExceedsLimit`].
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::semaphore::{AcquireError, Semaphore};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
    /// # -> Result<(), AcquireError> {
    /// let semaphore = Semaphore::new(2);
    /// let held = semaphore.acquire_many(2).await?;
    /// semaphore.resize(1);
    /// assert_eq!((semaphore.status().taken, semaphore.free()), (2, 0));
    /// drop(held);
    /// assert_eq!(semaphore.free(), 1);
    /// assert!(semaphore.acquire_many(2).await.unwrap_err().is_exceeds_limit());
    /// # Ok(()) }
    /// ```
    pub fn resize(&self, limit: usize) {
        self.resize_to(|| limit);
    }

    /// [`resize`](Self::resize) to what `limit` says under the lock.
    pub(super) fn resize_to(&self, limit: impl FnOnce() -> usize) {
        drop(self.shared.locked(|state, wakes| state.resize(limit(), wakes)));
    }

    /// One of this name with the defaults.
    pub(crate) fn named(name: impl Into<Cow<'static, str>>, limit: usize) -> Self {
        Builder::new(limit).name(name).make()
    }

    /// Permits that are held.
    pub(crate) fn taken(&self) -> usize {
        self.shared.state.lock().taken()
    }

    /// Admits nobody any more; those who wait get [`AcquireError::Closed`]. Permits that are held stay valid.
    pub fn close(&self) {
        drop(self.shared.locked(|state, wakes| state.close(wakes)));
    }

    /// Whether it was closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.state.lock().is_closed()
    }

    /// The most permits that are held at once.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.shared.state.lock().limit()
    }

    /// Permits that nobody holds and nobody was offered.
    #[must_use]
    pub fn free(&self) -> usize {
        self.shared.state.lock().free()
    }

    /// What it holds, who has it, and who waits.
    #[must_use]
    pub fn status(&self) -> Status {
        let path = |claim: &Claim| claim.who.as_ref().map_or_else(TaskPath::root, |who| who.path().clone());
        let state = self.shared.state.lock();
        let waiters: Vec<_> = state.waiters().collect();
        let holders = state.holders();
        let offered = waiters.iter().filter(|(_, offered)| *offered).map(|(claim, _)| claim.n).sum();
        let status = Status {
            name: self.shared.name.to_string(),
            limit: state.limit(),
            free: state.free(),
            taken: state.taken(),
            offered,
            holders: holders.iter().map(|claim| Holder { path: path(claim), n: claim.n }).collect(),
            waiters: waiters
                .iter()
                .map(|(claim, offered)| Waiter { path: path(claim), n: claim.n, offered: *offered })
                .collect(),
            revoked: state.revoked(),
            closed: state.is_closed(),
        };
        // Contexts are dropped under no lock: theirs may be the last reference.
        drop(state);
        status
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.shared.state.lock();
        f.debug_struct("Semaphore")
            .field("name", &self.shared.name)
            .field("limit", &state.limit())
            .field("free", &state.free())
            .finish_non_exhaustive()
    }
}
