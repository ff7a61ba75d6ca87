//! `queue`: what each operation does. The laws are in `laws`, dropping in `cancellation`, the end of
//! the queue in `ending`, what is said of failed jobs in `logging`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod cancellation;
mod ending;
mod explored;
mod interleavings;
mod laws;
mod logging;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use patterns_core::cancel::{CancelToken, timeout};
use patterns_core::context::Context;
use patterns_core::queue::{BuildError, GetError, OnDrop, Order, Overflow, Put, PutError, Unanswered, WorkQueue};
use tokio::time::{Instant, sleep};

/// Takes and acknowledges all that waits.
fn drain<T>(queue: &WorkQueue<T>) -> Vec<T> {
    std::iter::from_fn(|| queue.try_get().ok()).map(|job| job.ack()).collect()
}

#[tokio::test(start_paused = true)]
async fn items_leave_first_in_first_out_by_default() {
    let queue = WorkQueue::bounded(10);
    for n in 0..10 {
        assert_eq!(queue.put(n).await.unwrap(), Put::Queued);
    }
    assert_eq!(drain(&queue), (0..10).collect::<Vec<_>>());
}

#[test]
fn the_newest_leaves_first_if_asked_for() {
    let queue = WorkQueue::builder(10).order(Order::Lifo).build().unwrap();
    for n in 0..3 {
        queue.try_put(n).unwrap();
    }
    assert_eq!(drain(&queue), [2, 1, 0]);
}

#[test]
fn higher_priorities_leave_first_and_equals_in_order() {
    for (order, expected) in [(Order::Fifo, ["c", "a", "d", "b"]), (Order::Lifo, ["c", "d", "a", "b"])] {
        let queue =
            WorkQueue::builder(10).order(order).priority_by(|(_, priority): &(&str, i64)| *priority).build().unwrap();
        for item in [("a", 5), ("b", -7), ("c", 9), ("d", 5)] {
            queue.try_put(item).unwrap();
        }
        let names: Vec<_> = drain(&queue).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, expected);
    }
}

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

#[tokio::test(start_paused = true)]
async fn waiting_putters_get_in_in_the_order_in_which_they_came() {
    let queue = WorkQueue::bounded(1);
    queue.put(0).await.unwrap();
    let putters: Vec<_> = (1..50)
        .map(|n| {
            let queue = queue.clone();
            tokio::spawn(async move { queue.put(n).await.map(drop) })
        })
        .collect();
    tokio::task::yield_now().await;
    for n in 0..50 {
        assert_eq!(queue.get().await.unwrap().ack(), n);
    }
    for putter in putters {
        putter.await.unwrap().unwrap();
    }
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

#[test]
fn misuse_is_refused_at_build() {
    assert_eq!(WorkQueue::<u8>::builder(0).build().unwrap_err(), BuildError::ZeroBound);
    let attempts = OnDrop::Requeue { max_attempts: 0 };
    assert_eq!(WorkQueue::<u8>::builder(1).on_drop(attempts).build().unwrap_err(), BuildError::ZeroAttempts);
}

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

#[test]
fn a_requeued_job_goes_to_the_end() {
    let queue = WorkQueue::bounded(2);
    queue.try_put("a").unwrap();
    queue.try_put("b").unwrap();
    let job = queue.try_get().unwrap();
    queue.try_put("c").unwrap();
    job.requeue().unwrap();
    assert_eq!(queue.len(), 3, "going back needs no room");
    assert_eq!(drain(&queue), ["b", "c", "a"]);
}

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

#[tokio::test(start_paused = true)]
async fn an_interrupted_put_gives_its_item_back() {
    let queue = WorkQueue::bounded(1);
    queue.put(1).await.unwrap();
    let token = CancelToken::new();
    let context = Context::current().with_token(token.clone());
    let put = context.scope(async { queue.put(2).await });
    let (result, ()) = tokio::join!(put, async {
        sleep(Duration::from_secs(1)).await;
        token.cancel("enough");
    });
    let error = result.unwrap_err();
    assert!(matches!(&error, PutError::Interrupted(2, why) if why.cause().unwrap().message() == "enough"));
    assert!(std::error::Error::source(&error).is_some());
    drain(&queue);
    assert_eq!(queue.put(3).await.unwrap(), Put::Queued, "nothing is left behind");
}

#[tokio::test(start_paused = true)]
async fn get_and_join_obey_the_ambient_deadline() {
    let queue = WorkQueue::<u8>::bounded(1);
    let start = Instant::now();
    let inner = Context::current().with_deadline(start + Duration::from_secs(2));
    let error = inner.scope(async { queue.get().await }).await.unwrap_err();
    assert!(matches!(error, GetError::Interrupted(why) if why.is_deadline()));
    assert_eq!(start.elapsed(), Duration::from_secs(2));

    queue.put(1).await.unwrap();
    let inner = Context::current().with_deadline(start + Duration::from_secs(3));
    assert!(inner.scope(async { queue.join().await }).await.unwrap_err().is_deadline());
    assert_eq!(start.elapsed(), Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn what_is_ready_is_not_thrown_away_by_a_deadline_that_has_passed() {
    let queue = WorkQueue::bounded(1);
    let late = Context::current().with_deadline(Instant::now());
    late.scope(async {
        queue.put(1).await.unwrap();
        assert_eq!(queue.get().await.unwrap().ack(), 1);
        queue.join().await.unwrap();
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn join_returns_at_once_if_nothing_was_ever_put() {
    WorkQueue::<u8>::bounded(1).join().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn join_returns_exactly_when_the_last_job_is_answered() {
    let queue = WorkQueue::bounded(8);
    for n in 0..4 {
        queue.put(n).await.unwrap();
    }
    let start = Instant::now();
    let worker = async {
        for second in 1..=4 {
            let job = queue.get().await.unwrap();
            sleep(Duration::from_secs(1)).await;
            match second {
                1 => assert_eq!(job.ack(), 0),
                2 => job.fail("broken"),
                3 => job.requeue().unwrap(),
                _ => assert_eq!(job.ack(), 3),
            }
        }
        sleep(Duration::from_secs(1)).await;
        queue.get().await.unwrap().ack();
    };
    let joined = async {
        timeout(Duration::from_secs(60), queue.join()).await.unwrap().unwrap();
        start.elapsed()
    };
    let ((), at) = tokio::join!(worker, joined);
    assert_eq!(at, Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn a_second_join_and_a_join_after_the_end_return_too() {
    let queue = WorkQueue::bounded(1);
    queue.put(1).await.unwrap();
    let job = queue.get().await.unwrap();
    let (first, second, ()) = tokio::join!(queue.join(), queue.join(), async { assert_eq!(job.ack(), 1) });
    first.unwrap();
    second.unwrap();
    queue.join().await.unwrap();
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

#[tokio::test(start_paused = true)]
async fn a_busy_getter_lets_other_tasks_run() {
    let queue = WorkQueue::bounded(1);
    let other = tokio::spawn(async {});
    for n in 0..10_000 {
        queue.put(n).await.unwrap();
        queue.get().await.unwrap().ack();
        if other.is_finished() {
            return;
        }
    }
    panic!("10,000 puts and gets without a break");
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
