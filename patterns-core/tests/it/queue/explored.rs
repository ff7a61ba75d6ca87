//! The queue under every interruption: a drop, a cancellation, an abort and a panic at every poll.

use patterns_core::queue::{OnDrop, Stats, WorkQueue};
use patterns_core::testing::explore_cancellation;
use tokio::task::yield_now;

/// Everything that was put is somewhere.
fn assert_conserved(stats: &Stats) {
    let somewhere = stats.acked + stats.failed + stats.displaced + stats.handed_back;
    let here = (stats.depth + stats.in_flight) as u64;
    assert_eq!(stats.put, somewhere + here, "{stats:?}");
}

/// After whatever happened, the queue works: there is room, what is left can be had, and `join` ends.
async fn assert_works(queue: &WorkQueue<u32>) {
    assert_conserved(&queue.stats());
    assert_eq!(queue.stats().in_flight, 0, "a job was forgotten");
    while let Ok(job) = queue.try_get() {
        job.ack();
    }
    queue.join().await.expect("nobody cancels the check");
    queue.put(1).await.expect("there is room");
    queue.get().await.expect("it is there").ack();
    assert_conserved(&queue.stats());
}

#[test]
fn a_producer_that_waits_for_room_loses_neither_its_item_nor_its_place() {
    explore_cancellation(
        async || WorkQueue::<u32>::bounded(1),
        async |queue: WorkQueue<u32>| {
            let consumer = async {
                for _ in 0..3 {
                    yield_now().await;
                    let Ok(job) = queue.get().await else { return };
                    yield_now().await;
                    job.ack();
                }
            };
            let producer = async {
                for item in 0..3 {
                    let mut slot = Some(item);
                    // Interrupted, the item is back in its slot: put or not put, and nothing between.
                    if queue.put_from(&mut slot).await.is_err() {
                        return;
                    }
                    assert!(slot.is_none());
                }
            };
            tokio::join!(producer, consumer);
        },
        async |queue: &WorkQueue<u32>| assert_works(queue).await,
    );
}

#[test]
fn a_job_that_puts_what_it_finds_is_requeued_whole_or_finished() {
    explore_cancellation(
        async || {
            WorkQueue::<u32>::builder(1)
                .dedupe_by(|item: &u32| *item)
                .on_drop(OnDrop::Requeue { max_attempts: 2 })
                .build()
                .expect("the bound is not zero")
        },
        async |queue: WorkQueue<u32>| {
            if queue.put(10).await.is_err() {
                return;
            }
            let work = async {
                while let Ok(job) = queue.get().await {
                    yield_now().await;
                    if *job > 0 {
                        // Refused only once the queue is shut down, which nobody does here.
                        job.put_all([*job - 1, *job / 2]).expect("it is open");
                    }
                    job.ack();
                }
            };
            tokio::select! {
                biased;
                () = work => {}
                _ = queue.join() => {}
            }
        },
        async |queue: &WorkQueue<u32>| {
            let stats = queue.stats();
            assert_conserved(&stats);
            assert_eq!(stats.in_flight, 0, "{stats:?}");
            // Whoever goes on from here finishes it, and then everything was visited exactly once.
            while let Ok(job) = queue.try_get() {
                if *job > 0 {
                    job.put_all([*job - 1, *job / 2]).expect("it is open");
                }
                job.ack();
            }
            queue.join().await.expect("nobody cancels the check");
            let stats = queue.stats();
            assert!(stats.acked == 11 || stats.put == 0, "{stats:?}");
        },
    );
}
