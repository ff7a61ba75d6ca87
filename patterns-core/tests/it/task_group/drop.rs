use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use patterns_core::cancel::{CancelKind, timeout};
use patterns_core::context::{self, Context, Interrupt};
use patterns_core::reaper::Reaper;
use patterns_core::task_group::{BoxError, ErrorGroup, TaskGroup};
use patterns_core::testing::Explorer;
use tokio::time::{Instant, sleep};

use super::works_until_asked;
use crate::support::{Log, ms, polled, secs};

#[tokio::test(start_paused = true)]
async fn the_children_of_a_dropped_group_are_asked_and_their_cleanup_finishes() {
    let (root, log, start) = (Reaper::new(), Log::default(), Instant::now());
    root.run(async {
        let group = TaskGroup::new("import").run(async |group| {
            let log = log.clone();
            group.spawn("child", async move {
                let interrupt = context::sleep(secs(3600)).await.unwrap_err();
                log.add(interrupt.cause().unwrap().kind().to_string());
                sleep(secs(1)).await;
                log.add("cleaned");
                Err::<(), Interrupt>(interrupt)
            });
            tokio::task::yield_now().await;
            std::future::pending::<Result<(), BoxError>>().await
        });
        assert!(polled(2, group).await.is_none());
        let named: Vec<_> = root.live().iter().map(|left| left.path.to_string()).collect();
        assert_eq!(named, ["import"]);
        assert_eq!(start.elapsed(), secs(0), "the drop itself waits for nobody");
    })
    .await;
    assert_eq!(log.all(), [CancelKind::ScopeDropped.to_string(), "cleaned".into()]);
    assert_eq!(start.elapsed(), secs(1));
}

#[tokio::test(start_paused = true)]
async fn the_enclosing_group_waits_for_the_children_of_a_dropped_one() {
    let (log, start) = (Log::default(), Instant::now());
    let result = TaskGroup::new("outer").run(async |_| {
        let inner = TaskGroup::new("inner").run(async |group| {
            group.spawn("child", works_until_asked(log.clone(), "child", secs(2)));
            sleep(secs(3600)).await;
            Ok(())
        });
        assert!(timeout(secs(1), inner).await.is_err());
        assert!(!log.has("child cleaned"));
        Ok(())
    });
    result.await.unwrap();
    assert!(log.has("child cleaned"));
    assert_eq!(start.elapsed(), secs(3));
}

#[tokio::test(start_paused = true)]
async fn a_timeout_tells_the_children_that_the_deadline_passed() {
    let (root, log) = (Reaper::new(), Log::default());
    root.run(async {
        let group = TaskGroup::new("g").run(async |group| {
            let log = log.clone();
            group.spawn("child", async move {
                // Obeys the token alone.
                let cause = Context::current().token().cancelled().await;
                log.add(cause.kind().to_string());
                Ok::<_, io::Error>(())
            });
            sleep(secs(3600)).await;
            Ok(())
        });
        assert!(timeout(secs(1), group).await.is_err());
    })
    .await;
    assert_eq!(log.all(), [CancelKind::Deadline.to_string()]);
}

