use std::io;

use patterns_core::cancel::{CancelKind, timeout};
use patterns_core::context::Interrupt;
use patterns_core::outcome::Outcome;
use patterns_core::task_group::{BoxError, CollectAll, Group, TaskGroup};
use tokio::time::sleep;

use super::{fails_after, works_until_asked};
use crate::support::{Log, secs};

#[tokio::test(start_paused = true)]
async fn an_outcome_tells_the_four_ends_apart() {
    let group = TaskGroup::new("g").policy(CollectAll);
    let settled = group.run(async |group| {
        let ok = group.spawn("ok", async { Ok::<_, io::Error>(7) });
        assert!(matches!(ok.outcome().await, Outcome::Ok(7)));
        let err = group.spawn("err", async { "x".parse::<u8>() });
        let Outcome::Err(failed) = err.outcome().await else { panic!("an error") };
        assert!(failed.is::<std::num::ParseIntError>());
        let panics = group.spawn::<(), io::Error, _>("panics", async { panic!("boom") });
        let Outcome::Panicked(panic) = panics.outcome().await else { panic!("a panic") };
        assert_eq!(panic.message(), "boom");
        let cancelled = group.spawn("cancelled", works_until_asked(Log::default(), "", secs(0)));
        cancelled.cancel("before it started");
        let Outcome::Cancelled(cause) = cancelled.outcome().await else { panic!("cancelled") };
        assert_eq!(cause.message(), "before it started");
        Ok(())
    });
    let settled = settled.await;
    assert_eq!((settled.counts.ok, settled.counts.total()), (1, 4));
}

#[tokio::test(start_paused = true)]
async fn a_handle_can_be_awaited_again_after_a_timeout() {
    let result = TaskGroup::new("g").run(async |group| {
        let mut child = group.spawn("child", async {
            sleep(secs(2)).await;
            Ok::<_, io::Error>(7)
        });
        assert!(timeout(secs(1), &mut child).await.is_err());
        assert!(!child.is_finished());
        Ok(child.await?)
    });
    assert_eq!(result.await.unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn dropping_a_handle_changes_nothing_for_the_child() {
    let log = Log::default();
    let result = TaskGroup::new("g").run(async |group| {
        let log = log.clone();
        drop(group.spawn("child", async move {
            sleep(secs(1)).await;
            log.add("finished");
            Ok::<_, io::Error>(())
        }));
        Ok(())
    });
    result.await.unwrap();
    assert!(log.has("finished"));
}

#[tokio::test(start_paused = true)]
async fn a_child_can_spawn_siblings_that_the_group_waits_for() {
    fn fan_out(group: &Group, depth: u32, log: &Log) {
        for n in 0..2 {
            let (siblings, log) = (group.clone(), log.clone());
            group.spawn(format!("{depth}-{n}"), async move {
                sleep(secs(1)).await;
                log.add("one");
                if depth > 0 {
                    fan_out(&siblings, depth - 1, &log);
                }
                Ok::<_, io::Error>(())
            });
        }
    }
    let log = Log::default();
    let result = TaskGroup::new("g").run(async |group| {
        fan_out(group, 3, &log);
        Ok(())
    });
    result.await.unwrap();
    assert_eq!(log.all().len(), 2 + 4 + 8 + 16);
}

#[tokio::test(start_paused = true)]
async fn a_group_that_has_ended_refuses_what_comes_later() {
    let mut kept = None;
    let result = TaskGroup::new("g").limit(1).run(async |group| {
        kept = Some(group.clone());
        Ok(())
    });
    result.await.unwrap();
    let (group, log) = (kept.unwrap(), Log::default());
    let guard = log.on_drop("dropped unrun");
    let late = group.spawn("late", async move {
        let _guard = guard;
        Ok::<_, io::Error>(())
    });
    assert!(log.has("dropped unrun"));
    assert!(late.is_finished() && !late.cancel("no use"));
    assert_eq!(late.path().to_string(), "g/late");
    let failed = late.await.unwrap_err();
    assert_eq!(failed.cause().unwrap().kind(), CancelKind::ScopeDropped);
    assert_eq!(failed.to_string(), "g/late: cancelled: its scope was dropped: its group had ended before");
    let late = group.spawn_bounded("late", async { Ok::<_, BoxError>(()) }).await;
    assert!(matches!(late, Err(Interrupt::Cancelled(cause)) if cause.kind() == CancelKind::ScopeDropped));
    assert_eq!(group.live(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_printed_of_a_handle_and_a_group_names_them() {
    let result = TaskGroup::new("g").run(async |group| {
        let child = group.spawn("child", fails_after(secs(1), "no"));
        assert_eq!(format!("{child:?}"), "TaskHandle { path: TaskPath(g/child), finished: false }");
        assert_eq!(format!("{group:?}"), "Group { path: TaskPath(g), live: 1, cancelled: None }");
        Ok(())
    });
    assert!(result.await.is_err());
}
