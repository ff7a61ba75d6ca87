//! `rate_limit`: what each operation does. The laws are in `laws`, the line of waiters in `line`, keys in
//! `keyed`. All on virtual time.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod keyed;
mod laws;
mod line;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use patterns_core::cancel::timeout;
use patterns_core::context::Context;
use patterns_core::rate_limit::{AcquireError, Quota, RateLimiter};
use tokio::time::{Instant, advance, sleep};

const SECOND: Duration = Duration::from_secs(1);
const MILLI: Duration = Duration::from_millis(1);

#[tokio::test(start_paused = true)]
async fn units_come_evenly_spaced_by_default() {
    let limiter = RateLimiter::new(Quota::per_second(4));
    let start = Instant::now();
    let mut at = Vec::new();
    for _ in 0..5 {
        limiter.acquire().await.unwrap();
        at.push(start.elapsed().as_millis());
    }
    assert_eq!(at, [0, 250, 500, 750, 1_000]);
}

#[tokio::test(start_paused = true)]
async fn a_burst_goes_at_once_and_comes_back_with_time() {
    let limiter = RateLimiter::new(Quota::per_second(1).burst(3));
    let start = Instant::now();
    for _ in 0..3 {
        limiter.acquire().await.unwrap();
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert!(limiter.try_acquire().is_err());
    sleep(2 * SECOND).await;
    assert_eq!(limiter.status().available, 2);
    limiter.try_acquire().unwrap();
    limiter.try_acquire().unwrap();
    assert!(limiter.try_acquire().is_err());
    sleep(100 * SECOND).await;
    assert_eq!(limiter.status().available, 3, "no more than the burst is saved up");
}

/// governor reads a clock of its own: under a paused clock it waits for real time or jumps.
#[tokio::test(start_paused = true)]
async fn an_hour_of_virtual_time_passes_exactly() {
    let limiter = RateLimiter::new(Quota::per_minute(1));
    let start = Instant::now();
    limiter.acquire().await.unwrap();
    let hour = timeout(3_600 * SECOND + MILLI, async {
        for minute in 1..=60 {
            limiter.acquire().await.unwrap();
            assert_eq!(start.elapsed(), minute * 60 * SECOND);
        }
    });
    hour.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn try_acquire_says_exactly_how_long_to_wait() {
    let limiter = RateLimiter::new(Quota::one_per(3 * SECOND));
    limiter.try_acquire().unwrap();
    let wait = limiter.try_acquire().unwrap_err().wait().unwrap();
    assert_eq!(wait, 3 * SECOND);
    advance(wait - Duration::from_nanos(1)).await;
    assert_eq!(limiter.try_acquire().unwrap_err().wait(), Some(Duration::from_nanos(1)));
    advance(Duration::from_nanos(1)).await;
    limiter.try_acquire().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_weighted_acquire_costs_its_weight() {
    let limiter = RateLimiter::new(Quota::per_second(10).burst(10));
    limiter.acquire_many(0).await.unwrap();
    limiter.acquire_many(7).await.unwrap();
    assert_eq!(limiter.status().available, 3);
    let start = Instant::now();
    limiter.acquire_many(10).await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_millis(700));
}

#[tokio::test(start_paused = true)]
async fn more_than_the_burst_is_refused_at_once() {
    let limiter = RateLimiter::new(Quota::per_second(10).burst(5));
    let error = limiter.acquire_many(6).await.unwrap_err();
    assert!(matches!(error, AcquireError::ExceedsBurst { asked: 6, burst: 5 }));
    assert_eq!(error.to_string(), "asked for 6 units, but the quota's burst is 5");
    assert!(limiter.try_acquire_many(6).unwrap_err().is_exceeds_burst());
    assert_eq!(limiter.status().available, 5, "it cost nothing");
}

#[tokio::test(start_paused = true)]
async fn a_faster_quota_is_seen_by_those_who_wait() {
    let limiter = RateLimiter::new(Quota::one_per(100 * SECOND));
    limiter.try_acquire().unwrap();
    let start = Instant::now();
    let waiters = spawn_waiters(&limiter, 3);
    sleep(10 * SECOND).await;
    // 90 of 100 s are still owed for the first unit, that is 0.9 units.
    limiter.set_quota(Quota::one_per(10 * SECOND));
    assert_eq!(times(waiters, start).await, [19_000, 29_000, 39_000]);
}

#[tokio::test(start_paused = true)]
async fn a_slower_quota_is_seen_by_those_who_wait() {
    let limiter = RateLimiter::new(Quota::per_second(1));
    limiter.try_acquire().unwrap();
    let start = Instant::now();
    let waiters = spawn_waiters(&limiter, 3);
    sleep(SECOND / 2).await;
    limiter.set_quota(Quota::one_per(10 * SECOND));
    assert_eq!(times(waiters, start).await, [5_500, 15_500, 25_500]);
}

#[tokio::test(start_paused = true)]
async fn a_larger_burst_lets_those_who_wait_go_at_once() {
    let limiter = RateLimiter::new(Quota::per_second(1));
    limiter.try_acquire().unwrap();
    let start = Instant::now();
    let waiters = spawn_waiters(&limiter, 5);
    sleep(SECOND / 2).await;
    limiter.set_quota(Quota::per_second(1).burst(4));
    assert_eq!(times(waiters, start).await, [500, 500, 500, 1_000, 2_000]);
}

#[tokio::test(start_paused = true)]
async fn units_admitted_in_advance_stay_owed_under_a_new_quota() {
    let limiter = RateLimiter::new(Quota::per_second(1).burst(10));
    limiter.try_acquire_many(10).unwrap();
    limiter.set_quota(Quota::per_second(10));
    assert_eq!(limiter.try_acquire().unwrap_err().wait(), Some(SECOND));
}

#[tokio::test(start_paused = true)]
async fn a_waiter_that_asks_for_more_than_a_new_burst_is_told_and_the_next_one_goes() {
    let limiter = RateLimiter::new(Quota::per_second(1).burst(5));
    limiter.try_acquire_many(5).unwrap();
    let start = Instant::now();
    let heavy = tokio::spawn({
        let limiter = limiter.clone();
        async move { (limiter.acquire_many(5).await.unwrap_err(), start.elapsed()) }
    });
    tokio::task::yield_now().await;
    let light = spawn_waiters(&limiter, 1);
    sleep(SECOND / 2).await;
    limiter.set_quota(Quota::per_second(1).burst(2));
    assert_eq!(times(light, start).await, [4_000], "five are owed, and two are allowed at once");
    let (error, at) = heavy.await.unwrap();
    assert!(matches!(error, AcquireError::ExceedsBurst { asked: 5, burst: 2 }));
    assert_eq!(at, SECOND / 2, "told at once");
}

#[tokio::test(start_paused = true)]
async fn a_pause_holds_up_everybody_in_order() {
    let limiter = RateLimiter::new(Quota::per_second(1));
    let start = Instant::now();
    limiter.try_acquire().unwrap();
    let waiters = spawn_waiters(&limiter, 3);
    sleep(SECOND / 2).await;
    limiter.pause_until(start + 60 * SECOND);
    limiter.pause_until(start + 2 * SECOND);
    assert_eq!(limiter.status().paused_for, Duration::from_millis(59_500), "the earlier one changes nothing");
    assert_eq!(limiter.status().available, 0);
    let wait = limiter.try_acquire().unwrap_err().wait().unwrap();
    assert_eq!(start.elapsed() + wait, 63 * SECOND, "behind the three that wait");
    assert_eq!(times(waiters, start).await, [60_000, 61_000, 62_000]);
}

#[tokio::test(start_paused = true)]
async fn after_a_pause_the_limiter_works_as_before() {
    let limiter = RateLimiter::new(Quota::per_second(1).burst(2));
    limiter.pause_until(Instant::now() + SECOND);
    assert_eq!(limiter.try_acquire().unwrap_err().wait(), Some(SECOND));
    sleep(SECOND).await;
    limiter.try_acquire_many(2).unwrap();
    assert_eq!(limiter.try_acquire().unwrap_err().wait(), Some(SECOND));
}

#[tokio::test(start_paused = true)]
async fn a_wait_obeys_the_ambient_deadline_and_leaves_no_trace() {
    let limiter = RateLimiter::new(Quota::one_per(60 * SECOND));
    limiter.try_acquire().unwrap();
    let start = Instant::now();
    let late = Context::current().with_deadline(start + 5 * SECOND);
    let error = late.scope(async { limiter.acquire().await }).await.unwrap_err();
    assert!(matches!(&error, AcquireError::Interrupted(why) if why.is_deadline()));
    assert_eq!(start.elapsed(), 5 * SECOND);
    assert_eq!(limiter.status().waiting, 0);
    assert_eq!(limiter.try_acquire().unwrap_err().wait(), Some(55 * SECOND), "its unit was not used");
}

#[test]
fn threads_together_get_exactly_the_burst() {
    let limiter = RateLimiter::new(Quota::one_per(3_600 * SECOND).burst(10_000));
    let admitted = Arc::new(AtomicU32::new(0));
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (limiter, admitted) = (&limiter, &admitted);
            scope.spawn(move || {
                for n in 0..5_000 {
                    if limiter.try_acquire().is_ok() {
                        admitted.fetch_add(1, Ordering::Relaxed);
                    }
                    // Moves the bucket into the line and out again, under the others' feet.
                    if thread == 0 && n % 10 == 0 {
                        assert_eq!(limiter.status().waiting, 0);
                    }
                }
            });
        }
    });
    assert_eq!(admitted.load(Ordering::Relaxed), 10_000);
}

