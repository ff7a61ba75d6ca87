//! Dropping futures at every poll. Polled by hand, so that each test decides who is polled and when.
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use patterns_core::queue::{Shutdown, WorkQueue};

/// Counts how often it was woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A future that is polled by hand, with a waker of its own.
struct ByHand<'a, R> {
    fut: Pin<Box<dyn Future<Output = R> + 'a>>,
    woken: Arc<Woken>,
}

impl<'a, R> ByHand<'a, R> {
    fn new(fut: impl Future<Output = R> + 'a) -> Self {
        Self { fut: Box::pin(fut), woken: Arc::default() }
    }

    fn poll(&mut self) -> Poll<R> {
        let waker = Waker::from(Arc::clone(&self.woken));
        self.fut.as_mut().poll(&mut Context::from_waker(&waker))
    }

    fn is_woken(&self) -> bool {
        self.woken.0.load(Ordering::SeqCst) > 0
    }
}

#[test]
fn a_getter_dropped_after_being_woken_passes_the_wake_up_on() {
    // 0 polls: it never waited. 1 or more: it waits, is woken by the put, and is dropped unpolled.
    for polls in 0..4 {
        let queue = WorkQueue::bounded(1);
        let mut first = ByHand::new(queue.get());
        let mut second = ByHand::new(queue.get());
        for _ in 0..polls {
            assert!(first.poll().is_pending());
        }
        assert!(second.poll().is_pending());
        queue.try_put("x").unwrap();
        assert_eq!(first.is_woken(), polls > 0);
        drop(first);
        assert!(second.is_woken(), "after {polls} polls");
        let Poll::Ready(Ok(job)) = second.poll() else { panic!("an item waits") };
        assert_eq!(job.ack(), "x");
        assert_eq!(queue.stats().accounted_for(), 1);
    }
}

#[test]
fn a_getter_dropped_while_waiting_costs_nobody_a_wake_up() {
    let queue = WorkQueue::bounded(1);
    let mut first = ByHand::new(queue.get());
    let mut second = ByHand::new(queue.get());
    assert!(first.poll().is_pending());
    assert!(second.poll().is_pending());
    drop(first);
    assert!(!second.is_woken());
    queue.try_put("x").unwrap();
    assert!(second.is_woken());
}

#[test]
fn a_putter_dropped_after_being_woken_passes_the_wake_up_on() {
    for polls in 0..4 {
        let queue = WorkQueue::bounded(1);
        queue.try_put("full").unwrap();
        let mut first = ByHand::new(queue.put("first"));
        let mut second = ByHand::new(queue.put("second"));
        for _ in 0..polls {
            assert!(first.poll().is_pending());
        }
        assert!(second.poll().is_pending());
        queue.try_get().unwrap().ack();
        assert_eq!(first.is_woken(), polls > 0);
        drop(first);
        assert!(second.is_woken(), "after {polls} polls");
        assert!(second.poll().is_ready());
        assert_eq!(queue.try_get().unwrap().ack(), "second");
        assert_eq!(queue.stats().accounted_for(), 2);
    }
}

#[test]
fn a_woken_putter_that_turns_out_a_duplicate_passes_the_wake_up_on() {
    let queue = WorkQueue::builder(2).dedupe_by(|n: &u8| *n).build().unwrap();
    queue.try_put(0).unwrap();
    let job = queue.try_get().unwrap();
    queue.try_put(1).unwrap();
    queue.try_put(2).unwrap();
    let mut twin = ByHand::new(queue.put(7));
    let mut other = ByHand::new(queue.put(8));
    assert!(twin.poll().is_pending());
    assert!(other.poll().is_pending());
    job.put(7).unwrap();
    job.ack();
    queue.try_get().unwrap().ack();
    queue.try_get().unwrap().ack();
    assert!(twin.is_woken() && !other.is_woken(), "there is one free place");
    assert!(matches!(twin.poll(), Poll::Ready(Ok(put)) if put.is_duplicate()));
    assert!(other.is_woken());
    assert!(other.poll().is_ready());
}

