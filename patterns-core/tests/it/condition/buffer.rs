//! The bounded buffer: room, items, the end, and a peer that stands still.
use std::collections::{BTreeSet, VecDeque};
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;

use parking_lot::Mutex;
use patterns_core::cancel::{CancelToken, timeout};
use patterns_core::condition::{Buffer, GetError, PutError};
use patterns_core::context::{Context, Interrupt};
use patterns_core::testing::explore_cancellation;
use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::support::ByHand;
use crate::support::{ms, secs};

#[tokio::test(start_paused = true)]
async fn a_fast_producer_waits_for_room_and_order_is_kept() {
    let buffer = Buffer::new(3);
    let producer = tokio::spawn({
        let buffer = buffer.clone();
        async move {
            for n in 0..1_000 {
                buffer.put(n).await.unwrap();
                assert!(buffer.len() <= 3);
            }
        }
    });
    for n in 0..1_000 {
        sleep(ms(1)).await;
        assert!(buffer.len() <= buffer.bound());
        assert_eq!(buffer.get().await.unwrap(), n);
    }
    producer.await.unwrap();
    assert!(buffer.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_producers_and_eight_consumers_lose_and_double_nothing() {
    let buffer = Buffer::new(4);
    let producers: Vec<_> = (0..4)
        .map(|producer| {
            let buffer = buffer.clone();
            tokio::spawn(async move {
                for n in 0..500 {
                    buffer.put(producer * 500 + n).await.unwrap();
                    assert!(buffer.len() <= 4);
                }
            })
        })
        .collect();
    let consumers: Vec<_> = (0..8)
        .map(|_| {
            let buffer = buffer.clone();
            tokio::spawn(async move {
                let mut got = Vec::new();
                while let Ok(item) = buffer.get().await {
                    got.push(item);
                }
                got
            })
        })
        .collect();
    let all = async {
        for producer in producers {
            producer.await.unwrap();
        }
        buffer.close();
        let mut got = Vec::new();
        for consumer in consumers {
            got.extend(consumer.await.unwrap());
        }
        got
    };
    let got = timeout(secs(60), all).await.expect("a wake-up was lost");
    assert_eq!(got.len(), 2_000);
    let expected: BTreeSet<i32> = (0..2_000).collect();
    assert_eq!(got.into_iter().collect::<BTreeSet<_>>(), expected);
}

#[test]
fn what_takes_waiting_is_refused_by_trying_and_the_item_comes_back() {
    let buffer = Buffer::new(1);
    assert!(buffer.try_get().unwrap_err().is_empty());
    buffer.try_put("a").unwrap();
    let error = buffer.try_put("b").unwrap_err();
    assert!(error.is_full());
    assert_eq!(error.into_inner(), "b");
    assert_eq!(buffer.try_get().unwrap(), "a");
}

#[test]
fn closing_gives_waiting_producers_their_items_back_and_leaves_the_rest_to_be_got() {
    let buffer = Buffer::new(2);
    buffer.try_put(1).unwrap();
    buffer.try_put(2).unwrap();
    let mut first = ByHand::new(buffer.put(3));
    let mut second = ByHand::new(buffer.put(4));
    assert!(first.poll().is_pending());
    assert!(second.poll().is_pending());
    buffer.close();
    assert!(buffer.is_closed());
    assert!(matches!(first.poll(), Poll::Ready(Err(PutError::Closed(3)))));
    assert!(matches!(second.poll(), Poll::Ready(Err(PutError::Closed(4)))));
    assert!(matches!(buffer.try_put(5), Err(PutError::Closed(5))));
    assert_eq!((buffer.try_get().unwrap(), buffer.try_get().unwrap()), (1, 2));
    assert!(buffer.try_get().unwrap_err().is_closed());
    assert!(matches!(ByHand::new(buffer.get()).poll(), Poll::Ready(Err(GetError::Closed))));
}

#[test]
fn closing_ends_every_waiting_consumer() {
    let buffer = Buffer::<u8>::new(1);
    let mut consumers: Vec<_> = (0..3).map(|_| ByHand::new(buffer.get())).collect();
    for consumer in &mut consumers {
        assert!(consumer.poll().is_pending());
    }
    buffer.close();
    for consumer in &mut consumers {
        assert!(consumer.is_woken());
        assert!(matches!(consumer.poll(), Poll::Ready(Err(GetError::Closed))));
    }
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_put_gives_its_item_back_and_says_why() {
    let buffer = Buffer::new(1);
    buffer.put("a").await.unwrap();
    let token = CancelToken::new();
    let context = Context::current().with_token(token.clone());
    let (put, _) = tokio::join!(context.scope(buffer.put("b")), async {
        sleep(secs(1)).await;
        token.cancel("shutting down")
    });
    let error = put.unwrap_err();
    assert!(error.is_interrupted());
    let interrupt = error.source().unwrap().downcast_ref::<Interrupt>().unwrap();
    assert_eq!(interrupt.cause().unwrap().message(), "shutting down");
    assert_eq!(error.into_inner(), "b");

    let context = Context::current().with_token(token);
    assert_eq!(context.scope(buffer.get()).await.unwrap(), "a", "what takes no waiting is done all the same");
    let error = context.scope(buffer.get()).await.unwrap_err();
    assert!(error.is_interrupted() && error.source().unwrap().is::<Interrupt>());
    assert_eq!(buffer.waiting(), 0);
}

#[test]
fn put_from_keeps_the_item_in_its_slot_at_every_poll() {
    for polls in 0..4 {
        let buffer = Buffer::new(1);
        buffer.try_put("full").unwrap();
        let mut slot = Some("waits");
        let mut put = ByHand::new(buffer.put_from(&mut slot));
        for _ in 0..polls {
            assert!(put.poll().is_pending());
        }
        drop(put);
        assert_eq!((slot, buffer.len(), buffer.waiting()), (Some("waits"), 1, 0), "after {polls} polls");
    }
}

#[test]
#[should_panic(expected = "bound must be at least 1")]
fn a_bound_of_zero_is_refused() {
    let _ = Buffer::<u8>::new(0);
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "the slot is empty")]
async fn putting_from_an_empty_slot_is_refused() {
    let _ = Buffer::<u8>::new(1).put_from(&mut None).await;
}

/// A buffer for one item as it is often written: a lock, and one `Notify` for both sides.
struct Naive {
    items: Mutex<VecDeque<u8>>,
    changed: Notify,
}

impl Naive {
    async fn put(&self, item: u8) {
        loop {
            let notified = self.changed.notified();
            {
                let mut items = self.items.lock();
                if items.is_empty() {
                    items.push_back(item);
                    self.changed.notify_one();
                    return;
                }
            }
            notified.await;
        }
    }

    async fn get(&self) -> u8 {
        loop {
            let notified = self.changed.notified();
            let item = self.items.lock().pop_front();
            if let Some(item) = item {
                self.changed.notify_one();
                return item;
            }
            notified.await;
        }
    }
}

#[test]
fn both_sides_go_on_where_a_notify_wakes_the_wrong_one_and_all_stand_still() {
    let naive = Naive { items: Mutex::default(), changed: Notify::new() };
    let (mut get, mut get_too) = (ByHand::new(naive.get()), ByHand::new(naive.get()));
    let mut put = ByHand::new(naive.put(2));
    assert!(get.poll().is_pending());
    assert!(get_too.poll().is_pending());
    assert!(ByHand::new(naive.put(1)).poll().is_ready());
    assert!(put.poll().is_pending());
    assert_eq!(get.poll(), Poll::Ready(1));
    assert!(get_too.is_woken(), "tokio 1.54: the one that has waited longest, whatever for");
    assert!(get_too.poll().is_pending());
    assert!(!put.is_woken() && !get_too.is_woken(), "there is room, and nobody will ever know");

    let buffer = Buffer::new(1);
    let (mut get, mut get_too) = (ByHand::new(buffer.get()), ByHand::new(buffer.get()));
    let mut put = ByHand::new(buffer.put(2));
    assert!(get.poll().is_pending());
    assert!(get_too.poll().is_pending());
    buffer.try_put(1).unwrap();
    assert!(put.poll().is_pending());
    assert!(matches!(get.poll(), Poll::Ready(Ok(1))));
    assert!(get_too.poll().is_pending());
    assert!(put.is_woken());
    assert!(matches!(put.poll(), Poll::Ready(Ok(()))));
    assert!(get_too.is_woken());
    assert!(matches!(get_too.poll(), Poll::Ready(Ok(2))));
}

#[derive(Clone)]
struct World {
    buffer: Buffer<u32>,
    put: Arc<AtomicU32>,
    got: Arc<AtomicU32>,
}

#[test]
fn under_every_interruption_each_item_is_in_its_slot_in_the_buffer_or_out() {
    explore_cancellation(
        async || World { buffer: Buffer::new(1), put: Arc::default(), got: Arc::default() },
        async |world: World| {
            let producer = async |first: u32| {
                for item in first..first + 3 {
                    let mut slot = Some(item);
                    let put = world.buffer.put_from(&mut slot).await;
                    let Ok(()) = put else { return };
                    assert!(slot.is_none());
                    world.put.fetch_add(1, Ordering::SeqCst);
                }
            };
            let consumer = async {
                for _ in 0..6 {
                    yield_now().await;
                    let Ok(_) = world.buffer.get().await else { return };
                    world.got.fetch_add(1, Ordering::SeqCst);
                }
            };
            tokio::join!(producer(0), producer(10), consumer);
        },
        async |World { buffer, put, got }: &World| {
            assert_eq!(buffer.waiting(), 0);
            assert!(buffer.len() <= 1);
            assert_eq!(put.load(Ordering::SeqCst), got.load(Ordering::SeqCst) + buffer.len() as u32);
            while buffer.try_get().is_ok() {}
            buffer.put(7).await.unwrap();
            assert_eq!(buffer.get().await.unwrap(), 7);
        },
    );
}

#[test]
fn it_shows_its_fill() {
    let buffer = Buffer::new(2);
    buffer.try_put('a').unwrap();
    assert_eq!(format!("{buffer:?}"), "Buffer { len: 1, bound: 2, closed: false, .. }");
}
