//! Closing and shutting down.
use std::time::Duration;

use patterns_core::cancel::CancelToken;
use patterns_core::context::Context;
use patterns_core::queue::{OnDrop, PutError, Shutdown, WorkQueue};
use tokio::time::{Instant, sleep};

#[tokio::test(start_paused = true)]
async fn a_closed_queue_is_drained_and_then_ends_its_getters() {
    let queue = WorkQueue::bounded(4);
    queue.put(1).await.unwrap();
    queue.close();
    assert!(queue.is_closed());
    assert!(matches!(queue.put(2).await, Err(PutError::Closed(2))));
    assert!(matches!(queue.try_put(3), Err(PutError::Closed(3))));
    assert_eq!(queue.get().await.unwrap().ack(), 1);
    assert!(queue.get().await.unwrap_err().is_closed());
    assert!(queue.try_get().unwrap_err().is_closed());
    assert_eq!(queue.stats().rejected, 2);
}

#[tokio::test(start_paused = true)]
async fn closing_wakes_everybody_who_waits() {
    let empty = WorkQueue::<u8>::bounded(1);
    let full = WorkQueue::bounded(1);
    full.put(0).await.unwrap();
    let getters: Vec<_> = (0..3)
        .map(|_| {
            let queue = empty.clone();
            tokio::spawn(async move { queue.get().await.map(drop) })
        })
        .collect();
    let putters: Vec<_> = (1..4)
        .map(|n| {
            let queue = full.clone();
            tokio::spawn(async move { queue.put(n).await })
        })
        .collect();
    tokio::task::yield_now().await;
    empty.close();
    full.close();
    for getter in getters {
        assert!(getter.await.unwrap().unwrap_err().is_closed());
    }
    for (n, putter) in (1..4).zip(putters) {
        assert_eq!(putter.await.unwrap().unwrap_err().into_inner(), n);
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_may_still_put_into_a_closed_queue() {
    let queue = WorkQueue::bounded(1);
    queue.put(1).await.unwrap();
    let job = queue.get().await.unwrap();
    queue.close();
    job.put(2).unwrap();
    job.requeue().unwrap();
    assert_eq!(queue.get().await.unwrap().ack(), 2);
    assert_eq!(queue.get().await.unwrap().ack(), 1);
    assert!(queue.get().await.unwrap_err().is_closed());
}

#[tokio::test(start_paused = true)]
async fn draining_keeps_the_getters_until_the_last_job_is_done() {
    let queue = WorkQueue::builder(1).dedupe_by(|n: &u32| *n).build().unwrap();
    let workers: Vec<_> = (0..3)
        .map(|_| {
            let queue = queue.clone();
            tokio::spawn(async move {
                let mut worked = 0;
                while let Ok(job) = queue.get().await {
                    sleep(Duration::from_secs(1)).await;
                    if *job < 100 {
                        job.put_all([*job * 3 + 1, *job * 3 + 2, *job * 3 + 3]).unwrap();
                    }
                    job.ack();
                    worked += 1;
                }
                worked
            })
        })
        .collect();
    queue.put(0).await.unwrap();
    let receipt = queue.shutdown(Shutdown::Drain).await;
    assert!(receipt.is_complete());
    assert_eq!(receipt.acked, 301);
    for worker in workers {
        let worked = worker.await.unwrap();
        assert!(worked >= 90, "a worker left early, after {worked} jobs");
    }
}

#[tokio::test(start_paused = true)]
async fn shutting_down_now_hands_back_what_waits_and_names_what_is_out() {
    let queue = WorkQueue::builder(8).on_drop(OnDrop::Requeue { max_attempts: 9 }).build().unwrap();
    for n in 0..6 {
        queue.put(n).await.unwrap();
    }
    queue.get().await.unwrap().ack();
    queue.get().await.unwrap().fail("broken");
    let answered = queue.get().await.unwrap();
    let dropped = queue.get().await.unwrap();

    let receipt = queue.shutdown(Shutdown::Now).await;
    assert_eq!((receipt.acked, receipt.failed, receipt.in_flight), (1, 1, 2));
    assert_eq!(receipt.handed_back, [4, 5]);
    assert!(!receipt.is_complete());

    assert!(matches!(answered.put(9), Err(PutError::Closed(9))));
    assert!(matches!(answered.put_all([7, 8]), Err(PutError::Closed(items)) if items == [7, 8]));
    let answered = answered.requeue().unwrap_err();
    answered.ack();
    drop(dropped); // there is no queue to go back to: it has failed
    queue.join().await.unwrap();
    let stats = queue.stats();
    assert_eq!((stats.acked, stats.failed, stats.handed_back), (2, 2, 2));
    assert_eq!(stats.accounted_for(), stats.put);
    assert!(queue.get().await.unwrap_err().is_closed());
}

#[tokio::test(start_paused = true)]
async fn a_drain_with_a_deadline_stops_at_it() {
    let queue = WorkQueue::bounded(16);
    for n in 0..10 {
        queue.put(n).await.unwrap();
    }
    let worker = tokio::spawn({
        let queue = queue.clone();
        async move {
            while let Ok(job) = queue.get().await {
                sleep(Duration::from_secs(1)).await;
                job.ack();
            }
        }
    });
    let start = Instant::now();
    let receipt = queue.shutdown(Shutdown::Deadline(start + Duration::from_millis(3_500))).await;
    assert_eq!(start.elapsed(), Duration::from_millis(3_500));
    assert_eq!((receipt.acked, receipt.in_flight), (3, 1));
    assert_eq!(receipt.handed_back, [4, 5, 6, 7, 8, 9]);
    worker.await.unwrap();
    assert_eq!(queue.stats().acked, 4, "the job that was out was answered as before");
}

#[tokio::test(start_paused = true)]
async fn a_drain_that_is_done_before_its_deadline_returns_early() {
    let queue = WorkQueue::<u8>::bounded(1);
    let start = Instant::now();
    let receipt = queue.shutdown(Shutdown::Deadline(start + Duration::from_secs(60))).await;
    assert!(receipt.is_complete());
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_drain_stops_and_hands_back() {
    let queue = WorkQueue::bounded(1);
    queue.put(1).await.unwrap();
    let token = CancelToken::new();
    let context = Context::current().with_token(token.clone());
    let shutdown = context.scope(async { queue.shutdown(Shutdown::Drain).await });
    let (receipt, ()) = tokio::join!(shutdown, async {
        sleep(Duration::from_secs(1)).await;
        token.cancel("no time");
    });
    assert_eq!(receipt.handed_back, [1]);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_shutdown_goes_on_draining_and_can_be_asked_again() {
    let queue = WorkQueue::bounded(2);
    queue.put(1).await.unwrap();
    assert!(tokio::time::timeout(Duration::from_secs(1), queue.shutdown(Shutdown::Drain)).await.is_err());
    assert!(queue.put(2).await.unwrap_err().is_closed());
    queue.get().await.unwrap().ack();
    let receipt = queue.shutdown(Shutdown::Drain).await;
    assert!(receipt.is_complete());
    assert_eq!(receipt.acked, 1);
}

#[tokio::test(start_paused = true)]
async fn getters_end_with_the_last_job_of_a_drain_that_nobody_waits_for() {
    let queue = WorkQueue::bounded(2);
    queue.put(1).await.unwrap();
    let job = queue.get().await.unwrap();
    let getter = tokio::spawn({
        let queue = queue.clone();
        async move { queue.get().await.map(drop) }
    });
    assert!(tokio::time::timeout(Duration::from_secs(1), queue.shutdown(Shutdown::Drain)).await.is_err());
    assert!(!getter.is_finished(), "the job that is out could still put something");
    job.ack();
    assert!(getter.await.unwrap().unwrap_err().is_closed());
}

#[tokio::test(start_paused = true)]
async fn of_two_shutdowns_one_gets_the_items() {
    let queue = WorkQueue::bounded(2);
    queue.put(1).await.unwrap();
    let first = queue.shutdown(Shutdown::Now).await;
    let second = queue.shutdown(Shutdown::Drain).await;
    assert_eq!((first.handed_back, second.handed_back), (vec![1], vec![]));
}
