//! `barrier`: who passes with whom; broken, interrupted, dropped. Its law and every interruption at the end.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::cell::Cell;
use std::error::Error;
use std::task::Poll;

use patterns_core::barrier::{Barrier, BarrierError, Passed};
use patterns_core::cancel::{CancelToken, timeout};
use patterns_core::context::{Context, Interrupt};
use patterns_core::testing::explore_cancellation;
use proptest::prelude::*;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use crate::support::ByHand;
use crate::support::{ms, secs};

#[tokio::test(start_paused = true)]
async fn nobody_passes_before_all_are_there_and_one_of_each_generation_leads() {
    let barrier = Barrier::new(4);
    let start = Instant::now();
    let parties: Vec<_> = (1..=4)
        .map(|n| {
            let barrier = barrier.clone();
            tokio::spawn(async move {
                let mut passed = Vec::new();
                for _ in 0..5 {
                    sleep(ms(n * 10)).await;
                    passed.push((barrier.wait().await.unwrap(), start.elapsed()));
                }
                passed
            })
        })
        .collect();
    let mut leaders = [0; 5];
    for party in parties {
        for (round, (passed, after)) in party.await.unwrap().into_iter().enumerate() {
            assert_eq!(passed.generation(), round as u64);
            assert_eq!(after, ms(40) * (round as u32 + 1), "as slow as the slowest");
            leaders[round] += u32::from(passed.is_leader());
        }
    }
    assert_eq!(leaders, [1; 5]);
}

#[test]
fn a_party_that_is_dropped_while_it_waits_leaves_where_tokios_stays_counted() {
    let peer = tokio::sync::Barrier::new(3);
    let mut dropped = ByHand::new(peer.wait());
    assert!(dropped.poll().is_pending());
    drop(dropped);
    let (mut first, mut second, mut third) =
        (ByHand::new(peer.wait()), ByHand::new(peer.wait()), ByHand::new(peer.wait()));
    assert!(first.poll().is_pending());
    assert!(second.poll().is_ready(), "tokio 1.54: two of three");
    assert!(first.poll().is_ready());
    assert!(third.poll().is_pending(), "tokio 1.54: and it waits for two who have been here");

    let barrier = Barrier::new(3);
    let mut dropped = ByHand::new(barrier.wait());
    assert!(dropped.poll().is_pending());
    assert_eq!(barrier.status().arrived, 1);
    drop(dropped);
    assert_eq!(barrier.status().arrived, 0);
    let (mut first, mut second, mut third) =
        (ByHand::new(barrier.wait()), ByHand::new(barrier.wait()), ByHand::new(barrier.wait()));
    assert!(first.poll().is_pending());
    assert!(second.poll().is_pending());
    assert!(matches!(third.poll(), Poll::Ready(Ok(passed)) if passed.is_leader()));
    assert!(first.is_woken() && second.is_woken());
    assert!(matches!(first.poll(), Poll::Ready(Ok(passed)) if !passed.is_leader()));
    assert!(matches!(second.poll(), Poll::Ready(Ok(passed)) if !passed.is_leader()));
}

#[test]
fn a_party_that_is_dropped_after_it_was_let_go_has_passed() {
    let barrier = Barrier::new(2);
    let mut gone = ByHand::new(barrier.wait());
    assert!(gone.poll().is_pending());
    assert!(ByHand::new(barrier.wait()).poll().is_ready());
    drop(gone);
    let status = barrier.status();
    assert_eq!((status.arrived, status.generation), (0, 1), "the next generation lacks nobody and has nobody");
}

#[test]
fn a_party_that_is_not_polled_any_more_holds_up_nobody_and_belongs_to_its_generation() {
    let barrier = Barrier::new(2);
    let mut stalled = ByHand::new(barrier.wait());
    assert!(stalled.poll().is_pending());
    assert!(ByHand::new(barrier.wait()).poll().is_ready());
    for _ in 0..3 {
        let mut other = ByHand::new(barrier.wait());
        assert!(other.poll().is_pending());
        assert!(ByHand::new(barrier.wait()).poll().is_ready());
        assert!(other.poll().is_ready());
    }
    assert!(matches!(stalled.poll(), Poll::Ready(Ok(passed)) if passed.generation() == 0));
}

#[test]
fn a_barrier_for_one_lets_it_pass() {
    let barrier = Barrier::new(1);
    for generation in 0..3 {
        let polled = ByHand::new(barrier.wait()).poll();
        assert!(matches!(polled, Poll::Ready(Ok(passed)) if passed.is_leader() && passed.generation() == generation));
    }
}

#[test]
#[should_panic(expected = "at least 1 party")]
fn a_barrier_for_nobody_is_refused() {
    let _ = Barrier::new(0);
}

