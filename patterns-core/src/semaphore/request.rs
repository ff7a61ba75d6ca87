use std::sync::Arc;

use super::waiting::{acquire, try_acquire};
use super::{AcquireError, OwnedPermit, Permit, Semaphore};

/// A wish for permits, to be [acquired](Self::acquire). Made by [`Semaphore::request`].
///
/// # Defaults
///
/// - priority: 0
///
/// # Examples
///
/// ```
/// use patterns_core::semaphore::{AcquireError, Semaphore};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), AcquireError> {
/// let memory = Semaphore::new(100);
/// let large = memory.request(60).priority(1).acquire().await?;
/// assert_eq!(large.n(), 60);
/// assert!(memory.request(60).try_acquire().unwrap_err().is_no_permits());
/// assert!(memory.request(101).try_acquire().unwrap_err().is_exceeds_limit());
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "a request does nothing until it is acquired"]
pub struct Request<'a> {
    semaphore: &'a Semaphore,
    n: usize,
    priority: i32,
}

impl<'a> Request<'a> {
    pub(super) fn new(semaphore: &'a Semaphore, n: usize) -> Self {
        Self { semaphore, n, priority: 0 }
    }

    /// Goes before all that wait with a lower priority, and after those with the same.
    ///
    /// Nothing ages: as long as higher ones keep coming, lower ones wait. Offers that were made stand.
    pub fn priority(mut self, priority: i32) -> Self {
        self.priority = priority;
        self
    }

    /// Waits for the permits, all at once.
    ///
    /// # Errors
    ///
    /// - [`AcquireError::ExceedsLimit`]: more than the limit, at the call or since it was lowered.
    /// - [`AcquireError::Closed`]: the semaphore was closed, before or while waiting.
    /// - [`AcquireError::Interrupted`]: the ambient token was cancelled or the ambient deadline passed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no permit is lost. However, the place in line is.
    pub async fn acquire(self) -> Result<Permit<'a>, AcquireError> {
        let shared = &self.semaphore.shared;
        let slot = acquire(shared, self.n, self.priority).await?;
        Ok(Permit::new(shared, slot, self.n))
    }

    /// [`acquire`](Self::acquire) for a permit that borrows nothing.
    ///
    /// # Errors
    ///
    /// As for [`acquire`](Self::acquire).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no permit is lost. However, the place in line is.
    pub async fn acquire_owned(self) -> Result<OwnedPermit, AcquireError> {
        let shared = Arc::clone(&self.semaphore.shared);
        let slot = acquire(&shared, self.n, self.priority).await?;
        Ok(OwnedPermit::new(shared, slot, self.n))
    }

    /// Takes the permits if that takes no waiting: enough are free, and nobody of the same priority or a
    /// higher one is in line.
    ///
    /// # Errors
    ///
    /// - [`AcquireError::NoPermits`]: it would have to wait.
    /// - [`AcquireError::ExceedsLimit`]: more than the limit.
    /// - [`AcquireError::Closed`]: the semaphore was closed.
    pub fn try_acquire(self) -> Result<Permit<'a>, AcquireError> {
        let shared = &self.semaphore.shared;
        let slot = try_acquire(shared, self.n, self.priority)?;
        Ok(Permit::new(shared, slot, self.n))
    }

    /// [`try_acquire`](Self::try_acquire) for a permit that borrows nothing.
    ///
    /// # Errors
    ///
    /// As for [`try_acquire`](Self::try_acquire).
    pub fn try_acquire_owned(self) -> Result<OwnedPermit, AcquireError> {
        let shared = &self.semaphore.shared;
        let slot = try_acquire(shared, self.n, self.priority)?;
        Ok(OwnedPermit::new(Arc::clone(shared), slot, self.n))
    }
}
