//! Those who wait: one timer each, in turn, and what leaving and stalling does to the others.
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};

use patterns_core::rate_limit::{Quota, RateLimiter};
use tokio::time::{Instant, advance, sleep};

use super::{MILLI, SECOND, spawn_waiters, times};

/// Counts how often its future is polled.
struct Polls<F> {
    fut: Pin<Box<F>>,
    polls: Arc<AtomicU32>,
}

impl<F: Future> Future for Polls<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.polls.fetch_add(1, Ordering::Relaxed);
        self.fut.as_mut().poll(cx)
    }
}

fn poll<F: Future + ?Sized>(fut: &mut Pin<Box<F>>) -> Poll<F::Output> {
    fut.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

#[tokio::test(start_paused = true)]
async fn a_thousand_waiters_are_served_in_turn_with_one_timer_each() {
    let limiter = RateLimiter::new(Quota::per_second(100));
    limiter.try_acquire().unwrap();
    let start = Instant::now();
    let polls = Arc::new(AtomicU32::new(0));
    let waiters: Vec<_> = (0..1_000)
        .map(|_| {
            let (limiter, polls) = (limiter.clone(), Arc::clone(&polls));
            tokio::spawn(async move {
                Polls { fut: Box::pin(async { limiter.acquire().await }), polls }.await.unwrap();
                Instant::now()
            })
        })
        .collect();
    let expected: Vec<_> = (1..=1_000).map(|n| n * 10).collect();
    assert_eq!(times(waiters, start).await, expected);
    assert_eq!(polls.load(Ordering::Relaxed), 2_000, "one poll to take the place, and one to go");
}

#[tokio::test(start_paused = true)]
async fn a_heavy_waiter_is_not_overtaken_by_light_ones() {
    let limiter = RateLimiter::new(Quota::per_second(1).burst(5));
    limiter.try_acquire_many(3).unwrap();
    let start = Instant::now();
    let heavy = tokio::spawn({
        let limiter = limiter.clone();
        async move {
            limiter.acquire_many(5).await.unwrap();
            Instant::now()
        }
    });
    tokio::task::yield_now().await;
    let light = spawn_waiters(&limiter, 2);
    tokio::task::yield_now().await;
    assert_eq!(limiter.status().available, 2);
    assert_eq!(limiter.try_acquire().unwrap_err().wait(), Some(6 * SECOND), "nor by one that doesn't wait");
    let mut waiters = vec![heavy];
    waiters.extend(light);
    assert_eq!(times(waiters, start).await, [3_000, 4_000, 5_000]);
}

#[tokio::test(start_paused = true)]
async fn a_waiter_that_leaves_moves_the_others_forward() {
    for leaver in 0..4 {
        let limiter = RateLimiter::new(Quota::per_second(1));
        limiter.try_acquire().unwrap();
        let start = Instant::now();
        let mut waiters = spawn_waiters(&limiter, 4);
        sleep(SECOND / 2).await;
        let gone = waiters.remove(leaver);
        gone.abort();
        assert!(gone.await.unwrap_err().is_cancelled());
        assert_eq!(times(waiters, start).await, [1_000, 2_000, 3_000], "waiter {leaver} left");
    }
}

#[tokio::test(start_paused = true)]
async fn a_newcomer_reckons_only_with_those_who_are_still_there() {
    let limiter = RateLimiter::new(Quota::per_second(1));
    limiter.try_acquire().unwrap();
    let waiters = spawn_waiters(&limiter, 4);
    tokio::task::yield_now().await;
    assert_eq!(limiter.try_acquire().unwrap_err().wait(), Some(5 * SECOND));
    waiters[1].abort();
    waiters[2].abort();
    tokio::task::yield_now().await;
    assert_eq!(limiter.try_acquire().unwrap_err().wait(), Some(3 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn try_acquire_does_not_overtake_a_waiter_that_is_due() {
    let limiter = RateLimiter::new(Quota::per_second(1).burst(5));
    limiter.try_acquire_many(5).unwrap();
    let mut due = Box::pin(limiter.acquire());
    assert!(poll(&mut due).is_pending());
    advance(10 * SECOND).await;
    assert!(limiter.try_acquire().is_err());
    assert!(poll(&mut due).is_ready());
    limiter.try_acquire().unwrap();
}

#[tokio::test(start_paused = true)]
async fn when_most_leave_the_last_one_goes_next() {
    let limiter = RateLimiter::new(Quota::per_second(1));
    limiter.try_acquire().unwrap();
    let start = Instant::now();
    let mut waiters = spawn_waiters(&limiter, 500);
    sleep(SECOND / 2).await;
    let last = waiters.split_off(499);
    for waiter in waiters {
        waiter.abort();
    }
    assert_eq!(times(last, start).await, [1_000]);
}

/// Drops a waiter after `polls` polls, each a second after the last, for every number of polls until it
/// has gone by itself.
#[tokio::test(start_paused = true)]
async fn an_acquire_dropped_at_any_poll_costs_nothing_and_delays_nobody() {
    for polls in 0.. {
        let limiter = RateLimiter::new(Quota::one_per(3 * SECOND));
        limiter.try_acquire().unwrap();
        let start = Instant::now();
        let mut dropped = Box::pin(limiter.acquire());
        let mut admitted = false;
        for _ in 0..polls {
            admitted = poll(&mut dropped).is_ready();
            if admitted {
                break;
            }
            advance(SECOND).await;
        }
        let behind = spawn_waiters(&limiter, 1);
        tokio::task::yield_now().await;
        drop(dropped);
        let at = times(behind, start).await;
        assert_eq!(limiter.status().waiting, 0);
        if admitted {
            assert_eq!((polls, at), (4, vec![6_000]));
            return;
        }
        assert_eq!(at, [3_000], "dropped after {polls} polls");
    }
}

/// With tokio's semaphore all others would wait for ever.
#[tokio::test(start_paused = true)]
async fn a_waiter_that_is_not_polled_any_more_holds_the_others_up_for_10_ms_once() {
    let limiter = RateLimiter::new(Quota::per_second(1));
    limiter.try_acquire().unwrap();
    let start = Instant::now();
    let mut stalled = Box::pin(limiter.acquire());
    assert!(poll(&mut stalled).is_pending());
    let waiters = spawn_waiters(&limiter, 3);
    assert_eq!(times(waiters, start).await, [2_010, 3_010, 4_010]);
}

#[tokio::test(start_paused = true)]
async fn a_waiter_that_was_passed_over_has_its_old_place_when_it_comes_back() {
    let limiter = RateLimiter::new(Quota::per_second(1));
    limiter.try_acquire().unwrap();
    let start = Instant::now();
    let mut stalled = Box::pin(limiter.acquire());
    assert!(poll(&mut stalled).is_pending());
    let waiters = spawn_waiters(&limiter, 3);
    sleep(2 * SECOND + 500 * MILLI).await; // passed over at 2.01 s
    stalled.await.unwrap();
    assert_eq!(start.elapsed().as_millis(), 3_010);
    assert_eq!(times(waiters, start).await, [2_010, 4_010, 5_010]);
}

#[tokio::test(start_paused = true)]
async fn of_several_that_stall_each_is_passed_over_in_turn() {
    let limiter = RateLimiter::new(Quota::per_second(100).burst(10));
    limiter.try_acquire_many(10).unwrap();
    let start = Instant::now();
    let mut stalled: Vec<_> = (0..3).map(|_| Box::pin(limiter.acquire())).collect();
    for waiter in &mut stalled {
        assert!(poll(waiter).is_pending());
    }
    let waiters = spawn_waiters(&limiter, 2);
    let at = times(waiters, start).await;
    assert_eq!(at, [70, 70], "due at 40 and 50 ms; each of three was waited for");
    assert_eq!(limiter.status().waiting, 0);
}
