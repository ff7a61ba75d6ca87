use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::coop::consume_budget;
use tokio::time::Instant;

use super::bucket::{Bucket, wake};
use super::line::Wakes;
use super::{AcquireError, Quota};
use crate::context::interruptible_as;

/// Admits at most a [`Quota`], in any window of time, first come, first served.
///
/// The law is stated in the [module](super). Clones are the same limiter.
///
/// # Fairness
///
/// Waiters go in the order in which they came, and a waiter that asks for much is not overtaken by one
/// that asks for little; nor does `try_acquire` overtake anybody. However, a waiter that is due and is
/// not polled, such as the losing branch of a `select!` loop that is still alive, is passed over after
/// 10 ms; polled again, it is at its old place. So it delays the others by that much, once.
///
/// # Comparison to `governor` and `leaky-bucket`
///
/// 1. Time is tokio's: it works under a paused clock, where governor waits for real time or jumps.
/// 2. Waiting is a line. governor's waiters all sleep until the same instant and race; who loses sleeps
///    again, without limit.
/// 3. A waiter that gives up takes its place out of the line, and the others move forward.
/// 4. The quota can be changed and the limiter paused while others wait.
///
/// # Examples
///
/// ```
/// use patterns_core::rate_limit::{AcquireError, Quota, RateLimiter};
/// use std::time::Duration;
/// use tokio::time::Instant;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), AcquireError> {
/// let limiter = RateLimiter::new(Quota::per_second(10).burst(3));
/// let start = Instant::now();
/// for _ in 0..13 {
///     limiter.acquire().await?;
/// }
/// assert_eq!(start.elapsed(), Duration::from_secs(1)); // three at once, then one each 100 ms
///
/// let error = limiter.try_acquire().unwrap_err();
/// assert_eq!(error.wait(), Some(Duration::from_millis(100)));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct RateLimiter(Arc<Bucket>);

/// What a limiter would do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// Units that would be admitted at once, if nobody waited.
    pub available: u32,
    /// How many wait in line.
    pub waiting: usize,
    /// How long it is still paused.
    pub paused_for: Duration,
    /// What it admits.
    pub quota: Quota,
}

impl RateLimiter {
    /// A limiter that has not admitted anything: a whole burst is there.
    #[must_use]
    pub fn new(quota: Quota) -> Self {
        Self(Arc::new(Bucket::new(quota)))
    }

    /// Waits for one unit.
    ///
    /// # Errors
    ///
    /// - [`AcquireError::Interrupted`]: the ambient token was cancelled or the ambient deadline passed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn acquire(&self) -> Result<(), AcquireError> {
        self.acquire_many(1).await
    }

    /// Waits for `n` units, to be admitted together. None at all are admitted at once.
    ///
    /// # Errors
    ///
    /// - [`AcquireError::ExceedsBurst`]: `n` is more than the quota's burst, or became so while waiting.
    /// - [`AcquireError::Interrupted`]: the ambient token was cancelled or the ambient deadline passed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn acquire_many(&self, n: u32) -> Result<(), AcquireError> {
        // A task that always finds units must still let others run.
        consume_budget().await;
        match self.try_acquire_many(n) {
            Err(AcquireError::NotYet { .. }) => {}
            done => return done,
        }
        let waited = interruptible_as("a rate limit", self.0.wait(n)).await;
        waited.unwrap_or_else(|interrupt| Err(AcquireError::Interrupted(interrupt)))
    }

    /// Takes one unit if it is there and nobody waits.
    ///
    /// # Errors
    ///
    /// - [`AcquireError::NotYet`]: it is not, but would be after the given time.
    pub fn try_acquire(&self) -> Result<(), AcquireError> {
        self.try_acquire_many(1)
    }

    /// Takes `n` units if they are there and nobody waits. None at all are always there.
    ///
    /// # Errors
    ///
    /// - [`AcquireError::NotYet`]: they are not, but would be after the given time.
    /// - [`AcquireError::ExceedsBurst`]: `n` is more than the quota's burst.
    pub fn try_acquire_many(&self, n: u32) -> Result<(), AcquireError> {
        if n == 0 {
            return Ok(());
        }
        self.0.try_fast(n).unwrap_or_else(|| self.0.locked(|line, now, _| line.try_take(now, n)))
    }

    /// Changes the quota, for those who wait too.
    ///
    /// Units that were admitted in advance, as a burst, stay owed: after 10 units at once of 1 per second
    /// a change to 10 per second is followed by a wait of 1 s, not of 10 s. A waiter that asks for more
    /// than the new burst fails with [`AcquireError::ExceedsBurst`].
    pub fn set_quota(&self, quota: Quota) {
        wake(self.change_quota(quota));
    }

    /// Changes the quota; the caller wakes those who must know once it has released its own lock.
    pub(super) fn change_quota(&self, quota: Quota) -> Wakes {
        self.0.change_quota(quota)
    }

    /// Admits nothing before this instant, as a `Retry-After` header asks for. Those who wait keep their
    /// order. An earlier instant doesn't shorten a pause; the bucket fills up in the meantime.
    pub fn pause_until(&self, at: Instant) {
        let until = self.0.nanos(at);
        self.0.locked(|line, _, _| line.pause_until(until));
    }

    /// What it would do now.
    #[must_use]
    pub fn status(&self) -> Status {
        self.0.locked(|line, now, _| {
            let quota = line.quota();
            let free = quota.capacity_nanos().saturating_sub(line.full_at().saturating_sub(now));
            let paused_for = Duration::from_nanos(line.paused_until().saturating_sub(now));
            let available = u32::try_from(free / quota.spacing_nanos()).unwrap_or(u32::MAX);
            let available = if paused_for.is_zero() { available } else { 0 };
            Status { available, waiting: line.waiting(), paused_for, quota }
        })
    }

    /// Whether nobody but the caller holds it, and whatever others did to it is seen. Under a lock that
    /// gives out no more clones this stays so.
    pub(super) fn is_unshared(&mut self) -> bool {
        Arc::get_mut(&mut self.0).is_some()
    }

    /// When it will be as good as new: its bucket full, nobody waiting, no pause.
    pub(super) fn rests_at(&self) -> Instant {
        self.0.instant(self.0.rests_at())
    }
}

impl fmt::Debug for RateLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimiter").field("status", &self.status()).finish_non_exhaustive()
    }
}
