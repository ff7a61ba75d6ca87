//! `fallback`: a default on errors and passed limits, never on a cancellation.
use std::cell::Cell;
use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use patterns_core::cancel::{CancelToken, timeout};
use patterns_core::context::{self, Context, Interrupt};
use patterns_core::fallback::{Fallback, fallback};
use patterns_core::outcome::BoxError;
use patterns_core::retry::{Retry, RetryError};
use patterns_core::task_group::TaskGroup;
use tokio::time::{Instant, sleep};

use crate::support::{Log, polled, secs};

/// What a client library makes of an error below it.
#[derive(Debug)]
struct Wrapped(BoxError);

impl fmt::Display for Wrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the request failed")
    }
}

impl Error for Wrapped {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

async fn down() -> Result<u32, io::Error> {
    Err(io::Error::other("the server is down"))
}

/// A context whose token is cancelled.
fn cancelled() -> Context {
    let token = CancelToken::new();
    token.cancel("enough");
    Context::current().with_token(token)
}

#[tokio::test(start_paused = true)]
async fn a_value_is_returned_as_it_is() {
    assert_eq!(fallback(async { Ok::<_, io::Error>(7) }, 0).await.unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn an_error_gives_the_default() {
    assert_eq!(fallback(down(), 0).await.unwrap(), 0);
    let boxed = async { Err::<u32, BoxError>("the server is down".into()) };
    assert_eq!(fallback(boxed, 0).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_passed_limit_gives_the_default() {
    let start = Instant::now();
    let slow = async {
        timeout(secs(2), context::sleep(secs(60))).await??;
        Ok::<_, BoxError>(())
    };
    fallback(slow, ()).await.unwrap();
    assert_eq!(start.elapsed(), secs(2));

    let late = Context::current().with_deadline(Instant::now() + secs(2));
    let value = late.scope(fallback(async { context::sleep(secs(60)).await.map(|()| 7) }, 0)).await;
    assert_eq!(value.unwrap(), 0, "the enclosing limit is one too");
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_passes() {
    let result = cancelled().scope(fallback(context::sleep(secs(60)), ())).await;
    assert_eq!(result.unwrap_err().cause().unwrap().message(), "enough");

    let boxed = async {
        context::sleep(secs(60)).await?;
        Ok::<_, BoxError>(())
    };
    assert!(cancelled().scope(fallback(boxed, ())).await.unwrap_err().is::<Interrupt>());
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_passes_however_deep_it_is_in_the_chain() {
    let work = async {
        let slept = context::sleep(secs(60)).await;
        slept.map_err(|interrupt| Wrapped(Wrapped(interrupt.into()).into()))
    };
    let error = cancelled().scope(fallback(work, ())).await.unwrap_err();
    assert_eq!(error.to_string(), "the request failed");
}

#[tokio::test(start_paused = true)]
async fn a_group_that_was_cancelled_passes() {
    let work = async {
        let group = TaskGroup::new("pages").run(async |group| {
            group.spawn("page", context::sleep(secs(60)));
            context::sleep(secs(60)).await?;
            Ok(())
        });
        group.await
    };
    assert!(cancelled().scope(fallback(work, ())).await.unwrap_err().is_cancelled());
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_was_cancelled_in_its_pause_passes() {
    let token = CancelToken::new();
    let work = fallback(async { Retry::fixed(secs(60)).run(down).await }, 0);
    let (result, ()) = tokio::join!(Context::current().with_token(token.clone()).scope(work), async {
        sleep(secs(1)).await;
        token.cancel("enough");
    });
    let error: RetryError<io::Error> = result.unwrap_err();
    assert!(error.source().unwrap().is::<Interrupt>());
    assert_eq!(error.into_inner().unwrap().to_string(), "the server is down");
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_of_something_else_is_an_error_like_any_other() {
    let elsewhere = cancelled().scope(context::sleep(secs(60)));
    fallback(elsewhere, ()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_failure_in_a_cancelled_context_is_still_a_failure() {
    assert_eq!(cancelled().scope(fallback(down(), 0)).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_child_with_a_fallback_ends_as_cancelled() {
    let result = TaskGroup::new("app").run(async |group| {
        let child = group.spawn("page", fallback(context::sleep(secs(60)), ()));
        context::sleep(secs(1)).await?;
        child.cancel("not needed any more");
        assert!(child.outcome().await.is_cancelled());
        Ok(())
    });
    result.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_hook_sees_what_is_swallowed_and_nothing_else() {
    let log = Log::default();
    let seen = log.clone();
    let policy = Fallback::value(0).on_fallback(move |error| seen.add(error.to_string()));
    assert_eq!(policy.run(down()).await.unwrap(), 0);
    assert_eq!(policy.run(async { Ok::<_, io::Error>(7) }).await.unwrap(), 7);
    let work = policy.run(async { Err::<u32, _>(io::Error::other(context::sleep(secs(1)).await.unwrap_err())) });
    assert_eq!(cancelled().scope(work).await.unwrap_err().to_string(), "cancelled: requested: enough");
    assert_eq!(log.all(), ["the server is down"]);
}

#[tokio::test(start_paused = true)]
async fn a_closure_makes_the_default_of_the_error() {
    let policy = Fallback::with(|error: BoxError| error.to_string());
    let parsed = policy.run(async { Ok::<_, BoxError>("x".parse::<u8>()?.to_string()) });
    assert_eq!(parsed.await.unwrap(), "invalid digit found in string");
}

#[tokio::test(start_paused = true)]
async fn an_async_closure_may_take_its_time() {
    let start = Instant::now();
    let policy = Fallback::with_async(async |error: io::Error| {
        sleep(secs(1)).await;
        error.to_string().len()
    });
    assert_eq!(policy.run(async { Err::<usize, _>(io::Error::other("down")) }).await.unwrap(), 4);
    assert_eq!(start.elapsed(), secs(1));
}

#[tokio::test(start_paused = true)]
async fn dropped_while_it_makes_the_default_it_drops_that() {
    let log = Log::default();
    let policy = Fallback::with_async(async |_: io::Error| {
        let _guard = log.on_drop("default dropped");
        sleep(secs(1)).await;
        0
    });
    assert!(polled(1, policy.run(down())).await.is_none());
    assert!(log.has("default dropped"));
}

#[tokio::test(start_paused = true)]
async fn a_panic_goes_through() {
    async fn broken() -> Result<u32, io::Error> {
        panic!("broken")
    }

    assert!(tokio::spawn(fallback(broken(), 0)).await.unwrap_err().is_panic());
}

#[tokio::test(start_paused = true)]
async fn a_policy_is_shared_by_many_tasks() {
    let count = Arc::new(AtomicU32::new(0));
    let swallowed = Arc::clone(&count);
    let policy = Arc::new(Fallback::value("cached".to_owned()).on_fallback(move |_| {
        swallowed.fetch_add(1, Ordering::Relaxed);
    }));
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let policy = Arc::clone(&policy);
            tokio::spawn(async move { policy.run(async { Err::<String, _>(io::Error::other("down")) }).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap(), "cached");
    }
    assert_eq!(count.load(Ordering::Relaxed), 10);
}

#[tokio::test(start_paused = true)]
async fn the_default_is_only_made_when_it_is_needed() {
    let made = Cell::new(0);
    let policy = Fallback::with(|_: io::Error| made.set(made.get() + 1));
    policy.run(async { Ok::<_, io::Error>(()) }).await.unwrap();
    assert_eq!(made.get(), 0);
    policy.run(async { Err::<(), _>(io::Error::other("down")) }).await.unwrap();
    assert_eq!(made.get(), 1);
}
