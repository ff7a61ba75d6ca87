//! When limits count from, and who sees them.
use std::error::Error;
use std::io;
use std::time::Duration;

use patterns_core::cancel::{CancelToken, timeout};
use patterns_core::context::{self, Context};
use patterns_core::policy::{Policy, PolicyCause};
use patterns_core::retry::{Retry, StopReason};
use tokio::time::{Instant, advance, sleep};

use crate::support::{Log, is_never_out_of_work, ms, secs};

#[tokio::test(start_paused = true)]
async fn the_limit_of_the_call_ends_it_wherever_it_is() {
    let (start, log) = (Instant::now(), Log::default());
    let policy = Policy::new().timeout(secs(5)).retry(Retry::fixed(secs(1)).max_attempts(9)).attempt_timeout(secs(2));
    let run = policy.run(async || {
        let _guard = log.on_drop(format!("the one of {:?}", start.elapsed()));
        std::future::pending::<io::Result<()>>().await
    });
    let error = run.await.unwrap_err();
    let PolicyCause::TimedOut(elapsed) = error.cause() else { panic!("{error:?}") };
    assert_eq!((elapsed.limit(), start.elapsed()), (secs(5), secs(5)));
    assert_eq!(log.all(), ["the one of 0ns", "the one of 3s"]);
    assert_eq!(error.to_string(), "the call timed out: not finished within 5s");
    assert!(error.is_timeout() && error.source().is_none());
}

#[tokio::test(start_paused = true)]
async fn the_deadline_is_visible_from_the_first_poll_and_stays_the_same() {
    let policy = Policy::new().timeout(secs(5)).attempt_timeout(secs(2));
    let start = Instant::now();
    let seen = policy.run(async || {
        let at_first = (context::deadline(), Context::current().deadline());
        sleep(secs(1)).await;
        Ok::<_, io::Error>((at_first, (context::deadline(), Context::current().deadline())))
    });
    let expected = Some(start + secs(2));
    assert_eq!(seen.await.unwrap(), ((expected, expected), (expected, expected)));
}

#[tokio::test(start_paused = true)]
async fn the_outer_of_two_limits_is_seen_where_it_is_shorter() {
    let policy = Policy::new().timeout(secs(2)).attempt_timeout(secs(5));
    let start = Instant::now();
    let run = policy.run(async || {
        let left = context::remaining();
        sleep(secs(60)).await;
        Ok::<_, io::Error>(left)
    });
    assert!(matches!(run.await.unwrap_err().cause(), PolicyCause::TimedOut(_)));
    assert_eq!(start.elapsed(), secs(2));
    let run = policy.run(async || Ok::<_, io::Error>(context::remaining()));
    assert_eq!(run.await.unwrap(), Some(secs(2)));
}

#[tokio::test(start_paused = true)]
async fn an_enclosing_deadline_is_never_reported_as_the_policys_own() {
    let policy = Policy::new().timeout(secs(2)).attempt_timeout(secs(2));
    let start = Instant::now();
    let run = policy.run(async || std::future::pending::<io::Result<()>>().await);
    assert_eq!(timeout(secs(1), run).await.unwrap_err().limit(), secs(1));
    assert_eq!(start.elapsed(), secs(1));

    let run = policy.run(async || Ok::<_, io::Error>(context::remaining()));
    assert_eq!(timeout(secs(1), run).await.unwrap().unwrap(), Some(secs(1)));
}

/// Work before the first wait could not be stopped, and nobody has asked how long it may take.
#[tokio::test(start_paused = true)]
async fn a_limit_counts_from_the_first_wait() {
    let policy = Policy::new().timeout(secs(2));
    let start = Instant::now();
    let run = policy.run(async || {
        // Moves the clock before it lets others run.
        advance(secs(1)).await;
        std::future::pending::<io::Result<()>>().await
    });
    assert!(run.await.unwrap_err().is_timeout());
    assert_eq!(start.elapsed(), secs(3));
}

#[tokio::test(start_paused = true)]
async fn or_from_the_first_look_at_it() {
    let policy = Policy::new().timeout(secs(9)).attempt_timeout(secs(2));
    let start = Instant::now();
    let run = policy.run(async || {
        assert_eq!(context::remaining(), Some(secs(2)));
        advance(secs(1)).await;
        assert_eq!(context::remaining(), Some(secs(1)));
        std::future::pending::<io::Result<()>>().await
    });
    assert!(matches!(run.await.unwrap_err().cause(), PolicyCause::AttemptTimedOut(_)));
    assert_eq!(start.elapsed(), secs(2));
}

#[tokio::test(start_paused = true)]
async fn a_look_inside_of_the_attempt_is_a_look_at_the_limit_of_the_call_too() {
    let policy = Policy::new().timeout(secs(4)).attempt_timeout(secs(9));
    let start = Instant::now();
    let run = policy.run(async || {
        assert_eq!(context::remaining(), Some(secs(4)));
        advance(secs(1)).await;
        std::future::pending::<io::Result<()>>().await
    });
    assert!(matches!(run.await.unwrap_err().cause(), PolicyCause::TimedOut(_)));
    assert_eq!(start.elapsed(), secs(4));
}

