//! `retry`: attempts, delays, what ends them, and what the error tells. Dropping at every poll at the end.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::cell::Cell;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context as TaskContext, Waker};
use std::time::Duration;

use patterns_core::cancel::{CancelToken, timeout};
use patterns_core::context::{self, Context};
use patterns_core::retry::{Exponential, Jitter, Retry, RetryBudget, RetryError, StopReason, Verdict};
use proptest::prelude::*;
use tokio::time::{Instant, sleep};

const SECOND: Duration = Duration::from_secs(1);

fn delays<E>(error: &RetryError<E>) -> Vec<Duration> {
    error.log().iter().filter_map(|attempt| attempt.delay).collect()
}

#[tokio::test(start_paused = true)]
async fn a_success_ends_the_attempts() {
    let calls = Cell::new(0);
    let retry = Retry::fixed(SECOND).max_attempts(10);
    let start = Instant::now();
    let value = retry
        .run(async || {
            calls.set(calls.get() + 1);
            if calls.get() < 4 { Err("not yet") } else { Ok(calls.get()) }
        })
        .await;
    assert_eq!(value.unwrap(), 4);
    assert_eq!(start.elapsed(), 3 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn three_attempts_are_made_by_default() {
    let calls = Cell::new(0);
    let retry = Retry::exponential(SECOND).jitter(Jitter::None);
    let start = Instant::now();
    let error = retry
        .run(async || {
            calls.set(calls.get() + 1);
            Err::<(), _>(calls.get())
        })
        .await
        .unwrap_err();
    assert_eq!((calls.get(), error.attempts(), start.elapsed()), (3, 3, 3 * SECOND));
    assert!(matches!(error.reason(), StopReason::AttemptsUsedUp));
    assert_eq!(error.into_inner(), Some(3), "the last error, not the first");
}

#[tokio::test(start_paused = true)]
async fn delays_double_up_to_the_longest() {
    let retry = Retry::exponential(SECOND).jitter(Jitter::None).max_delay(5 * SECOND).max_attempts(6);
    let error = retry.run(async || Err::<(), _>(())).await.unwrap_err();
    assert_eq!(delays(&error), [1, 2, 4, 5, 5].map(Duration::from_secs));
}

#[test]
fn exponential_delays_stay_at_the_largest_duration_instead_of_overflowing() {
    let mut delays = Exponential::new(SECOND).factor(1e6);
    assert_eq!(delays.nth(9), Some(Duration::MAX));
    assert_eq!(delays.next(), Some(Duration::MAX));
}

#[tokio::test(start_paused = true)]
async fn only_errors_that_are_worth_it_are_retried() {
    let retry = Retry::fixed(SECOND).max_attempts(9).retry_if(|error: &&str| *error == "transient");
    let calls = Cell::new(0);
    let error = retry
        .run(async || {
            calls.set(calls.get() + 1);
            Err::<(), _>(if calls.get() == 3 { "fatal" } else { "transient" })
        })
        .await
        .unwrap_err();
    assert_eq!((calls.get(), error.into_inner()), (3, Some("fatal")));
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_honoured_even_beyond_the_longest_delay() {
    let retry = Retry::fixed(SECOND)
        .max_delay(2 * SECOND)
        .max_attempts(2)
        .classify(|wait: &u64| Verdict::RetryAfter(Duration::from_secs(*wait)));
    for (asked, waited) in [(60, 60), (0, 1)] {
        let error = retry.run(async || Err::<(), _>(asked)).await.unwrap_err();
        assert_eq!(delays(&error), [Duration::from_secs(waited)]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_delay_that_would_pass_the_deadline_ends_the_retry_at_once() {
    let start = Instant::now();
    let retry = Retry::fixed(4 * SECOND).max_attempts(100);
    let run = timeout(10 * SECOND, retry.run(async || Err::<(), _>("down")));
    let error = run.await.expect("ended before the timeout").unwrap_err();
    assert_eq!((error.attempts(), start.elapsed()), (3, 8 * SECOND), "12 s would have been too late");
    assert!(matches!(error.reason(), StopReason::DeadlineTooClose));

    let retry = retry.classify(|_: &&str| Verdict::RetryAfter(3600 * SECOND));
    let start = Instant::now();
    let run = timeout(60 * SECOND, retry.run(async || Err::<(), _>("busy")));
    assert!(matches!(run.await.unwrap().unwrap_err().reason(), StopReason::DeadlineTooClose));
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_would_begin_exactly_at_the_deadline_is_not_made() {
    let retry = Retry::fixed(5 * SECOND).max_attempts(100);
    let run = timeout(10 * SECOND, retry.run(async || Err::<(), _>("down")));
    assert_eq!(run.await.unwrap().unwrap_err().attempts(), 2);
}

#[tokio::test(start_paused = true)]
async fn no_attempt_is_made_after_the_deadline_or_a_cancellation() {
    let calls = Cell::new(0);
    let retry = Retry::fixed(SECOND);
    let attempt = || async {
        retry
            .run(async || {
                calls.set(calls.get() + 1);
                Err::<(), _>("down")
            })
            .await
            .unwrap_err()
    };
    let late = Context::current().with_deadline(Instant::now());
    let error = late.scope(attempt()).await;
    assert!(matches!(error.reason(), StopReason::DeadlineTooClose));
    assert_eq!(error.to_string(), "not attempted: no time for another attempt before the deadline");
    assert!(error.error().is_none());

    let token = CancelToken::new();
    token.cancel("enough");
    let error = Context::current().with_token(token).scope(attempt()).await;
    let StopReason::Interrupted(interrupt) = error.reason() else { panic!("{error:?}") };
    assert_eq!(interrupt.cause().unwrap().message(), "enough");
    assert_eq!((calls.get(), error.attempts()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_ends_the_delay_and_keeps_the_last_error() {
    let token = CancelToken::new();
    let start = Instant::now();
    let retry = Retry::fixed(60 * SECOND);
    let run = Context::current().with_token(token.clone()).scope(async {
        let error = retry.run(async || Err::<(), _>("down")).await.unwrap_err();
        (error, start.elapsed())
    });
    let ((error, after), ()) = tokio::join!(run, async {
        sleep(SECOND).await;
        token.cancel("enough");
    });
    assert_eq!((after, error.attempts()), (SECOND, 1));
    assert!(matches!(error.reason(), StopReason::Interrupted(_)));
    assert_eq!(error.into_inner(), Some("down"));
}

#[tokio::test(start_paused = true)]
async fn an_error_in_a_cancelled_context_is_not_retried_even_without_a_delay() {
    let token = CancelToken::new();
    let calls = Cell::new(0);
    Context::current()
        .with_token(token.clone())
        .scope(async {
            let retry = Retry::fixed(Duration::ZERO).max_attempts(100);
            let error = retry
                .run(async || {
                    calls.set(calls.get() + 1);
                    if calls.get() == 2 {
                        token.cancel("enough");
                    }
                    context::sleep(Duration::ZERO).await?;
                    Err::<(), Box<dyn Error>>("down".into())
                })
                .await
                .unwrap_err();
            assert!(matches!(error.reason(), StopReason::Interrupted(_)));
        })
        .await;
    assert_eq!(calls.get(), 2);
}

/// backon 1.6 with a total delay of 5 s makes attempts of 10 s for 65 s: it sums up its sleeps alone.
#[tokio::test(start_paused = true)]
async fn max_elapsed_is_time_on_the_clock_not_a_sum_of_sleeps() {
    let start = Instant::now();
    let retry = Retry::fixed(SECOND).max_attempts(100).max_elapsed(5 * SECOND);
    let slow = retry
        .run(async || {
            sleep(10 * SECOND).await;
            Err::<(), _>("slow")
        })
        .await
        .unwrap_err();
    assert_eq!((slow.attempts(), start.elapsed()), (1, 10 * SECOND));
    assert!(matches!(slow.reason(), StopReason::TimeUsedUp));

    let quick = retry.run(async || Err::<(), _>("quick")).await.unwrap_err();
    assert_eq!((quick.attempts(), quick.elapsed()), (6, 5 * SECOND), "the last begins after exactly 5 s");
}

#[tokio::test(start_paused = true)]
async fn the_log_tells_when_each_attempt_began_how_long_it_took_and_what_followed() {
    let start = Instant::now();
    let length = Cell::new(0);
    let retry = Retry::fixed(2 * SECOND);
    let error = retry
        .run(async || {
            length.set(length.get() + 1);
            sleep(length.get() * SECOND).await;
            Err::<(), _>("down")
        })
        .await
        .unwrap_err();
    let log: Vec<_> = error.log().iter().map(|a| (a.number, a.started - start, a.elapsed, a.delay)).collect();
    assert_eq!(
        log,
        [
            (1, Duration::ZERO, SECOND, Some(2 * SECOND)),
            (2, 3 * SECOND, 2 * SECOND, Some(2 * SECOND)),
            (3, 7 * SECOND, 3 * SECOND, None),
        ]
    );
    assert_eq!(error.elapsed(), 10 * SECOND);
    assert_eq!(error.to_string(), "failed after 3 attempts in 10s: all attempts used up");
}

#[tokio::test(start_paused = true)]
async fn the_log_of_a_long_run_stays_short() {
    let retry = Retry::fixed(SECOND).max_attempts(1_000);
    let error = retry.run(async || Err::<(), _>("down")).await.unwrap_err();
    assert_eq!((error.attempts(), error.log().len()), (1_000, 32));
    assert_eq!(error.log().last().unwrap().number, 1_000);
    assert_eq!(error.elapsed(), 999 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn the_error_chain_leads_to_the_last_error() {
    let error = Retry::fixed(SECOND).run(async || "x".parse::<u8>()).await.unwrap_err();
    assert!(error.source().unwrap().is::<std::num::ParseIntError>());
    let boxed: Box<dyn Error + Send + Sync> = error.into();
    assert!(boxed.to_string().starts_with("failed after 3 attempts"));
}

#[tokio::test(start_paused = true)]
async fn a_policy_is_used_by_many_tasks_at_once_and_each_run_starts_from_the_first_delay() {
    let retry = Arc::new(Retry::exponential(SECOND).jitter(Jitter::None));
    let runs: Vec<_> = (0..10)
        .map(|_| {
            let retry = Arc::clone(&retry);
            tokio::spawn(async move { retry.run(async || Err::<(), _>("down")).await.unwrap_err() })
        })
        .collect();
    for run in runs {
        assert_eq!(delays(&run.await.unwrap()), [SECOND, 2 * SECOND]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_an_attempt_goes_through() {
    let retry = Retry::fixed(SECOND);
    let run = tokio::spawn(async move { retry.run(async || -> Result<(), ()> { panic!("broken") }).await });
    assert!(run.await.unwrap_err().is_panic());
}

#[tokio::test(start_paused = true)]
async fn callers_share_a_budget_and_successes_refill_it() {
    let calls = Arc::new(AtomicU32::new(0));
    let budget = RetryBudget::with_ratio(10, 0.5);
    let retry = Retry::fixed(SECOND).max_attempts(100).budget(budget.clone());
    let runs: Vec<_> = (0..50)
        .map(|_| {
            let (retry, calls) = (retry.clone(), Arc::clone(&calls));
            tokio::spawn(async move {
                let run = retry.run(async || {
                    calls.fetch_add(1, Ordering::Relaxed);
                    Err::<(), _>("down")
                });
                run.await.unwrap_err()
            })
        })
        .collect();
    for run in runs {
        assert!(matches!(run.await.unwrap().reason(), StopReason::BudgetSpent));
    }
    assert_eq!(calls.load(Ordering::Relaxed), 50 + 10, "ten retries among fifty callers, not 4,950");
    for _ in 0..3 {
        retry.run(async || Ok::<_, ()>(())).await.unwrap();
    }
    assert_eq!(budget.available(), 1.5);
    for _ in 0..100 {
        budget.succeeded();
    }
    assert_eq!(budget.available(), 10.0, "never above its capacity");
}

#[test]
#[should_panic(expected = "at least 1 attempt")]
fn no_attempts_at_all_are_refused() {
    let _ = Retry::fixed(SECOND).max_attempts(0);
}

#[test]
#[should_panic(expected = "factor must be at least 1")]
fn a_shrinking_backoff_is_refused() {
    let _ = Exponential::new(SECOND).factor(0.5);
}

/// Drops a run after `polls` polls, for every `polls` until it ends by itself.
#[tokio::test(start_paused = true)]
async fn a_run_dropped_at_any_poll_spends_no_token_on_an_attempt_that_did_not_begin() {
    for polls in 0.. {
        let budget = RetryBudget::new(10);
        let calls = Cell::new(0_u32);
        let retry = Retry::fixed(SECOND).budget(budget.clone());
        let mut run = Box::pin(retry.run(async || {
            calls.set(calls.get() + 1);
            sleep(SECOND).await;
            Err::<(), _>("down")
        }));
        let mut ended = false;
        for _ in 0..polls {
            let mut task = TaskContext::from_waker(Waker::noop());
            ended = run.as_mut().poll(&mut task).is_ready();
            if ended {
                break;
            }
            tokio::time::advance(SECOND).await;
        }
        drop(run);
        let retries = calls.get().saturating_sub(1);
        assert_eq!(budget.available(), f64::from(10 - retries), "dropped after {polls} polls");
        if ended {
            assert_eq!(retries, 2);
            return;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_jitter_stays_in_its_bounds_and_a_seed_repeats_it(seed: u64, base in 1_u64..5_000, max in 1_u64..60_000) {
        let (base, max) = (Duration::from_millis(base), Duration::from_millis(max));
        let plain = |jitter: Jitter| {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.enable_time().start_paused(true).build().unwrap();
            let retry = Retry::exponential(base).max_delay(max).max_attempts(8).jitter(jitter).seed(seed);
            delays(&runtime.block_on(retry.run(async || Err::<(), _>("down"))).unwrap_err())
        };
        let exact = plain(Jitter::None);
        prop_assert!(exact.iter().zip(0..).all(|(delay, n)| *delay == (base * 2_u32.pow(n)).min(max)));
        for (slept, exact) in plain(Jitter::Full).iter().zip(&exact) {
            prop_assert!(slept <= exact);
        }
        for (slept, exact) in plain(Jitter::Equal).iter().zip(&exact) {
            prop_assert!(*slept >= *exact / 2 && slept <= exact);
        }
        let mut last = exact[0];
        for slept in plain(Jitter::Decorrelated) {
            prop_assert!(slept >= exact[0].min(max) && slept <= (last * 3).min(max));
            last = slept;
        }
        prop_assert_eq!(plain(Jitter::Full), plain(Jitter::Full));
    }
}

#[tokio::test(start_paused = true)]
async fn decorrelated_delays_grow_from_one_to_the_next() {
    let retry = Retry::fixed(SECOND).jitter(Jitter::Decorrelated).max_delay(3600 * SECOND).max_attempts(30);
    let error = retry.seed(7).run(async || Err::<(), _>("down")).await.unwrap_err();
    assert!(delays(&error).into_iter().max() > Some(100 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn without_a_seed_no_two_runs_are_alike() {
    let retry = Retry::exponential(SECOND).max_attempts(6);
    let mut runs = Vec::new();
    for _ in 0..2 {
        runs.push(delays(&retry.run(async || Err::<(), _>("down")).await.unwrap_err()));
    }
    assert_ne!(runs[0], runs[1]);
}