#[tokio::test(start_paused = true)]
async fn breaking_it_tells_all_who_wait_and_all_who_come_and_the_first_reason_stays() {
    let barrier = Barrier::new(4);
    let parties: Vec<_> = (0..3)
        .map(|_| {
            let barrier = barrier.clone();
            tokio::spawn(async move { barrier.wait().await })
        })
        .collect();
    yield_now().await;
    assert_eq!(barrier.status().arrived, 3);
    assert!(barrier.break_with("a worker failed"));
    assert!(!barrier.break_with(String::from("another one")));
    for party in parties {
        let error = party.await.unwrap().unwrap_err();
        assert!(error.is_broken());
        assert_eq!(error.to_string(), "the barrier is broken: a worker failed");
    }
    let status = barrier.status();
    assert_eq!((status.arrived, status.broken.as_deref()), (0, Some("a worker failed")));
    assert!(barrier.wait().await.unwrap_err().is_broken());
}

#[test]
fn a_mended_barrier_begins_anew_and_those_of_before_still_learn_that_it_broke() {
    let barrier = Barrier::new(2);
    assert!(!barrier.reset(), "it is not broken");
    let mut of_before = ByHand::new(barrier.wait());
    assert!(of_before.poll().is_pending());
    barrier.break_with("enough");
    assert!(barrier.reset());
    let mut of_now = ByHand::new(barrier.wait());
    assert!(of_now.poll().is_pending());
    assert!(matches!(of_before.poll(), Poll::Ready(Err(BarrierError::Broken(reason))) if reason == "enough"));
    assert!(ByHand::new(barrier.wait()).poll().is_ready());
    assert!(matches!(of_now.poll(), Poll::Ready(Ok(passed)) if passed.generation() == 1));
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_party_leaves_and_another_can_take_its_place() {
    let barrier = Barrier::new(2);
    let token = CancelToken::new();
    let context = Context::current().with_token(token.clone());
    let (waited, _) = tokio::join!(context.scope(barrier.wait()), async {
        sleep(secs(1)).await;
        token.cancel("enough")
    });
    let error = waited.unwrap_err();
    assert!(error.is_interrupted());
    let interrupt = error.source().unwrap().downcast_ref::<Interrupt>().unwrap();
    assert_eq!(interrupt.cause().unwrap().message(), "enough");
    assert_eq!(barrier.status().arrived, 0);

    assert!(timeout(secs(1), barrier.wait()).await.is_err(), "it is alone");
    let (one, other) = tokio::join!(barrier.wait(), barrier.wait());
    assert_eq!((one.unwrap().is_leader(), other.unwrap().is_leader()), (false, true));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_at_the_very_moment_of_the_last_arrival_parts_nobody() {
    let barrier = Barrier::new(2);
    let last = tokio::spawn({
        let barrier = barrier.clone();
        async move {
            sleep(secs(1)).await;
            barrier.wait().await
        }
    });
    let context = Context::current().with_deadline(Instant::now() + secs(1));
    let first = context.scope(barrier.wait()).await;
    assert!(!first.unwrap().is_leader());
    assert!(last.await.unwrap().unwrap().is_leader());
}

#[tokio::test(start_paused = true)]
async fn a_task_that_panics_or_is_aborted_while_it_waits_leaves() {
    fn broken() {
        panic!("the other half");
    }

    let barrier = Barrier::new(2);
    let panics = tokio::spawn({
        let barrier = barrier.clone();
        async move {
            tokio::join!(barrier.wait(), async {
                yield_now().await;
                broken();
            })
        }
    });
    assert!(panics.await.unwrap_err().is_panic());
    assert_eq!(barrier.status().arrived, 0);

    let aborted = tokio::spawn({
        let barrier = barrier.clone();
        async move { barrier.wait().await }
    });
    yield_now().await;
    assert_eq!(barrier.status().arrived, 1);
    aborted.abort();
    assert!(aborted.await.unwrap_err().is_cancelled());
    assert_eq!(barrier.status().arrived, 0);
}

#[tokio::test(start_paused = true)]
async fn what_the_leader_does_between_two_meetings_is_over_when_the_others_go_on() {
    let barrier = Barrier::new(3);
    let merged = Cell::new(false);
    let party = async || {
        if barrier.wait().await?.is_leader() {
            sleep(secs(1)).await;
            merged.set(true);
        }
        barrier.wait().await?;
        Ok::<_, BarrierError>(merged.get())
    };
    let (a, b, c) = tokio::join!(party(), party(), party());
    assert_eq!((a.unwrap(), b.unwrap(), c.unwrap()), (true, true, true));
}

#[test]
fn it_shows_who_is_there() {
    let barrier = Barrier::new(2);
    let mut party = ByHand::new(barrier.wait());
    assert!(party.poll().is_pending());
    let shown = format!("{barrier:?}");
    assert_eq!(shown, "Barrier(Status { parties: 2, arrived: 1, generation: 0, broken: None })");
}

#[test]
fn an_interrupted_party_leaves_a_barrier_that_works() {
    explore_cancellation(
        async || Barrier::new(3),
        async |barrier: Barrier| {
            let party = async |pauses: usize| {
                for _ in 0..2 {
                    for _ in 0..pauses {
                        yield_now().await;
                    }
                    if barrier.wait().await.is_err() {
                        return;
                    }
                }
            };
            tokio::join!(party(0), party(1), party(2));
        },
        async |barrier: &Barrier| {
            let status = barrier.status();
            assert_eq!((status.arrived, &status.broken), (0, &None));
            let (a, b, c) = tokio::join!(barrier.wait(), barrier.wait(), barrier.wait());
            let passed = [a.unwrap(), b.unwrap(), c.unwrap()];
            assert!(passed.iter().all(|passed| passed.generation() == status.generation));
            assert_eq!(passed.iter().filter(|passed| passed.is_leader()).count(), 1);
        },
    );
}

#[derive(Clone, Debug)]
enum Op {
    Arrive,
    Poll(usize),
    Drop(usize),
    Break,
    Reset,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => Just(Op::Arrive),
        4 => any::<usize>().prop_map(Op::Poll),
        3 => any::<usize>().prop_map(Op::Drop),
        1 => Just(Op::Break),
        2 => Just(Op::Reset),
    ]
}

/// What a party must be told.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Due {
    Nothing,
    Passed(u64),
    Broken,
}

