//! Breakers and bulkheads inside of a policy.
use std::io;
use std::time::Duration;

use patterns_core::bulkhead::Bulkhead;
use patterns_core::cancel::CancelToken;
use patterns_core::circuit_breaker::{CircuitBreaker, State};
use patterns_core::context::{self, Context};
use patterns_core::policy::{Policy, PolicyCause};
use patterns_core::retry::Retry;
use patterns_core::testing::explore_cancellation;
use tokio::time::{Instant, sleep};

use super::down;
use crate::support::{ms, secs};

fn breaker(failures: u32) -> CircuitBreaker {
    CircuitBreaker::builder("search").consecutive_failures(failures).jitter(0.0).probes(1).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_breaker_inside_of_the_retry_sees_attempts_and_ends_the_retries() {
    let breaker = breaker(2);
    let policy = Policy::new().retry(Retry::fixed(ms(10)).max_attempts(5)).circuit_breaker(breaker.clone());
    let error = policy.run(async || Err::<(), _>(down())).await.unwrap_err();
    assert!(error.is_circuit_open(), "{error}");
    assert_eq!(error.retry_after(), Some(Duration::from_millis(5_000 - 10)));
    assert_eq!((error.log().len(), breaker.state()), (3, State::Open));
}

#[tokio::test(start_paused = true)]
async fn a_breaker_outside_of_the_retry_sees_calls() {
    let breaker = breaker(2);
    let policy = Policy::new().call_circuit_breaker(breaker.clone()).retry(Retry::fixed(ms(10)).max_attempts(3));
    policy.run(async || Err::<(), _>(down())).await.unwrap_err();
    assert_eq!((breaker.state(), breaker.status().consecutive_failures), (State::Closed, 1));
    policy.run(async || Err::<(), _>(down())).await.unwrap_err();
    assert_eq!(breaker.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_is_too_slow_is_a_failure_and_a_caller_that_leaves_is_not() {
    let breaker = breaker(1);
    let policy = Policy::new().circuit_breaker(breaker.clone()).attempt_timeout(secs(1));
    let slow = async || {
        sleep(secs(5)).await;
        Ok::<_, io::Error>(())
    };
    assert!(tokio::time::timeout(ms(500), policy.run(slow)).await.is_err());
    assert_eq!(breaker.state(), State::Closed);
    assert!(policy.run(slow).await.unwrap_err().is_timeout());
    assert_eq!(breaker.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn what_fails_because_the_caller_was_told_to_stop_does_not_speak_against_the_server() {
    let (breaker, token) = (breaker(1), CancelToken::new());
    let policy =
        Policy::new().call_circuit_breaker(breaker.clone()).circuit_breaker(breaker.clone()).attempt_timeout(secs(9));
    let obeys = async || context::sleep(secs(5)).await;
    let cancelled = Context::current().with_token(token.clone()).scope(policy.run(obeys));
    let (result, ()) = tokio::join!(cancelled, async {
        sleep(secs(1)).await;
        token.cancel("enough");
    });
    assert!(matches!(result.unwrap_err().cause(), PolicyCause::Failed(_)));
    assert_eq!(breaker.state(), State::Closed);

    let late = Context::current().with_deadline(Instant::now() + secs(1));
    assert!(matches!(late.scope(policy.run(obeys)).await.unwrap_err().cause(), PolicyCause::Failed(_)));
    assert_eq!(breaker.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_full_bulkhead_turns_calls_away_and_attempts_come_again() {
    let bulkhead = Bulkhead::builder(1).max_waiting(0).build().unwrap();
    let outer = Policy::new().bulkhead(bulkhead.clone());
    let inner = Policy::new().retry(Retry::fixed(secs(1))).attempt_bulkhead(bulkhead.clone());
    let slow = async || {
        sleep(ms(500)).await;
        Ok::<_, io::Error>(7)
    };
    let (first, outer, inner) = tokio::join!(outer.run(slow), outer.run(slow), inner.run(slow));
    assert_eq!(first.unwrap(), 7);
    assert!(outer.unwrap_err().is_bulkhead_full());
    assert_eq!(inner.unwrap(), 7);
    bulkhead.close();
    let closed = Policy::new().bulkhead(bulkhead).run(slow).await.unwrap_err();
    assert!(matches!(closed.cause(), PolicyCause::BulkheadClosed));
}

#[test]
fn a_call_that_is_cut_short_leaves_no_place_and_no_probe_behind() {
    explore_cancellation(
        async || {
            let breaker = breaker(1);
            let _ = breaker.run(async || Err::<(), _>(())).await;
            sleep(secs(5)).await;
            (breaker, Bulkhead::new(1))
        },
        async |(breaker, bulkhead): (CircuitBreaker, Bulkhead)| {
            let policy = Policy::new()
                .timeout(secs(9))
                .bulkhead(bulkhead)
                .retry(Retry::fixed(ms(10)))
                .circuit_breaker(breaker)
                .attempt_timeout(secs(1));
            let call = async || {
                sleep(ms(5)).await;
                Err::<(), _>(down())
            };
            let _ = tokio::join!(policy.run(call), policy.run(call));
        },
        async |(breaker, bulkhead): &(CircuitBreaker, Bulkhead)| {
            assert_eq!((breaker.status().probes, bulkhead.status().inside, bulkhead.status().waiting), (0, 0, 0));
            sleep(secs(60)).await;
            assert!(breaker.run(async || Ok::<_, ()>(())).await.is_ok());
        },
    );
}
