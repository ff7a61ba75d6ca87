//! Jobs on a bounded number of workers, each with one end that is counted.
use actors::worker_pool::{Expired, JobError};
use actors::{System, WorkerPool};
use patterns_core::outcome::BoxError;
use tokio::time::{Instant, sleep};

use crate::site::{FetchError, Host};
use crate::{Demo, Stage, ms};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "worker_pool",
    "Jobs on a bounded number of workers: a busy host holds nobody up, a panic costs one job, and each end is counted.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(broken(stage)));

async fn play(stage: Stage) -> Result<(), BoxError> {
    // ANCHOR: start
    let system = System::start()?;
    let workers = WorkerPool::builder()
        .cpu_threads(2)
        .io_tasks(3)
        .per_key(1)
        .start(&system)?;
    // ANCHOR_END: start

    stage.scene("nine pages, three workers");
    let docs = Host::new("docs.example", ms(100));
    let start = Instant::now();
    // ANCHOR: pages
    let mut jobs = Vec::new();
    for page in 1..=9 {
        let job = workers
            .submit_io(fetch(stage.clone(), docs.clone(), page))
            .spawn()
            .await;
        jobs.push(job.map_err(JobError::from)?);
    }
    for job in jobs {
        job.await??;
    }
    // ANCHOR_END: pages
    say!(
        stage,
        "after {} ms; never more than {} at once",
        start.elapsed().as_millis(),
        docs.most_open()
    );
    assert!(start.elapsed() >= ms(300));
    assert_eq!(docs.most_open(), 3);

    stage
        .scene("one at a time for each host: a slow one doesn't fill the pool");
    let slow = Host::new("slow.example", ms(200));
    // ANCHOR: keys
    let mut jobs = Vec::new();
    for host in [&slow, &slow, &slow, &docs, &docs] {
        let page = u32::try_from(jobs.len()).unwrap_or_default() + 11;
        let job = workers
            .submit_io(fetch(stage.clone(), host.clone(), page))
            .key(host.name())
            .spawn()
            .await;
        jobs.push(job.map_err(JobError::from)?);
    }
    for job in jobs {
        job.await??;
    }
    // ANCHOR_END: keys
    say!(
        stage,
        "the two that came last did not wait for the three before them"
    );
    assert_eq!(slow.most_open(), 1);

    stage.scene("a panic fails its own job");
    let (good, bad) = tokio::join!(
        workers.submit_cpu(|| "7 links".split(' ').count()).into_future(),
        workers
            .submit_cpu(|| "seven links"
                .split(' ')
                .nth(2)
                .expect("a third word")
                .len())
            .into_future(),
    );
    let error = bad.expect_err("there is no third word");
    say!(
        stage,
        "one: {} words; the other: {:?}",
        good?,
        error.panic().map(|panic| panic.message())
    );

    stage.scene("work whose deadline has passed is never started");
    let mut busy = Vec::new();
    for page in 21..=23 {
        let job = workers
            .submit_io(fetch(stage.clone(), docs.clone(), page))
            .spawn()
            .await;
        busy.push(job.map_err(JobError::from)?);
    }
    // ANCHOR: late
    let late = workers
        .submit_io(fetch(stage.clone(), docs.clone(), 24))
        .deadline_in(ms(50));
    let error = late.await.expect_err("all workers are busy for 100 ms");
    say!(stage, "page 24: {error}");
    assert!(matches!(error, JobError::Expired(Expired { started: false, .. })));
    // ANCHOR_END: late
    for job in busy {
        job.await??;
    }

    stage.scene("the end: every job has ended in exactly one way");
    // ANCHOR: drain
    let receipt = workers.drain(Instant::now() + ms(2000)).await;
    let counts = &receipt.counts;
    say!(
        stage,
        "{} done, {} panicked, {} expired",
        counts.done,
        counts.panicked,
        counts.expired
    );
    assert!(receipt.is_complete());
    // ANCHOR_END: drain
    assert_eq!(
        (counts.submitted, counts.ended(), counts.in_flight()),
        (20, 20, 0)
    );
    assert_eq!((counts.done, counts.panicked, counts.expired), (18, 1, 1));
    assert!(system.shutdown(ms(2000)).await.is_clean());
    Ok(())
}

async fn fetch(stage: Stage, host: Host, page: u32) -> Result<u32, FetchError> {
    let work = stage.busy(format!("page {page}"), host.name());
    let fetched = work.ended(host.get(page).await);
    say!(stage, "{}/{page}", host.name());
    fetched
}

async fn broken(stage: Stage) -> Result<(), BoxError> {
    stage.scene("a task for each page");
    // ANCHOR: first_attempt
    let host = Host::new("docs.example", ms(100));
    let mut tasks = Vec::new();
    for page in 1..=100 {
        let (host, stage) = (host.clone(), stage.clone());
        tasks.push(tokio::spawn(async move {
            stage.level("open requests", host.open() + 1);
            let fetched = host.get(page).await;
            stage.level("open requests", host.open());
            fetched
        }));
    }
    // ANCHOR_END: first_attempt
    sleep(ms(50)).await;
    say!(
        stage,
        "{} requests at once: most hosts answer that with 429, or not at all",
        host.open()
    );
    assert_eq!(host.open(), 100);
    for task in tasks {
        task.await??;
    }
    say!(
        stage,
        "and nobody knows which page is in work, how many wait, or how to stop them"
    );
    Ok(())
}
