//! The queue's lock and the futures that wait at it under the model checker: see [`crate::model`].
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use loom::future::block_on;
use loom::thread::{self, JoinHandle};

use super::store::Store;
use super::{GetError, OnDrop, Order, Overflow, PutError, Stats, job, keys, put, store};
use crate::model::check;

/// What they are made of here.
mod sync {
    pub(super) use loom::sync::atomic::AtomicU64;

    pub(super) use crate::model::Mutex;
}

#[allow(clippy::duplicate_mod, dead_code, unreachable_pub, reason = "the same code, made of other parts")]
#[path = "acks.rs"]
mod acks;

#[allow(clippy::duplicate_mod, dead_code, unreachable_pub, reason = "the same code, made of other parts")]
#[path = "state.rs"]
mod state;

#[allow(clippy::duplicate_mod, dead_code, unreachable_pub, reason = "the same code, made of other parts")]
#[path = "shared.rs"]
mod shared;

#[allow(clippy::duplicate_mod, dead_code, unreachable_pub, reason = "the same code, made of other parts")]
#[path = "waiting.rs"]
mod waiting;

use acks::Acks;
use shared::Shared;
use state::{Phase, Source, State};
use waiting::{Getting, Joining, Putting};

type Queue = Arc<Shared<u32>>;

fn queue(bound: usize) -> Queue {
    let acks = Arc::new(Acks::default());
    let state = State::new(bound, Store::new(Order::Fifo, false), None, Arc::clone(&acks));
    Arc::new(Shared::new(state, acks, Overflow::Wait, OnDrop::Fail, None, None))
}

/// Puts an item for which there is room.
fn put_now(queue: &Queue, item: u32) {
    assert!(queue.admit(queue.entry(item), Source::Outside).is_ok());
}

fn ack(queue: &Queue) {
    queue.ack();
}

fn close(queue: &Queue) {
    queue.locked(|state, wakes| state.advance(Phase::Closed, wakes));
}

/// Waits for an item and works on it; `None` where none will come.
fn work(queue: &Queue) -> Option<u32> {
    let entry = block_on(Getting::new(queue))?;
    ack(queue);
    Some(entry.item)
}

/// Waits for room.
fn put_later(queue: &Queue, item: u32) -> Result<(), u32> {
    let mut slot = Some(item);
    block_on(Putting::new(queue, &mut slot, 0)).map(drop).map_err(PutError::into_inner)
}

/// Polls a wait for an item once and gives it up; an item that it got in spite of that goes back.
fn look_and_leave(queue: &Queue) {
    let got = block_on(poll_fn(|cx| {
        let mut getting = Getting::new(queue);
        Poll::Ready(Pin::new(&mut getting).poll(cx))
    }));
    if let Poll::Ready(Some(entry)) = got {
        assert!(queue.locked(|state, wakes| state.requeue(entry, wakes)).is_ok());
    }
}

fn on_thread<R: 'static>(queue: &Queue, f: impl FnOnce(&Queue) -> R + 'static) -> JoinHandle<R> {
    let queue = Arc::clone(queue);
    thread::spawn(move || f(&queue))
}

fn is_empty(queue: &Queue) -> bool {
    queue.state.lock().is_done()
}

#[test]
fn an_item_wakes_whoever_waits_for_it() {
    check(|| {
        let queue = queue(2);
        let getter = on_thread(&queue, work);
        put_now(&queue, 7);
        assert_eq!(getter.join().unwrap(), Some(7));
        assert!(is_empty(&queue));
    });
}

#[test]
fn two_items_reach_two_getters() {
    check(|| {
        let queue = queue(2);
        let getters = [on_thread(&queue, work), on_thread(&queue, work)];
        put_now(&queue, 1);
        put_now(&queue, 2);
        let mut got = getters.map(|getter| getter.join().unwrap());
        got.sort_unstable();
        assert_eq!(got, [Some(1), Some(2)]);
    });
}

#[test]
fn a_getter_that_leaves_passes_on_a_wake_up_that_it_did_not_use() {
    check(|| {
        let queue = queue(2);
        let leaver = on_thread(&queue, look_and_leave);
        let getter = on_thread(&queue, work);
        put_now(&queue, 7);
        assert_eq!(getter.join().unwrap(), Some(7));
        leaver.join().unwrap();
        assert!(is_empty(&queue));
    });
}

#[test]
fn room_wakes_whoever_waits_to_put() {
    check(|| {
        let queue = queue(1);
        put_now(&queue, 1);
        let putter = on_thread(&queue, |queue| put_later(queue, 2));
        assert_eq!(work(&queue), Some(1));
        assert_eq!(work(&queue), Some(2));
        putter.join().unwrap().unwrap();
        assert!(is_empty(&queue));
    });
}

#[test]
fn two_putters_get_through_one_place() {
    check(|| {
        let queue = queue(1);
        let putters = [1, 2].map(|item| on_thread(&queue, move |queue| put_later(queue, item)));
        let mut got = [work(&queue), work(&queue)];
        got.sort_unstable();
        assert_eq!(got, [Some(1), Some(2)]);
        for putter in putters {
            putter.join().unwrap().unwrap();
        }
    });
}

#[test]
fn a_join_ends_when_the_last_item_is_finished() {
    check(|| {
        let queue = queue(2);
        put_now(&queue, 1);
        let worker = on_thread(&queue, work);
        block_on(Joining::new(&queue));
        assert!(is_empty(&queue));
        worker.join().unwrap();
    });
}

#[test]
fn closing_sends_getters_home_after_what_is_there_and_gives_putters_their_items_back() {
    check(|| {
        let queue = queue(1);
        let getter = on_thread(&queue, work);
        let putter = on_thread(&queue, |queue| put_later(queue, 1));
        close(&queue);
        // Which of them came first is open, but an item that was let in is handed out.
        match (putter.join().unwrap(), getter.join().unwrap()) {
            (Ok(()), Some(1)) | (Err(1), None) => assert!(is_empty(&queue)),
            other => panic!("{other:?}"),
        }
        assert!(matches!(queue.take(), Err(GetError::Closed)));
    });
}
