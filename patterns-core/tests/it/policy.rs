//! `policy`: what each stage does where it is, and what is visible inside.
mod allocations;
mod guards;
mod law;
mod limits;

use std::cell::Cell;
use std::error::Error;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use patterns_core::cancel::CancelToken;
use patterns_core::context::{self, Context, Interrupt};
use patterns_core::fallback::{Fallback, NoFallback};
use patterns_core::outcome::BoxError;
use patterns_core::policy::{Policy, PolicyCause, PolicyError, WaitedFor, rank};
use patterns_core::rate_limit::{Quota, RateLimiter};
use patterns_core::retry::{Exponential, Jitter, Retry, RetryBudget, StopReason, Verdict};
use patterns_core::testing::explore_cancellation;
use tokio::time::{Instant, sleep};

use crate::support::{Log, ms, polled, secs};

fn down() -> io::Error {
    io::Error::other("the server is down")
}

#[tokio::test(start_paused = true)]
async fn without_a_stage_it_is_the_operation() {
    let policy = Policy::new();
    assert_eq!(policy.run(async || Ok::<_, io::Error>(7)).await.unwrap(), 7);
    let error = policy.run(async || Err::<(), _>(down())).await.unwrap_err();
    assert_eq!(error.to_string(), "the operation failed");
    assert_eq!(error.source().unwrap().to_string(), "the server is down");
    assert!(error.stop_reason().is_none() && error.log().is_empty());
    assert_eq!(error.into_inner().unwrap().to_string(), "the server is down");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_succeeds_goes_through_every_stage_once() {
    let limiter = RateLimiter::new(Quota::per_second(1).burst(10));
    let policy = Policy::new()
        .fallback(Fallback::value(0))
        .timeout(secs(9))
        .rate_limit(limiter.clone())
        .retry(Retry::fixed(secs(1)))
        .attempt_rate_limit(limiter.clone())
        .attempt_timeout(secs(1));
    let calls = Cell::new(0);
    let value = policy.run(async || {
        calls.set(calls.get() + 1);
        Ok::<_, io::Error>(calls.get())
    });
    assert_eq!(value.await.unwrap(), 1);
    assert_eq!(limiter.status().available, 8);
}

#[tokio::test(start_paused = true)]
async fn attempts_that_take_too_long_are_made_again() {
    let (start, calls) = (Instant::now(), Cell::new(0));
    let policy = Policy::new().retry(Retry::fixed(secs(1))).attempt_timeout(secs(2));
    let value = policy.run(async || {
        calls.set(calls.get() + 1);
        sleep(if calls.get() < 3 { secs(60) } else { ms(500) }).await;
        Ok::<_, io::Error>(calls.get())
    });
    assert_eq!(value.await.unwrap(), 3);
    assert_eq!(start.elapsed(), ms(2 * 3_000 + 500));
}

#[tokio::test(start_paused = true)]
async fn the_error_has_the_last_cause_and_the_log_of_the_retry() {
    let policy = Policy::new().retry(Retry::fixed(secs(1))).attempt_timeout(secs(2));
    let calls = Cell::new(0);
    let run = policy.run(async || {
        calls.set(calls.get() + 1);
        if calls.get() == 2 {
            std::future::pending::<()>().await;
        }
        Err::<(), _>(down())
    });
    let error = run.await.unwrap_err();
    assert!(matches!(error.cause(), PolicyCause::Failed(_)));
    let log: Vec<_> = error.log().iter().map(|a| (a.number, a.elapsed, a.delay)).collect();
    assert_eq!(log, [(1, secs(0), Some(secs(1))), (2, secs(2), Some(secs(1))), (3, secs(0), None)]);
    assert!(matches!(error.stop_reason(), Some(StopReason::AttemptsUsedUp)));
    assert_eq!(error.to_string(), "the operation failed (after 3 attempts in 4s: all attempts used up)");
    assert_eq!(error.error().unwrap().to_string(), "the server is down");
}

#[tokio::test(start_paused = true)]
async fn the_retrys_own_classifier_is_asked_about_the_operations_errors_alone() {
    let asked = Cell::new(0);
    let retry = Retry::fixed(secs(1)).max_attempts(9).classify(|_: &io::Error| {
        asked.set(asked.get() + 1);
        Verdict::Stop
    });
    let policy = Policy::new().retry(retry).attempt_timeout(secs(2));
    let calls = Cell::new(0);
    let run = policy.run(async || {
        calls.set(calls.get() + 1);
        if calls.get() < 3 {
            sleep(secs(60)).await;
        }
        Err::<(), _>(down())
    });
    let error = run.await.unwrap_err();
    assert_eq!((calls.get(), asked.get()), (3, 1), "two timed out, and one failed");
    assert!(matches!(error.stop_reason(), Some(StopReason::NotRetryable)));
}

#[tokio::test(start_paused = true)]
async fn a_retrys_budget_works_inside_of_a_policy() {
    let budget = RetryBudget::new(1);
    let policy = Policy::new().retry(Retry::fixed(secs(1)).max_attempts(9).budget(budget.clone()));
    let error = policy.run(async || Err::<(), _>(down())).await.unwrap_err();
    assert!(matches!(error.stop_reason(), Some(StopReason::BudgetSpent)));
    assert_eq!(error.log().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_counts_calls_or_attempts() {
    let limited = || RateLimiter::new(Quota::per_second(1));
    let retry = || Retry::fixed(ms(1));
    let start = Instant::now();
    let policy = Policy::new().rate_limit(limited()).retry(retry());
    policy.run(async || Err::<(), _>(down())).await.unwrap_err();
    assert_eq!(start.elapsed(), ms(2), "one unit for three attempts");

    let start = Instant::now();
    let policy = Policy::new().retry(retry()).attempt_rate_limit(limited());
    policy.run(async || Err::<(), _>(down())).await.unwrap_err();
    assert_eq!(start.elapsed(), secs(2), "three units");
}

#[tokio::test(start_paused = true)]
async fn dropped_while_it_waits_for_the_rate_limit_it_leaves_the_line() {
    let limiter = RateLimiter::new(Quota::one_per(secs(60)));
    limiter.try_acquire().unwrap();
    let calls = Cell::new(0);
    let policy = Policy::new().rate_limit(limiter.clone());
    let run = policy.run(async || {
        calls.set(calls.get() + 1);
        Ok::<_, io::Error>(())
    });
    assert!(polled(1, run).await.is_none());
    assert_eq!((limiter.status().waiting, calls.get()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_wait_is_told_with_what_it_waited_for() {
    let limiter = RateLimiter::new(Quota::one_per(secs(60)));
    limiter.try_acquire().unwrap();
    let policy = Policy::new().rate_limit(limiter);
    let late = Context::current().with_deadline(Instant::now() + secs(1));
    let error = late.scope(policy.run(async || Ok::<(), io::Error>(()))).await.unwrap_err();
    assert!(matches!(error.cause(), PolicyCause::RateLimited(_)));
    assert!(error.is_interrupted() && error.interrupt().unwrap().is_deadline());
    let limit: &dyn Error = error.source().unwrap();
    assert!(limit.source().unwrap().is::<Interrupt>());
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_ends_the_pause_and_the_last_error_is_kept() {
    let token = CancelToken::new();
    let policy = Policy::new().retry(Retry::fixed(secs(60)));
    let run = Context::current().with_token(token.clone()).scope(policy.run(async || Err::<(), _>(down())));
    let (result, ()) = tokio::join!(run, async {
        sleep(secs(1)).await;
        token.cancel("enough");
    });
    let error = result.unwrap_err();
    let PolicyCause::Interrupted { waited_for, interrupt } = error.cause() else { panic!("{error:?}") };
    assert_eq!((*waited_for, interrupt.cause().unwrap().message()), (WaitedFor::Attempt, "enough"));
    assert!(error.source().unwrap().is::<Interrupt>());
    assert_eq!(
        error.to_string(),
        "interrupted while waiting for an attempt (after 1 attempt in 0ns: cancelled: requested: enough)"
    );
    assert_eq!(error.into_inner().unwrap().to_string(), "the server is down");
}

#[tokio::test(start_paused = true)]
async fn a_fallback_answers_for_whatever_fails_inside() {
    let policy = Policy::new().fallback(Fallback::value("cached")).timeout(secs(5)).retry(Retry::fixed(secs(1)));
    assert_eq!(policy.run(async || Ok::<_, io::Error>("fresh")).await.unwrap(), "fresh");
    assert_eq!(policy.run(async || Err::<&str, _>(down())).await.unwrap(), "cached");
    let start = Instant::now();
    let slow = policy.run(async || {
        sleep(secs(60)).await;
        Ok::<_, io::Error>("fresh")
    });
    assert_eq!((slow.await.unwrap(), start.elapsed()), ("cached", secs(5)));
}

#[tokio::test(start_paused = true)]
async fn a_fallback_sees_the_cause() {
    let policy = Policy::new()
        .fallback(Fallback::with(|error: PolicyError<io::Error>| error.is_timeout()))
        .attempt_timeout(secs(1));
    assert!(!policy.run(async || Err::<bool, _>(down())).await.unwrap());
    let slow = policy.run(async || {
        sleep(secs(60)).await;
        Err::<bool, _>(down())
    });
    assert!(slow.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_fallback_lets_a_cancellation_pass_from_wherever_it_comes() {
    async fn waits() -> Result<u32, Interrupt> {
        context::sleep(secs(60)).await.map(|()| 7)
    }

    let cancelled = || {
        let token = CancelToken::new();
        token.cancel("enough");
        Context::current().with_token(token)
    };
    let plain = Policy::new().fallback(Fallback::value(0));
    let error = cancelled().scope(plain.run(waits)).await.unwrap_err();
    assert!(matches!(error.cause(), PolicyCause::Failed(_)), "from the operation");

    let retried = Policy::new().fallback(Fallback::value(0)).retry(Retry::fixed(secs(1)));
    let error = cancelled().scope(retried.run(waits)).await.unwrap_err();
    assert!(error.is_interrupted(), "from the retry");

    let limiter = RateLimiter::new(Quota::one_per(secs(60)));
    limiter.try_acquire().unwrap();
    let limited = Policy::new().fallback(Fallback::value(0)).rate_limit(limiter);
    let error = cancelled().scope(limited.run(waits)).await.unwrap_err();
    assert!(error.is_interrupted(), "from the rate limit");
}

#[tokio::test(start_paused = true)]
async fn a_fallback_works_with_boxed_errors_too() {
    let policy = Policy::new().fallback(Fallback::value(0)).timeout(secs(1)).retry(Retry::fixed(ms(1)));
    let parsed = policy.run(async || Ok::<_, BoxError>("x".parse::<u8>()?));
    assert_eq!(parsed.await.unwrap(), 0);

    let token = CancelToken::new();
    token.cancel("enough");
    let waits = policy.run(async || {
        context::sleep(secs(60)).await?;
        Ok::<u8, BoxError>(7)
    });
    assert!(Context::current().with_token(token).scope(waits).await.unwrap_err().is_interrupted());
}

#[tokio::test(start_paused = true)]
async fn a_panic_goes_through() {
    let policy = Policy::new().timeout(secs(1)).retry(Retry::fixed(secs(1))).attempt_timeout(secs(1));
    let run = tokio::spawn(async move { policy.run(async || -> Result<(), io::Error> { panic!("broken") }).await });
    assert!(run.await.unwrap_err().is_panic());
}

/// A policy whose type can be written down, to be kept in a struct.
struct Client {
    policy: Policy<rank::AttemptTimeout, NoFallback, Exponential>,
    requests: AtomicU32,
}

impl Client {
    fn new() -> Self {
        let retry = Retry::exponential(ms(100)).jitter(Jitter::None);
        let policy = Policy::new().timeout(secs(9)).retry(retry).attempt_timeout(secs(1));
        Self { policy, requests: AtomicU32::new(0) }
    }

    async fn get(&self, path: &str) -> Result<String, PolicyError<BoxError>> {
        let fetched = self.policy.run(async || match self.requests.fetch_add(1, Ordering::Relaxed) {
            0 => Err("reset".into()),
            _ => Ok(format!("<{path}>")),
        });
        fetched.await
    }
}

#[tokio::test(start_paused = true)]
async fn a_policy_is_kept_in_a_struct_and_used_by_many_tasks() {
    let client = Arc::new(Client::new());
    let tasks: Vec<_> = (0..3)
        .map(|n| {
            let client = Arc::clone(&client);
            tokio::spawn(async move { client.get(&n.to_string()).await.unwrap() })
        })
        .collect();
    let mut pages = Vec::new();
    for task in tasks {
        pages.push(task.await.unwrap());
    }
    assert_eq!(pages, ["<0>", "<1>", "<2>"]);
    assert_eq!(client.requests.load(Ordering::Relaxed), 4);
}

#[tokio::test(start_paused = true)]
async fn an_operation_need_not_be_send_and_may_borrow() {
    let policy = Policy::new().timeout(secs(1)).retry(Retry::fixed(ms(1))).attempt_timeout(secs(1));
    let names = [Rc::new("a".to_owned())];
    let name = policy.run(async || {
        let name = Rc::clone(&names[0]);
        sleep(ms(1)).await;
        Ok::<_, io::Error>(name)
    });
    assert_eq!(*name.await.unwrap(), "a");
}

#[test]
fn a_policy_prints_the_stages_that_it_has() {
    let policy = Policy::new().timeout(secs(1));
    assert_eq!(format!("{policy:?}"), "Policy { fallback: NoFallback, stages: Stages { timeout: 1s } }");
}

#[test]
fn an_interruption_at_any_poll_leaves_no_line_and_no_attempt_behind() {
    explore_cancellation(
        async || (RateLimiter::new(Quota::per_second(10)), Log::default()),
        async |(limiter, log)| {
            let policy = Policy::new()
                .timeout(secs(9))
                .rate_limit(limiter.clone())
                .retry(Retry::fixed(ms(10)))
                .attempt_rate_limit(limiter)
                .attempt_timeout(ms(50));
            let _ = policy
                .run(async || {
                    log.add("begun");
                    let _guard = log.on_drop("ended");
                    sleep(ms(60)).await;
                    Ok::<_, io::Error>(())
                })
                .await;
        },
        async |(limiter, log)| {
            assert_eq!(limiter.status().waiting, 0);
            let count = |what: &str| log.all().iter().filter(|line| *line == what).count();
            assert_eq!(count("begun"), count("ended"));
        },
    );
}
