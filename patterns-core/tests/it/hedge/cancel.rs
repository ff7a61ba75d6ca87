//! Callers who are cancelled, or whose deadline has passed.
use std::error::Error;
use std::io;

use patterns_core::cancel::CancelToken;
use patterns_core::context::{Context, Interrupt};
use patterns_core::hedge::{AttemptFailure, Hedge, HedgeError};
use tokio::time::{Instant, sleep};

use super::works;
use crate::support::{Log, ms, secs};

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
