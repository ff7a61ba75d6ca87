use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::coop::consume_budget;

use super::place::InLine;
use super::{Builder, BulkheadError, EnterError, Place, Status};
use crate::cancel::timeout;
use crate::coop;
use crate::semaphore::{AcquireError, Semaphore};

/// Lets so many calls in at once and so many wait, each for so long; turns the others away at once.
///
/// Places are given in the order in which they were asked for, by a [`Semaphore`]. Clones are the same bulkhead: share
/// it among all who call the same thing.
///
/// # Comparison to `tower::limit::ConcurrencyLimit` and `tower::load_shed`
///
/// The first lets everybody wait, the two together nobody. Here both have a limit, and waiting obeys the ambient token and
/// deadline.
///
/// # Defaults
///
/// Those of the [`Builder`].
///
/// # Examples
///
/// ```
/// use patterns_core::bulkhead::Bulkhead;
/// use std::time::Duration;
/// use tokio::time::sleep;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), Box<dyn std::error::Error>> {
/// let search = Bulkhead::builder(1).max_waiting(1).build()?;
/// let call = || search.run(async || {
///     sleep(Duration::from_millis(600)).await;
///     Ok::<_, std::io::Error>("found")
/// });
/// let (first, second, third) = tokio::join!(call(), call(), call());
/// assert_eq!((first?, second?), ("found", "found"));
/// assert!(third.unwrap_err().rejected().unwrap().is_full());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Bulkhead(Arc<Inner>);

struct Inner {
    name: String,
    semaphore: Semaphore,
    waiting: AtomicUsize,
    max_waiting: usize,
    max_wait: Duration,
    rejected: AtomicU64,
}

impl Bulkhead {
    /// One with so many places and the defaults: as many callers more may wait in line, for a second each, and whoever
    /// comes beyond that is turned away at once.
    ///
    /// It is for calls that come from outside, where turning some away is better than letting all wait. Work that must
    /// all be done, so many at a time, is for [`map_concurrent`](crate::gather::map_concurrent),
    /// [`spawn_bounded`](crate::task_group::Group::spawn_bounded) or a [`Semaphore`].
    ///
    /// # Panics
    ///
    /// Where `places` is zero. [`builder`](Self::builder) gives an error instead.
    #[must_use]
    pub fn new(places: usize) -> Self {
        match Self::builder(places).build() {
            Ok(bulkhead) => bulkhead,
            Err(error) => panic!("{error}"),
        }
    }

    /// Builds one with so many places.
    pub fn builder(places: usize) -> Builder {
        Builder::new(places)
    }

    pub(super) fn from_builder(builder: Builder) -> Self {
        let Builder { places, name, max_waiting, max_wait } = builder;
        Self(Arc::new(Inner {
            name: name.to_string(),
            semaphore: Semaphore::named(name, places),
            waiting: AtomicUsize::new(0),
            max_waiting: max_waiting.unwrap_or(places),
            max_wait,
            rejected: AtomicU64::new(0),
        }))
    }

    /// Takes a place if one is free and nobody is in line.
    ///
    /// # Errors
    ///
    /// - [`EnterError::Full`]: none is free.
    /// - [`EnterError::Closed`]: it was closed.
    #[inline]
    pub fn try_enter(&self) -> Result<Place<'_>, EnterError> {
        match self.0.semaphore.try_acquire() {
            Ok(permit) => Ok(Place::new(permit)),
            Err(error) => Err(self.refusal(error)),
        }
    }

    /// A place, if one is free and nobody is in line. Counts nothing.
    #[inline]
    pub(crate) fn try_place(&self) -> Option<Place<'_>> {
        self.0.semaphore.try_acquire().ok().map(Place::new)
    }

    /// Takes a place, waiting for one if there is room in the line.
    ///
    /// # Errors
    ///
    /// - [`EnterError::Full`]: no place is free, and none in the line.
    /// - [`EnterError::WaitedTooLong`]: it stood in line for as long as it may.
    /// - [`EnterError::Closed`]: it was closed, before or while waiting.
    /// - [`EnterError::Interrupted`]: the ambient token was cancelled or the ambient deadline passed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe. However, the place in line is lost.
    pub async fn enter(&self) -> Result<Place<'_>, EnterError> {
        let Inner { semaphore, waiting, max_waiting, max_wait, .. } = &*self.0;
        // A task that always finds a place must still let others run.
        if coop::is_due() {
            consume_budget().await;
        }
        match semaphore.try_acquire() {
            Ok(permit) => return Ok(Place::new(permit)),
            Err(AcquireError::NoPermits) => {}
            Err(error) => return Err(self.refusal(error)),
        }
        let Some(_in_line) = InLine::join(waiting, *max_waiting) else {
            return Err(self.refusal(AcquireError::NoPermits));
        };
        match timeout(*max_wait, semaphore.acquire()).await {
            Ok(Ok(permit)) => Ok(Place::new(permit)),
            Ok(Err(error)) => Err(self.refusal(error)),
            Err(_) => {
                self.0.rejected.fetch_add(1, Ordering::Relaxed);
                Err(EnterError::WaitedTooLong { name: self.0.name.clone(), limit: *max_wait })
            }
        }
    }

    #[cold]
    fn refusal(&self, error: AcquireError) -> EnterError {
        let name = self.0.name.clone();
        match error {
            AcquireError::Interrupted(interrupt) => EnterError::Interrupted(interrupt),
            AcquireError::Closed => EnterError::Closed { name },
            AcquireError::NoPermits | AcquireError::ExceedsLimit { .. } => {
                self.0.rejected.fetch_add(1, Ordering::Relaxed);
                let Status { inside, waiting, .. } = self.status();
                EnterError::Full { name, inside, waiting }
            }
        }
    }

    /// Makes a call once it has a place.
    ///
    /// # Errors
    ///
    /// - [`BulkheadError::Rejected`]: it was not made: as for [`enter`](Self::enter).
    /// - [`BulkheadError::Inner`]: it was made, and failed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe if the call is: dropping this drops it.
    pub async fn run<T, E, Fut>(&self, op: impl FnOnce() -> Fut) -> Result<T, BulkheadError<E>>
    where
        Fut: Future<Output = Result<T, E>>,
    {
        let _place = self.enter().await.map_err(BulkheadError::Rejected)?;
        op().await.map_err(BulkheadError::Inner)
    }

    /// Changes the number of places, at once; with zero nobody gets in any more. Those who are inside stay there.
    pub fn resize(&self, places: usize) {
        self.0.semaphore.resize(places);
    }

    /// Lets nobody in any more; those who wait get [`EnterError::Closed`].
    pub fn close(&self) {
        self.0.semaphore.close();
    }

    /// Who is in it.
    #[must_use]
    pub fn status(&self) -> Status {
        let Inner { name, semaphore, waiting, max_waiting, rejected, .. } = &*self.0;
        Status {
            name: name.clone(),
            places: semaphore.limit(),
            inside: semaphore.taken(),
            waiting: waiting.load(Ordering::Acquire),
            max_waiting: *max_waiting,
            rejected: rejected.load(Ordering::Relaxed),
        }
    }
}

impl fmt::Debug for Bulkhead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bulkhead").field("status", &self.status()).finish_non_exhaustive()
    }
}
