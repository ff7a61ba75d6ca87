//! The bound, and what happens to those for whom there is no room.
use std::time::Duration;

use patterns_core::queue::{BuildError, OnDrop, Overflow, Put, PutError, WorkQueue};
use tokio::time::sleep;

use super::drain;

#[tokio::test(start_paused = true)]
async fn put_waits_for_room_and_memory_stays_flat() {
    let queue = WorkQueue::bounded(3);
    let producer = tokio::spawn({
        let queue = queue.clone();
        async move {
            for n in 0..1_000 {
                queue.put(n).await.unwrap();
            }
        }
    });
    for n in 0..1_000 {
        sleep(Duration::from_millis(1)).await;
        assert_eq!(queue.get().await.unwrap().ack(), n);
    }
    producer.await.unwrap();
    assert_eq!(queue.stats().peak_depth, 3);
}

#[test]
fn a_full_queue_gives_the_item_of_try_put_back() {
    let queue = WorkQueue::bounded(1);
    queue.try_put(String::from("a")).unwrap();
    let error = queue.try_put(String::from("b")).unwrap_err();
    assert!(error.is_full());
    assert_eq!(error.into_inner(), "b");
    assert_eq!(queue.stats().rejected, 1);
}

#[tokio::test(start_paused = true)]
async fn rejecting_overflow_does_not_wait() {
    let queue = WorkQueue::builder(1).overflow(Overflow::Reject).build().unwrap();
    queue.put(1).await.unwrap();
    assert!(matches!(queue.put(2).await, Err(PutError::Full(2))));
    assert_eq!(queue.stats().rejected, 1);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_oldest_returns_it() {
    let queue = WorkQueue::builder(2).overflow(Overflow::DropOldest).build().unwrap();
    queue.put(1).await.unwrap();
    queue.put(2).await.unwrap();
    assert_eq!(queue.put(3).await.unwrap(), Put::Displaced(1));
    assert_eq!(queue.try_put(4).unwrap(), Put::Displaced(2));
    assert_eq!(drain(&queue), [3, 4]);
    let stats = queue.stats();
    assert_eq!((stats.put, stats.displaced, stats.accounted_for()), (4, 2, 4));
}

#[test]
fn dropping_the_oldest_spares_higher_priorities() {
    let queue = WorkQueue::builder(2).overflow(Overflow::DropOldest).priority_by(|n: &i64| *n).build().unwrap();
    queue.try_put(5).unwrap();
    queue.try_put(3).unwrap();
    assert_eq!(queue.try_put(3).unwrap(), Put::Displaced(3));
    assert_eq!(queue.try_put(4).unwrap(), Put::Displaced(3));
    assert!(matches!(queue.try_put(1), Err(PutError::Full(1))), "it ranks below all that wait");
    assert_eq!(drain(&queue), [5, 4]);
}

#[test]
fn a_displaced_item_may_be_put_again() {
    let queue = WorkQueue::builder(1).overflow(Overflow::DropOldest).dedupe_by(|n: &u8| *n).build().unwrap();
    queue.try_put(1).unwrap();
    assert_eq!(queue.try_put(1).unwrap(), Put::Duplicate(1), "a duplicate displaces nothing");
    assert_eq!(queue.try_put(2).unwrap(), Put::Displaced(1));
    assert_eq!(queue.try_put(1).unwrap(), Put::Displaced(2));
}

#[test]
fn misuse_is_refused_at_build() {
    assert_eq!(WorkQueue::<u8>::builder(0).build().unwrap_err(), BuildError::ZeroBound);
    let attempts = OnDrop::Requeue { max_attempts: 0 };
    assert_eq!(WorkQueue::<u8>::builder(1).on_drop(attempts).build().unwrap_err(), BuildError::ZeroAttempts);
}
