//! `condition`: waiting, acting, who goes first. The buffer on top of it is in `buffer`, its laws in `laws`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod buffer;
mod laws;

use patterns_core::cancel::{CancelToken, timeout};
use patterns_core::condition::Condition;
use patterns_core::context::{Context, Interrupt};
use patterns_core::outcome::catch_panic;
use patterns_core::testing::explore_cancellation;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use crate::support::{ByHand, Log, ms, secs};

/// Takes one of what is left as soon as there is one.
async fn take(stock: &Condition<u32>) -> Result<(), Interrupt> {
    stock.wait_until(|left| *left > 0, |left| *left -= 1).await
}

#[tokio::test(start_paused = true)]
async fn a_waiter_acts_once_its_predicate_holds_and_not_before() {
    let stock = Condition::new(0_u32);
    let waiter = tokio::spawn({
        let stock = stock.clone();
        async move { stock.wait_until(|left| *left >= 3, std::mem::take).await }
    });
    for left in 1..=2 {
        sleep(secs(1)).await;
        stock.with(|now| *now = left);
        sleep(secs(1)).await;
        assert!(!waiter.is_finished());
        assert_eq!(stock.waiting(), 1);
    }
    stock.with(|left| *left += 1);
    assert_eq!(waiter.await.unwrap().unwrap(), 3);
    assert_eq!((stock.read(|left| *left), stock.waiting()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn waiting_while_is_waiting_until_not() {
    let busy = Condition::new(true);
    let start = Instant::now();
    let waits = busy.wait_while(|busy| *busy, |_| start.elapsed());
    let (waited, ()) = tokio::join!(waits, async {
        sleep(secs(1)).await;
        busy.with(|busy| *busy = true);
        sleep(secs(1)).await;
        busy.with(|busy| *busy = false);
    });
    assert_eq!(waited.unwrap(), secs(2));
}

#[test]
fn trying_acts_at_once_or_not_at_all() {
    let stock = Condition::new(1_u32);
    assert_eq!(stock.try_until(|left| *left > 0, |left| *left -= 1), Some(()));
    assert_eq!(stock.try_until(|left| *left > 0, |left| *left -= 1), None);
    assert_eq!(stock.read(|left| *left), 0);
}

#[test]
fn a_change_wakes_those_who_wait_and_a_look_does_not() {
    let stock = Condition::new(0_u32);
    let mut waiter = ByHand::new(take(&stock));
    assert!(waiter.poll().is_pending());
    assert_eq!(stock.read(|left| *left), 0);
    assert_eq!(stock.try_until(|left| *left > 0, |_| ()), None);
    assert!(!waiter.is_woken());
    stock.with(|_| ());
    assert!(waiter.is_woken(), "whatever it was: only the waiter knows what it waits for");
    assert!(waiter.poll().is_pending());
    stock.try_until(|_| true, |left| *left += 1).unwrap();
    assert!(waiter.is_woken());
    assert!(waiter.poll().is_ready());
}

#[tokio::test(start_paused = true)]
async fn waiters_go_in_the_order_in_which_they_came() {
    let (stock, log) = (Condition::new(0_u32), Log::default());
    let takers: Vec<_> = (0..20)
        .map(|n| {
            let (stock, log) = (stock.clone(), log.clone());
            tokio::spawn(async move {
                take(&stock).await.unwrap();
                log.add(n.to_string());
            })
        })
        .collect();
    yield_now().await;
    for at_once in [1, 1, 3, 5, 10] {
        stock.with(|left| *left += at_once);
        sleep(ms(1)).await;
    }
    for taker in takers {
        taker.await.unwrap();
    }
    assert_eq!(log.all(), (0..20).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[test]
fn an_earlier_waiter_goes_first_even_if_a_later_one_is_polled_before_it() {
    let stock = Condition::new(0_u32);
    let mut first = ByHand::new(take(&stock));
    let mut second = ByHand::new(take(&stock));
    assert!(first.poll().is_pending());
    assert!(second.poll().is_pending());
    stock.with(|left| *left = 1);
    assert!(first.is_woken() && second.is_woken());
    assert!(second.poll().is_pending(), "it lets the first go");
    assert!(second.is_woken(), "and comes again by itself");
    assert!(first.poll().is_ready());
    assert!(second.poll().is_pending());
    assert!(!second.is_woken(), "nothing is left: it sleeps");
    stock.with(|left| *left = 1);
    assert!(second.poll().is_ready());
}

#[test]
fn a_newcomer_does_not_overtake_one_that_is_on_its_way() {
    let stock = Condition::new(0_u32);
    let mut waiter = ByHand::new(take(&stock));
    assert!(waiter.poll().is_pending());
    stock.with(|left| *left = 1);
    let mut newcomer = ByHand::new(take(&stock));
    assert!(newcomer.poll().is_pending());
    assert!(waiter.poll().is_ready());
    assert!(newcomer.poll().is_pending());
    assert_eq!(stock.waiting(), 1);
}

#[test]
fn a_newcomer_does_not_wait_for_those_who_wait_for_something_else() {
    let stock = Condition::new(5_u32);
    let mut wants_ten = ByHand::new(stock.wait_until(|left| *left >= 10, |left| *left -= 10));
    assert!(wants_ten.poll().is_pending());
    assert!(ByHand::new(take(&stock)).poll().is_ready());
}

#[test]
fn a_waiter_that_is_not_polled_any_more_keeps_nobody_from_going() {
    let stock = Condition::new(0_u32);
    let mut stalled = ByHand::new(take(&stock));
    let mut second = ByHand::new(take(&stock));
    assert!(stalled.poll().is_pending());
    assert!(second.poll().is_pending());
    stock.with(|left| *left = 1);
    assert!(stalled.is_woken());
    assert!(second.poll().is_pending(), "once, it lets it go first");
    assert!(second.is_woken());
    assert!(second.poll().is_ready());

    // It has kept its place all the same.
    let mut third = ByHand::new(take(&stock));
    assert!(third.poll().is_pending());
    stock.with(|left| *left = 1);
    assert!(third.poll().is_pending());
    assert!(stalled.poll().is_ready());
}

#[test]
fn a_change_that_lets_all_go_reaches_those_behind_a_stalled_one() {
    let closed = Condition::new(false);
    let mut waiters: Vec<_> = (0..5).map(|_| ByHand::new(closed.wait_until(|closed| *closed, |_| ()))).collect();
    for waiter in &mut waiters {
        assert!(waiter.poll().is_pending());
    }
    closed.with(|closed| *closed = true);
    for behind in &mut waiters[1..] {
        assert!(behind.is_woken());
        // It lets the stalled one go first, once.
        assert!(behind.poll().is_pending());
        assert!(behind.is_woken());
        assert!(behind.poll().is_ready());
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_select_branch_that_is_still_alive_does_not_lock_its_own_task_up() {
    let stock = Condition::new(0_u32);
    let mut lost = std::pin::pin!(take(&stock));
    tokio::select! {
        biased;
        _ = &mut lost => unreachable!("nothing is left"),
        () = sleep(ms(1)) => {}
    }
    stock.with(|left| *left = 1); // wakes it, and nobody polls it
    timeout(secs(1), take(&stock)).await.unwrap().unwrap();
    stock.with(|left| *left = 1);
    timeout(secs(1), lost).await.unwrap().unwrap();
}

#[test]
fn a_waiter_dropped_after_being_woken_leaves_the_others_to_go() {
    // 0 polls: it never waited. 1 or more: it waits, is woken by the change, and is dropped unpolled.
    for polls in 0..4 {
        let stock = Condition::new(0_u32);
        let mut first = ByHand::new(take(&stock));
        let mut second = ByHand::new(take(&stock));
        for _ in 0..polls {
            assert!(first.poll().is_pending());
        }
        assert!(second.poll().is_pending());
        stock.with(|left| *left = 1);
        assert_eq!(first.is_woken(), polls > 0);
        drop(first);
        assert!(second.is_woken());
        assert!(second.poll().is_ready(), "after {polls} polls");
        assert_eq!(stock.waiting(), 0);
    }
}

#[test]
fn a_waiter_dropped_after_giving_way_leaves_the_line() {
    let stock = Condition::new(0_u32);
    let mut first = ByHand::new(take(&stock));
    assert!(first.poll().is_pending());
    stock.with(|left| *left = 1);
    let mut second = ByHand::new(take(&stock));
    assert!(second.poll().is_pending());
    drop((first, second));
    assert_eq!(stock.waiting(), 0);
    assert!(ByHand::new(take(&stock)).poll().is_ready(), "there is nobody to give way to");
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_wait_has_not_acted() {
    let stock = Condition::new(0_u32);
    let token = CancelToken::new();
    let context = Context::current().with_token(token.clone());
    let (waited, _) = tokio::join!(context.scope(take(&stock)), async {
        sleep(secs(1)).await;
        token.cancel("enough")
    });
    assert_eq!(waited.unwrap_err().cause().unwrap().message(), "enough");
    assert_eq!(stock.waiting(), 0);

    let context = Context::current().with_deadline(Instant::now() + secs(1));
    assert!(context.scope(take(&stock)).await.unwrap_err().is_deadline());
    stock.with(|left| *left = 1);
    let context = Context::current().with_token(token);
    context.scope(take(&stock)).await.expect("what takes no waiting is done all the same");
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_change_leaves_the_value_as_it_is_and_those_who_wait_look_at_it() {
    let stock = Condition::new(0_u32);
    let waiter = tokio::spawn({
        let stock = stock.clone();
        async move { take(&stock).await }
    });
    yield_now().await;
    let half_done = || {
        stock.with(|left| {
            *left = 1;
            assert!(*left == 2, "half done");
        });
    };
    assert_eq!(catch_panic(half_done).unwrap_err().message(), "half done");
    waiter.await.unwrap().unwrap();
    assert_eq!(stock.read(|left| *left), 0);
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_predicate_or_an_action_is_that_waiters_own() {
    let stock = Condition::new(0_u32);
    let spawn = |picky: bool| {
        let stock = stock.clone();
        tokio::spawn(async move {
            let holds = move |left: &u32| {
                assert!(!picky || *left == 0, "not that many");
                *left > 0
            };
            stock
                .wait_until(holds, |left| {
                    *left += 1;
                    assert!(*left > 2, "too few");
                })
                .await
        })
    };
    let (predicate, action, other) = (spawn(true), spawn(false), spawn(false));
    yield_now().await;
    assert_eq!(stock.waiting(), 3);
    stock.with(|left| *left = 1);
    assert!(predicate.await.unwrap_err().is_panic());
    assert!(action.await.unwrap_err().is_panic());
    other.await.unwrap().expect("it has found 2");
    assert_eq!((stock.read(|left| *left), stock.waiting()), (3, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn between_threads_the_check_and_the_action_are_one_step_and_no_wake_up_is_lost() {
    let stock = Condition::new(0_u32);
    let takers: Vec<_> = (0..8)
        .map(|_| {
            let stock = stock.clone();
            tokio::spawn(async move {
                for _ in 0..500 {
                    // Would panic below zero.
                    take(&stock).await.unwrap();
                }
            })
        })
        .collect();
    let giver = tokio::spawn({
        let stock = stock.clone();
        async move {
            for n in 0..4_000 {
                stock.with(|left| *left += 1);
                if n % 3 == 0 {
                    yield_now().await;
                }
            }
        }
    });
    let all = async {
        giver.await.unwrap();
        for taker in takers {
            taker.await.unwrap();
        }
    };
    timeout(secs(60), all).await.expect("a wake-up was lost");
    assert_eq!((stock.read(|left| *left), stock.waiting()), (0, 0));
}

#[derive(Default)]
struct Account {
    given: u32,
    left: u32,
    taken: u32,
}

#[test]
fn an_interrupted_waiter_has_acted_or_not_and_is_gone() {
    explore_cancellation(
        async || Condition::<Account>::default(),
        async |account: Condition<Account>| {
            let taker = async || {
                let take = |account: &mut Account| {
                    account.left -= 1;
                    account.taken += 1;
                };
                account.wait_until(|account| account.left > 0, take).await.is_ok()
            };
            let giver = async {
                for _ in 0..3 {
                    yield_now().await;
                    account.with(|account| {
                        account.given += 1;
                        account.left += 1;
                    });
                }
            };
            tokio::join!(taker(), taker(), taker(), giver);
        },
        async |account: &Condition<Account>| {
            assert_eq!(account.waiting(), 0);
            account.read(|account| assert_eq!(account.given, account.left + account.taken));
            account.with(|account| account.left += 1);
            account.wait_until(|account| account.left > 0, |_| ()).await.unwrap();
        },
    );
}

#[test]
fn it_shows_how_many_wait() {
    let stock = Condition::new(0_u32);
    let mut waiter = ByHand::new(take(&stock));
    assert!(waiter.poll().is_pending());
    assert_eq!(format!("{stock:?}"), "Condition { waiting: 1, .. }");
}
