use std::io;

use patterns_core::cancel::{CancelKind, CancelToken};
use patterns_core::context::{self, Context};
use patterns_core::task_group::{CollectAll, Counts, Ended, FailFast, Flow, JoinPolicy, Settled, TaskGroup};
use tokio::time::{Instant, sleep};

use super::{fails_after, works_until_asked};
use crate::support::{Log, secs};

fn counted(counts: Counts) -> [u64; 4] {
    [counts.ok, counts.failed, counts.panicked, counts.cancelled]
}

#[tokio::test(start_paused = true)]
async fn collect_all_lets_the_siblings_go_on_and_counts_every_outcome() {
    let start = Instant::now();
    let settled = TaskGroup::new("crawl").policy(CollectAll).run(async |group| {
        group.spawn("a", fails_after(secs(1), "a failed"));
        group.spawn::<(), io::Error, _>("b", async { panic!("b panicked") });
        group.spawn("c", async {
            sleep(secs(9)).await;
            Ok::<_, io::Error>(())
        });
        group.spawn("d", fails_after(secs(2), "d failed"));
        let e = group.spawn("e", works_until_asked(Log::default(), "e", secs(0)));
        context::sleep(secs(3)).await?;
        e.cancel("not needed");
        Ok(7)
    });
    let settled = settled.await;
    assert_eq!(start.elapsed(), secs(9));
    assert_eq!(counted(settled.counts), [1, 2, 1, 1]);
    assert_eq!(settled.counts.total(), 5);
    assert_eq!(settled.value, Some(7));
    let names: Vec<_> = settled.errors.as_ref().unwrap().leaves().map(|leaf| leaf.path().name().to_owned()).collect();
    assert_eq!(names, ["b", "a", "d"]);
    assert!(settled.into_result().is_err());
}

#[tokio::test(start_paused = true)]
async fn collect_all_lets_the_children_go_on_when_the_body_fails() {
    let (log, start) = (Log::default(), Instant::now());
    let settled: Settled<()> = TaskGroup::new("crawl")
        .policy(CollectAll)
        .run(async |group| {
            let log = log.clone();
            group.spawn("child", async move {
                context::sleep(secs(5)).await?;
                log.add("finished");
                Ok::<_, context::Interrupt>(())
            });
            Err("the body failed".into())
        })
        .await;
    assert_eq!((start.elapsed(), log.all()), (secs(5), vec!["finished".to_owned()]));
    assert!(settled.value.is_none());
    assert_eq!(settled.errors.unwrap().to_string(), "crawl: the body failed");
}

