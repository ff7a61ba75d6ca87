//! Workers that feed the queue that they work on, and many of them at once.
use std::sync::Arc;

use parking_lot::Mutex;
use patterns_core::queue::WorkQueue;

use super::drain;

#[tokio::test(start_paused = true)]
async fn one_worker_and_a_bound_of_one_end_a_cyclic_pipeline() {
    let queue = WorkQueue::builder(1).dedupe_by(|page: &u32| *page).build().unwrap();
    queue.put(0).await.unwrap();
    let worker = tokio::spawn({
        let queue = queue.clone();
        async move {
            while let Ok(job) = queue.get().await {
                // Ten thousand links on each page, of which most are known.
                let put = job.put_all((0..10_000).map(|link| (link + *job) % 10_050)).unwrap();
                assert_eq!(put.queued + put.duplicates.len(), 10_000);
                job.ack();
                if queue.stats().acked == 200 {
                    break;
                }
            }
        }
    });
    worker.await.unwrap();
    let stats = queue.stats();
    assert_eq!(stats.put, 10_050);
    assert_eq!(stats.duplicates, 200 * 10_000 - 10_049);
    assert_eq!(stats.accounted_for(), stats.put);
}

#[tokio::test(start_paused = true)]
async fn an_outside_put_waits_until_feedback_is_worked_off() {
    let queue = WorkQueue::bounded(1);
    queue.put(0).await.unwrap();
    let job = queue.get().await.unwrap();
    job.put_all([1, 2, 3]).unwrap();
    let putter = tokio::spawn({
        let queue = queue.clone();
        async move { queue.put(9).await.map(drop) }
    });
    job.ack();
    for n in 1..=2 {
        assert_eq!(queue.get().await.unwrap().ack(), n);
        tokio::task::yield_now().await;
        assert!(!putter.is_finished(), "as many wait as the bound allows");
    }
    assert_eq!(queue.get().await.unwrap().ack(), 3);
    putter.await.unwrap().unwrap();
    assert_eq!(drain(&queue), [9]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn four_producers_and_eight_consumers_lose_and_double_nothing() {
    const EACH: u64 = 5_000;
    let queue = WorkQueue::bounded(16);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let producers: Vec<_> = (0..4)
        .map(|producer| {
            let queue = queue.clone();
            tokio::spawn(async move {
                for n in 0..EACH {
                    queue.put(producer * EACH + n).await.unwrap();
                }
            })
        })
        .collect();
    let consumers: Vec<_> = (0..8)
        .map(|_| {
            let (queue, seen) = (queue.clone(), Arc::clone(&seen));
            tokio::spawn(async move {
                let mut mine = Vec::new();
                while let Ok(job) = queue.get().await {
                    if *job % 97 == 0 && job.attempt() == 1 {
                        drop(job);
                    } else {
                        mine.push(job.ack());
                    }
                }
                seen.lock().extend(mine);
            })
        })
        .collect();
    for producer in producers {
        producer.await.unwrap();
    }
    queue.join().await.unwrap();
    queue.close();
    for consumer in consumers {
        consumer.await.unwrap();
    }
    let mut seen = std::mem::take(&mut *seen.lock());
    seen.sort_unstable();
    assert!(seen.iter().copied().eq(0..4 * EACH));
    let stats = queue.stats();
    assert_eq!(stats.accounted_for(), stats.put);
    assert_eq!(stats.acked, 4 * EACH);
}
