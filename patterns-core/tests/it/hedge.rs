//! `hedge`: when another attempt starts, who wins, and what becomes of the losers.
use std::cell::Cell;
use std::error::Error;
use std::future::Ready;
use std::io;
use std::time::Duration;

use patterns_core::cancel::{CancelToken, timeout};
use patterns_core::context::{self, Context, Interrupt};
use patterns_core::hedge::{AttemptFailure, Hedge, HedgeError};
use patterns_core::reaper::Reaper;
use patterns_core::retry::RetryBudget;
use patterns_core::task_group::TaskGroup;
use patterns_core::testing::explore_cancellation;
use proptest::prelude::*;
use tokio::time::{Instant, sleep};

use crate::support::{Log, is_busy_for, ms, secs};

/// Takes its time; asked to stop, it needs another second for its cleanup.
async fn works(log: Log, number: u32, takes: Duration) -> Result<u32, Interrupt> {
    log.add(format!("{number} begun"));
    match context::sleep(takes).await {
        Ok(()) => {
            log.add(format!("{number} done"));
            Ok(number)
        }
        Err(interrupt) => {
            sleep(secs(1)).await;
            let why = interrupt.cause().map_or("deadline", |cause| cause.message());
            log.add(format!("{number} cleaned up: {why}"));
            Err(interrupt)
        }
    }
}

