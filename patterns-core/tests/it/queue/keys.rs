//! Keys by which duplicates are kept out.
use patterns_core::queue::{Put, WorkQueue};

use super::drain;

#[tokio::test(start_paused = true)]
async fn a_key_is_let_in_once_for_the_queues_life() {
    let queue = WorkQueue::builder(4).dedupe_by(|url: &&str| url.to_lowercase()).build().unwrap();
    assert!(queue.put("/A").await.unwrap().is_queued());
    assert_eq!(queue.put("/a").await.unwrap(), Put::Duplicate("/a"));
    queue.get().await.unwrap().ack();
    assert_eq!(queue.put("/a").await.unwrap(), Put::Duplicate("/a"));
    assert!(queue.forget(&String::from("/a")));
    assert!(!queue.forget(&String::from("/a")));
    assert_eq!(queue.put("/a").await.unwrap(), Put::Queued);
    let stats = queue.stats();
    assert_eq!((stats.put, stats.duplicates, stats.keys), (2, 2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_duplicate_does_not_wait_for_room() {
    let queue = WorkQueue::builder(1).dedupe_by(|n: &u8| *n).build().unwrap();
    queue.put(1).await.unwrap();
    assert_eq!(queue.put(1).await.unwrap(), Put::Duplicate(1));
}

#[tokio::test(start_paused = true)]
async fn of_concurrent_puts_of_one_key_exactly_one_gets_in() {
    let queue = WorkQueue::builder(1).dedupe_by(|n: &u8| *n).build().unwrap();
    queue.put(0).await.unwrap();
    let putters: Vec<_> = (0..20)
        .map(|_| {
            let queue = queue.clone();
            tokio::spawn(async move { queue.put(7).await.unwrap().is_queued() })
        })
        .collect();
    tokio::task::yield_now().await;
    assert_eq!(queue.get().await.unwrap().ack(), 0);
    assert_eq!(queue.get().await.unwrap().ack(), 7);
    let mut queued = 0;
    for putter in putters {
        queued += u32::from(putter.await.unwrap());
    }
    assert_eq!(queued, 1, "and one free place was enough for the others to learn of it");
    assert_eq!(queue.stats().duplicates, 19);
}

#[test]
fn a_key_whose_item_found_no_room_is_not_remembered() {
    let queue = WorkQueue::builder(1).dedupe_by(|n: &u8| *n).build().unwrap();
    queue.try_put(1).unwrap();
    assert!(queue.try_put(2).unwrap_err().is_full());
    drain(&queue);
    assert_eq!(queue.try_put(2).unwrap(), Put::Queued);
}

#[test]
#[should_panic(expected = "not of type u16")]
fn forgetting_a_key_of_another_type_is_refused() {
    let queue = WorkQueue::builder(1).dedupe_by(|n: &u8| *n).build().unwrap();
    queue.forget(&7_u16);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_panics_leaves_no_getter_asleep() {
    let key = |n: &u32| if *n == 9 { panic!("no key") } else { *n };
    let queue = WorkQueue::builder(8).dedupe_by(key).build().unwrap();
    queue.put(1).await.unwrap();
    let job = queue.get().await.unwrap();
    let getter = {
        let queue = queue.clone();
        tokio::spawn(async move { queue.get().await.map(patterns_core::queue::Job::ack) })
    };
    tokio::task::yield_now().await;
    assert!(patterns_core::outcome::catch_panic(|| drop(job.put_all([2, 9, 3]))).is_err());
    let got = tokio::time::timeout(std::time::Duration::from_secs(60), getter).await.expect("it is woken");
    assert_eq!(got.unwrap().unwrap(), 2);
    job.ack();
}
