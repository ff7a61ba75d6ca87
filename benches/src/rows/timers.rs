//! Timers: put in and taken out by the million, what they take in memory, and how late they fire.

use std::future::poll_fn;
use std::hint::black_box;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use actors::scheduler::wheel::TimerWheel;
use actors::{Scheduler, System};
use parking_lot::Mutex;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::time::DelayQueue;

use super::ct;
use crate::harness::{Row, Skipped, Target, alone, calibrated, can_tell_memory, resident};

/// As many as there are at the same time.
const TIMERS: usize = 1_000_000;
/// Their instants are from now on as far apart.
const WITHIN: Duration = Duration::from_secs(10);

/// So many fire,
const SHOTS: usize = 40_000;
/// in this time,
const OVER: Duration = Duration::from_secs(2);
/// which begins when all are put in.
const LEAD: Duration = Duration::from_secs(1);

/// A million timers are put in, and then taken out again.
pub(super) fn insert_cancel() -> Result<Row, Skipped> {
    Ok(Row::new("timers_insert_cancel", "ns/timer", Target::Ratio(0.7))
        .ours("TimerWheel", repeated(wheel))
        .peer("DelayQueue", repeated(delay_queue))
        .peer("tokio sleep", repeated(sleeps)))
}

/// A million timers with a number each, without the keys to them.
pub(super) fn bytes() -> Result<Row, Skipped> {
    can_tell_memory()?;
    Ok(Row::new("timers_bytes", "bytes/timer", Target::Absolute(67.0))
        .ours("TimerWheel", alone("timers_bytes", "TimerWheel", wheel_bytes))
        .peer("DelayQueue", alone("timers_bytes", "DelayQueue", delay_queue_bytes)))
}

pub(super) fn lateness_p50() -> Result<Row, Skipped> {
    Ok(Row::new("timers_lateness_p50", "ms", Target::Absolute(0.6))
        .ours("Scheduler::after", late(50, scheduled))
        .peer("tokio sleep", late(50, slept))
        .peer("DelayQueue", late(50, delayed)))
}

pub(super) fn lateness_p99() -> Result<Row, Skipped> {
    Ok(Row::new("timers_lateness_p99", "ms", Target::Ratio(1.0))
        .ours("Scheduler::after", late(99, scheduled))
        .peer("tokio sleep", late(99, slept)))
}

/// `round` puts all in and takes all out; it is told when the first could have been due.
fn repeated(round: fn(Instant, &[Instant]) -> Duration) -> impl FnMut() -> f64 {
    let runtime = ct();
    let spread = spread(TIMERS, WITHIN);
    calibrated(move |calls| {
        let _entered = runtime.enter();
        let rounds = calls.div_ceil(TIMERS as u64);
        let mut took = Duration::ZERO;
        for _ in 0..rounds {
            // Later than the round takes, so that none has passed already.
            let start = Instant::now() + WITHIN;
            let dues: Vec<_> = spread.iter().map(|after| start + *after).collect();
            took += round(start, &dues);
        }
        took.mul_f64(calls as f64 / (rounds * TIMERS as u64) as f64)
    })
}

fn wheel(start: Instant, dues: &[Instant]) -> Duration {
    let mut wheel = TimerWheel::new();
    let mut keys = Vec::with_capacity(dues.len());
    let started = Instant::now();
    for due in dues {
        keys.push(wheel.insert(ticks(*due - start), *due));
    }
    for key in keys {
        black_box(wheel.cancel(key));
    }
    started.elapsed()
}

/// Instants as the scheduler gives them to its wheel: in steps of 100 us, and never early.
fn ticks(after: Duration) -> u64 {
    (after.as_nanos() as u64).div_ceil(100_000)
}

fn delay_queue(_: Instant, dues: &[Instant]) -> Duration {
    let mut queue = DelayQueue::new();
    let mut keys = Vec::with_capacity(dues.len());
    let started = Instant::now();
    for due in dues {
        keys.push(queue.insert_at(*due, *due));
    }
    for key in keys {
        black_box(queue.remove(&key));
    }
    started.elapsed()
}