/// The first is slow.
fn slow_first(number: u32) -> Duration {
    if number == 1 { secs(60) } else { ms(10) }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_answers_in_time_is_not_hedged() {
    let (hedge, calls, start) = (Hedge::after(ms(50)), Cell::new(0), Instant::now());
    let answer = hedge.run(|number| {
        calls.set(calls.get() + 1);
        async move {
            sleep(ms(10)).await;
            Ok::<_, io::Error>(number)
        }
    });
    assert_eq!(answer.await.unwrap(), 1);
    assert_eq!((calls.get(), start.elapsed()), (1, ms(10)));
    assert_eq!((hedge.status().calls, hedge.status().hedges), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn each_further_attempt_starts_a_delay_after_the_last_up_to_the_limit() {
    let hedge = Hedge::after(ms(50)).max_attempts(3);
    let start = Instant::now();
    let started = Log::default();
    let answer = hedge.run(|number| {
        started.add(format!("{number} at {:?}", start.elapsed()));
        async move {
            sleep(if number == 3 { ms(300) } else { secs(60) }).await;
            Ok::<_, io::Error>(number)
        }
    });
    assert_eq!(answer.await.unwrap(), 3);
    assert_eq!(started.all(), ["1 at 0ns", "2 at 50ms", "3 at 100ms"]);
    assert_eq!(start.elapsed(), ms(400));
    let status = hedge.status();
    assert_eq!((status.calls, status.hedges, status.hedge_wins), (1, 2, 1));
}

#[tokio::test(start_paused = true)]
async fn the_first_attempt_may_still_win() {
    let hedge = Hedge::after(ms(50));
    let answer = hedge.run(|number| async move {
        sleep(ms(if number == 1 { 70 } else { 500 })).await;
        Ok::<_, io::Error>(number)
    });
    assert_eq!(answer.await.unwrap(), 1);
    assert_eq!((hedge.status().hedges, hedge.status().hedge_wins), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn the_loser_is_asked_to_stop_and_the_root_waits_for_its_cleanup() {
    let (root, log, start) = (Reaper::new(), Log::default(), Instant::now());
    root.run(async {
        let answer = Hedge::after(ms(50)).run(|number| works(log.clone(), number, slow_first(number))).await;
        assert_eq!(answer.unwrap(), 2);
        assert_eq!(start.elapsed(), ms(60), "the answer does not wait for that");
        assert_eq!(root.live()[0].path.to_string(), "hedge");
    })
    .await;
    assert_eq!(log.all(), ["1 begun", "2 begun", "2 done", "1 cleaned up: the call has its answer"]);
    assert_eq!(start.elapsed(), ms(1_060));
}

#[tokio::test(start_paused = true)]
async fn an_enclosing_group_waits_for_the_losers_too() {
    let log = Log::default();
    let result = TaskGroup::new("app").run(async |_| {
        let answer = Hedge::after(ms(50)).run(|number| works(log.clone(), number, slow_first(number))).await;
        Ok(answer?)
    });
    assert_eq!(result.await.unwrap(), 2);
    assert!(log.has("1 cleaned up: the call has its answer"));
}

#[tokio::test(start_paused = true)]
async fn a_loser_that_does_not_stop_is_aborted_after_the_grace() {
    let (root, log, start) = (Reaper::new(), Log::default(), Instant::now());
    root.run(async {
        let hedge = Hedge::after(ms(50)).grace(secs(2));
        let answer = hedge.run(|number| {
            let guard = log.on_drop(format!("{number} dropped"));
            async move {
                let _guard = guard;
                sleep(slow_first(number)).await;
                Ok::<_, io::Error>(number)
            }
        });
        assert_eq!(answer.await.unwrap(), 2);
    })
    .await;
    assert!(log.has("1 dropped"));
    assert_eq!(start.elapsed(), ms(2_060));
}

#[tokio::test(start_paused = true)]
async fn attempts_of_a_dropped_call_are_asked_to_stop_and_awaited() {
    let (root, log) = (Reaper::new(), Log::default());
    let hedge = Hedge::after(ms(50));
    root.run(async {
        let call = hedge.run(|number| works(log.clone(), number, secs(60)));
        assert!(tokio::time::timeout(ms(100), call).await.is_err());
    })
    .await;
    assert_eq!(hedge.status().hedges, 1);
    assert!(log.has("1 cleaned up: its group was dropped unfinished"), "{:?}", log.all());
    assert!(log.has("2 cleaned up: its group was dropped unfinished"), "{:?}", log.all());
}

#[tokio::test(start_paused = true)]
async fn each_attempt_runs_under_a_name_of_its_own() {
    let (hedge, log) = (Hedge::after(ms(50)), Log::default());
    let call = hedge.run(|number| {
        let log = log.clone();
        async move {
            log.add(Context::current().path().to_string());
            sleep(ms(100)).await;
            Ok::<_, io::Error>(number)
        }
    });
    assert_eq!(Context::current().named("app").scope(call).await.unwrap(), 1);
    assert_eq!(log.all(), ["app/hedge/attempt-1", "app/hedge/attempt-2"]);
}

#[tokio::test(start_paused = true)]
async fn the_error_has_every_attempt_in_the_order_in_which_they_failed() {
    let (hedge, start) = (Hedge::after(ms(50)), Instant::now());
    let call = hedge.run(|number| async move {
        sleep(ms(if number == 1 { 80 } else { 10 })).await;
        Err::<(), _>(io::Error::other(format!("replica {number} is down")))
    });
    let error = call.await.unwrap_err();
    let log: Vec<_> = error.attempts().iter().map(|a| (a.number, a.started - start, a.elapsed)).collect();
    assert_eq!(log, [(2, ms(50), ms(10)), (1, ms(0), ms(80))]);
    let texts: Vec<_> = error.errors().map(ToString::to_string).collect();
    assert_eq!(texts, ["replica 2 is down", "replica 1 is down"]);
    assert_eq!(error.to_string(), "all 2 attempts failed");
    assert_eq!(error.source().unwrap().to_string(), "replica 1 is down");
    assert_eq!(error.into_inner().unwrap().to_string(), "replica 1 is down");
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_not_hedged() {
    let (hedge, calls, start) = (Hedge::after(ms(50)), Cell::new(0), Instant::now());
    let call = hedge.run(|_| {
        calls.set(calls.get() + 1);
        async {
            sleep(ms(10)).await;
            Err::<(), _>("not found")
        }
    });
    let error = call.await.unwrap_err();
    assert_eq!((error.to_string().as_str(), error.into_inner()), ("the only attempt failed", Some("not found")));
    assert_eq!((calls.get(), start.elapsed()), (1, ms(10)));
}

#[tokio::test(start_paused = true)]
async fn one_that_fails_leaves_the_other_its_chance() {
    let hedge = Hedge::after(ms(50));
    let call = hedge.run(|number| async move {
        sleep(ms(100)).await;
        if number == 1 { Err("down") } else { Ok(number) }
    });
    assert_eq!(call.await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_an_attempt_that_failed() {
    let hedge = Hedge::after(ms(50));
    let call = hedge.run(|number| async move {
        sleep(ms(60)).await;
        assert!(number != 1, "replica 1 is broken");
        Ok::<_, io::Error>(number)
    });
    assert_eq!(call.await.unwrap(), 2);

    let call = hedge.run(|number| async move {
        assert!(number != 1, "replica 1 is broken");
        Ok::<_, io::Error>(())
    });
    let error = call.await.unwrap_err();
    let [attempt] = error.attempts() else { panic!("{error:?}") };
    let AttemptFailure::Panicked(panic) = &attempt.failure else { panic!("{error:?}") };
    assert_eq!(panic.message(), "replica 1 is broken");
    assert!(panic.place().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_operation_itself_is_one_too() {
    let hedge = Hedge::after(ms(50));
    let error = hedge.run(|_| -> Ready<Result<(), io::Error>> { panic!("no replica") }).await.unwrap_err();
    assert_eq!(error.source().unwrap().to_string().split(" (at ").next(), Some("panicked: no replica"));
}

#[tokio::test(start_paused = true)]
async fn hedges_take_tokens_of_the_budget_and_successes_give_some_back() {
    let budget = RetryBudget::new(1);
    let hedge = Hedge::after(ms(50)).budget(budget.clone());
    let call = || {
        hedge.run(|number| async move {
            sleep(ms(if number == 1 { 200 } else { 10 })).await;
            Ok::<_, io::Error>(number)
        })
    };
    assert_eq!(call().await.unwrap(), 2);
    assert_eq!(budget.available(), 0.1);
    let start = Instant::now();
    assert_eq!(call().await.unwrap(), 1, "no token, no hedge");
    assert_eq!(start.elapsed(), ms(200));
    assert_eq!((hedge.status().hedges, hedge.status().refused, budget.available()), (1, 1, 0.2));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_started_at_the_deadline() {
    let hedge = Hedge::after(ms(50));
    let call = hedge.run(|number| async move { context::sleep(secs(60)).await.map(|()| number) });
    assert!(timeout(ms(50), call).await.is_err());
    assert_eq!((hedge.status().calls, hedge.status().hedges), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_started_that_would_typically_come_too_late() {
    let hedge = Hedge::percentile(0.95, secs(1));
    for _ in 0..20 {
        let quick = hedge.run_borrowing(async |_| {
            sleep(ms(100)).await;
            Ok::<_, io::Error>(())
        });
        quick.await.unwrap();
    }
    assert_eq!((hedge.status().delay, hedge.status().hedges), (ms(100), 0));
    let slow = || hedge.run(|_| context::sleep(secs(60)));
    assert!(timeout(ms(200), slow()).await.is_err(), "as much is left as it typically takes");
    assert_eq!(hedge.status().hedges, 0);
    assert!(timeout(ms(201), slow()).await.is_err());
    assert_eq!(hedge.status().hedges, 1);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_caller_starts_nothing() {
    let (hedge, token) = (Hedge::after(ms(50)), CancelToken::new());
    token.cancel("enough");
    let call = hedge.run(|_| async { Ok::<(), io::Error>(()) });
    let error = Context::current().with_token(token).scope(call).await.unwrap_err();
    let HedgeError::Interrupted(interrupt) = &error else { panic!("{error:?}") };
    assert_eq!(interrupt.cause().unwrap().message(), "enough");
    assert!(error.is_interrupted() && error.attempts().is_empty());
    assert!(error.source().unwrap().is::<Interrupt>());

    let late = Context::current().with_deadline(Instant::now());
    let error = late.scope(hedge.run(|_| async { Ok::<(), io::Error>(()) })).await.unwrap_err();
    assert!(matches!(&error, HedgeError::Interrupted(interrupt) if interrupt.is_deadline()));
    assert_eq!(hedge.status().calls, 0);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_call_ends_when_its_attempts_have_cleaned_up() {
    let (hedge, log, token, start) = (Hedge::after(ms(50)), Log::default(), CancelToken::new(), Instant::now());
    let call = hedge.run(|number| works(log.clone(), number, secs(60)));
    let call = Context::current().with_token(token.clone()).scope(call);
    let (result, ()) = tokio::join!(call, async {
        sleep(ms(80)).await;
        token.cancel("enough");
    });
    let error = result.unwrap_err();
    assert_eq!(start.elapsed(), ms(1_080));
    assert_eq!(error.attempts().len(), 2);
    assert!(error.errors().all(|interrupt| interrupt.cause().unwrap().message() == "enough"));
    assert!(error.source().unwrap().is::<Interrupt>());
    assert!(log.has("1 cleaned up: enough") && log.has("2 cleaned up: enough"));
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_call_whose_attempts_do_not_stop_ends_after_the_grace() {
    let (hedge, token, start) = (Hedge::after(ms(50)).grace(secs(2)), CancelToken::new(), Instant::now());
    let call = hedge.run(|_| std::future::pending::<Result<(), io::Error>>());
    let call = Context::current().with_token(token.clone()).scope(call);
    let (result, ()) = tokio::join!(call, async {
        sleep(ms(80)).await;
        token.cancel("enough");
    });
    let error = result.unwrap_err();
    assert_eq!(start.elapsed(), ms(2_080));
    assert_eq!(error.attempts().len(), 2);
    for attempt in error.attempts() {
        let AttemptFailure::Cancelled(cause) = &attempt.failure else { panic!("{error:?}") };
        assert_eq!(cause.message(), "enough");
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_attempts_are_started_once_the_caller_is_cancelled() {
    let (hedge, log, token) = (Hedge::after(ms(50)), Log::default(), CancelToken::new());
    let call = hedge.run(|number| works(log.clone(), number, secs(60)));
    let call = Context::current().with_token(token.clone()).scope(call);
    let (result, ()) = tokio::join!(call, async {
        sleep(ms(20)).await;
        token.cancel("enough");
    });
    assert_eq!(result.unwrap_err().attempts().len(), 1);
    assert_eq!(log.all(), ["1 begun", "1 cleaned up: enough"]);
}

#[tokio::test(start_paused = true)]
async fn borrowing_attempts_need_no_task_and_losers_are_dropped() {
    let (hedge, log, start) = (Hedge::after(ms(50)), Log::default(), Instant::now());
    let names = ["a".to_owned(), "b".to_owned()];
    let call = hedge.run_borrowing(async |number| {
        let name = &names[number as usize - 1];
        let _guard = log.on_drop(format!("{name} dropped"));
        sleep(slow_first(number)).await;
        Ok::<_, io::Error>(name)
    });
    assert_eq!(call.await.unwrap(), "b");
    assert_eq!(start.elapsed(), ms(60));
    assert_eq!(log.all(), ["b dropped", "a dropped"]);
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_a_borrowing_attempt_goes_through() {
    let call = tokio::spawn(async {
        Hedge::after(ms(50)).run_borrowing(async |_| -> Result<(), io::Error> { panic!("broken") }).await
    });
    assert!(call.await.unwrap_err().is_panic());
}

#[test]
#[should_panic(expected = "at least 1 attempt")]
fn no_attempts_at_all_are_refused() {
    let _ = Hedge::after(ms(50)).max_attempts(0);
}

#[test]
#[should_panic(expected = "between 0.001 and 0.999")]
fn a_percentile_given_in_percent_is_refused() {
    let _ = Hedge::percentile(95.0, ms(50));
}

#[test]
fn an_interruption_at_any_poll_leaves_no_attempt_without_its_cleanup() {
    explore_cancellation(
        async || Log::default(),
        async |log| {
            let hedge = Hedge::after(ms(50));
            let _ = hedge.run(|number| works(log.clone(), number, slow_first(number))).await;
        },
        async |log| {
            for number in 1..=2 {
                let said = |what: &str| log.all().iter().any(|line| line.starts_with(&format!("{number} {what}")));
                assert_eq!(said("begun"), said("done") || said("cleaned up"), "{:?}", log.all());
            }
        },
    );
}

#[test]
fn an_interruption_at_any_poll_takes_no_token_without_an_attempt() {
    explore_cancellation(
        async || {
            let budget = RetryBudget::with_ratio(10, 0.0);
            (Hedge::after(ms(50)).max_attempts(3).budget(budget.clone()), budget, Log::default())
        },
        async |(hedge, _, log)| {
            let _ = hedge.run(|number| works(log.clone(), number, secs(number.into()))).await;
        },
        async |(hedge, budget, _)| {
            let hedges = hedge.status().hedges;
            assert!(hedges <= 2);
            assert_eq!(budget.available(), 10.0 - hedges as f64);
        },
    );
}

fn block_on<F: Future>(fut: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(fut)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn the_answer_comes_as_early_as_any_attempt_gives_it_and_none_is_started_later(
        delay in 1_u64..100,
        latencies in prop::collection::vec(1_u64..500, 1..6),
    ) {
        let starts = || (0..).map(move |n: u64| n * delay).take(latencies.len());
        let earliest = starts().zip(&latencies).map(|(start, latency)| start + latency).min().unwrap();
        let (elapsed, calls) = block_on(async {
            let (begun, calls) = (Instant::now(), Cell::new(0));
            let hedge = Hedge::after(ms(delay)).max_attempts(u32::try_from(latencies.len()).unwrap());
            let call = hedge.run_borrowing(async |number| {
                calls.set(calls.get() + 1);
                sleep(ms(latencies[number as usize - 1])).await;
                Ok::<_, io::Error>(())
            });
            call.await.unwrap();
            (begun.elapsed(), calls.get())
        });
        prop_assert_eq!(elapsed, ms(earliest));
        prop_assert_eq!(calls, starts().filter(|start| *start < earliest).count());
    }

    #[test]
    fn the_delay_is_the_percentile_of_the_latest_calls(
        per_mille in 1_usize..1_000,
        latencies in prop::collection::vec(1_u64..1_000, 16..200),
    ) {
        let delay = block_on(async {
            let hedge = Hedge::percentile(per_mille as f64 / 1_000.0, secs(9)).max_attempts(1);
            for latency in &latencies {
                let call = hedge.run_borrowing(async |_| {
                    sleep(ms(*latency)).await;
                    Ok::<_, io::Error>(())
                });
                call.await.unwrap();
            }
            hedge.status().delay
        });
        let mut latest = latencies[latencies.len().saturating_sub(128)..].to_vec();
        latest.sort_unstable();
        // The smallest that so many of a thousand don't exceed.
        let enough = |within: &usize| within * 1_000 >= per_mille * latest.len();
        let rank = (1..=latest.len()).find(enough).unwrap();
        prop_assert_eq!(delay, ms(latest[rank - 1]));
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_is_never_out_of_work_is_hedged_too() {
    let hedge = Hedge::after(secs(1));
    let won = tokio::spawn(async move {
        hedge
            .run_borrowing(async |number| {
                if number == 1 {
                    is_busy_for(secs(9)).await;
                }
                Ok::<_, io::Error>(number)
            })
            .await
    });
    assert_eq!(won.await.unwrap().unwrap(), 2);
}
