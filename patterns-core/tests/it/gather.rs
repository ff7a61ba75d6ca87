mod cost;
mod explored;
mod laws;
mod map;
mod race;
mod settled;

use std::cell::Cell;
use std::error::Error;
use std::future::Ready;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use futures_util::FutureExt;
use patterns_core::cancel::CancelToken;
use patterns_core::context::{self, Context, Interrupt, interruptible};
use patterns_core::gather::{GatherError, gather, gather_settled, try_gather};
use patterns_core::outcome::catch_panics;
use patterns_core::task_group::TaskGroup;
use tokio::time::{Instant, sleep};

use crate::support::{Log, ms, polled, secs};

async fn after<T>(delay: Duration, value: T) -> T {
    sleep(delay).await;
    value
}

/// Waits for ever, and says when it is dropped.
async fn holds(log: Log, name: &str) -> Result<u8, &'static str> {
    let _guard = log.on_drop(format!("{name} dropped"));
    std::future::pending().await
}

#[tokio::test(start_paused = true)]
async fn three_half_second_fetches_take_half_a_second_and_may_borrow() {
    // Borrows the names, and a cell that could not even be sent to another thread.
    async fn fetch(name: &str, fetched: &Cell<u32>) -> usize {
        sleep(ms(500)).await;
        fetched.set(fetched.get() + 1);
        name.len()
    }
    let names = [String::from("user"), String::from("posts"), String::from("comments")];
    let (fetched, start) = (Cell::new(0), Instant::now());
    assert_eq!(gather(names.iter().map(|name| fetch(name, &fetched))).await, [4, 5, 8]);
    assert_eq!((start.elapsed(), fetched.get()), (ms(500), 3));
}

#[tokio::test(start_paused = true)]
async fn results_are_in_the_order_of_the_input_whoever_finishes_first() {
    let finished = Log::default();
    let parts = [3, 1, 2].map(|n| {
        let finished = finished.clone();
        async move {
            sleep(secs(n)).await;
            finished.add(n.to_string());
            n
        }
    });
    assert_eq!(gather(parts).await, [3, 1, 2]);
    assert_eq!(finished.all(), ["1", "2", "3"]);
    assert_eq!(try_gather([2, 1].map(|n| after(secs(n), Ok::<_, ()>(n)))).await.unwrap(), [2, 1]);
}

#[test]
fn nothing_gives_nothing_and_no_runtime_is_needed() {
    let none = || Vec::<Ready<Result<u8, std::io::Error>>>::new();
    assert!(gather(none()).now_or_never().unwrap().is_empty());
    assert!(try_gather(none()).now_or_never().unwrap().unwrap().is_empty());
    assert!(gather_settled(none()).now_or_never().unwrap().is_empty());
    let rc = Rc::new(7);
    let add = |n: i32| {
        let rc = Rc::clone(&rc);
        async move { n + *rc }
    };
    assert_eq!(gather([1, 2].map(add)).now_or_never(), Some(vec![8, 9]));
}

#[tokio::test(start_paused = true)]
async fn a_join_that_borrows_may_run_in_a_spawned_task() {
    async fn length(name: &str) -> usize {
        sleep(secs(1)).await;
        name.len()
    }
    async fn fallible(name: &str) -> Result<usize, std::io::Error> {
        Ok(length(name).await)
    }
    let task = tokio::spawn(async {
        let names = [String::from("a"), String::from("bc")];
        let total: usize = gather(names.iter().map(|name| length(name))).await.into_iter().sum();
        total + gather_settled(names.iter().map(|name| fallible(name))).await.len()
    });
    assert_eq!(task.await.unwrap(), 5);
}

