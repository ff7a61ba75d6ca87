use patterns_core::context::Context;
use patterns_core::reaper::Reaper;
use patterns_core::task_group::TaskGroup;
use tokio::time::{Instant, sleep};

use crate::support::{Log, polled, secs};

#[tokio::test(start_paused = true)]
async fn drained_waits_for_the_last() {
    let reaper = Reaper::new();
    let start = Instant::now();
    reaper.drained().await;
    for n in 1..=3 {
        reaper.spawn(format!("n{n}"), sleep(secs(n)));
    }
    reaper.drained().await;
    assert_eq!(start.elapsed(), secs(3));
}

#[tokio::test(start_paused = true)]
async fn what_is_left_is_named_with_its_age_oldest_first() {
    let reaper = Reaper::new();
    let at = Context::current().named("app");
    at.sync_scope(|| reaper.spawn("first", sleep(secs(9))));
    sleep(secs(2)).await;
    let _second = reaper.track(Context::current().named("second").path().clone());
    let live: Vec<_> = reaper.live().iter().map(|left| (left.path.to_string(), left.age)).collect();
    assert_eq!(live, [("app/first".to_owned(), secs(2)), ("second".to_owned(), secs(0))]);
}

#[tokio::test(start_paused = true)]
async fn run_waits_for_what_was_left_behind() {
    let (reaper, log) = (Reaper::new(), Log::default());
    let value = reaper
        .run(async {
            let log = log.clone();
            Context::current().reaper().spawn("flush", async move {
                sleep(secs(1)).await;
                log.add("flushed");
            });
            7
        })
        .await;
    assert_eq!((value, log.all()), (7, vec!["flushed".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn leftovers_of_leftovers_are_waited_for_too() {
    let (reaper, log) = (Reaper::new(), Log::default());
    let inner_log = log.clone();
    reaper.spawn("outer", async move {
        Context::current().reaper().spawn("inner", async move {
            sleep(secs(1)).await;
            inner_log.add(Context::current().path().to_string());
        });
    });
    reaper.drained().await;
    assert_eq!(log.all(), ["outer/inner"]);
}

#[tokio::test(start_paused = true)]
async fn a_panic_does_not_leave_a_ghost() {
    let reaper = Reaper::new();
    let task = reaper.spawn("bad", async { panic!("boom") });
    reaper.drained().await;
    assert!(task.await.unwrap_err().is_panic());
    assert!(reaper.live().is_empty());
}

#[tokio::test(start_paused = true)]
async fn dropping_a_wait_for_drained_loses_nothing() {
    let reaper = Reaper::new();
    reaper.spawn("left", sleep(secs(1)));
    assert!(polled(1, reaper.drained()).await.is_none());
    reaper.drained().await;
    assert!(reaper.live().is_empty());
}

#[tokio::test(start_paused = true)]
async fn cleanup_runs_outside_of_the_deadline_and_token_that_ended_the_work() {
    let (reaper, token) = (Reaper::new(), patterns_core::cancel::CancelToken::new());
    token.cancel("over");
    let context = Context::current().with_token(token).with_deadline(Instant::now());
    let cleanup = context.sync_scope(|| reaper.spawn("cleanup", patterns_core::context::sleep(secs(1))));
    assert!(cleanup.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_global_one_takes_what_nobody_else_does() {
    assert!(Context::try_current().is_none());
    let group = TaskGroup::new("nobodys-group").run(async |group| {
        group.spawn("cleanup", async {
            let _ = patterns_core::context::sleep(secs(60)).await;
            sleep(secs(1)).await;
            Ok::<_, std::io::Error>(())
        });
        tokio::task::yield_now().await;
        std::future::pending().await
    });
    let result: Option<Result<(), _>> = polled(2, group).await;
    assert!(result.is_none());
    let named = || Reaper::global().live().iter().any(|left| left.path.to_string() == "nobodys-group");
    assert!(named());
    sleep(secs(2)).await;
    assert!(!named());
}

#[tokio::test(start_paused = true)]
async fn what_is_aborted_before_it_began_counts_until_it_is_dropped() {
    struct Looks(Reaper, Log);
    impl Drop for Looks {
        fn drop(&mut self) {
            self.1.add(format!("{} left", self.0.live().len()));
        }
    }
    let (reaper, log) = (Reaper::new(), Log::default());
    let looks = Looks(reaper.clone(), log.clone());
    reaper.spawn("flush", async move { drop(looks) }).abort();
    reaper.drained().await;
    assert_eq!(log.all(), ["1 left"]);
}
