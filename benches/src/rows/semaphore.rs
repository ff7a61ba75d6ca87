//! Semaphores: a permit that is free, and 64 tasks that share 8.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use patterns_core::semaphore::Semaphore;
use tokio::runtime::Runtime;
use tokio::task::yield_now;

use super::ct;
use crate::harness::{Row, Skipped, Target, ns_per_future};

const PERMITS: usize = 8;
const TASKS: usize = 64;
const EACH: usize = 2_000;

pub(super) fn uncontended() -> Result<Row, Skipped> {
    let ours = Semaphore::new(PERMITS);
    let tokio = tokio::sync::Semaphore::new(PERMITS);
    let async_lock = async_lock::Semaphore::new(PERMITS);
    Ok(Row::new("semaphore_uncontended", "ns/acquire", Target::Ratio(1.0))
        .ours("Semaphore", ns_per_future(ct(), async move || drop(black_box(ours.acquire().await))))
        .peer("tokio Semaphore", ns_per_future(ct(), async move || drop(black_box(tokio.acquire().await))))
        .limit("async-lock Semaphore", ns_per_future(ct(), async move || drop(black_box(async_lock.acquire().await)))))
}

pub(super) fn contended(name: &'static str, runtime: fn() -> Runtime) -> Result<Row, Skipped> {
    Ok(Row::new(name, "ns/acquire", Target::Ratio(1.0))
        .ours(
            "Semaphore",
            shared(runtime(), || {
                let semaphore = Semaphore::new(PERMITS);
                move || {
                    let semaphore = semaphore.clone();
                    async move {
                        for _ in 0..EACH {
                            let _permit = semaphore.acquire().await.expect("it is open");
                            yield_now().await;
                        }
                    }
                }
            }),
        )
        .peer(
            "tokio Semaphore",
            shared(runtime(), || {
                let semaphore = Arc::new(tokio::sync::Semaphore::new(PERMITS));
                move || {
                    let semaphore = Arc::clone(&semaphore);
                    async move {
                        for _ in 0..EACH {
                            let _permit = semaphore.acquire().await.expect("it is open");
                            yield_now().await;
                        }
                    }
                }
            }),
        )
        .peer(
            "async-lock Semaphore",
            shared(runtime(), || {
                let semaphore = Arc::new(async_lock::Semaphore::new(PERMITS));
                move || {
                    let semaphore = Arc::clone(&semaphore);
                    async move {
                        for _ in 0..EACH {
                            let _permit = semaphore.acquire().await;
                            yield_now().await;
                        }
                    }
                }
            }),
        )
        .limit(
            "no semaphore",
            shared(runtime(), || {
                || async {
                    for _ in 0..EACH {
                        yield_now().await;
                    }
                }
            }),
        ))
}

/// All tasks at once; `make` makes the semaphore, and what it returns makes a task.
fn shared<M, F>(runtime: Runtime, make: fn() -> M) -> impl FnMut() -> f64
where
    M: Fn() -> F + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    move || {
        let task = make();
        let started = Instant::now();
        runtime.block_on(async {
            let all = tokio::spawn(async move {
                let tasks: Vec<_> = (0..TASKS).map(|_| tokio::spawn(task())).collect();
                for task in tasks {
                    task.await.expect("a task doesn't panic");
                }
            });
            all.await.expect("a task doesn't panic");
        });
        started.elapsed().as_nanos() as f64 / (TASKS * EACH) as f64
    }
}
