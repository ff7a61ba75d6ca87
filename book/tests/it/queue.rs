//! What the chapter `queue` says of mistakes, and how it says to test a crawl.

use std::sync::Arc;
use std::time::Duration;

use book::site;
use parking_lot::Mutex;
use patterns_core::cancel::timeout;
use patterns_core::queue::WorkQueue;
use tokio::time::{Instant, sleep};

const MINUTE: Duration = Duration::from_secs(60);

// ANCHOR: test
#[tokio::test(start_paused = true)]
async fn a_crawl_reads_each_page_once_although_some_fail_at_first() {
    let frontier = WorkQueue::builder(1).dedupe_by(|page: &u32| *page).build().unwrap();
    let read = Arc::new(Mutex::new(Vec::new()));
    for _ in 0..3 {
        let (frontier, read) = (frontier.clone(), Arc::clone(&read));
        tokio::spawn(async move {
            while let Ok(job) = frontier.get().await {
                sleep(Duration::from_millis(10)).await;
                if *job % 7 == 0 && job.attempt() == 1 {
                    continue; // a bad connection: the job is dropped, and goes back
                }
                job.put_all(site::links(*job, 40)).expect("nobody shuts it down");
                read.lock().push(job.ack());
            }
        });
    }
    let start = Instant::now();
    frontier.put(1).await.unwrap();
    timeout(MINUTE, frontier.join()).await.expect("a crawl that hangs takes a minute of virtual time").unwrap();

    let mut read = std::mem::take(&mut *read.lock());
    read.sort_unstable();
    assert_eq!(read, (1..=40).collect::<Vec<_>>());
    // 45 attempts by three workers; the first has nobody beside it.
    assert_eq!(start.elapsed(), Duration::from_millis(160));
}
// ANCHOR_END: test

#[tokio::test(start_paused = true)]
async fn a_worker_that_puts_like_an_outsider_waits_for_itself() {
    let frontier = WorkQueue::builder(1).dedupe_by(|page: &u32| *page).build().unwrap();
    frontier.put(1).await.unwrap();
    let worker = async {
        while let Ok(job) = frontier.get().await {
            for link in site::links(*job, 40) {
                frontier.put(link).await.unwrap(); // `job.put` is right
            }
            job.ack();
        }
    };
    assert!(timeout(MINUTE, worker).await.is_err());
    assert_eq!(frontier.stats().acked, 0);
}

#[tokio::test(start_paused = true)]
async fn a_job_acknowledged_before_its_links_are_put_lets_join_return_too_early() {
    let frontier = WorkQueue::builder(8).dedupe_by(|page: &u32| *page).build().unwrap();
    frontier.put(1).await.unwrap();
    let worker = async {
        let page = frontier.get().await.unwrap().ack();
        sleep(Duration::from_millis(10)).await;
        for link in site::links(page, 40) {
            frontier.put(link).await.unwrap();
        }
    };
    let ((), unfinished) = tokio::join!(worker, async {
        frontier.join().await.unwrap();
        frontier.stats().put
    });
    assert_eq!(unfinished, 1, "it returned when one page was known; forty were to come");
    assert!(frontier.stats().put > 1);
}

#[tokio::test(start_paused = true)]
async fn a_cycle_without_dedupe_does_not_end() {
    let frontier = WorkQueue::bounded(8);
    frontier.put(1).await.unwrap();
    let worker = async {
        while let Ok(job) = frontier.get().await {
            sleep(Duration::from_millis(10)).await;
            job.put_all(site::links(*job, 40)).expect("nobody shuts it down");
            job.ack();
        }
    };
    assert!(timeout(MINUTE, worker).await.is_err());
    assert!(frontier.len() > 40, "{} wait, of a site of 40 pages", frontier.len());
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_nobody_closes_keeps_its_workers() {
    let frontier = WorkQueue::bounded(8);
    frontier.put(1).await.unwrap();
    let worker = tokio::spawn({
        let frontier = frontier.clone();
        async move {
            while let Ok(job) = frontier.get().await {
                job.ack();
            }
        }
    });
    frontier.join().await.unwrap();
    sleep(MINUTE).await;
    assert!(!worker.is_finished(), "it waits for more");
    frontier.close();
    worker.await.unwrap();
}