fn told(polled: &Poll<Result<Passed, BarrierError>>) -> Option<Due> {
    match polled {
        Poll::Pending => Some(Due::Nothing),
        Poll::Ready(Ok(passed)) if !passed.is_leader() => Some(Due::Passed(passed.generation())),
        Poll::Ready(Err(error)) if error.is_broken() => Some(Due::Broken),
        Poll::Ready(_) => None,
    }
}

fn run(parties: usize, ops: Vec<Op>) -> Result<(), TestCaseError> {
    let barrier = Barrier::new(parties);
    let (mut generation, mut broken) = (0, false);
    // All that have come, but for leaders, and have not been told yet.
    let mut here: Vec<(ByHand<'_, Result<Passed, BarrierError>>, Due)> = Vec::new();
    for op in ops {
        let open = here.iter().filter(|(_, due)| *due == Due::Nothing).count();
        let mut end = None;
        match op {
            Op::Arrive => {
                let mut party = ByHand::new(barrier.wait());
                let polled = party.poll();
                if broken {
                    prop_assert_eq!(told(&polled), Some(Due::Broken));
                } else if open + 1 < parties {
                    prop_assert_eq!(told(&polled), Some(Due::Nothing));
                    here.push((party, Due::Nothing));
                } else {
                    // Exactly those who are here pass, and this one leads them.
                    let Poll::Ready(Ok(passed)) = polled else {
                        return Err(TestCaseError::fail(format!("{polled:?} for the last party")));
                    };
                    prop_assert_eq!((passed.is_leader(), passed.generation()), (true, generation));
                    end = Some(Due::Passed(generation));
                    generation += 1;
                }
            }
            Op::Poll(at) if !here.is_empty() => {
                let at = at % here.len();
                let polled = here[at].0.poll();
                prop_assert_eq!(told(&polled), Some(here[at].1));
                if polled.is_ready() {
                    drop(here.swap_remove(at));
                }
            }
            Op::Drop(at) if !here.is_empty() => drop(here.swap_remove(at % here.len())),
            Op::Poll(_) | Op::Drop(_) => {}
            Op::Break => {
                prop_assert_eq!(barrier.break_with("enough"), !broken);
                broken = true;
                end = Some(Due::Broken);
            }
            Op::Reset => {
                prop_assert_eq!(barrier.reset(), broken);
                generation += u64::from(broken);
                broken = false;
            }
        }
        for (party, due) in &mut here {
            if let Some(end) = end
                && *due == Due::Nothing
            {
                *due = end;
            }
            prop_assert_eq!(party.is_woken(), *due != Due::Nothing);
        }
        let open = here.iter().filter(|(_, due)| *due == Due::Nothing).count();
        let status = barrier.status();
        prop_assert_eq!((status.arrived, status.generation), (open, generation));
        prop_assert_eq!(status.broken.is_some(), broken);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn exactly_as_many_as_it_takes_pass_in_each_generation_and_exactly_one_leads(
        parties in 1..6_usize,
        ops in prop::collection::vec(op(), 0..100),
    ) {
        run(parties, ops)?;
    }
}
