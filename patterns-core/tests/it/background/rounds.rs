use std::io;
use std::time::Duration;

use futures_util::future::BoxFuture;
use patterns_core::background::Background;
use patterns_core::context::{self, Context, Interrupt};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use super::{Failures, limited, nothing, numbers};
use crate::support::{Log, ms, secs};

/// Rounds that take as long as told, the last of them again and again; notes when each begins.
fn timed(log: &Log, takes: &'static [u64]) -> impl FnMut() -> BoxFuture<'static, io::Result<()>> + use<> {
    let (log, start, mut round) = (log.clone(), Instant::now(), 0);
    move || {
        log.add(start.elapsed().as_millis().to_string());
        let takes = takes[round.min(takes.len() - 1)];
        round += 1;
        Box::pin(async move {
            sleep(ms(takes)).await;
            Ok(())
        })
    }
}

async fn begins(takes: &'static [u64], watched: Duration) -> Vec<String> {
    let (background, log) = (Background::new("b"), Log::default());
    background.every(secs(1), "loop", timed(&log, takes)).unwrap();
    sleep(watched).await;
    log.all()
}

#[tokio::test(start_paused = true)]
async fn rounds_begin_at_once_and_then_on_the_grid_however_long_they_take() {
    assert_eq!(begins(&[0], ms(3500)).await, ["0", "1000", "2000", "3000"]);
    assert_eq!(begins(&[300, 999, 1, 700], ms(4500)).await, ["0", "1000", "2000", "3000", "4000"]);
    assert_eq!(begins(&[1000], ms(3500)).await, ["0", "1000", "2000", "3000"]);
}

#[tokio::test(start_paused = true)]
async fn what_a_long_round_missed_is_skipped_and_rounds_never_overlap() {
    assert_eq!(begins(&[2500, 0], ms(5500)).await, ["0", "3000", "4000", "5000"]);
    assert_eq!(begins(&[1001], ms(7000)).await, ["0", "2000", "4000", "6000"]);
    assert_eq!(begins(&[0, 3000, 0], ms(5500)).await, ["0", "1000", "4000", "5000"]);
}

#[tokio::test(start_paused = true)]
async fn a_round_that_fails_or_panics_goes_to_the_sink_and_the_loop_goes_on() {
    let (failures, log) = (Failures::default(), Log::default());
    let background = Background::builder("cache").on_error(failures.sink()).build().unwrap();
    let (inner, mut round) = (log.clone(), 0);
    let refresh = move || {
        round += 1;
        inner.add(format!("round {round}"));
        assert!(round != 4, "no more");
        async move {
            sleep(ms(100)).await;
            match round {
                1 => Err(io::Error::other("not reachable")),
                2 => panic!("no such key"),
                _ => Ok(()),
            }
        }
    };
    let line = line!() + 1;
    let loops = Context::current().named("app").sync_scope(|| background.every(secs(1), "refresh", refresh));
    loops.unwrap();
    sleep(ms(4500)).await;
    assert_eq!(log.all().len(), 5, "the fourth panicked before it had a future");
    let failures = failures.all();
    let texts: Vec<_> = failures.iter().map(|failed| failed.to_string()).collect();
    assert_eq!(texts[0], "app/refresh: not reachable");
    assert!(texts[1].starts_with("app/refresh: panicked: no such key (at "), "{}", texts[1]);
    assert!(texts[2].starts_with("app/refresh: panicked: no more (at "), "{}", texts[2]);
    assert_eq!(texts.len(), 3);
    assert_eq!(failures[0].ran_for(), ms(100), "of the round, not of the loop");
    assert_eq!(failures[0].place().line(), line);
    assert_eq!(numbers(background.status()), [0, 0, 0, 0, 1], "the loop itself has not failed");
    assert_eq!(background.status().failed_rounds, 3);
    background.drain().await.unwrap();
    assert!(!background.shutdown(secs(0)).await.is_clean(), "rounds failed");
}

#[tokio::test(start_paused = true)]
async fn between_two_rounds_it_ends_at_once_and_well() {
    for how in ["token", "close", "shutdown"] {
        let (background, log, start) = (Background::new("b"), Log::default(), Instant::now());
        let token = background.every(secs(60), "loop", timed(&log, &[0])).unwrap();
        sleep(secs(90)).await;
        match how {
            "token" => assert!(token.cancel("enough")),
            "close" => background.close(),
            _ => assert!(background.shutdown(secs(5)).await.is_clean()),
        }
        background.drain().await.unwrap();
        assert_eq!((numbers(background.status()), start.elapsed()), ([1, 0, 0, 0, 0], secs(90)), "{how}");
        assert_eq!(log.all(), ["0", "60000"]);
    }
}

/// Each round works interruptibly, and cleans up when it is cut.
fn listening(log: &Log) -> impl FnMut() -> BoxFuture<'static, Result<(), Interrupt>> + use<> {
    let log = log.clone();
    move || {
        let log = log.clone();
        Box::pin(async move {
            let worked = context::sleep(secs(10)).await;
            sleep(secs(1)).await;
            log.add(if worked.is_ok() { "finished" } else { "cleaned up" });
            worked
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_round_that_listens_is_cut_short_by_its_token_and_cleans_up() {
    let (background, log, start) = (limited(2), Log::default(), Instant::now());
    let one = background.every(secs(60), "one", listening(&log)).unwrap();
    background.every(secs(60), "other", timed(&Log::default(), &[0])).unwrap();
    sleep(secs(5)).await;
    one.cancel("enough");
    sleep(secs(2)).await;
    assert_eq!(log.all(), ["cleaned up"]);
    assert_eq!(numbers(background.status()), [0, 0, 0, 1, 1], "the other goes on");
    background.drain().await.unwrap();
    assert_eq!((numbers(background.status()), start.elapsed()), ([1, 0, 0, 1, 0], secs(7)));
}

#[tokio::test(start_paused = true)]
async fn draining_lets_the_round_that_runs_finish() {
    let (background, log, start) = (Background::new("b"), Log::default(), Instant::now());
    background.every(secs(1), "loop", listening(&log)).unwrap();
    sleep(secs(5)).await;
    background.drain().await.unwrap();
    assert_eq!((log.all(), start.elapsed()), (vec!["finished".to_owned()], secs(11)));
    assert_eq!(numbers(background.status()), [1, 0, 0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_round_that_does_not_listen_may_finish_within_the_grace_and_is_aborted_after_it() {
    for (grace, expected) in [(secs(9), [1, 0, 0, 0, 0]), (secs(2), [0, 0, 0, 1, 0])] {
        let (background, log) = (Background::new("b"), Log::default());
        background.every(secs(60), "loop", timed(&log, &[10_000])).unwrap();
        sleep(secs(5)).await;
        let receipt = background.shutdown(grace).await;
        assert_eq!(numbers(receipt.status), expected);
        assert_eq!(receipt.stragglers.len() as u64, expected[3]);
        assert_eq!(log.all().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_loop_takes_up_a_place() {
    let background = limited(1);
    let first = background.every(secs(1), "first", nothing).unwrap();
    let error = background.every(secs(1), "second", nothing).unwrap_err();
    assert!(error.is_full());
    assert!(background.try_spawn("task", nothing()).unwrap_err().is_full());
    yield_now().await;
    first.cancel("enough");
    background.spawn("task", nothing()).await.unwrap();
    background.drain().await.unwrap();
    assert_eq!(numbers(background.status()), [2, 0, 0, 0, 0]);
    error.into_inner()().await.unwrap();
}
