//! Task groups: spawning and joining children with their results, and stopping a thousand of them.

use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};

use patterns_core::context;
use patterns_core::task_group::{BoxError, TaskGroup};
use tokio::runtime::Runtime;
use tokio::sync::{Barrier, oneshot};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::ct;
use crate::harness::{Row, Skipped, Target, calibrated};

/// A group of so many children that return a number each, over and over.
pub(super) fn spawn_join(name: &'static str, runtime: fn() -> Runtime, children: u64) -> Result<Row, Skipped> {
    Ok(Row::new(name, "ns/child", Target::Ratio(0.8))
        .ours("TaskGroup", repeated(runtime, children, move || task_group(children)))
        .peer("tokio JoinSet", repeated(runtime, children, move || join_set(children)))
        .limit("TaskTracker (no results)", repeated(runtime, children, move || task_tracker(children))))
}

async fn task_group(children: u64) -> u64 {
    let sum = TaskGroup::new("bench").run(async |group| {
        let handles: Vec<_> =
            (0..children).map(|n| group.spawn("child", async move { Ok::<_, BoxError>(n) })).collect();
        let mut sum = 0;
        for handle in handles {
            sum += handle.await?;
        }
        Ok(sum)
    });
    sum.await.expect("no child fails")
}

async fn join_set(children: u64) -> u64 {
    let mut set = JoinSet::new();
    for n in 0..children {
        set.spawn(async move { Ok::<_, BoxError>(n) });
    }
    let mut sum = 0;
    while let Some(child) = set.join_next().await {
        sum += child.expect("no child panics").expect("no child fails");
    }
    sum
}

async fn task_tracker(children: u64) -> u64 {
    let tracker = TaskTracker::new();
    for n in 0..children {
        tracker.spawn(async move { n });
    }
    tracker.close();
    tracker.wait().await;
    children * children.saturating_sub(1) / 2
}

fn repeated<F>(runtime: fn() -> Runtime, children: u64, group: impl Fn() -> F + Clone) -> impl FnMut() -> f64
where
    F: Future<Output = u64> + Send + 'static,
{
    let runtime = runtime();
    calibrated(move |calls| {
        let groups = calls.div_ceil(children);
        let mut took = Duration::ZERO;
        for _ in 0..groups {
            let group = group();
            took += runtime.block_on(async {
                tokio::spawn(async {
                    let started = Instant::now();
                    let sum = group.await;
                    (started.elapsed(), sum)
                })
                .await
                .map(|(took, sum)| {
                    assert_eq!(sum, children * (children - 1) / 2, "a result was lost");
                    took
                })
                .expect("a group doesn't panic")
            });
        }
        took.mul_f64(calls as f64 / (groups * children) as f64)
    })
}

const SIBLINGS: u32 = 1_000;

/// From the first error, or from the call that stops them, until the last of a thousand waiting siblings has
/// been joined.
pub(super) fn cancel_1000() -> Result<Row, Skipped> {
    Ok(Row::new("group_cancel_1000", "ns/child", Target::Ratio(1.0))
        .ours("TaskGroup", stopped(stop_group))
        .peer("JoinSet::shutdown", stopped(stop_join_set))
        .peer("CancellationToken + TaskTracker", stopped(stop_tracker)))
}

async fn stop_group() -> Duration {
    let (fail, failing) = oneshot::channel::<()>();
    let mut started = None;
    let stopped = TaskGroup::new("bench").run(async |group| {
        let all = Arc::new(Barrier::new(SIBLINGS as usize + 1));
        for _ in 0..SIBLINGS {
            let all = Arc::clone(&all);
            group.spawn("sibling", async move {
                all.wait().await;
                context::interruptible(pending::<()>()).await
            });
        }
        group.spawn("failing", async move {
            let _ = failing.await;
            Err::<(), _>(BoxError::from("the first error"))
        });
        all.wait().await;
        started = Some(Instant::now());
        let _ = fail.send(());
        Ok(())
    });
    stopped.await.expect_err("one child fails");
    started.expect("all siblings waited").elapsed()
}

async fn stop_join_set() -> Duration {
    let mut set = JoinSet::new();
    let all = Arc::new(Barrier::new(SIBLINGS as usize + 1));
    for _ in 0..SIBLINGS {
        let all = Arc::clone(&all);
        set.spawn(async move {
            all.wait().await;
            pending::<()>().await;
        });
    }
    all.wait().await;
    let started = Instant::now();
    set.shutdown().await;
    started.elapsed()
}

async fn stop_tracker() -> Duration {
    let (tracker, token) = (TaskTracker::new(), CancellationToken::new());
    let all = Arc::new(Barrier::new(SIBLINGS as usize + 1));
    for _ in 0..SIBLINGS {
        let (all, token) = (Arc::clone(&all), token.child_token());
        tracker.spawn(async move {
            all.wait().await;
            token.run_until_cancelled(pending::<()>()).await;
        });
    }
    tracker.close();
    all.wait().await;
    let started = Instant::now();
    token.cancel();
    tracker.wait().await;
    started.elapsed()
}

fn stopped<F>(stop: fn() -> F) -> impl FnMut() -> f64
where
    F: Future<Output = Duration> + Send + 'static,
{
    let runtime = ct();
    calibrated(move |calls| {
        let groups = calls.div_ceil(u64::from(SIBLINGS));
        let mut took = Duration::ZERO;
        for _ in 0..groups {
            took += runtime.block_on(async { tokio::spawn(stop()).await.expect("stopping doesn't panic") });
        }
        took.mul_f64(calls as f64 / (groups * u64::from(SIBLINGS)) as f64)
    })
}
