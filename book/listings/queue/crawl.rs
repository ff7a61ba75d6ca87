//! One queue that counts what is unfinished.
use std::time::Duration;

use book::site;
use book::timeline::Timeline;
use patterns_core::outcome::BoxError;
use patterns_core::queue::{GetError, Stats, WorkQueue};
use patterns_core::task_group::TaskGroup;
use tokio::time::{Instant, sleep};

const PAGES: u32 = 40;

// ANCHOR: worker
async fn worker(
    name: &'static str,
    frontier: WorkQueue<u32>,
    timeline: Timeline,
) -> Result<(), GetError> {
    loop {
        let job = match frontier.get().await {
            Err(end) if end.is_closed() => return Ok(()),
            job => job?,
        };
        timeline.level("waiting", frontier.len());
        timeline.works(name, format!("page {}", *job));
        sleep(Duration::from_millis(12)).await; // fetch and parse
        job.put_all(site::links(*job, PAGES)).expect("not shut down");
        job.ack();
        timeline.level("waiting", frontier.len());
        timeline.rests(name);
    }
}
// ANCHOR_END: worker

// ANCHOR: crawl
async fn crawl(timeline: &Timeline) -> Result<Stats, BoxError> {
    let frontier =
        WorkQueue::builder(4).dedupe_by(|page: &u32| *page).build()?;
    let stats = TaskGroup::new("crawl").run(async |group| {
        for name in ["worker 1", "worker 2"] {
            group.spawn(name, worker(name, frontier.clone(), timeline.clone()));
        }
        frontier.put(1).await?;
        frontier.join().await?;
        frontier.close();
        Ok(frontier.stats())
    });
    Ok(stats.await?)
}
// ANCHOR_END: crawl

/// What the crawl did.
pub async fn recorded() -> Result<Timeline, BoxError> {
    let timeline = Timeline::new();
    timeline.bound("waiting", 4);
    crawl(&timeline).await?;
    Ok(timeline)
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn main() -> Result<(), BoxError> {
    let start = Instant::now();
    let timeline = Timeline::new();
    let stats = crawl(&timeline).await?;
    for line in timeline.to_string().lines().take(6) {
        println!("{line}");
    }
    println!("    ...");
    println!("the end, after {} ms", start.elapsed().as_millis());
    println!("put {}, of that acknowledged {}", stats.put, stats.acked);
    println!("links to pages that were known: {}", stats.duplicates);
    println!("most that ever waited: {}", stats.peak_depth);
    Ok(())
}
