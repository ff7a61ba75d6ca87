//! Looking at a queue whose jobs are long.

use std::time::Duration;

use actors::System;
use actors::jobs::driver::{JobDriver, MemoryDriver, NewJob, Owner, Take};
use actors::jobs::{JobId, JobQueue};
use sitewatch::service::{JobQuery, JobState, JobView, Jobs, WatchJobs};

use super::cable::{Cable, Life};

const QUEUE: &str = "sitewatch.part";
const OWNER: &str = "fetches-1";

/// How many jobs may be there at once with all that they have.
const FEW: usize = 16;

/// An engine, and whoever looks at it.
struct Place {
    engine: MemoryDriver,
    life: Life,
    jobs: Jobs,
    _system: System,
}

/// One with so many jobs, and another one of another queue beside each.
async fn place(count: usize) -> Place {
    let (engine, life, system) = (MemoryDriver::new(), Life::default(), System::start().unwrap());
    for _ in 0..count {
        let new = |queue| NewJob::new(JobId::random(), queue, "sitewatch.part.1", r#"{"text":"long"}"#);
        engine.enqueue(None, &[new(QUEUE), new("other")]).await.unwrap();
    }
    let queue = JobQueue::builder(Cable::new(engine.clone(), life.clone()));
    let jobs = Jobs::new(queue.start(&system).await.unwrap());
    Place { engine, life, jobs, _system: system }
}

fn numbers(jobs: &[JobView]) -> Vec<u64> {
    jobs.iter().map(|job| job.number).collect()
}

#[tokio::test(start_paused = true)]
async fn a_long_list_is_made_of_short_ones_and_has_each_job_once() {
    let place = place(100).await;
    let of_it = JobQuery { queue: Some(QUEUE.to_owned()), limit: 500, ..JobQuery::default() };
    let all = place.jobs.jobs(&of_it).await.unwrap();
    let every = numbers(&all);
    assert!(every.len() == 100 && every.is_sorted_by(|a, b| a > b), "{every:?}");
    assert!(all.iter().all(|job| job.queue == QUEUE && job.payload.is_none()));
    for (limit, before, expected) in [
        (40, None, &every[..40]),
        (16, None, &every[..16]),
        (1, None, &every[..1]),
        (40, Some(every[39]), &every[40..80]),
        (40, Some(every[79]), &every[80..]),
        (40, Some(every[99]), &every[..0]),
    ] {
        let some = place.jobs.jobs(&JobQuery { limit, before, ..of_it.clone() }).await.unwrap();
        assert_eq!(numbers(&some), expected, "{limit} before {before:?}");
    }
    assert_eq!(place.life.longest_list(), FEW);
}

#[tokio::test(start_paused = true)]
async fn what_workers_have_is_not_looked_at_all_at_once() {
    let Place { engine, life, jobs, _system } = place(90).await;
    assert!(engine.enter(&Owner { owner: OWNER.to_owned(), instance: None, poison: 3 }).await.unwrap());
    let (owner, queues) = (OWNER.to_owned(), vec![QUEUE.to_owned()]);
    let take = Take { owner, serial: 1, queues, most: 512, suspect: true, ageing: Duration::ZERO };
    assert_eq!(engine.take(&take).await.unwrap().unwrap().jobs.len(), 90);
    let workers = jobs.workers().await.unwrap();
    let busy = workers.iter().find(|worker| worker.owner == OWNER).unwrap();
    assert_eq!((busy.running, busy.jobs.len()), (90, 90));
    assert!(busy.jobs.iter().all(|job| job.state == JobState::Running));
    assert_eq!(life.longest_list(), FEW);
}
