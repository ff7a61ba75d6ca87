//! When cleanups run, in which order, and what they know of the work.
use std::sync::Arc;

use patterns_core::cancel::CancelToken;
use patterns_core::context::{self, Context};
use patterns_core::exit_stack::{BoxError, DEFAULT_LIMIT, ExitStack};
use patterns_core::outcome::catch_panics;
use patterns_core::reaper::Reaper;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use super::{Log, SECOND};

#[tokio::test(start_paused = true)]
async fn cleanups_run_last_in_first_out_one_after_the_other() {
    let log = Log::default();
    let value = ExitStack::new()
        .run(async |stack| {
            log.cleanup(stack, "a");
            log.cleanup(stack, "b");
            log.add("work");
            Ok(7)
        })
        .await;
    assert_eq!(value.unwrap(), 7);
    assert_eq!(log.joined(), "work, b begins, b ends, a begins, a ends");
}

#[tokio::test(start_paused = true)]
async fn a_cleanup_is_told_how_the_work_ended() {
    let told = async |work: fn() -> Result<(), BoxError>| {
        let log = Log::default();
        let stack = ExitStack::new();
        log.exit(&stack);
        let _ = catch_panics(stack.run(async |_| work())).await;
        log.joined()
    };
    assert_eq!(told(|| Ok(())).await, "ok");
    assert_eq!(told(|| Err("disk full".into())).await, "failed: disk full");
    let panicked = told(|| panic!("disk on fire")).await;
    assert!(panicked.starts_with("panicked: disk on fire (at "), "{panicked}");

    let token = CancelToken::new();
    token.cancel("enough");
    let cancelled = Context::current().with_token(token).scope(told(|| Err("disk full".into()))).await;
    assert_eq!(cancelled, "cancelled: requested: enough");

    let log = Log::default();
    let stack = ExitStack::new();
    log.exit(&stack);
    Reaper::new().run(async { drop(stack) }).await;
    assert_eq!(log.joined(), "dropped");
}

#[tokio::test(start_paused = true)]
async fn cleanups_obey_a_limit_of_their_own_and_not_the_work_s_token_and_deadline() {
    let token = CancelToken::new();
    let log = Log::default();
    let work = ExitStack::new().run(async |stack| {
        let log = log.clone();
        stack.push("slow", async move || {
            assert!(!context::is_cancelled());
            assert_eq!(context::remaining(), Some(DEFAULT_LIMIT));
            context::sleep(20 * SECOND).await?;
            log.add("cleaned up");
            Ok(())
        });
        context::sleep(60 * SECOND).await?;
        Ok(())
    });
    let scoped = Context::current().with_token(token.clone()).with_deadline(Instant::now() + 5 * SECOND);
    let cancelled = tokio::spawn(async move {
        sleep(2 * SECOND).await;
        token.cancel("enough");
    });
    let error = scoped.scope(work).await.unwrap_err();
    assert_eq!(error.to_string(), "cancelled: requested: enough");
    assert_eq!(log.joined(), "cleaned up");
    cancelled.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_cleanups_wait_for_what_the_work_let_go_of() {
    let log = Log::default();
    let work = {
        let log = log.clone();
        async move |outer: &ExitStack| {
            log.cleanup(outer, "pool");
            let inner = ExitStack::new();
            log.cleanup(&inner, "session");
            let task = log.clone();
            Context::current().reaper().spawn("flush", async move {
                sleep(3 * SECOND).await;
                task.add("flushed");
            });
            Ok(())
        }
    };
    ExitStack::new().run(work).await.unwrap();
    assert_eq!(log.joined(), "session begins, session ends, flushed, pool begins, pool ends");
}

#[tokio::test(start_paused = true)]
async fn work_that_leaves_something_endless_behind_is_told_so_after_the_limit() {
    let log = Log::default();
    let reaper = Reaper::new();
    let never = Arc::new(Notify::new());
    let work =
        Context::current().with_reaper(reaper.clone()).scope(ExitStack::new().limit(5 * SECOND).run(async |stack| {
            log.cleanup(stack, "pool");
            let never = never.clone();
            Context::current().reaper().spawn("endless", async move { never.notified().await });
            Ok(())
        }));
    let error = work.await.unwrap_err();
    assert_eq!(error.to_string(), "the work was done, but 1 cleanup failed: endless: not finished within 5s");
    assert_eq!(log.joined(), "pool begins, pool ends");
    // It is not detached even then.
    assert_eq!(reaper.live()[0].path.to_string(), "exit_stack");
    never.notify_one();
    reaper.drained().await;
}
