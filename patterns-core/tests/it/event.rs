//! `event`: what each operation does, and after that its law and every interruption.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::error::Error;
use std::pin::pin;
use std::task::Poll;

use patterns_core::cancel::{CancelToken, timeout};
use patterns_core::context::{Context, Interrupt};
use patterns_core::event::{Event, WaitError};
use patterns_core::testing::explore_cancellation;
use proptest::prelude::*;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use crate::support::ByHand;
use crate::support::{ms, secs};

#[tokio::test(start_paused = true)]
async fn everybody_who_waits_goes_when_it_is_set_and_late_ones_pass_at_once() {
    let ready = Event::<()>::named("db ready");
    let waiters: Vec<_> = (0..1_000)
        .map(|_| {
            let ready = ready.clone();
            tokio::spawn(async move { ready.wait().await.map(|()| Instant::now()) })
        })
        .collect();
    sleep(secs(5)).await;
    assert_eq!((ready.waiting(), ready.is_set()), (1_000, false));
    let at = Instant::now();
    assert!(ready.set());
    assert_eq!((ready.waiting(), ready.is_set()), (0, true));
    for waiter in waiters {
        assert_eq!(waiter.await.unwrap().unwrap(), at);
    }
    ready.wait().await.unwrap();
    assert_eq!(Instant::now(), at);
}

#[test]
fn a_late_one_passes_where_notify_waiters_leaves_it_waiting_for_ever() {
    let peer = Notify::new();
    peer.notify_waiters();
    assert!(ByHand::new(peer.notified()).poll().is_pending(), "tokio 1.54");

    let ready = Event::new();
    ready.set();
    assert!(ByHand::new(ready.wait()).poll().is_ready());
}