#[tokio::test(start_paused = true)]
async fn the_first_error_drops_the_siblings_and_says_which_it_was() {
    let (log, start) = (Log::default(), Instant::now());
    let parts = (0..3).map(|n| {
        let log = log.clone();
        async move {
            match n {
                0 => holds(log, "first").await,
                1 => after(secs(1), Err("no")).await,
                _ => holds(log, "last").await,
            }
        }
    });
    let mut all = pin!(try_gather(parts));
    let error = (&mut all).await.unwrap_err();
    assert_eq!((error.index, error.error, start.elapsed()), (1, "no", secs(1)));
    let mut dropped = log.all();
    dropped.sort_unstable();
    assert_eq!(dropped, ["first dropped", "last dropped"], "although the join itself is still there");
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_in_an_error_can_be_found_and_counts_as_a_cancellation() {
    let token = CancelToken::new();
    let context = Context::current().with_token(token.child());
    let both = try_gather([context::sleep(secs(60)), context::sleep(secs(90))]);
    token.cancel("enough");
    let error: GatherError<Interrupt> = context.scope(both).await.unwrap_err();
    let source = error.source().unwrap().downcast_ref::<Interrupt>().unwrap();
    assert_eq!(source.cause().unwrap().message(), "enough");
    assert_eq!(error.to_string(), format!("future {} failed", error.index));

    let group = TaskGroup::new("g").run(async |group| {
        let child = group.spawn("child", async { try_gather([context::sleep(secs(60))]).await });
        tokio::task::yield_now().await;
        group.cancel("that is all");
        assert!(child.outcome().await.is_cancelled());
        Ok(())
    });
    group.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_reaches_the_parts_that_listen_and_the_whole_waits_for_the_others() {
    let (token, start) = (CancelToken::new(), Instant::now());
    let context = Context::current().with_token(token.child());
    let parts = [true, false].map(|listens| async move {
        if listens {
            let slept = context::sleep(secs(60)).await;
            sleep(secs(1)).await; // Cleans up.
            return slept.is_ok();
        }
        sleep(secs(10)).await;
        true
    });
    let cancel = async {
        sleep(secs(2)).await;
        token.cancel("enough");
    };
    let (slept, ()) = tokio::join!(context.scope(gather(parts)), cancel);
    assert_eq!((slept, start.elapsed()), (vec![false, true], secs(10)));
}

#[tokio::test(start_paused = true)]
async fn given_up_as_a_whole_it_drops_the_parts_where_they_await() {
    let (token, log) = (CancelToken::new(), Log::default());
    let context = Context::current().with_token(token.child());
    let parts = ["a", "b"].map(|name| holds(log.clone(), name));
    let cancel = async {
        sleep(secs(2)).await;
        token.cancel("enough");
    };
    let (ended, ()) = tokio::join!(context.scope(async { interruptible(gather(parts)).await }), cancel);
    assert_eq!(ended.unwrap_err().cause().unwrap().message(), "enough");
    assert_eq!(log.all().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn dropping_it_drops_the_parts_and_awaiting_it_by_reference_loses_nothing() {
    let log = Log::default();
    assert!(polled(1, gather(["a", "b"].map(|name| holds(log.clone(), name)))).await.is_none());
    assert_eq!(log.all().len(), 2);

    let mut all = gather([1, 2].map(|n| after(secs(n), n)));
    assert!(tokio::time::timeout(ms(1500), &mut all).await.is_err());
    assert_eq!(all.await, [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_part_is_the_callers_and_drops_the_siblings() {
    let log = Log::default();
    let parts = [false, true].map(|panics| {
        let log = log.clone();
        async move {
            if panics {
                sleep(secs(1)).await;
                panic!("in a part");
            }
            holds(log, "sibling").await
        }
    });
    let panic = catch_panics(gather(parts)).await.unwrap_err();
    assert_eq!(panic.message(), "in a part");
    assert_eq!(log.all(), ["sibling dropped"]);
}

#[test]
fn the_futures_can_be_printed() {
    let parts = || [std::future::pending::<Result<u8, std::io::Error>>(), std::future::pending()];
    assert_eq!(format!("{:?}", gather(parts())), "Gather { unfinished: 2, .. }");
    assert_eq!(format!("{:?}", try_gather(parts())), "TryGather { unfinished: 2, .. }");
    assert_eq!(format!("{:?}", gather_settled(parts())), "GatherSettled { unfinished: 2, .. }");
}
