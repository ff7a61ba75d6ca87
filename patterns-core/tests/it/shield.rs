use std::sync::{Arc, Mutex};

use patterns_core::cancel::{CancelToken, ShieldError, shield, timeout};
use patterns_core::context::{self, Context};
use patterns_core::reaper::Reaper;
use patterns_core::task_group::TaskGroup;
use patterns_core::testing::explore_cancellation;
use tokio::time::{Instant, sleep};

use crate::support::{Log, ms, polled, secs};

async fn commit(log: Log) -> &'static str {
    log.add("begun");
    sleep(secs(2)).await;
    log.add("committed");
    "done"
}

#[tokio::test(start_paused = true)]
async fn the_result_comes_back_to_a_caller_that_is_still_there() {
    assert_eq!(shield(secs(9), commit(Log::default())).await.unwrap(), "done");
}

#[tokio::test(start_paused = true)]
async fn the_commit_finishes_although_its_caller_is_dropped() {
    let (root, log) = (Reaper::new(), Log::default());
    root.run(async { assert!(polled(1, shield(secs(9), commit(log.clone()))).await.is_none()) }).await;
    assert_eq!(log.all(), ["begun", "committed"]);
}

#[tokio::test(start_paused = true)]
async fn the_commit_finishes_although_its_caller_is_timed_out() {
    let (root, log, start) = (Reaper::new(), Log::default(), Instant::now());
    root.run(async {
        assert!(timeout(secs(1), shield(secs(9), commit(log.clone()))).await.is_err());
        assert_eq!(start.elapsed(), secs(1), "the timeout itself is on time");
        assert!(!log.has("committed"));
    })
    .await;
    assert!(log.has("committed"));
}

#[tokio::test(start_paused = true)]
async fn the_commit_finishes_although_its_caller_is_aborted() {
    let (root, log) = (Reaper::new(), Log::default());
    let context = Context::current().with_reaper(root.clone());
    let task = tokio::spawn(context.scope(shield(secs(9), commit(log.clone()))));
    sleep(secs(1)).await;
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(root.live()[0].path.to_string(), "shield");
    root.drained().await;
    assert!(log.has("committed"));
}

#[tokio::test(start_paused = true)]
async fn the_enclosing_group_waits_for_the_commit_of_an_aborted_child() {
    let log = Log::default();
    let result = TaskGroup::new("store").grace(ms(10)).run(async |group| {
        let section = commit(log.clone());
        let child = group.spawn("page", async move { shield(secs(9), section).await });
        sleep(secs(1)).await;
        child.cancel("too slow");
        assert!(child.outcome().await.is_cancelled());
        assert!(!log.has("committed"), "the child itself is gone by now");
        Ok(())
    });
    result.await.unwrap();
    assert!(log.has("committed"));
}

#[tokio::test(start_paused = true)]
async fn inside_there_is_no_cancellation_but_a_limit_of_its_own() {
    let token = CancelToken::new();
    token.cancel("over");
    let context = Context::current().named("import").with_token(token).with_deadline(Instant::now());
    let section = async {
        let seen = (context::is_cancelled(), context::remaining());
        (seen, context::sleep(secs(1)).await.is_ok(), Context::current().path().to_string())
    };
    let (seen, slept, path) = context.scope(shield(secs(9), section)).await.unwrap();
    assert_eq!(seen, (false, Some(secs(9))));
    assert!(slept);
    assert_eq!(path, "import/shield");
}

#[tokio::test(start_paused = true)]
async fn its_own_limit_cuts_it() {
    let log = Log::default();
    let error = shield(secs(1), commit(log.clone())).await.unwrap_err();
    assert!(error.is_elapsed() && !error.is_panic());
    assert_eq!(error.to_string(), "the shielded section was cut: not finished within 1s");
    sleep(secs(9)).await;
    assert!(!log.has("committed"));
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_told_with_its_text() {
    let error = shield(secs(1), async { panic!("disk is full") }).await;
    let Err::<(), _>(ShieldError::Panicked(panic)) = error else { panic!("a panic") };
    assert_eq!(panic.message(), "disk is full");
    assert!(panic.place().is_some());
}

#[test]
fn an_interruption_at_any_poll_cuts_no_commit_in_half() {
    explore_cancellation(
        async || Log::default(),
        async |log| {
            context::sleep(ms(10)).await.ok();
            shield(secs(9), commit(log.clone())).await.unwrap();
            context::sleep(ms(10)).await.ok();
        },
        async |log| assert_eq!(log.has("begun"), log.has("committed"), "{:?}", log.all()),
    );
}

#[tokio::test(start_paused = true)]
async fn dropped_unpolled_it_does_nothing() {
    let (root, log) = (Reaper::new(), Log::default());
    root.run(async { drop(shield(secs(9), commit(log.clone()))) }).await;
    assert!(log.all().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_value_that_nobody_takes_is_dropped_before_the_root_is_drained() {
    let (root, log) = (Reaper::new(), Log::default());
    let value = log.on_drop("value dropped");
    root.run(async {
        let section = async move {
            sleep(secs(1)).await;
            value
        };
        assert!(polled(1, shield(secs(9), section)).await.is_none());
    })
    .await;
    assert!(log.has("value dropped"));
}

#[test]
fn the_end_of_the_runtime_is_told() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let other = runtime();
    let waiting = {
        let _entered = other.enter();
        let mut waiting = Box::pin(shield(secs(9), std::future::pending::<()>()));
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(waiting.as_mut().poll(&mut cx).is_pending());
        Arc::new(Mutex::new(waiting))
    };
    drop(other);
    let mut waiting = waiting.lock().unwrap();
    let error = runtime().block_on(waiting.as_mut()).unwrap_err();
    assert_eq!(error.to_string(), "the runtime ended under the shielded section");
}
