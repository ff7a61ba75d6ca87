//! `BlockingPool` on a real clock: the loop's tick while every core computes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use patterns_core::blocking::BlockingPool;
use patterns_core::cancel;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

const BOUND: Duration = Duration::from_secs(60);
const TICK: Duration = Duration::from_millis(2);
/// For about a second.
const TICKS: usize = 500;

/// Computes until it is told to stop, or `limit` is over.
fn compute(is_told: impl Fn() -> bool, limit: Duration) -> u64 {
    let (start, mut rounds) = (Instant::now(), 0_u64);
    while start.elapsed() < limit && !is_told() {
        rounds = std::hint::black_box(rounds + 1);
    }
    rounds
}

#[tokio::test]
async fn the_loop_ticks_within_ten_milliseconds_while_every_thread_computes() {
    let pool = BlockingPool::builder().build().unwrap();
    let threads = pool.status().max_threads;
    let mut jobs = Vec::new();
    for _ in 0..threads {
        jobs.push(pool.submit(|job| compute(|| job.is_cancelled(), BOUND)).await.unwrap());
    }
    let mut ticks = interval(TICK);
    // A loop that was held up once was late once, and not for each tick that it missed.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut late = Vec::new();
    for _ in 0..TICKS {
        let due = ticks.tick().await;
        late.push(due.elapsed());
    }
    drop(jobs);
    assert!(pool.status().threads <= threads);
    assert!(pool.shutdown_now(BOUND).await.stuck.is_empty());
    // Other tests share the cores: one tick in ten may be theirs.
    late.sort_unstable();
    let nine_in_ten = late[late.len() * 9 / 10];
    assert!(nine_in_ten < Duration::from_millis(10), "{nine_in_ten:?} late, of {} ticks", late.len());
}

#[tokio::test]
async fn a_timeout_around_a_job_is_on_time_where_one_around_blocking_code_is_not() {
    let (limit, long) = (Duration::from_millis(10), Duration::from_millis(500));
    let begun = Instant::now();
    let peer = timeout(limit, async { compute(|| false, long) }).await;
    assert!(peer.is_ok() && begun.elapsed() >= long, "tokio 1.54: it comes back late, and as if it were on time");

    let pool = BlockingPool::builder().threads(1).build().unwrap();
    // It goes on until the timeout is over: whoever waits for it is late by far.
    let is_over = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&is_over);
    let begun = Instant::now();
    let ours = cancel::timeout(limit, pool.run(move |_| compute(|| told.load(Ordering::SeqCst), BOUND))).await;
    let took = begun.elapsed();
    is_over.store(true, Ordering::SeqCst);
    assert!(ours.is_err() && took < Duration::from_secs(10), "took {took:?}");
    assert!(pool.shutdown(BOUND).await.is_complete());
}
