use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::algorithm::{Algorithm, Estimate, Sample};
use super::{AdaptiveBuilder, AdaptivePermit};
use crate::semaphore::{AcquireError, Permit, Semaphore, Status};

/// A [`Semaphore`] whose limit follows what the other side can bear: how long calls take, and whether they fail
/// from overload.
///
/// The limit stays between its bounds and only grows while it is pressed against. Calls that are dropped don't
/// change it. Clones are the same limit.
///
/// However, it needs calls of one kind: where quick and slow calls share a limit, their mix looks like a change
/// of load. Use one per kind.
///
/// # Comparison to `tower::limit::ConcurrencyLimit`
///
/// There the limit is a guess that was right on the day it was made.
///
/// # Defaults
///
/// Those of the [`AdaptiveBuilder`].
///
/// # Examples
///
/// ```
/// use patterns_core::semaphore::{AdaptiveLimit, Algorithm};
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), Box<dyn std::error::Error>> {
/// let limit = AdaptiveLimit::builder(Algorithm::aimd()).initial(10).max(50).build()?;
///
/// let answer = limit.run(async || Err::<(), _>("503"), |error| *error == "503").await?;
/// assert_eq!(answer, Err("503"));
/// assert_eq!(limit.status().limit, 9);
///
/// // What is no sign of overload leaves the limit alone.
/// let _ = limit.run(async || Err::<(), _>("404"), |error| *error == "503").await?;
/// assert_eq!(limit.status().limit, 9);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct AdaptiveLimit {
    semaphore: Semaphore,
    learned: Arc<Mutex<Learned>>,
}

struct Learned {
    estimate: Estimate,
    /// Counts cuts by overload: a call belongs to the round in which it began.
    round: u64,
}

/// What an [`AdaptiveLimit`] has learned, and who is in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AdaptiveStatus {
    /// The limit now.
    pub limit: usize,
    /// How long calls usually take; `None` for [`Algorithm::Aimd`], and before the first.
    pub usual: Option<Duration>,
    /// How often overload cut the limit.
    pub cuts: u64,
    /// Who is in, and who waits.
    pub semaphore: Status,
}

impl AdaptiveLimit {
    /// One with the defaults of the builder.
    ///
    /// # Panics
    ///
    /// Where a number of the algorithm is out of range: [`builder`](Self::builder) gives an error instead.
    #[must_use]
    pub fn new(algorithm: Algorithm) -> Self {
        match Self::builder(algorithm).build() {
            Ok(limit) => limit,
            Err(error) => panic!("{error}"),
        }
    }

    /// Builds one that learns in this way.
    pub fn builder(algorithm: Algorithm) -> AdaptiveBuilder {
        AdaptiveBuilder::new(algorithm)
    }

    pub(super) fn from_parts(semaphore: Semaphore, estimate: Estimate) -> Self {
        Self { semaphore, learned: Arc::new(Mutex::new(Learned { estimate, round: 0 })) }
    }

    /// Waits until one more call is admitted.
    ///
    /// # Errors
    ///
    /// - [`AcquireError::Closed`]: it was closed.
    /// - [`AcquireError::Interrupted`]: the ambient token was cancelled or the ambient deadline passed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe. However, the place in line is lost.
    pub async fn acquire(&self) -> Result<AdaptivePermit<'_>, AcquireError> {
        Ok(self.admitted(self.semaphore.acquire().await?))
    }

    /// Admits one more call if that takes no waiting.
    ///
    /// # Errors
    ///
    /// - [`AcquireError::NoPermits`]: not now.
    /// - [`AcquireError::Closed`]: it was closed.
    pub fn try_acquire(&self) -> Result<AdaptivePermit<'_>, AcquireError> {
        Ok(self.admitted(self.semaphore.try_acquire()?))
    }

    fn admitted<'a>(&'a self, permit: Permit<'a>) -> AdaptivePermit<'a> {
        let in_flight = self.semaphore.taken();
        AdaptivePermit::new(self, permit, in_flight, self.learned.lock().round)
    }

    /// Runs `op` once it is admitted. A value counts as served; an error too, unless `is_overload` says otherwise.
    ///
    /// # Errors
    ///
    /// Why it was not admitted: as for [`acquire`](Self::acquire). What `op` returned is inside.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe if `op` is: dropping this drops it.
    pub async fn run<T, E, Fut>(
        &self,
        op: impl FnOnce() -> Fut,
        is_overload: impl FnOnce(&E) -> bool,
    ) -> Result<Result<T, E>, AcquireError>
    where
        Fut: Future<Output = Result<T, E>>,
    {
        let permit = self.acquire().await?;
        let result = op().await;
        if result.as_ref().is_err_and(is_overload) {
            permit.overloaded();
        } else {
            permit.served();
        }
        Ok(result)
    }

    pub(super) fn learn(&self, took: Duration, overloaded: bool, in_flight: usize, round: u64) {
        let mut learned = self.learned.lock();
        let sample = Sample { took, overloaded, this_round: round == learned.round, in_flight };
        let before = learned.estimate.limit();
        learned.round += u64::from(learned.estimate.learn(&sample));
        let changed = learned.estimate.limit() != before;
        drop(learned);
        if changed {
            // Read again under the semaphore's lock, so that of two who change it the later limit stays.
            self.semaphore.resize_to(|| self.learned.lock().estimate.limit());
        }
    }

    /// Admits nobody any more.
    pub fn close(&self) {
        self.semaphore.close();
    }

    /// What it has learned, and who is in.
    #[must_use]
    pub fn status(&self) -> AdaptiveStatus {
        let learned = self.learned.lock();
        let (limit, usual, cuts) = (learned.estimate.limit(), learned.estimate.usual(), learned.round);
        drop(learned);
        AdaptiveStatus { limit, usual, cuts, semaphore: self.semaphore.status() }
    }
}

impl fmt::Debug for AdaptiveLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdaptiveLimit").field("estimate", &self.learned.lock().estimate).finish_non_exhaustive()
    }
}