#[test]
fn put_from_keeps_the_item_in_its_slot_at_every_poll() {
    for polls in 0..4 {
        let queue = WorkQueue::bounded(1);
        queue.try_put("full").unwrap();
        let mut slot = Some("waits");
        let mut put = ByHand::new(queue.put_from(&mut slot));
        for _ in 0..polls {
            assert!(put.poll().is_pending());
        }
        drop(put);
        assert_eq!(slot, Some("waits"), "after {polls} polls");
        assert_eq!(queue.stats().put, 1);
    }
    let queue = WorkQueue::bounded(1);
    let mut slot = Some("goes in");
    let mut put = ByHand::new(queue.put_from(&mut slot));
    assert!(put.poll().is_ready());
    drop(put);
    assert_eq!((slot, queue.len()), (None, 1));
}

#[test]
fn a_join_and_a_drain_dropped_at_every_poll_leave_the_others_to_end() {
    for polls in 0..4 {
        let queue = WorkQueue::bounded(1);
        queue.try_put("x").unwrap();
        let mut dropped_join = ByHand::new(queue.join());
        let mut dropped_drain = ByHand::new(queue.shutdown(Shutdown::Drain));
        let mut join = ByHand::new(queue.join());
        for _ in 0..polls {
            assert!(dropped_join.poll().is_pending());
            assert!(dropped_drain.poll().is_pending());
        }
        assert!(join.poll().is_pending());
        let job = queue.try_get().unwrap();
        if polls % 2 == 0 {
            drop((dropped_join, dropped_drain));
            job.ack();
        } else {
            job.ack();
            drop((dropped_join, dropped_drain));
        }
        assert!(join.is_woken(), "after {polls} polls");
        assert!(matches!(join.poll(), Poll::Ready(Ok(()))));
    }
}

#[test]
fn a_joiner_sees_an_end_that_was_over_before_it_was_polled() {
    let queue = WorkQueue::bounded(1);
    queue.try_put(1).unwrap();
    let mut join = ByHand::new(queue.join());
    assert!(join.poll().is_pending());
    queue.try_get().unwrap().ack();
    queue.try_put(2).unwrap();
    assert!(join.poll().is_ready());
}

/// tokio's semaphore hangs in this situation ("futurelock"): a waiter is woken and, though alive, not
/// polled any more, as in a `select!` loop whose other branch now waits for the same thing.
#[test]
fn a_woken_getter_that_is_not_polled_any_more_keeps_no_item_from_a_second_one() {
    let queue = WorkQueue::bounded(2);
    let mut stalled = ByHand::new(queue.get());
    assert!(stalled.poll().is_pending());
    queue.try_put("x").unwrap();
    assert!(stalled.is_woken());

    let mut second = ByHand::new(queue.get());
    let Poll::Ready(Ok(job)) = second.poll() else { panic!("an item waits, and nobody has it") };
    assert_eq!(job.ack(), "x");

    // And one that slept already when the item came is woken by the next, and takes both.
    let mut asleep = ByHand::new(queue.get());
    assert!(stalled.poll().is_pending());
    assert!(asleep.poll().is_pending());
    queue.try_put("y").unwrap(); // wakes the stalled one again
    queue.try_put("z").unwrap();
    assert!(asleep.is_woken());
    let Poll::Ready(Ok(job)) = asleep.poll() else { panic!("two items wait") };
    assert_eq!(job.ack(), "y");
    assert_eq!(queue.try_get().unwrap().ack(), "z");
    assert!(stalled.poll().is_pending());
}

#[test]
fn a_waiter_that_was_woken_in_vain_keeps_its_turn() {
    let queue = WorkQueue::bounded(2);
    let mut first = ByHand::new(queue.get());
    let mut second = ByHand::new(queue.get());
    assert!(first.poll().is_pending());
    assert!(second.poll().is_pending());
    queue.try_put("x").unwrap();
    queue.try_get().unwrap().ack(); // snatched from under the woken waiter
    assert!(first.poll().is_pending());
    queue.try_put("y").unwrap();
    assert_eq!(first.woken.0.load(Ordering::SeqCst), 2);
    assert!(!second.is_woken());
}

#[test]
fn a_putter_that_is_not_polled_any_more_keeps_no_room_from_a_second_one() {
    let queue = WorkQueue::bounded(1);
    queue.try_put("full").unwrap();
    let mut stalled = ByHand::new(queue.put("stalled"));
    assert!(stalled.poll().is_pending());
    queue.try_get().unwrap().ack();
    assert!(stalled.is_woken());
    assert!(ByHand::new(queue.put("second")).poll().is_ready());
}
