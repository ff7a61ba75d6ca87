//! Limiters by key: independent, bounded in memory, and never forgotten while that would matter.
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use patterns_core::rate_limit::{AcquireError, KeyedRateLimiter, Quota};
use proptest::prelude::*;
use tokio::time::{Instant, advance, sleep};

use super::SECOND;

#[tokio::test(start_paused = true)]
async fn keys_do_not_hold_each_other_up() {
    let hosts: KeyedRateLimiter<String> = KeyedRateLimiter::new(Quota::per_second(1));
    let start = Instant::now();
    for n in 0..50 {
        hosts.acquire(format!("host-{n}").as_str()).await.unwrap();
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
    hosts.acquire("host-7").await.unwrap();
    assert_eq!(start.elapsed(), SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_key_can_have_a_quota_of_its_own_while_others_wait() {
    let keys: KeyedRateLimiter<u32> = KeyedRateLimiter::new(Quota::one_per(100 * SECOND));
    keys.acquire(&1).await.unwrap();
    let start = Instant::now();
    let (waited, ()) = tokio::join!(
        async {
            keys.acquire(&1).await.unwrap();
            start.elapsed()
        },
        async { keys.set_quota(&1, Quota::per_second(1)).unwrap() }
    );
    assert_eq!(waited, SECOND);
    assert!(keys.clear_quota(&1));
    assert!(!keys.clear_quota(&1));
    assert_eq!(keys.try_acquire(&1).unwrap_err().wait(), Some(100 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn a_pause_of_one_key_leaves_the_others_alone() {
    let keys: KeyedRateLimiter<u32> = KeyedRateLimiter::new(Quota::per_second(10));
    keys.pause_until(&1, Instant::now() + 30 * SECOND).unwrap();
    keys.try_acquire(&2).unwrap();
    let start = Instant::now();
    keys.acquire(&1).await.unwrap();
    assert_eq!(start.elapsed(), 30 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_key_is_forgotten_once_it_has_been_at_rest_for_a_while() {
    let keys: KeyedRateLimiter<u32> = KeyedRateLimiter::new(Quota::one_per(10 * SECOND)).idle_time(60 * SECOND);
    keys.try_acquire(&1).unwrap();
    assert!(keys.status(&1).is_some());
    advance(69 * SECOND).await;
    keys.try_acquire(&2).unwrap();
    assert_eq!(keys.len(), 2, "at rest for 59 s");
    advance(SECOND).await;
    keys.try_acquire(&3).unwrap();
    assert_eq!(keys.len(), 2);
    assert!(keys.status(&1).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_paused_key_is_not_forgotten() {
    let keys: KeyedRateLimiter<u32> = KeyedRateLimiter::new(Quota::per_second(1)).idle_time(SECOND).max_keys(1);
    keys.pause_until(&1, Instant::now() + 3_600 * SECOND).unwrap();
    advance(3_000 * SECOND).await;
    let error = keys.try_acquire(&2).unwrap_err();
    assert!(matches!(error, AcquireError::TooManyKeys(full) if full.max_keys == 1));
    assert_eq!(keys.try_acquire(&1).unwrap_err().wait(), Some(600 * SECOND));
    advance(600 * SECOND).await;
    keys.try_acquire(&2).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_key_that_somebody_waits_for_is_not_forgotten() {
    let keys: KeyedRateLimiter<u32> =
        KeyedRateLimiter::new(Quota::one_per(10 * SECOND)).idle_time(Duration::ZERO).max_keys(1);
    keys.try_acquire(&1).unwrap();
    let waiter = tokio::spawn({
        let keys = keys.clone();
        async move { keys.acquire(&1).await }
    });
    sleep(SECOND).await;
    assert!(keys.try_acquire(&2).is_err());
    assert_eq!(keys.status(&1).unwrap().waiting, 1);
    waiter.await.unwrap().unwrap();
    assert_eq!(keys.try_acquire(&1).unwrap_err().wait(), Some(10 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn a_new_key_takes_the_room_of_one_at_rest_and_is_refused_without_one() {
    let keys: KeyedRateLimiter<u32> = KeyedRateLimiter::new(Quota::per_second(1)).max_keys(10);
    for key in 0..10 {
        keys.try_acquire(&key).unwrap();
        advance(SECOND / 100).await;
    }
    assert!(matches!(keys.try_acquire(&10), Err(AcquireError::TooManyKeys(_))));
    assert!(matches!(keys.acquire(&10).await, Err(AcquireError::TooManyKeys(_))));
    advance(SECOND * 91 / 100).await;
    keys.try_acquire(&10).unwrap();
    assert_eq!(keys.len(), 10);
    assert!(keys.status(&0).is_none(), "the first to be at rest has left");
}

#[tokio::test(start_paused = true)]
async fn own_quotas_outlive_idleness_and_are_bounded_too() {
    let keys: KeyedRateLimiter<u32> = KeyedRateLimiter::new(Quota::per_second(1)).max_keys(2).idle_time(SECOND);
    keys.set_quota(&1, Quota::one_per(5 * SECOND)).unwrap();
    keys.set_quota(&2, Quota::one_per(5 * SECOND)).unwrap();
    assert_eq!(keys.set_quota(&3, Quota::per_second(9)).unwrap_err().max_keys, 2);
    keys.set_quota(&2, Quota::one_per(6 * SECOND)).unwrap();
    keys.try_acquire(&1).unwrap();
    advance(3_600 * SECOND).await;
    keys.try_acquire(&7).unwrap();
    assert!(keys.status(&1).is_none());
    keys.try_acquire(&1).unwrap();
    assert_eq!(keys.try_acquire(&1).unwrap_err().wait(), Some(5 * SECOND));
}

#[test]
fn a_key_that_another_thread_is_about_to_use_is_not_forgotten() {
    // Every lookup forgets what is at rest, which a key is until its first unit.
    let keys: KeyedRateLimiter<u32> = KeyedRateLimiter::new(Quota::one_per(3_600 * SECOND)).idle_time(Duration::ZERO);
    let admitted: Vec<_> = (0..20_000).map(|_| AtomicU32::new(0)).collect();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for (key, admitted) in (0..).zip(&admitted) {
                    if keys.try_acquire(&key).is_ok() {
                        admitted.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert!(admitted.iter().all(|times| times.load(Ordering::Relaxed) == 1));
}

#[test]
#[should_panic(expected = "at least 1 key")]
fn room_for_no_key_is_refused() {
    let _ = KeyedRateLimiter::<u32>::new(Quota::per_second(1)).max_keys(0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// Forgetting must never admit more: each key against the law, with room for few of many keys.
    #[test]
    fn forgetting_keys_admits_no_more_than_the_quota_and_keeps_their_number(
        burst in 1_u32..4,
        idle in 0_u64..200,
        max_keys in 1_usize..5,
        uses in prop::collection::vec((0_u8..8, 0_u64..120), 1..300),
    ) {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let quota = Quota::one_per(Duration::from_millis(50)).burst(burst);
        let mut admitted: BTreeMap<u8, Vec<u128>> = BTreeMap::new();
        let mut most = 0;
        runtime.block_on(async {
            let keys: KeyedRateLimiter<u8> =
                KeyedRateLimiter::new(quota).idle_time(Duration::from_millis(idle)).max_keys(max_keys);
            let start = Instant::now();
            for (key, pause) in uses {
                if keys.try_acquire(&key).is_ok() {
                    admitted.entry(key).or_default().push(start.elapsed().as_millis());
                }
                most = most.max(keys.len());
                advance(Duration::from_millis(pause)).await;
            }
        });
        prop_assert!(most <= max_keys);
        for times in admitted.values() {
            for (first, from) in times.iter().enumerate() {
                for (last, to) in times.iter().enumerate().skip(first) {
                    prop_assert!((last - first + 1) as u128 <= u128::from(burst) + (to - from) / 50);
                }
            }
        }
    }
}