fn sleeps(_: Instant, dues: &[Instant]) -> Duration {
    let mut context = Context::from_waker(Waker::noop());
    let mut sleeps = Vec::with_capacity(dues.len());
    let started = Instant::now();
    for due in dues {
        let mut sleep = Box::pin(sleep_until(*due));
        // The first poll puts it in.
        assert!(sleep.as_mut().poll(&mut context).is_pending(), "it is due later");
        sleeps.push(sleep);
    }
    drop(sleeps);
    started.elapsed()
}

fn wheel_bytes() -> f64 {
    let spread = spread(TIMERS, WITHIN);
    let before = resident();
    let mut wheel = TimerWheel::new();
    for (n, after) in spread.iter().enumerate() {
        wheel.insert(ticks(*after), n);
    }
    let bytes = resident() - before;
    bytes / wheel.len() as f64
}

fn delay_queue_bytes() -> f64 {
    let runtime = ct();
    let _entered = runtime.enter();
    let (spread, start) = (spread(TIMERS, WITHIN), Instant::now() + WITHIN);
    let before = resident();
    let mut queue = DelayQueue::new();
    for (n, after) in spread.iter().enumerate() {
        queue.insert_at(n, start + *after);
    }
    let bytes = resident() - before;
    bytes / queue.len() as f64
}

/// How late so many percent are at most; `fire` has something happen at each instant, and says how late each was.
fn late<F>(percent: usize, fire: fn(Vec<Instant>) -> F) -> impl FnMut() -> f64
where
    F: Future<Output = Vec<Duration>> + Send + 'static,
{
    let runtime = ct();
    let spread = spread(SHOTS, OVER);
    move || {
        let start = Instant::now() + LEAD;
        let dues = spread.iter().map(|after| start + *after).collect();
        let fired = fire(dues);
        let mut late = runtime.block_on(async { tokio::spawn(fired).await.expect("nothing of it panics") });
        assert_eq!(late.len(), SHOTS, "timers were lost or doubled");
        late.sort_unstable();
        late[SHOTS * percent / 100].as_secs_f64() * 1_000.0
    }
}

async fn scheduled(dues: Vec<Instant>) -> Vec<Duration> {
    let system = System::start().expect("a system starts");
    let scheduler = Scheduler::builder().start(&system).expect("it starts");
    let late = Arc::new(Mutex::new(Vec::with_capacity(SHOTS)));
    for (n, due) in dues.into_iter().enumerate() {
        let late = Arc::clone(&late);
        let job = move || async move { late.lock().push(due.elapsed()) };
        let delay = due.saturating_duration_since(Instant::now());
        scheduler.after(n.to_string(), delay).run(job).await.expect("nothing else has that name");
    }
    while late.lock().len() < SHOTS {
        sleep(Duration::from_millis(10)).await;
    }
    std::mem::take(&mut *late.lock())
}

async fn slept(dues: Vec<Instant>) -> Vec<Duration> {
    let tasks: Vec<_> = dues
        .into_iter()
        .map(|due| {
            tokio::spawn(async move {
                sleep_until(due).await;
                due.elapsed()
            })
        })
        .collect();
    let mut late = Vec::with_capacity(SHOTS);
    for task in tasks {
        late.push(task.await.expect("a task doesn't panic"));
    }
    late
}

async fn delayed(dues: Vec<Instant>) -> Vec<Duration> {
    let mut queue = DelayQueue::new();
    for due in dues {
        queue.insert_at(due, due);
    }
    let mut late = Vec::with_capacity(SHOTS);
    while let Some(fired) = poll_fn(|cx| queue.poll_expired(cx)).await {
        late.push(fired.into_inner().elapsed());
    }
    late
}

/// So many durations in no order, and the same in each run: the generator is SplitMix64 (Steele, Lea and Flood, 2014).
fn spread(count: usize, within: Duration) -> Vec<Duration> {
    let mut state = 7_u64;
    let next = |_| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        within.mul_f64(mixed as f64 / u64::MAX as f64)
    };
    (0..count).map(next).collect()
}