#[tokio::test(start_paused = true)]
async fn a_busy_caller_lets_other_tasks_run() {
    let limiter = RateLimiter::new(Quota::per_second(1).burst(100_000));
    let other = tokio::spawn(async {});
    for _ in 0..100_000 {
        limiter.acquire().await.unwrap();
        if other.is_finished() {
            return;
        }
    }
    panic!("100,000 acquires without a break");
}

#[test]
fn a_quota_is_never_exceeded_by_rounding() {
    let quota = Quota::per_second(3);
    assert_eq!(quota.spacing(), Duration::from_nanos(333_333_334));
    assert_eq!(Quota::per_second(u32::MAX).spacing(), Duration::from_nanos(1));
}

#[test]
#[should_panic(expected = "at least 1 unit")]
fn a_quota_of_nothing_is_refused() {
    let _ = Quota::per_second(0);
}

#[test]
#[should_panic(expected = "over a hundred years")]
fn a_burst_that_takes_centuries_is_refused() {
    let _ = Quota::one_per(Duration::from_secs(86_400 * 365)).burst(200);
}

/// Waiters in line, in this order, each of which notes when it was admitted.
fn spawn_waiters(limiter: &RateLimiter, n: usize) -> Vec<tokio::task::JoinHandle<Instant>> {
    (0..n)
        .map(|_| {
            let limiter = limiter.clone();
            tokio::spawn(async move {
                limiter.acquire().await.unwrap();
                Instant::now()
            })
        })
        .collect()
}

/// When each was admitted, in milliseconds.
async fn times(waiters: Vec<tokio::task::JoinHandle<Instant>>, start: Instant) -> Vec<u128> {
    let mut at = Vec::new();
    for waiter in waiters {
        at.push((waiter.await.unwrap() - start).as_millis());
    }
    at
}
