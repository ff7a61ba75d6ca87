//! What becomes of a job that fails, or is dropped without an answer.
use std::sync::Arc;

use parking_lot::Mutex;
use patterns_core::queue::{OnDrop, Unanswered, WorkQueue};

#[test]
fn a_job_dropped_without_an_answer_goes_back_until_its_attempts_are_used_up() {
    let failed = Arc::new(Mutex::new(Vec::new()));
    let queue = WorkQueue::builder(1)
        .on_drop(OnDrop::Requeue { max_attempts: 3 })
        .on_failed({
            let failed = Arc::clone(&failed);
            move |item| failed.lock().push(item)
        })
        .build()
        .unwrap();
    queue.try_put("x").unwrap();
    for attempt in 1..=3 {
        let job = queue.try_get().unwrap();
        assert_eq!(job.attempt(), attempt);
        drop(job);
    }
    assert!(queue.try_get().unwrap_err().is_empty());
    let failed = failed.lock();
    assert_eq!((failed.len(), failed[0].item, failed[0].attempts), (1, "x", 3));
    assert!(failed[0].error.is::<Unanswered>());
    let stats = queue.stats();
    assert_eq!((stats.requeued, stats.failed, stats.unfinished), (2, 1, 0));
}

#[test]
fn a_job_dropped_without_an_answer_fails_if_asked_for() {
    let queue = WorkQueue::builder(1).on_drop(OnDrop::Fail).build().unwrap();
    queue.try_put("x").unwrap();
    drop(queue.try_get().unwrap());
    let stats = queue.stats();
    assert_eq!((stats.requeued, stats.failed, stats.unfinished), (0, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn the_item_of_a_worker_that_panics_is_worked_on_by_another() {
    let queue = WorkQueue::bounded(4);
    queue.put("x").await.unwrap();
    let worker = tokio::spawn({
        let queue = queue.clone();
        async move {
            let _job = queue.get().await.unwrap();
            panic!("worker is broken");
        }
    });
    assert!(worker.await.unwrap_err().is_panic());
    let job = queue.get().await.unwrap();
    assert_eq!((*job, job.attempt()), ("x", 2));
    job.ack();
    queue.join().await.unwrap();
}

#[test]
fn a_failed_job_hands_item_and_error_to_the_hook() {
    let failed = Arc::new(Mutex::new(Vec::new()));
    let queue = WorkQueue::builder(1)
        .on_failed({
            let failed = Arc::clone(&failed);
            move |item| failed.lock().push(item)
        })
        .build()
        .unwrap();
    queue.try_put(7).unwrap();
    queue.try_get().unwrap().fail("no route to host");
    let failed = failed.lock();
    assert_eq!((failed[0].item, failed[0].error.to_string().as_str()), (7, "no route to host"));
    assert_eq!(queue.stats().failed, 1);
}

#[test]
fn a_panic_in_the_hook_for_failed_items_loses_no_count() {
    let queue = WorkQueue::builder(1).on_failed(|_| panic!("hook is broken")).build().unwrap();
    queue.try_put(7).unwrap();
    queue.try_get().unwrap().fail("x");
    assert_eq!((queue.stats().failed, queue.stats().unfinished), (1, 0));
}

/// An error that can't be made.
struct Panics;

impl From<Panics> for Box<dyn std::error::Error + Send + Sync> {
    fn from(_: Panics) -> Self {
        panic!("in the conversion")
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_whose_error_panics_is_not_lost() {
    let queue = WorkQueue::bounded(1);
    queue.put(7).await.unwrap();
    let job = queue.get().await.unwrap();
    assert!(patterns_core::outcome::catch_panic(|| job.fail(Panics)).is_err());
    queue.try_get().expect("it is back").ack();
    assert_eq!((queue.stats().acked, queue.stats().unfinished), (1, 0));
}
