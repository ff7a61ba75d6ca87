use std::io;

use patterns_core::cancel::{CancelKind, CancelToken, timeout};
use patterns_core::context::{self, Context, Interrupt, interruptible};
use patterns_core::outcome::{FailureKind, Outcome};
use patterns_core::task_group::{BoxError, CollectAll, TaskGroup};
use tokio::time::{Instant, sleep};

use super::{fails_after, works_until_asked};
use crate::support::{Log, is_busy_for, ms, secs};

#[tokio::test(start_paused = true)]
async fn cancelling_one_child_runs_its_cleanup_and_says_by_whom_where_and_after_how_long() {
    let log = Log::default();
    let result = TaskGroup::new("import").run(async |group| {
        let other = group.spawn("other", async {
            context::sleep(secs(60)).await?;
            Ok::<_, Interrupt>("untouched")
        });
        let child = group.spawn("child", works_until_asked(log.clone(), "child", secs(2)));
        sleep(secs(1)).await;
        let line = line!() + 1;
        assert!(child.cancel("too slow"));
        assert!(!child.cancel("again"), "the first cause stays");

        let failed = child.await.unwrap_err();
        assert_eq!(log.all(), ["child asked", "child cleaned"]);
        assert_eq!(failed.kind(), FailureKind::Cancelled);
        assert_eq!(failed.ran_for(), secs(3));
        let cause = failed.cause().unwrap();
        assert_eq!((cause.kind(), cause.message()), (CancelKind::Requested, "too slow"));
        assert_eq!(cause.origin().to_string(), "import");
        assert_eq!((cause.place().file(), cause.place().line()), (file!(), line));
        Ok(other.await?)
    });
    assert_eq!(result.await.unwrap(), "untouched", "one that was cancelled alone fails nobody");
}

