//! When it opens, whom it lets in, and how it closes again.
mod laws;

use std::sync::{Arc, Mutex};

use patterns_core::cancel::CancelToken;
use patterns_core::circuit_breaker::{BuildError, Builder, CircuitBreaker, OnCancel, State};
use patterns_core::context::{self, Context};
use patterns_core::gather::gather;
use patterns_core::testing::explore_cancellation;
use tokio::time::{Instant, sleep};

use crate::support::{ms, polled, secs};

/// One without chance.
fn builder() -> Builder {
    CircuitBreaker::builder("search").jitter(0.0)
}

async fn call(breaker: &CircuitBreaker, ok: bool) -> bool {
    breaker.run(async || if ok { Ok(()) } else { Err("down") }).await.is_ok()
}

/// Opened by two failures, just now.
async fn opened(builder: Builder) -> CircuitBreaker {
    let breaker = builder.consecutive_failures(2).build().unwrap();
    call(&breaker, false).await;
    call(&breaker, false).await;
    assert_eq!(breaker.state(), State::Open);
    breaker
}

#[tokio::test(start_paused = true)]
async fn it_opens_at_the_failure_rate_and_not_before_there_are_enough_calls() {
    let breaker = builder().window_calls(10).min_calls(4).failure_rate(0.5).build().unwrap();
    for ok in [false, false, true] {
        call(&breaker, ok).await;
    }
    assert_eq!((breaker.state(), breaker.status().failed), (State::Closed, 2));
    call(&breaker, false).await;
    let status = breaker.status();
    assert_eq!((status.state, status.cause.as_str()), (State::Open, "3 of 4 calls failed"));
    assert_eq!((status.opened, status.retry_after), (1, Some(secs(5))));
}

#[tokio::test(start_paused = true)]
async fn an_open_one_makes_no_call_and_says_since_when_why_and_for_how_long() {
    let breaker = opened(builder()).await;
    sleep(secs(2)).await;
    let mut made = false;
    let error = breaker
        .run(async || {
            made = true;
            Ok::<_, &str>(())
        })
        .await
        .unwrap_err();
    assert!(!made && error.is_open());
    assert_eq!(
        error.to_string(),
        "the circuit breaker search is open since 2s, after 2 failures in a row: try again in 3s"
    );
    assert_eq!(breaker.status().rejected, 1);
}