#[tokio::test(start_paused = true)]
async fn the_retry_starts_no_attempt_that_cannot_fit_the_limit_of_the_call() {
    let policy = Policy::new().timeout(secs(10)).retry(Retry::fixed(secs(4)).max_attempts(9));
    let start = Instant::now();
    let error = policy.run(async || Err::<(), _>(io::Error::other("down"))).await.unwrap_err();
    assert!(matches!(error.stop_reason(), Some(StopReason::DeadlineTooClose)));
    assert_eq!((error.log().len(), start.elapsed()), (3, secs(8)), "12 s would have been too late");

    let policy = Policy::new().timeout(secs(3)).retry(Retry::fixed(secs(4)));
    let error = policy.run(async || Err::<(), _>(io::Error::other("down"))).await.unwrap_err();
    assert_eq!((error.log().len(), start.elapsed()), (1, secs(8)), "told at once, in the first poll");
}

#[tokio::test(start_paused = true)]
async fn no_attempt_is_made_after_the_deadline() {
    let policy = Policy::new().retry(Retry::fixed(secs(1)));
    let late = Context::current().with_deadline(Instant::now());
    let error = late.scope(policy.run(async || Ok::<(), io::Error>(()))).await.unwrap_err();
    assert!(error.interrupt().unwrap().is_deadline());
    assert_eq!(
        error.to_string(),
        "interrupted while waiting for an attempt (not attempted: no time for another attempt before the deadline)"
    );
}

#[tokio::test(start_paused = true)]
async fn a_scope_of_its_own_inside_of_the_first_poll_is_not_under_the_limit() {
    let policy = Policy::new().timeout(secs(2)).attempt_timeout(secs(1));
    let free = Context::current().without_deadline();
    let seen = policy.run(async || {
        let cleanup = Context::current().without_deadline().scope(async { context::deadline() }).await;
        let named = Context::current().named("inner").scope(async { context::remaining() }).await;
        let other = free.scope(async { context::deadline() }).await;
        Ok::<_, io::Error>((cleanup, named, other, context::remaining()))
    });
    assert_eq!(seen.await.unwrap(), (None, Some(secs(1)), None, Some(secs(1))));
    assert_eq!(context::deadline(), None, "and nothing is left of it");
}

#[tokio::test(start_paused = true)]
async fn a_limit_is_gone_after_a_panic_in_the_first_poll() {
    let policy = Policy::new().timeout(secs(2));
    let run = policy.run(async || -> Result<(), io::Error> { panic!("broken") });
    patterns_core::outcome::catch_panics(run).await.unwrap_err();
    assert_eq!((context::deadline(), Context::try_current().is_none()), (None, true));
}

#[tokio::test(start_paused = true)]
async fn inside_of_a_limit_the_callers_token_and_names_are_the_same() {
    let token = CancelToken::new();
    let policy = Policy::new().timeout(secs(9)).attempt_timeout(secs(9));
    let run = policy.run(async || {
        let first = Context::current().path().to_string();
        sleep(ms(1)).await;
        let second = Context::current().path().to_string();
        Ok::<_, context::Interrupt>((first, second, context::sleep(secs(60)).await.unwrap_err()))
    });
    let (result, ()) = tokio::join!(Context::current().named("app").with_token(token.clone()).scope(run), async {
        sleep(secs(1)).await;
        token.cancel("enough");
    });
    let (first, second, interrupt) = result.unwrap();
    assert_eq!((first.as_str(), second.as_str()), ("app", "app"));
    assert_eq!(interrupt.cause().unwrap().message(), "enough");
}

#[tokio::test(start_paused = true)]
async fn a_ready_value_beats_a_passed_limit() {
    for limit in [Duration::ZERO, Duration::MAX] {
        let policy = Policy::new().timeout(limit).attempt_timeout(limit);
        assert_eq!(policy.run(async || Ok::<_, io::Error>(7)).await.unwrap(), 7);
    }
    let policy = Policy::new().timeout(secs(1));
    let run = policy.run(async || {
        sleep(secs(1)).await;
        Ok::<_, io::Error>(7)
    });
    assert_eq!(run.await.unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_limit_ends_an_operation_that_uses_up_the_budget_at_every_poll() {
    let busy = tokio::spawn(async {
        let policy = Policy::new().attempt_timeout(secs(1));
        let busy = async || {
            // The limit counts from the first wait.
            tokio::task::yield_now().await;
            is_never_out_of_work().await;
            Ok::<_, io::Error>(())
        };
        policy.run(busy).await
    });
    assert!(busy.await.unwrap().unwrap_err().is_timeout());
}
