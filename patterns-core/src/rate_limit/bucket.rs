use std::pin::pin;
use std::sync::atomic::Ordering;
use std::task::{Poll, Waker};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use super::line::{Line, Step, Wakes};
use super::sync::{AtomicU64, Mutex};
use super::{AcquireError, Quota};

/// What the clones of a limiter share: the bucket as one number, or the line that it is in.
///
/// # The fast path
///
/// As long as nobody waits and nothing is paused, `full_at` holds the bucket, and an acquire is one
/// compare-and-swap. Otherwise it holds [`LOCKED`] and the bucket is in the line, under the lock. Only
/// who has the lock moves it: in with a swap, and out again when the line is empty.
pub(super) struct Bucket {
    full_at: AtomicU64,
    /// The line's quota, for the fast path. Written while the bucket is in the line, so who has read the
    /// old numbers has an old bucket, and the compare-and-swap fails.
    spacing: AtomicU64,
    capacity: AtomicU64,
    line: Mutex<Line>,
    epoch: Instant,
}

const LOCKED: u64 = u64::MAX;

impl Bucket {
    pub(super) fn new(quota: Quota) -> Self {
        Self {
            full_at: AtomicU64::new(0),
            spacing: AtomicU64::new(quota.spacing_nanos()),
            capacity: AtomicU64::new(quota.capacity_nanos()),
            line: Mutex::new(Line::new(quota)),
            epoch: Instant::now(),
        }
    }

    /// Changes the quota; the caller wakes those who must know.
    pub(super) fn change_quota(&self, quota: Quota) -> Wakes {
        let mut deferred = Wakes::new();
        self.locked(|line, now, wakes| {
            line.set_quota(quota, now, wakes);
            self.spacing.store(quota.spacing_nanos(), Ordering::Release);
            self.capacity.store(quota.capacity_nanos(), Ordering::Release);
            deferred = std::mem::take(wakes);
        });
        deferred
    }

    /// When it will be as good as new, or an instant before which it won't.
    pub(super) fn rests_at(&self) -> u64 {
        match self.full_at.load(Ordering::Acquire) {
            LOCKED => self.locked(|line, _, _| line.rests_at()),
            full_at => full_at,
        }
    }

    pub(super) fn nanos(&self, at: Instant) -> u64 {
        // Half of all nanoseconds are 292 years, and leave room for sums.
        u64::try_from(at.saturating_duration_since(self.epoch).as_nanos()).unwrap_or(u64::MAX).min(u64::MAX / 2)
    }

    pub(super) fn instant(&self, nanos: u64) -> Instant {
        crate::context::far_future_or(self.epoch.checked_add(Duration::from_nanos(nanos)))
    }

    /// Decides by the bucket alone; `None` where that takes the lock.
    pub(super) fn try_fast(&self, n: u32) -> Option<Result<(), AcquireError>> {
        let mut full_at = self.full_at.load(Ordering::Acquire);
        loop {
            if full_at == LOCKED {
                return None;
            }
            let capacity = self.capacity.load(Ordering::Acquire);
            let cost = u64::from(n).saturating_mul(self.spacing.load(Ordering::Acquire));
            if cost > capacity {
                return None;
            }
            let now = self.nanos(Instant::now());
            let after = full_at.max(now) + cost;
            if after > now + capacity {
                // A refusal swaps nothing, so it has to see for itself that the numbers belong together.
                let current = self.full_at.load(Ordering::Acquire);
                if current != full_at {
                    full_at = current;
                    continue;
                }
                let wait = Duration::from_nanos(after - capacity - now);
                return Some(Err(AcquireError::NotYet { wait }));
            }
            match self.full_at.compare_exchange_weak(full_at, after, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Some(Ok(())),
                Err(current) => full_at = current,
            }
        }
    }

    /// Runs `f` on the line with the bucket in it, then wakes whom it says.
    pub(super) fn locked<R>(&self, f: impl FnOnce(&mut Line, u64, &mut Wakes) -> R) -> R {
        let mut wakes = Wakes::new();
        let result = {
            let mut line = self.line.lock();
            match self.full_at.swap(LOCKED, Ordering::AcqRel) {
                LOCKED => {}
                full_at => line.set_full_at(full_at),
            }
            let now = self.nanos(Instant::now());
            let result = f(&mut line, now, &mut wakes);
            if line.is_plain(now) {
                self.full_at.store(line.full_at(), Ordering::Release);
            }
            result
        };
        wake(wakes);
        result
    }

    pub(super) async fn wait(&self, cost: u32) -> Result<(), AcquireError> {
        let mut turn = Turn { bucket: self, cost, place: None };
        let mut timer = pin!(None::<Sleep>);
        std::future::poll_fn(|cx| {
            loop {
                let until = match turn.poll(cx.waker()) {
                    Step::Go => return Poll::Ready(Ok(())),
                    Step::Fail(error) => return Poll::Ready(Err(error)),
                    Step::SleepUntil(until) => self.instant(until),
                };
                match timer.as_mut().as_pin_mut() {
                    Some(timer) if timer.deadline() == until => {}
                    Some(timer) => timer.reset(until),
                    None => timer.set(Some(sleep_until(until))),
                }
                if let Some(timer) = timer.as_mut().as_pin_mut()
                    && timer.poll(cx).is_pending()
                {
                    return Poll::Pending;
                }
            }
        })
        .await
    }
}

/// Calls them, under no lock.
pub(super) fn wake(wakes: Wakes) {
    for waker in wakes {
        waker.wake();
    }
}

/// A waiter's place in the line; dropped, it leaves.
struct Turn<'a> {
    bucket: &'a Bucket,
    cost: u32,
    place: Option<u64>,
}

impl Turn<'_> {
    fn poll(&mut self, waker: &Waker) -> Step {
        self.bucket.locked(|line, now, wakes| line.turn(&mut self.place, self.cost, now, waker, wakes))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.place.is_some() {
            self.bucket.locked(|line, now, wakes| line.leave(self.place, now, wakes));
        }
    }
}
