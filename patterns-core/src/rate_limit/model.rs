//! The bucket's fast path and its lock under the model checker: see [`crate::model`].
//!
//! The clock is a paused one of tokio's, which moves only when told to: each interleaving sees the same instants.
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use loom::thread::{self, JoinHandle};

use super::{AcquireError, Quota, line};
use crate::model::check;

/// What it is made of here.
mod sync {
    pub(super) use loom::sync::atomic::AtomicU64;

    pub(super) use crate::model::Mutex;
}

#[allow(clippy::duplicate_mod, dead_code, unreachable_pub, reason = "the same code, made of other parts")]
#[path = "bucket.rs"]
mod bucket;

use bucket::{Bucket, wake};

/// [`check`], with a clock.
fn check_at_an_instant(model: impl Fn() + Send + Sync + 'static) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime of the current thread");
    // The checker runs its threads one at a time on this one, so they all see this clock.
    let _entered = runtime.enter();
    check(model);
}

/// A bucket that was made a second ago.
fn bucket(quota: Quota) -> Arc<Bucket> {
    let bucket = Arc::new(Bucket::new(quota));
    // Moves the clock when first polled, and then only yields.
    let _ = tokio::time::advance(Duration::from_secs(1)).now_or_never();
    bucket
}

/// As `RateLimiter::try_acquire_many` does.
fn take(bucket: &Bucket, n: u32) -> bool {
    let taken: Result<(), AcquireError> =
        bucket.try_fast(n).unwrap_or_else(|| bucket.locked(|line, now, _| line.try_take(now, n)));
    taken.is_ok()
}

fn on_thread<R: 'static>(bucket: &Arc<Bucket>, f: impl FnOnce(&Bucket) -> R + 'static) -> JoinHandle<R> {
    let bucket = Arc::clone(bucket);
    thread::spawn(move || f(&bucket))
}

const SECOND: u64 = 1_000_000_000;

#[test]
fn no_more_than_the_burst_is_admitted_at_one_instant() {
    check_at_an_instant(|| {
        let bucket = bucket(Quota::per_second(1).burst(2));
        let others = [0; 2].map(|_| on_thread(&bucket, |bucket| take(bucket, 1)));
        let mut admitted = u32::from(take(&bucket, 1));
        for other in others {
            admitted += u32::from(other.join().unwrap());
        }
        assert_eq!(admitted, 2);
        assert_eq!(bucket.rests_at(), SECOND + 2 * SECOND);
    });
}

#[test]
fn nothing_is_lost_or_made_while_somebody_has_the_lock() {
    check_at_an_instant(|| {
        let bucket = bucket(Quota::per_second(1).burst(2));
        let looking = on_thread(&bucket, |bucket| bucket.locked(|line, _, _| line.waiting()));
        let taking = on_thread(&bucket, |bucket| take(bucket, 1));
        let first = take(&bucket, 1);
        assert_eq!(looking.join().unwrap(), 0);
        assert!(first && taking.join().unwrap(), "there is room for both");
        assert!(!take(&bucket, 1));
        assert_eq!(bucket.rests_at(), SECOND + 2 * SECOND);
    });
}

#[test]
fn units_taken_while_the_quota_changes_are_owed_at_the_new_one() {
    check_at_an_instant(|| {
        let bucket = bucket(Quota::per_second(1).burst(2));
        let taking = on_thread(&bucket, |bucket| take(bucket, 2));
        wake(bucket.change_quota(Quota::per_second(10).burst(2)));
        assert!(taking.join().unwrap());
        assert_eq!(bucket.rests_at(), SECOND + 2 * SECOND / 10, "two units, whichever came first");
        assert!(!take(&bucket, 1));
    });
}

#[test]
fn a_burst_that_shrinks_admits_the_old_one_or_the_new_one() {
    check_at_an_instant(|| {
        let bucket = bucket(Quota::per_second(1).burst(2));
        let taking = on_thread(&bucket, |bucket| take(bucket, 2));
        wake(bucket.change_quota(Quota::per_second(1).burst(1)));
        let before = taking.join().unwrap();
        assert_eq!(bucket.rests_at(), SECOND + if before { 2 * SECOND } else { 0 });
        assert_eq!(take(&bucket, 1), !before);
    });
}

#[test]
fn a_refusal_is_by_the_old_quota_or_the_new_one_and_by_no_mixture() {
    check_at_an_instant(|| {
        let bucket = bucket(Quota::per_second(10).burst(10));
        assert!(take(&bucket, 9));
        let taking = on_thread(&bucket, |bucket| take(bucket, 1));
        // Nine are owed before and after, so there is room for a tenth whichever comes first.
        wake(bucket.change_quota(Quota::per_second(1).burst(10)));
        assert!(taking.join().unwrap());
    });
}