#[tokio::test(start_paused = true)]
async fn the_grace_of_an_adopted_group_is_enforced() {
    let (root, log, start) = (Reaper::new(), Log::default(), Instant::now());
    root.run(async {
        let group = TaskGroup::new("g").grace(secs(2)).run(async |group| {
            let guard = log.on_drop("dropped");
            group.spawn("deaf", async move {
                let _guard = guard;
                sleep(secs(3600)).await;
                Ok::<_, io::Error>(())
            });
            sleep(secs(3600)).await;
            Ok(())
        });
        assert!(timeout(secs(1), group).await.is_err());
    })
    .await;
    assert_eq!((start.elapsed(), log.all()), (secs(3), vec!["dropped".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn a_group_in_an_aborted_child_keeps_the_grace_that_had_begun() {
    let (log, start) = (Log::default(), Instant::now());
    let result = TaskGroup::new("outer").grace(secs(2)).run(async |group| {
        let inner_log = log.clone();
        let child = group.spawn("child", async move {
            let guard = inner_log.on_drop("grandchild dropped");
            TaskGroup::new("inner")
                .grace(secs(3))
                .run(async |group| {
                    group.spawn("deaf", async move {
                        let _guard = guard;
                        sleep(secs(3600)).await;
                        Ok::<_, io::Error>(())
                    });
                    Ok(())
                })
                .await
        });
        sleep(secs(1)).await;
        child.cancel("enough");
        assert!(child.outcome().await.is_cancelled());
        assert_eq!(start.elapsed(), secs(3));
        assert!(!log.has("grandchild dropped"));
        Ok(())
    });
    result.await.unwrap();
    assert!(log.has("grandchild dropped"));
    assert_eq!(start.elapsed(), secs(4), "three seconds after it was asked, not after it was adopted");
}

#[tokio::test(start_paused = true)]
async fn a_group_that_is_dropped_unpolled_does_nothing() {
    let log = Log::default();
    let body = async |_: &_| {
        log.add("ran");
        Ok(())
    };
    drop(TaskGroup::new("g").run(body));
    assert!(log.all().is_empty());
}

/// A group of everything: bounded children, a nested group whose child spawns a sibling, a failure.
async fn everything(alive: Arc<AtomicUsize>) -> Result<(), ErrorGroup> {
    struct Alive(Arc<AtomicUsize>);
    impl Drop for Alive {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }
    let guard = || {
        alive.fetch_add(1, Ordering::SeqCst);
        Alive(Arc::clone(&alive))
    };
    let group = TaskGroup::new("outer").limit(2).run(async |group| {
        let _body = guard();
        for n in 0..4 {
            let child = guard();
            let bounded = group.spawn_bounded(format!("n{n}"), async move {
                let _child = child;
                context::sleep(ms(10 * n)).await
            });
            bounded.await?;
        }
        let inner = TaskGroup::new("inner").run(async |group| {
            let (child, sibling, siblings) = (guard(), guard(), group.clone());
            group.spawn("child", async move {
                let _child = child;
                siblings.spawn("sibling", async move {
                    let _sibling = sibling;
                    let slept = context::sleep(ms(5)).await;
                    // Cleanup takes time, too.
                    sleep(ms(5)).await;
                    slept
                });
                context::sleep(ms(5)).await
            });
            Ok(())
        });
        inner.await?;
        group.spawn("bad", async { Err::<(), _>("no") });
        context::sleep(secs(1)).await?;
        Ok(())
    });
    group.await
}

#[tokio::test(start_paused = true)]
async fn the_group_of_everything_fails_as_it_should() {
    let alive = Arc::new(AtomicUsize::new(0));
    assert_eq!(everything(Arc::clone(&alive)).await.unwrap_err().to_string(), "outer: bad: no");
    assert_eq!(alive.load(Ordering::SeqCst), 0);
}

#[test]
fn an_interruption_at_any_poll_leaves_nothing_running() {
    let explored = Explorer::new().no_task_left().run(
        async || Arc::new(AtomicUsize::new(0)),
        async |alive| {
            let errors = everything(Arc::clone(&alive)).await.unwrap_err();
            // Who comes this far has waited for every child.
            assert_eq!(alive.load(Ordering::SeqCst), 0);
            assert!(errors.is_cancelled() || errors.to_string() == "outer: bad: no", "{errors:#}");
        },
        async |alive| assert_eq!(alive.load(Ordering::SeqCst), 0, "still alive"),
    );
    assert!(explored.polls >= 5 && explored.unreached == 0, "{explored:?}");
}

#[tokio::test(start_paused = true)]
async fn a_value_that_nobody_takes_is_dropped_before_the_group_ends() {
    let log = Log::default();
    let result = TaskGroup::new("g").run(async |group| {
        let value = log.on_drop("value dropped");
        group.spawn("child", async move {
            sleep(secs(1)).await;
            Ok::<_, io::Error>(value)
        });
        Ok(())
    });
    result.await.unwrap();
    assert!(log.has("value dropped"));
}

#[test]
fn the_end_of_the_runtime_neither_hangs_nor_panics() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    let log = Log::default();
    let (started, entered) = std::sync::mpsc::channel();
    let inner = log.clone();
    runtime.spawn(TaskGroup::new("g").run(async move |group| {
        for _ in 0..10 {
            let (guard, started) = (inner.on_drop("dropped"), started.clone());
            group.spawn("child", async move {
                let _guard = guard;
                started.send(()).unwrap();
                std::future::pending::<Result<(), io::Error>>().await
            });
        }
        drop(started);
        std::future::pending::<Result<(), BoxError>>().await
    }));
    assert_eq!(entered.iter().take(10).count(), 10);
    drop(runtime);
    assert_eq!(log.all().len(), 10);
}