#[test]
fn a_pulse_reaches_all_who_waited_where_one_who_looks_at_a_flag_misses_it() {
    let (peer, mut flag) = watch::channel(false);
    let mut misses = ByHand::new(flag.wait_for(|set| *set));
    assert!(misses.poll().is_pending());
    peer.send(true).unwrap();
    peer.send(false).unwrap();
    assert!(misses.is_woken());
    assert!(misses.poll().is_pending(), "tokio 1.54: nothing was, it seems");

    let ready = Event::<()>::new();
    let mut waiters: Vec<_> = (0..3).map(|_| ByHand::new(ready.wait())).collect();
    for waiter in &mut waiters {
        assert!(waiter.poll().is_pending());
    }
    assert!(ready.set());
    assert!(ready.clear());
    let mut late = ByHand::new(ready.wait());
    assert!(late.poll().is_pending(), "it came after the pulse");
    for waiter in &mut waiters {
        assert!(waiter.is_woken());
        assert!(matches!(waiter.poll(), Poll::Ready(Ok(()))));
    }
    assert!(!late.is_woken());
    assert_eq!(ready.waiting(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn between_threads_no_pulse_is_lost() {
    let event = Event::<u32>::new();
    let (go, mut gone) = mpsc::channel(1);
    let pulses = tokio::spawn({
        let event = event.clone();
        async move {
            while let Some(n) = gone.recv().await {
                event.set_with(n).unwrap();
                event.clear();
            }
        }
    });
    let waits = async {
        for n in 0..1_000 {
            while event.is_set() {
                yield_now().await;
            }
            let mut waiter = pin!(event.wait());
            let polled = std::future::poll_fn(|cx| Poll::Ready(waiter.as_mut().poll(cx))).await;
            assert!(polled.is_pending());
            go.send(n).await.unwrap();
            assert_eq!(waiter.await.unwrap(), n);
        }
    };
    tokio::time::timeout(secs(60), waits).await.expect("a pulse was lost");
    drop(go);
    pulses.await.unwrap();
}

#[test]
fn each_gets_the_value_of_the_set_that_it_waited_for() {
    let event = Event::<u8>::new();
    let mut first = ByHand::new(event.wait());
    assert!(first.poll().is_pending());
    event.set_with(1).unwrap();
    event.clear();
    let mut second = ByHand::new(event.wait());
    assert!(second.poll().is_pending());
    event.set_with(2).unwrap();
    assert!(matches!(first.poll(), Poll::Ready(Ok(1))));
    assert!(matches!(second.poll(), Poll::Ready(Ok(2))));
    assert_eq!(event.value(), Some(2));
}

#[test]
fn the_first_value_stays_until_it_is_cleared() {
    let event = Event::<&str>::new();
    assert_eq!(event.value(), None);
    assert_eq!(event.set_with("a"), Ok(()));
    assert_eq!(event.set_with("b"), Err("b"));
    assert_eq!(event.value(), Some("a"));
    assert!(event.clear());
    assert!(!event.clear());
    assert_eq!((event.is_set(), event.value()), (false, None));
    assert_eq!(event.set_with("b"), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_wait_says_for_what_and_how_long_it_waited() {
    let ready = Event::<()>::named("db ready");
    let token = CancelToken::new();
    let context = Context::current().with_token(token.clone());
    let (waited, _) = tokio::join!(context.scope(ready.wait()), async {
        sleep(secs(3)).await;
        token.cancel("shutting down")
    });
    let error = waited.unwrap_err();
    assert_eq!((error.event(), error.waited()), ("db ready", secs(3)));
    assert_eq!(error.to_string(), "interrupted after 3s of waiting for db ready");
    let interrupt = error.source().unwrap().downcast_ref::<Interrupt>().unwrap();
    assert_eq!(interrupt.cause().unwrap().message(), "shutting down");
    assert_eq!(ready.waiting(), 0);

    ready.set();
    let context = Context::current().with_token(token);
    context.scope(ready.wait()).await.expect("one that is set is seen all the same");
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_set_at_the_very_deadline_is_not_missed() {
    let ready = Event::<()>::new();
    let sets = tokio::spawn({
        let ready = ready.clone();
        async move {
            sleep(secs(1)).await;
            ready.set()
        }
    });
    let context = Context::current().with_deadline(Instant::now() + secs(1));
    context.scope(ready.wait()).await.unwrap();
    assert!(sets.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_dropped_waiter_waits_no_more() {
    let ready = Event::<()>::new();
    assert!(timeout(secs(1), ready.wait()).await.is_err());
    assert_eq!(ready.waiting(), 0);
    let (mut stays, mut goes) = (ByHand::new(ready.wait()), ByHand::new(ready.wait()));
    assert!(stays.poll().is_pending());
    assert!(goes.poll().is_pending());
    drop(goes);
    assert_eq!(ready.waiting(), 1);
    ready.set();
    assert!(stays.poll().is_ready());
}

#[tokio::test(start_paused = true)]
async fn a_value_whose_clone_panics_harms_only_those_who_clone_it() {
    #[derive(Debug)]
    struct Brittle;
    impl Clone for Brittle {
        fn clone(&self) -> Self {
            panic!("it breaks")
        }
    }

    let event = Event::<Brittle>::new();
    let waiter = tokio::spawn({
        let event = event.clone();
        async move { event.wait().await.map(drop) }
    });
    yield_now().await;
    event.set_with(Brittle).unwrap();
    assert!(waiter.await.unwrap_err().is_panic());
    assert!(event.is_set());
    assert!(event.clear());
    event.set_with(Brittle).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_with_a_reason_ends_all_workers_between_two_pieces_of_work() {
    let shutdown = Event::<&str>::named("shutdown");
    let workers: Vec<_> = (0..3)
        .map(|_| {
            let shutdown = shutdown.clone();
            tokio::spawn(async move {
                let mut done = 0;
                while !shutdown.is_set() {
                    sleep(ms(100)).await;
                    done += 1;
                }
                (done, shutdown.wait().await.unwrap())
            })
        })
        .collect();
    sleep(ms(250)).await;
    shutdown.set_with("got SIGTERM").unwrap();
    for worker in workers {
        assert_eq!(worker.await.unwrap(), (3, "got SIGTERM"));
    }
}

#[test]
fn it_shows_its_name_and_who_waits() {
    let ready = Event::<()>::named("db ready");
    assert_eq!(ready.name(), "db ready");
    let mut waiter = ByHand::new(ready.wait());
    assert!(waiter.poll().is_pending());
    assert_eq!(format!("{ready:?}"), r#"Event { name: "db ready", is_set: false, waiting: 1, .. }"#);
}

#[test]
fn an_interrupted_waiter_leaves_nothing_behind() {
    explore_cancellation(
        async || Event::<u32>::new(),
        async |event: Event<u32>| {
            let comes_later = async {
                yield_now().await;
                event.wait().await
            };
            let sets = async {
                yield_now().await;
                yield_now().await;
                event.set_with(1).unwrap();
                event.clear();
                yield_now().await;
                event.set_with(2).unwrap();
            };
            let (first, second, ()) = tokio::join!(event.wait(), comes_later, sets);
            for value in [first, second].into_iter().flatten() {
                assert!(value == 1 || value == 2);
            }
        },
        async |event: &Event<u32>| {
            assert_eq!(event.waiting(), 0);
            event.clear();
            let waits = event.wait();
            let (waited, set) = tokio::join!(waits, async { event.set_with(9) });
            assert_eq!((waited.unwrap(), set), (9, Ok(())));
        },
    );
}

#[derive(Clone, Debug)]
enum Op {
    Wait,
    Poll(usize),
    Drop(usize),
    Set(u8),
    Clear,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => Just(Op::Wait),
        3 => any::<usize>().prop_map(Op::Poll),
        2 => any::<usize>().prop_map(Op::Drop),
        3 => any::<u8>().prop_map(Op::Set),
        2 => Just(Op::Clear),
    ]
}

/// A waiter, and what it must get, if it must get something.
type Awaited<'a> = (ByHand<'a, Result<u8, WaitError>>, Option<u8>);

fn run(ops: Vec<Op>) -> Result<(), TestCaseError> {
    let event = Event::<u8>::new();
    let mut value = None;
    // Each with the value that it must get, once that is known.
    let mut waiters: Vec<Awaited<'_>> = Vec::new();
    for op in ops {
        match op {
            Op::Wait => {
                let mut waiter = ByHand::new(event.wait());
                match (waiter.poll(), value) {
                    (Poll::Ready(got), Some(set)) => prop_assert_eq!(got.unwrap(), set),
                    (Poll::Pending, None) => waiters.push((waiter, None)),
                    (polled, _) => return Err(TestCaseError::fail(format!("{polled:?} though it was {value:?}"))),
                }
            }
            Op::Poll(at) if !waiters.is_empty() => {
                let at = at % waiters.len();
                match (waiters[at].0.poll(), waiters[at].1) {
                    (Poll::Ready(got), Some(due)) => {
                        prop_assert_eq!(got.unwrap(), due);
                        drop(waiters.swap_remove(at));
                    }
                    (Poll::Pending, None) => {}
                    (polled, due) => return Err(TestCaseError::fail(format!("{polled:?} instead of {due:?}"))),
                }
            }
            Op::Drop(at) if !waiters.is_empty() => drop(waiters.swap_remove(at % waiters.len())),
            Op::Poll(_) | Op::Drop(_) => {}
            Op::Set(new) => {
                prop_assert_eq!(event.set_with(new).is_ok(), value.is_none());
                value = value.or(Some(new));
                for (_, due) in &mut waiters {
                    *due = due.or(value);
                }
            }
            Op::Clear => prop_assert_eq!(event.clear(), value.take().is_some()),
        }
        prop_assert_eq!((event.is_set(), event.value()), (value.is_some(), value));
        prop_assert_eq!(event.waiting(), waiters.iter().filter(|(_, due)| due.is_none()).count());
        for (waiter, due) in &waiters {
            prop_assert_eq!(waiter.is_woken(), due.is_some());
        }
    }
    let _ = event.set_with(0);
    for (waiter, _) in &mut waiters {
        prop_assert!(waiter.poll().is_ready(), "it waits although the event is set");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn all_who_wait_get_the_value_of_the_next_set_and_nobody_waits_after_it(
        ops in prop::collection::vec(op(), 0..80),
    ) {
        run(ops)?;
    }
}
