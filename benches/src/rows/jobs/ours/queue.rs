use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use actors::System;
use actors::jobs::driver::JobDriver;
use actors::jobs::{Job, JobQueue};

use super::greeting::{Greeting, Ran};
use super::{How, Load, idle, put_singly, until};

/// Does the load by a queue on that engine. Nobody waits for a job, so nobody is told of its end.
pub(super) async fn work(driver: impl JobDriver, load: Load, system: &System) -> Duration {
    let ran = Ran::default();
    let queue = JobQueue::builder(driver).handle::<Greeting>(Arc::clone(&ran)).concurrency(load.width);
    let queue = queue.start(system).await.expect("it starts");
    let began = Instant::now();
    put(&queue, load).await;
    until(|| ran.load(Ordering::Relaxed) >= load.jobs).await;
    // Counted when the engine has said that it has the answer.
    until(|| queue.status().deliveries.done >= load.jobs).await;
    let took = began.elapsed();
    idle(load).await;
    took
}

async fn put(queue: &JobQueue, load: Load) {
    if load.how == How::Bulk {
        let entries = (0..load.jobs).map(|id| Greeting::new(id).entry().untold());
        for put in queue.put_all(entries).await.expect("the engine takes them") {
            put.expect("none is a duplicate");
        }
        return;
    }
    let queue = queue.clone();
    put_singly(load, move |id| {
        let queue = queue.clone();
        async move {
            queue.put(Greeting::new(id).entry().untold()).await.expect("the engine takes it");
        }
    })
    .await;
}
