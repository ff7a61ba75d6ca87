//! Mistakes that are easy to make with bare tokio, and what happens to them here.
//!
//! The peer's behaviour is asserted beside ours where this crate depends on the peer, so that a newer
//! version that behaves better is noticed.
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use patterns_core::cancel::{CancelToken, timeout};
use patterns_core::context::{self, Context, Interrupt};
use patterns_core::outcome::{FailureKind, Outcome};
use patterns_core::task_group::{BoxError, CollectAll, TaskGroup};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::support::{Log, secs};

#[tokio::test(start_paused = true)]
async fn leaving_a_group_waits_for_destructors_where_dropping_a_join_set_does_not() {
    async fn holds(guard: impl Send) -> Result<(), io::Error> {
        let _guard = guard;
        std::future::pending().await
    }

    let log = Log::default();
    let mut peer = JoinSet::new();
    peer.spawn(holds(log.on_drop("peer's child dropped")));
    tokio::task::yield_now().await;
    drop(peer);
    assert!(!log.has("peer's child dropped"), "tokio 1.54: the destructor runs some time later");

    let result = TaskGroup::new("g").grace(secs(1)).run(async |group| {
        group.spawn("child", holds(log.on_drop("child dropped")));
        tokio::task::yield_now().await;
        group.cancel("leaving");
        Ok(())
    });
    result.await.unwrap();
    assert!(log.has("child dropped"));
}

#[tokio::test(start_paused = true)]
async fn joining_after_an_abort_is_a_value_where_join_all_panics() {
    let mut peer = JoinSet::new();
    peer.spawn(std::future::pending::<()>()).abort();
    peer.spawn(async {});
    let peer = tokio::spawn(peer.join_all());
    assert!(peer.await.unwrap_err().is_panic(), "tokio 1.54");

    let settled = TaskGroup::new("g").grace(secs(1)).policy(CollectAll).run(async |group| {
        let aborted = group.spawn("aborted", std::future::pending::<Result<(), io::Error>>());
        let other = group.spawn("other", async { Ok::<_, io::Error>(7) });
        tokio::task::yield_now().await;
        aborted.cancel("enough");
        assert_eq!(aborted.await.unwrap_err().kind(), FailureKind::Straggler);
        Ok(other.await?)
    });
    assert_eq!(settled.await.into_result().unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn cancelling_runs_the_async_cleanup_that_dropping_the_future_skips() {
    async fn works(log: Log, who: &'static str) -> Result<(), Interrupt> {
        let worked = context::sleep(secs(60)).await;
        sleep(secs(1)).await;
        log.add(format!("{who} cleaned"));
        worked
    }

    let (log, token) = (Log::default(), CancelToken::new());
    // What `run_until_cancelled` does: the future is dropped, and nothing after its await runs.
    let peer = {
        let (log, token) = (log.clone(), token.clone());
        tokio::spawn(async move {
            tokio::select! {
                _ = token.cancelled() => {}
                _ = works(log, "peer") => {}
            }
        })
    };
    let group = {
        let log = log.clone();
        TaskGroup::new("g").run(async move |group| {
            group.spawn("child", works(log, "child"));
            Ok(())
        })
    };
    let group = tokio::spawn(Context::current().with_token(token.child()).scope(group));
    sleep(secs(1)).await;
    token.cancel("shutting down");
    peer.await.unwrap();
    assert!(group.await.unwrap().unwrap_err().is_cancelled());
    assert_eq!(log.all(), ["child cleaned"]);
}

#[tokio::test(start_paused = true)]
async fn an_outer_timeout_is_never_taken_for_an_inner_one() {
    let deep = |inner: u64, outer: u64| async move {
        timeout(secs(outer), async {
            TaskGroup::new("g")
                .run(async |group| {
                    let child = group.spawn("child", async move {
                        match timeout(secs(inner), context::sleep(secs(60))).await {
                            Ok(_) => Ok::<_, BoxError>("not reached"),
                            Err(elapsed) => Ok(if elapsed.limit() == secs(inner) { "inner" } else { "?" }),
                        }
                    });
                    Ok(child.await?)
                })
                .await
        })
        .await
    };
    assert_eq!(deep(1, 2).await.unwrap().unwrap(), "inner");
    assert_eq!(deep(2, 1).await.unwrap_err().limit(), secs(1));
    assert_eq!(deep(1, 1).await.unwrap_err().limit(), secs(1), "of two equal ones the outer speaks");
}

// The four pitfalls of every guide to async code.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blocking_a_busy_loop_can_look_whether_it_is_to_stop() {
    let begun = Arc::new(AtomicBool::new(false));
    let result = TaskGroup::new("g").run(async |group| {
        let flag = Arc::clone(&begun);
        let busy = group.spawn("busy", async move {
            let mut rounds = 0_u64;
            // Never awaits: no timeout and no abort could end it.
            while !context::is_cancelled() {
                flag.store(true, Ordering::SeqCst);
                rounds += 1;
                std::hint::spin_loop();
            }
            Ok::<_, io::Error>(rounds)
        });
        while !begun.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
        busy.cancel("enough");
        Ok(busy.await?)
    });
    assert!(result.await.unwrap() > 0);
}

#[tokio::test(start_paused = true)]
async fn forgetting_to_await_a_child_loses_neither_its_work_nor_its_panic() {
    // The peer: a panic in a task whose handle was dropped is gone.
    drop(tokio::spawn(async { panic!("nobody hears this") }));

    let log = Log::default();
    let result = TaskGroup::new("g").policy(CollectAll).run(async |group| {
        let log = log.clone();
        group.spawn("work", async move {
            sleep(secs(1)).await;
            log.add("done");
            Ok::<_, io::Error>(())
        });
        group.spawn::<(), io::Error, _>("panics", async { panic!("heard") });
        Ok(())
    });
    let errors = result.await.errors.unwrap();
    assert_eq!(errors.first().panic().unwrap().message(), "heard");
    assert!(log.has("done"));
}

#[tokio::test(start_paused = true)]
async fn nesting_a_runtime_is_a_failure_with_text_and_place_and_not_a_hang() {
    let result = TaskGroup::new("g").run(async |group| {
        group.spawn("nested", async {
            let runtime = tokio::runtime::Builder::new_current_thread().build()?;
            let value = runtime.block_on(async { 7 });
            Ok::<_, io::Error>(value)
        });
        Ok(())
    });
    let errors = result.await.unwrap_err();
    // The runtime's own destructor panics too in an async context: either way it is a panic of this child.
    let panic = errors.first().panic().unwrap();
    assert!(panic.message().contains("runtime"), "{panic}");
    assert!(panic.place().is_some());
}

#[tokio::test(start_paused = true)]
async fn swallowing_a_cancellation_delays_the_end_by_the_grace_at_most_and_is_named() {
    let start = Instant::now();
    let settled = TaskGroup::new("g").grace(secs(5)).policy(CollectAll).run(async |group| {
        let swallows = group.spawn("swallows", async {
            loop {
                if context::sleep(secs(1)).await.is_err() {
                    // As if nothing had been said.
                    sleep(secs(1)).await;
                }
            }
            #[allow(unreachable_code)]
            Ok::<_, io::Error>(())
        });
        sleep(secs(1)).await;
        swallows.cancel("enough");
        let Outcome::Cancelled(cause) = swallows.outcome().await else { panic!("cancelled") };
        assert_eq!(cause.message(), "enough");
        Ok(())
    });
    let settled = settled.await;
    assert_eq!(start.elapsed(), secs(6));
    assert_eq!(settled.stragglers[0].path().to_string(), "g/swallows");
}