#[tokio::test(start_paused = true)]
async fn of_a_hundred_calls_at_half_open_exactly_as_many_get_in_as_there_are_probes() {
    let breaker = opened(builder().probes(3)).await;
    sleep(secs(5)).await;
    let calls = (0..100).map(|_| {
        breaker.run(async || {
            sleep(secs(1)).await;
            Ok::<_, ()>(())
        })
    });
    let made = gather(calls).await.into_iter().filter(Result::is_ok).count();
    assert_eq!((made, breaker.state()), (3, State::Closed));
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_fails_opens_it_for_twice_as_long_up_to_a_limit() {
    let breaker = opened(builder().probes(1).max_open(secs(15))).await;
    for time in [5, 10, 15, 15] {
        assert_eq!(breaker.status().retry_after, Some(secs(time)));
        sleep(secs(time)).await;
        call(&breaker, false).await;
    }
    assert_eq!(breaker.status().opened, 5);
    sleep(secs(15)).await;
    assert!(call(&breaker, true).await);
    // Closed in between, it begins from the start.
    call(&breaker, false).await;
    call(&breaker, false).await;
    assert_eq!(breaker.status().retry_after, Some(secs(5)));
}

#[tokio::test(start_paused = true)]
async fn the_jitter_adds_up_to_its_share() {
    for _ in 0..50 {
        let breaker = opened(CircuitBreaker::builder("search").jitter(0.2)).await;
        let time = breaker.status().retry_after.unwrap();
        assert!(secs(5) <= time && time <= secs(6), "{time:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_dropped_gives_its_place_back() {
    let breaker = opened(builder().probes(1)).await;
    sleep(secs(5)).await;
    assert!(polled(1, breaker.run(async || std::future::pending::<Result<(), ()>>().await)).await.is_none());
    assert_eq!((breaker.state(), breaker.status().probes), (State::HalfOpen, 0));
    assert!(call(&breaker, true).await);
    assert_eq!(breaker.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_counts_as_failed_where_that_is_asked_for() {
    let breaker = builder().consecutive_failures(1).on_cancel(OnCancel::Failure).build().unwrap();
    assert!(polled(1, breaker.run(async || std::future::pending::<Result<(), ()>>().await)).await.is_none());
    assert_eq!(breaker.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn callers_who_give_up_never_open_the_breaker_of_a_healthy_service() {
    let breaker = builder().window_calls(10).min_calls(2).consecutive_failures(2).build().unwrap();
    for n in 0..1_000 {
        let served = breaker.run(async || {
            sleep(ms(10)).await;
            Ok::<_, ()>(())
        });
        let patience = if n % 10 == 0 { ms(20) } else { ms(5) };
        let _ = tokio::time::timeout(patience, served).await;
    }
    let status = breaker.status();
    assert_eq!((status.state, status.opened, status.failed), (State::Closed, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_comes_with_the_callers_own_deadline_says_nothing() {
    let breaker = builder().consecutive_failures(1).build().unwrap();
    let soon = || Context::current().with_deadline(Instant::now() + ms(50));
    let late = soon().scope(breaker.run(|| context::sleep(ms(100)))).await;
    assert!(late.is_err());
    let status = breaker.status();
    assert_eq!((status.state, status.failed), (State::Closed, 0));
    // With time to spare a failure is one.
    let failed = soon().scope(breaker.run(async || Err::<(), _>("no answer"))).await;
    assert!(failed.is_err());
    assert_eq!(breaker.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn slow_calls_open_it() {
    let breaker = builder().window_calls(4).min_calls(2).slow_calls(secs(1), 1.0).build().unwrap();
    for _ in 0..2 {
        breaker
            .run(async || {
                sleep(ms(1001)).await;
                Ok::<_, ()>(())
            })
            .await
            .unwrap();
    }
    assert_eq!((breaker.state(), breaker.status().cause.as_str()), (State::Open, "2 of 2 calls took longer than 1s"));
}

#[tokio::test(start_paused = true)]
async fn in_a_window_of_time_old_failures_are_forgotten() {
    let breaker = builder().window_time(secs(10)).min_calls(4).build().unwrap();
    for _ in 0..3 {
        call(&breaker, false).await;
    }
    sleep(secs(11)).await;
    call(&breaker, false).await;
    assert_eq!((breaker.state(), breaker.status().failed), (State::Closed, 1));
    for _ in 0..3 {
        call(&breaker, false).await;
    }
    assert_eq!(breaker.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn a_result_from_before_it_opened_counts_for_nothing_after() {
    let breaker = builder().consecutive_failures(2).probes(1).build().unwrap();
    let early = breaker.try_enter().unwrap();
    let other = breaker.try_enter().unwrap();
    call(&breaker, false).await;
    call(&breaker, false).await;
    sleep(secs(5)).await;
    let probe = breaker.try_enter().unwrap();
    early.success();
    assert_eq!(breaker.state(), State::HalfOpen);
    other.failure();
    assert_eq!((breaker.state(), breaker.status().opened), (State::HalfOpen, 1));
    probe.success();
    assert_eq!(breaker.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn errors_that_are_the_callers_fault_say_nothing() {
    let breaker = builder().consecutive_failures(1).build().unwrap();
    let not_found = breaker.run_if(async || Err::<(), _>(404), |status| *status >= 500).await;
    assert_eq!(not_found.unwrap_err().into_inner(), Some(404));
    assert_eq!((breaker.state(), breaker.status().calls), (State::Closed, 0));
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_call_is_no_verdict_and_no_probe_is_lost_by_it() {
    let breaker = opened(builder().probes(1)).await;
    sleep(secs(5)).await;
    let panics = {
        let breaker = breaker.clone();
        tokio::spawn(async move {
            let _ = breaker.run(async || -> Result<(), ()> { panic!("in the call") }).await;
        })
    };
    assert!(panics.await.unwrap_err().is_panic());
    assert!(call(&breaker, true).await);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_hangs_keeps_nobody_out_for_ever() {
    let breaker = opened(builder().probes(1).probe_limit(secs(3))).await;
    sleep(secs(5)).await;
    let hangs = breaker.try_enter().unwrap();
    sleep(secs(2)).await;
    assert!(breaker.try_enter().is_err());
    assert_eq!(breaker.state(), State::HalfOpen);
    sleep(secs(1)).await;
    assert!(breaker.try_enter().is_err());
    assert_eq!((breaker.state(), breaker.status().cause.as_str()), (State::Open, "a probe did not end within 3s"));
    sleep(secs(10)).await;
    let probe = breaker.try_enter().unwrap();
    hangs.failure();
    probe.success();
    assert_eq!(breaker.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn an_error_after_a_cancellation_is_no_verdict() {
    let breaker = builder().consecutive_failures(1).build().unwrap();
    let token = CancelToken::new();
    let obeys =
        Context::current().with_token(token.clone()).scope(breaker.run(async || context::sleep(secs(60)).await));
    let cancelling = async {
        sleep(secs(1)).await;
        token.cancel("enough");
    };
    let (ended, ()) = tokio::join!(obeys, cancelling);
    assert!(ended.is_err());
    assert_eq!((breaker.state(), breaker.status().failed), (State::Closed, 0));
}

#[tokio::test(start_paused = true)]
async fn by_hand_it_stays_open_and_closes() {
    let breaker = builder().build().unwrap();
    breaker.force_open();
    sleep(secs(3600)).await;
    assert!(!call(&breaker, true).await);
    assert_eq!(breaker.status().retry_after, None);
    breaker.force_close();
    assert!(call(&breaker, true).await);
}

#[tokio::test(start_paused = true)]
async fn the_listener_hears_of_each_change_and_may_use_the_breaker_and_panic() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::new(Mutex::new(None::<CircuitBreaker>));
    let breaker = {
        let (heard, seen) = (Arc::clone(&heard), Arc::clone(&seen));
        builder()
            .consecutive_failures(1)
            .probes(1)
            .on_change(move |change| {
                heard.lock().unwrap().push(format!("{} -> {}: {}", change.from, change.to, change.cause));
                // Under no lock: looking at it from in here does not hang.
                let state = seen.lock().unwrap().as_ref().map(CircuitBreaker::state);
                assert_ne!(state, Some(State::Closed), "in the listener");
            })
            .build()
            .unwrap()
    };
    *seen.lock().unwrap() = Some(breaker.clone());
    call(&breaker, false).await;
    sleep(secs(5)).await;
    call(&breaker, true).await;
    assert_eq!(
        *heard.lock().unwrap(),
        [
            "closed -> open: 1 failure in a row",
            "open -> half open: it was open for its time",
            "half open -> closed: its probes succeeded",
        ]
    );
}

#[test]
fn settings_that_make_no_breaker_are_refused() {
    let zero = |builder: Builder| builder.build().unwrap_err();
    assert_eq!(zero(builder().window_calls(0)), BuildError::Zero("window"));
    assert_eq!(zero(builder().min_calls(0)), BuildError::Zero("minimum of calls"));
    assert_eq!(zero(builder().consecutive_failures(0)), BuildError::Zero("consecutive failures"));
    assert_eq!(zero(builder().open_for(secs(0))), BuildError::Zero("open time"));
    assert_eq!(zero(builder().window_calls(5)), BuildError::WindowTooSmall { window: 5, min_calls: 20 });
    for share in [0.0, 1.1, f64::NAN] {
        assert!(matches!(zero(builder().failure_rate(share)), BuildError::NoShare { name: "failure rate", .. }));
    }
}

#[test]
fn no_interruption_loses_a_probe() {
    explore_cancellation(
        async || {
            let breaker = opened(builder().probes(2)).await;
            sleep(secs(5)).await;
            breaker
        },
        async |breaker: CircuitBreaker| {
            let probe = |ok: bool| {
                breaker.run(async move || {
                    sleep(ms(5)).await;
                    if ok { Ok(()) } else { Err(()) }
                })
            };
            let _ = tokio::join!(probe(true), probe(true), probe(false));
            let _ = probe(false).await;
        },
        async |breaker: &CircuitBreaker| {
            assert_eq!(breaker.status().probes, 0);
            sleep(secs(60)).await;
            for _ in 0..2 {
                assert!(call(breaker, true).await);
            }
            assert_eq!(breaker.state(), State::Closed);
        },
    );
}
