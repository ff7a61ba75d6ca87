use std::error::Error;
use std::future::{Ready, ready};
use std::pin::pin;

use futures_util::FutureExt;
use patterns_core::gather::{race, race_ok};
use patterns_core::outcome::catch_panic;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use super::after;
use crate::support::{Log, polled, secs};

#[tokio::test(start_paused = true)]
async fn the_first_to_finish_wins_and_the_losers_are_dropped() {
    let (log, start) = (Log::default(), Instant::now());
    let mut race = pin!(race([3, 1, 2].map(|n| {
        let guard = log.on_drop(format!("{n} dropped"));
        async move {
            let _guard = guard;
            sleep(secs(n)).await;
            n
        }
    })));
    assert_eq!((&mut race).await, (1, 1), "its value, and its place");
    assert_eq!(start.elapsed(), secs(1));
    let mut dropped = log.all();
    dropped.sort_unstable();
    assert_eq!(dropped, ["1 dropped", "2 dropped", "3 dropped"], "although the race itself is still there");
}

#[tokio::test(start_paused = true)]
async fn of_several_that_are_ready_at_once_each_wins_its_share() {
    let mut wins = [0; 3];
    for _ in 0..300 {
        let (value, index) = race([ready(0), ready(1), ready(2)]).await;
        assert_eq!(value, index);
        wins[index] += 1;
        let (value, index) = race_ok([ready(Err("no")), ready(Ok(1)), ready(Ok(2))]).await.unwrap();
        assert_eq!(value, index);
        wins[index] += 1;
    }
    // The odds that chance alone fails this are far below one in a million.
    assert!(wins.iter().all(|wins| *wins > 50), "{wins:?}");
}

#[tokio::test(start_paused = true)]
async fn later_the_one_that_was_woken_first_wins() {
    for _ in 0..20 {
        let ((to_first, first), (to_second, second)) = (oneshot::channel(), oneshot::channel());
        let mut race = pin!(race([first, second]));
        assert!(polled(1, race.as_mut()).await.is_none());
        to_second.send("second").unwrap();
        to_first.send("first").unwrap();
        let (value, index) = race.await;
        assert_eq!((value.unwrap(), index), ("second", 1));
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_success_wins_whatever_failed_before() {
    let (log, start) = (Log::default(), Instant::now());
    let loser = log.on_drop("loser dropped");
    let slow = async move {
        let _loser = loser;
        after(secs(9), Ok("slow")).await
    };
    let parts = [after(secs(1), Err("refused")).boxed(), slow.boxed(), after(secs(2), Ok("fast")).boxed()];
    let mut race = pin!(race_ok(parts));
    assert_eq!((&mut race).await, Ok(("fast", 2)));
    assert_eq!((start.elapsed(), log.all()), (secs(2), vec!["loser dropped".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn where_all_fail_the_errors_are_in_order_and_the_last_is_the_source() {
    let fails = |delay, text: &'static str| after(secs(delay), Err::<u8, _>(std::io::Error::other(text)));
    let failed = race_ok([fails(1, "a"), fails(3, "b"), fails(2, "c")]).await.unwrap_err();
    assert_eq!(failed.errors().iter().map(ToString::to_string).collect::<Vec<_>>(), ["a", "b", "c"]);
    assert_eq!(failed.source().unwrap().to_string(), "b");
    assert_eq!(failed.to_string(), "all 3 failed");
    assert_eq!(failed.into_errors().len(), 3);
}

#[test]
fn a_race_of_nobody_is_refused_and_a_search_for_a_success_among_none_fails() {
    let panic = catch_panic(|| race(Vec::<Ready<u8>>::new())).unwrap_err();
    assert_eq!(panic.message(), "a race of no futures could never end");
    assert!(panic.place().unwrap().contains("it/gather/race.rs"));

    let failed = race_ok(Vec::<Ready<Result<u8, std::io::Error>>>::new()).now_or_never().unwrap().unwrap_err();
    assert_eq!(failed.to_string(), "there was nothing to try");
    assert!(failed.errors().is_empty() && failed.source().is_none());
}

#[tokio::test(start_paused = true)]
async fn racing_references_keeps_the_losers() {
    let mut a = pin!(after(secs(1), "a"));
    let mut b = pin!(after(secs(3), "b"));
    let (first, _) = race([a.as_mut(), b.as_mut()]).await;
    assert_eq!((first, b.await), ("a", "b"));
}

#[test]
fn the_futures_can_be_printed() {
    let parts = || [std::future::pending::<Result<u8, u8>>(), std::future::pending()];
    assert_eq!(format!("{:?}", race(parts())), "Race { unfinished: 2 }");
    assert_eq!(format!("{:?}", race_ok(parts())), "RaceOk { unfinished: 2, .. }");
}
