//! Who is first: among those that wait in the queue, and among those that wait to get in.
use patterns_core::queue::{Order, Put, WorkQueue};

use super::drain;

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