#[tokio::test(start_paused = true)]
async fn a_child_that_ignores_the_request_is_aborted_after_the_grace() {
    let (log, start) = (Log::default(), Instant::now());
    let result = TaskGroup::new("import").grace(secs(2)).run(async |group| {
        let guard = log.on_drop("dropped");
        let deaf = group.spawn::<(), io::Error, _>("deaf", async move {
            let _guard = guard;
            sleep(secs(3600)).await;
            unreachable!()
        });
        sleep(secs(1)).await;
        deaf.cancel("enough");
        let failed = deaf.await.unwrap_err();
        assert_eq!(start.elapsed(), secs(3));
        assert!(log.has("dropped"));
        assert_eq!((failed.kind(), failed.ran_for()), (FailureKind::Straggler, secs(3)));
        assert_eq!(
            failed.to_string(),
            "import/deaf: aborted, as it did not stop when cancelled: requested: enough (by import)"
        );
        Ok(())
    });
    result.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn each_child_has_a_grace_of_its_own() {
    let start = Instant::now();
    let result = TaskGroup::new("import").grace(secs(3)).run(async |group| {
        let deaf = || async {
            sleep(secs(3600)).await;
            Ok::<_, io::Error>(())
        };
        let (first, second) = (group.spawn("first", deaf()), group.spawn("second", deaf()));
        sleep(secs(1)).await;
        first.cancel("");
        sleep(secs(1)).await;
        second.cancel("");
        assert!(first.outcome().await.is_cancelled());
        assert_eq!(start.elapsed(), secs(4));
        assert!(second.outcome().await.is_cancelled());
        assert_eq!(start.elapsed(), secs(5));
        Ok(())
    });
    result.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn stragglers_are_reported_by_name_and_age() {
    let start = Instant::now();
    let settled = TaskGroup::new("import").grace(secs(2)).policy(CollectAll).run(async |group| {
        group.spawn("deaf", async {
            sleep(secs(3600)).await;
            Ok::<_, io::Error>(())
        });
        group.spawn("polite", works_until_asked(Log::default(), "polite", secs(1)));
        context::sleep(secs(1)).await?;
        group.cancel("that is all");
        Ok(())
    });
    let settled = settled.await;
    assert_eq!(start.elapsed(), secs(3));
    let named: Vec<_> = settled.stragglers.iter().map(|task| (task.path().to_string(), task.ran_for())).collect();
    assert_eq!(named, [("import/deaf".to_owned(), secs(3))]);
    assert_eq!(settled.counts.cancelled, 2);
    assert!(settled.errors.is_none(), "the group stopped itself, and nothing failed");
}

#[tokio::test(start_paused = true)]
async fn stragglers_are_leaves_of_a_failed_group() {
    let result = TaskGroup::new("import").grace(secs(2)).run(async |group| {
        group.spawn("deaf", async {
            sleep(secs(3600)).await;
            Ok::<_, io::Error>(())
        });
        group.spawn("bad", fails_after(secs(1), "no"));
        Ok(())
    });
    let kinds: Vec<_> =
        result.await.unwrap_err().leaves().map(|leaf| (leaf.path().name().to_owned(), leaf.kind())).collect();
    assert_eq!(kinds, [("bad".to_owned(), FailureKind::Error), ("deaf".to_owned(), FailureKind::Straggler)]);
}

#[tokio::test(start_paused = true)]
async fn cleanup_that_ends_within_the_grace_is_not_cut_and_one_that_does_not_is() {
    for (cleanup, cleaned) in [(ms(1900), true), (ms(2100), false)] {
        let log = Log::default();
        let result = TaskGroup::new("g").grace(secs(2)).run(async |group| {
            group.spawn("child", works_until_asked(log.clone(), "child", cleanup));
            group.spawn("bad", fails_after(secs(1), "no"));
            Ok(())
        });
        assert!(result.await.is_err());
        assert_eq!(log.has("child cleaned"), cleaned);
    }
}

#[tokio::test(start_paused = true)]
async fn without_any_grace_a_child_is_aborted_at_once() {
    let (log, start) = (Log::default(), Instant::now());
    let result = TaskGroup::new("g").grace(secs(0)).run(async |group| {
        group.spawn("child", works_until_asked(log.clone(), "child", ms(1)));
        group.spawn("bad", fails_after(secs(1), "no"));
        Ok(())
    });
    assert!(result.await.is_err());
    assert_eq!(start.elapsed(), secs(1));
    assert!(!log.has("child cleaned"));
}

#[tokio::test(start_paused = true)]
async fn cancelling_the_enclosing_work_asks_every_child_and_starts_the_grace() {
    let (log, token, start) = (Log::default(), CancelToken::new(), Instant::now());
    let group = {
        let log = log.clone();
        TaskGroup::new("import").grace(secs(5)).run(async move |group| {
            group.spawn("polite", works_until_asked(log.clone(), "polite", secs(1)));
            let deaf = group.spawn("deaf", async {
                sleep(secs(3600)).await;
                Ok::<_, io::Error>(())
            });
            Ok(deaf.await?)
        })
    };
    let group = tokio::spawn(Context::current().with_token(token.child()).scope(group));
    sleep(secs(2)).await;
    token.cancel("SIGTERM");
    let errors = group.await.unwrap().unwrap_err();
    assert_eq!(start.elapsed(), secs(7));
    assert!(log.has("polite cleaned"));
    assert!(errors.is_cancelled());
    assert_eq!(errors.cause().unwrap().message(), "SIGTERM");
    let kinds: Vec<_> = errors.leaves().map(|leaf| (leaf.path().to_string(), leaf.kind())).collect();
    assert_eq!(kinds, [("import".into(), FailureKind::Cancelled), ("import/deaf".into(), FailureKind::Straggler)]);
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_that_cut_nothing_short_is_no_failure() {
    let token = CancelToken::new();
    let context = Context::current().with_token(token.child());
    let result = context.scope(TaskGroup::new("g").run(async |group| {
        let child = group.spawn("child", async {
            sleep(secs(1)).await;
            Ok::<_, io::Error>(7)
        });
        tokio::task::yield_now().await;
        token.cancel("too late to matter");
        Ok(child.await?)
    }));
    assert_eq!(result.await.unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_child_that_has_not_started_when_the_group_is_cancelled_never_runs() {
    let log = Log::default();
    let result = TaskGroup::new("g").run(async |group| {
        let before = {
            let log = log.clone();
            group.spawn("before", async move {
                log.add("ran");
                Ok::<_, io::Error>(())
            })
        };
        group.cancel("enough");
        let log = log.clone();
        let after = group.spawn("after", async move {
            log.add("ran");
            Ok::<_, io::Error>(())
        });
        assert!(before.outcome().await.is_cancelled());
        assert!(after.outcome().await.is_cancelled());
        Ok(7)
    });
    assert_eq!(result.await.unwrap(), 7);
    assert!(log.all().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_group_that_cancels_itself_succeeds_with_what_its_body_returns() {
    let (log, start) = (Log::default(), Instant::now());
    let result = TaskGroup::new("search").run(async |group| {
        group.spawn("endless", works_until_asked(log.clone(), "endless", secs(1)));
        let (siblings, found) = (group.clone(), 7);
        let finder = group.spawn("finder", async move {
            sleep(secs(1)).await;
            siblings.cancel("found");
            Ok::<_, io::Error>(found)
        });
        Ok(finder.await?)
    });
    assert_eq!(result.await.unwrap(), 7);
    assert_eq!((start.elapsed(), log.has("endless cleaned")), (secs(2), true));
}

#[tokio::test(start_paused = true)]
async fn a_body_cut_by_its_own_group_has_no_value_and_says_so() {
    let result = TaskGroup::new("search").run(async |group| {
        group.cancel("enough");
        context::sleep(secs(1)).await?;
        Ok(7)
    });
    let errors = result.await.unwrap_err();
    assert!(errors.is_cancelled());
    assert!(errors.to_string().starts_with("search: cancelled: requested: enough"));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_needs_a_child_cancelled_alone_fails() {
    let result = TaskGroup::new("g").run(async |group| {
        let child = group.spawn("child", works_until_asked(Log::default(), "child", secs(0)));
        tokio::task::yield_now().await;
        child.cancel("not needed");
        child.await?;
        Ok(())
    });
    let errors = result.await.unwrap_err();
    assert!(!errors.is_cancelled(), "the group itself wasn't: this is a failure upwards");
    assert_eq!(errors.to_string(), "g: g/child: cancelled: requested: not needed (by g)");
}

#[tokio::test(start_paused = true)]
async fn a_failure_outside_reaches_the_children_of_a_nested_group_and_is_no_failure_of_theirs() {
    let log = Log::default();
    let result = TaskGroup::new("outer").run(async |group| {
        let inner_log = log.clone();
        group.spawn("nested", async move {
            TaskGroup::new("inner")
                .run(async |group| {
                    group.spawn("leaf", works_until_asked(inner_log, "leaf", secs(1)));
                    Ok(())
                })
                .await
        });
        group.spawn("bad", fails_after(secs(1), "no"));
        Ok(())
    });
    let errors = result.await.unwrap_err();
    assert!(log.has("leaf cleaned"));
    assert_eq!(errors.to_string(), "outer: bad: no");
}

#[tokio::test(start_paused = true)]
async fn own_error_types_around_an_interrupt_count_as_cancelled() {
    #[derive(Debug, thiserror::Error)]
    enum Plain {
        #[error("stopped")]
        Stopped(#[from] Interrupt),
    }
    #[derive(Debug, thiserror::Error)]
    #[error(transparent)]
    struct Transparent(#[from] Interrupt);
    #[derive(Debug, thiserror::Error)]
    #[error("a nested group failed")]
    struct Group(#[from] patterns_core::outcome::ErrorGroup);

    let settled = TaskGroup::new("g").policy(CollectAll).run(async |group| {
        group.spawn("plain", async {
            context::sleep(secs(60)).await?;
            Ok::<_, Plain>(())
        });
        group.spawn("transparent", async {
            context::sleep(secs(60)).await?;
            Ok::<_, Transparent>(())
        });
        group.spawn("group", async {
            TaskGroup::new("inner").run(async |_| Ok(context::sleep(secs(60)).await?)).await?;
            Ok::<_, Group>(())
        });
        group.spawn("unrelated", async {
            let _ = context::sleep(secs(60)).await;
            Err::<(), _>("stopped")
        });
        tokio::task::yield_now().await;
        group.cancel("enough");
        Ok(())
    });
    let settled = settled.await;
    assert_eq!((settled.counts.cancelled, settled.counts.failed), (3, 1));
    assert_eq!(settled.errors.unwrap().to_string(), "g: unrelated: stopped");
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_of_something_else_is_an_ordinary_error() {
    let token = CancelToken::new();
    token.cancel("a service said so");
    let cause = token.cause().unwrap().clone();
    let result = TaskGroup::new("g").run(async |group| {
        group.spawn("child", async move { Err::<(), _>(Interrupt::Cancelled(cause)) });
        Ok(())
    });
    let errors = result.await.unwrap_err();
    assert_eq!(errors.first().kind(), FailureKind::Error);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_somebody_enforces_is_reported_by_them_alone() {
    let log = Log::default();
    // The body waits, a child waits, and both: whoever notices first, the limit is told as one.
    for body_waits in [true, false] {
        let group = TaskGroup::new("g").run(async |group| {
            group.spawn("child", works_until_asked(log.clone(), "child", secs(0)));
            if body_waits {
                context::sleep(secs(60)).await?;
            }
            Ok(())
        });
        assert_eq!(timeout(secs(1), group).await.unwrap_err().limit(), secs(1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_nobody_enforces_stops_the_group() {
    let start = Instant::now();
    let context = Context::current().with_deadline(start + secs(1));
    let deaf = TaskGroup::new("g").grace(secs(2)).run(async |group| {
        group.spawn("deaf", async {
            sleep(secs(3600)).await;
            Ok::<_, io::Error>(())
        });
        Ok(())
    });
    let errors = context.scope(deaf).await.unwrap_err();
    assert_eq!(start.elapsed(), secs(3));
    assert_eq!(errors.cause().unwrap().kind(), CancelKind::Deadline);

    let start = Instant::now();
    let context = Context::current().with_deadline(start + secs(1));
    let listens = TaskGroup::new("g").run(async |_| Ok(context::sleep(secs(60)).await?));
    let errors = context.scope(listens).await.unwrap_err();
    assert_eq!((start.elapsed(), errors.cause().unwrap().kind()), (secs(1), CancelKind::Deadline));
}

#[tokio::test(start_paused = true)]
async fn a_child_that_swallows_the_request_is_asked_at_every_wait_and_aborted_in_the_end() {
    let log = Log::default();
    let result = TaskGroup::new("g").grace(secs(1)).run(async |group| {
        let inner = log.clone();
        let swallows = group.spawn("swallows", async move {
            for _ in 0..3 {
                if interruptible(std::future::pending::<()>()).await.is_err() {
                    inner.add("asked");
                }
            }
            sleep(secs(3600)).await;
            Ok::<_, BoxError>(())
        });
        tokio::task::yield_now().await;
        swallows.cancel("enough");
        let Outcome::Cancelled(cause) = swallows.outcome().await else { panic!("cancelled") };
        assert_eq!(cause.message(), "enough");
        Ok(())
    });
    result.await.unwrap();
    assert_eq!(log.all(), ["asked", "asked", "asked"]);
}

#[tokio::test(start_paused = true)]
async fn a_child_that_has_ended_cannot_be_cancelled() {
    let result = TaskGroup::new("g").run(async |group| {
        let child = group.spawn("child", async { Ok::<_, io::Error>(7) });
        tokio::task::yield_now().await;
        assert!(child.is_finished() && !child.cancel("too late"));
        Ok(child.await?)
    });
    assert_eq!(result.await.unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_runs_out_of_work_is_dropped_when_its_grace_is_over() {
    let run = TaskGroup::new("busy").grace(secs(1)).run(async |group| {
        // The group must wait for a cancellation by then, and not find one when it first looks.
        tokio::task::yield_now().await;
        group.cancel("enough");
        is_busy_for(secs(9)).await;
        Ok(())
    });
    assert!(tokio::spawn(run).await.unwrap().is_err());
}