#[tokio::test(start_paused = true)]
async fn a_group_without_failures_is_ok_under_either_policy() {
    let fine = TaskGroup::new("fine").run(async |group| {
        group.spawn("a", async { Ok::<_, io::Error>(()) });
        Ok(7)
    });
    assert_eq!(fine.await.unwrap(), 7);
    let fine = TaskGroup::new("fine").policy(CollectAll).run(async |_| Ok(7)).await;
    assert_eq!(counted(fine.counts), [0; 4]);
    assert!(fine.cut.is_none() && fine.stragglers.is_empty());
    assert_eq!(fine.into_result().unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn what_was_cut_short_from_outside_never_looks_finished() {
    let token = CancelToken::new();
    let crawl = TaskGroup::new("crawl").policy(CollectAll).run(async |group| {
        group.spawn("quick", async { Ok::<_, io::Error>(()) });
        group.spawn("slow", works_until_asked(Log::default(), "slow", secs(0)));
        Ok("all pages")
    });
    let crawl = tokio::spawn(Context::current().with_token(token.child()).scope(crawl));
    sleep(secs(1)).await;
    token.cancel("ctrl-c");
    let settled = crawl.await.unwrap();
    assert_eq!(settled.value, Some("all pages"));
    assert_eq!(settled.cut.as_ref().unwrap().message(), "ctrl-c");
    assert_eq!(counted(settled.counts), [1, 0, 0, 1]);
    assert!(settled.into_result().unwrap_err().is_cancelled());
}

/// What `FirstOk` may become: the first success ends the group.
struct First;

impl JoinPolicy for First {
    type Output<R> = Settled<R>;
    const SEES_SUCCESS: bool = true;

    fn ended(&mut self, task: &Ended<'_>) -> Flow {
        if task.failure().is_none() { Flow::CancelSiblings } else { Flow::Continue }
    }

    fn finish<R>(self, settled: Settled<R>) -> Settled<R> {
        settled
    }
}

#[tokio::test(start_paused = true)]
async fn a_policy_may_stop_the_group_at_a_success() {
    let (log, start) = (Log::default(), Instant::now());
    let settled = TaskGroup::new("mirrors").policy(First).run(async |group| {
        group.spawn("broken", fails_after(secs(1), "refused"));
        group.spawn("fast", async {
            sleep(secs(2)).await;
            Ok::<_, io::Error>(())
        });
        let slow = group.spawn("slow", works_until_asked(log.clone(), "slow", secs(1)));
        let failed = slow.await.unwrap_err();
        assert_eq!(failed.cause().unwrap().message(), "mirrors/fast was enough");
        assert_eq!(failed.cause().unwrap().kind(), CancelKind::Requested);
        Ok(())
    });
    let settled = settled.await;
    assert_eq!(start.elapsed(), secs(3));
    assert_eq!(log.all(), ["slow asked", "slow cleaned"]);
    assert_eq!(counted(settled.counts), [1, 1, 0, 1]);
    assert!(settled.cut.is_none(), "its own doing");
}

#[tokio::test(start_paused = true)]
async fn a_policy_has_its_state_back_when_it_finishes() {
    struct Names(Vec<String>);
    impl JoinPolicy for Names {
        type Output<R> = Vec<String>;
        const SEES_SUCCESS: bool = true;

        fn ended(&mut self, task: &Ended<'_>) -> Flow {
            self.0.push(format!("{} {}", task.path(), task.failure().is_none()));
            Flow::Continue
        }

        fn finish<R>(self, _: Settled<R>) -> Vec<String> {
            self.0
        }
    }
    let names = TaskGroup::new("g").policy(Names(Vec::new())).run(async |group| {
        group.spawn("a", async { Ok::<_, io::Error>(()) });
        group.spawn("b", fails_after(secs(1), "no")).await.unwrap_err();
        Err::<(), _>("body".into())
    });
    assert_eq!(names.await, ["g/a true", "g/b false", "g false"]);
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_panics_takes_down_no_sibling_and_hangs_nobody() {
    struct Bad;
    impl JoinPolicy for Bad {
        type Output<R> = Settled<R>;

        fn ended(&mut self, _: &Ended<'_>) -> Flow {
            panic!("bad policy")
        }

        fn finish<R>(self, settled: Settled<R>) -> Settled<R> {
            settled
        }
    }
    let settled = TaskGroup::new("g").policy(Bad).run(async |group| {
        let failed = group.spawn("a", fails_after(secs(1), "no")).await.unwrap_err();
        assert_eq!(failed.panic().unwrap().message(), "bad policy");
        group.spawn("b", async { Ok::<_, io::Error>(7) }).await.map_err(Into::into)
    });
    assert_eq!(settled.await.value, Some(7));
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_the_group_has_not_heard_of_is_no_echo() {
    struct BadOnce(bool);
    impl JoinPolicy for BadOnce {
        type Output<R> = Settled<R>;

        fn ended(&mut self, _: &Ended<'_>) -> Flow {
            assert!(std::mem::replace(&mut self.0, true), "bad policy");
            Flow::Continue
        }

        fn finish<R>(self, settled: Settled<R>) -> Settled<R> {
            settled
        }
    }
    let settled = TaskGroup::new("g").policy(BadOnce(false)).run(async |group| {
        group.spawn("a", works_until_asked(Log::default(), "a", secs(0))).cancel("before it started");
        Ok(group.spawn("b", works_until_asked(Log::default(), "b", secs(0))).await?)
    });
    // The first to end meets the panic; the body gets it through its handle and passes it on.
    let settled = tokio::time::timeout(secs(3601), settled).await.unwrap();
    assert!(settled.value.is_none());
    assert!(!settled.errors.unwrap().is_cancelled());
}

#[tokio::test(start_paused = true)]
async fn fail_fast_is_what_a_group_does_by_default() {
    let start = Instant::now();
    let result = TaskGroup::new("g").policy(CollectAll).policy(FailFast).run(async |group| {
        group.spawn("a", fails_after(secs(1), "no"));
        context::sleep(secs(9)).await?;
        Ok(())
    });
    assert!(result.await.is_err());
    assert_eq!(start.elapsed(), secs(1));
}
