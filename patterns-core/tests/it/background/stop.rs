use std::io;

use patterns_core::background::Background;
use patterns_core::cancel::{CancelKind, CancelToken, shield};
use patterns_core::context::{self, Context};
use patterns_core::outcome::FailureKind;
use patterns_core::reaper::Reaper;
use patterns_core::task_group::TaskGroup;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, timeout};

use super::{Failures, nothing, numbers, works, works_until_asked};
use crate::support::{Log, ms, polled, secs};

#[tokio::test(start_paused = true)]
async fn a_shutdown_asks_waits_aborts_and_names_and_its_receipt_adds_up() {
    let (failures, log) = (Failures::default(), Log::default());
    let background = Background::builder("b").on_error(failures.sink()).build().unwrap();
    background.try_spawn("done", nothing()).unwrap();
    background.try_spawn("bad", async { Err::<(), _>("no") }).unwrap();
    background.try_spawn("polite", works_until_asked(log.clone(), "polite", secs(2))).unwrap();
    background.try_spawn("slow", works_until_asked(log.clone(), "slow", secs(20))).unwrap();
    let guard = log.on_drop("deaf dropped");
    let deaf = async move {
        let _guard = guard;
        sleep(secs(3600)).await;
        Ok::<_, io::Error>(())
    };
    background.try_spawn("deaf", deaf).unwrap();
    sleep(secs(1)).await;
    assert_eq!(numbers(background.status()), [1, 1, 0, 0, 3]);

    let start = Instant::now();
    let receipt = background.shutdown(secs(5)).await;
    assert_eq!(start.elapsed(), secs(5));
    assert_eq!(numbers(receipt.status), [1, 1, 0, 3, 0]);
    assert!(!receipt.is_clean());
    assert_eq!(log.all(), ["polite asked", "slow asked", "polite cleaned", "deaf dropped"]);
    let mut named: Vec<_> = receipt.stragglers.iter().map(|task| (task.path().to_string(), task.ran_for())).collect();
    named.sort_unstable();
    assert_eq!(named, [("deaf".to_owned(), secs(6)), ("slow".to_owned(), secs(6))]);
    let straggler = &receipt.stragglers[0];
    assert_eq!(straggler.kind(), FailureKind::Straggler);
    assert_eq!(straggler.cause().unwrap().kind(), CancelKind::Shutdown);
    assert_eq!(failures.all().len(), 1, "to be cancelled is no error");
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_is_the_cause() {
    let (background, log) = (Background::new("mail"), Log::default());
    let seen = log.clone();
    let task = async move {
        let interrupt = context::sleep(secs(60)).await.unwrap_err();
        let cause = interrupt.cause().unwrap();
        seen.add(format!("{cause} line {}", cause.place().line()));
        Err::<(), _>(interrupt)
    };
    background.try_spawn("send", task).unwrap();
    yield_now().await;
    let line = line!() + 1;
    let shutdown = background.shutdown(secs(1));
    assert!(shutdown.await.stragglers.is_empty());
    assert_eq!(log.all(), [format!("cancelled: shutting down: background mail line {line}")]);
}

#[tokio::test(start_paused = true)]
async fn what_had_not_begun_never_runs_and_is_counted() {
    let (background, log, start) = (Background::new("b"), Log::default(), Instant::now());
    let guard = log.on_drop("dropped unrun");
    let ran = log.clone();
    let task = async move {
        let _guard = guard;
        ran.add("ran");
        nothing().await
    };
    background.spawn("t", task).await.unwrap();
    let receipt = background.shutdown(secs(5)).await;
    assert_eq!((numbers(receipt.status), start.elapsed()), ([0, 0, 0, 1, 0], secs(0)));
    assert!(receipt.stragglers.is_empty());
    assert_eq!(log.all(), ["dropped unrun"]);
}

#[tokio::test(start_paused = true)]
async fn draining_first_loses_nothing() {
    let (background, log, start) = (Background::new("b"), Log::default(), Instant::now());
    for (name, delay) in [("a", 1), ("b", 2), ("c", 3)] {
        background.spawn(name, works(log.clone(), name, secs(delay))).await.unwrap();
    }
    background.drain().await.unwrap();
    assert_eq!((log.all().len(), start.elapsed()), (3, secs(3)));
    let receipt = background.shutdown(secs(0)).await;
    assert!(receipt.is_clean());
    assert_eq!(numbers(receipt.status), [3, 0, 0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_drain_obeys_the_ambient_token_and_stays_closed() {
    let (background, token, log) = (Background::new("b"), CancelToken::new(), Log::default());
    background.try_spawn("t", works(log.clone(), "t", secs(9))).unwrap();
    let context = Context::current().with_token(token.child());
    let cancel = async {
        sleep(secs(1)).await;
        token.cancel("hurry");
    };
    let (drained, ()) = tokio::join!(context.scope(background.drain()), cancel);
    assert_eq!(drained.unwrap_err().cause().unwrap().message(), "hurry");
    assert!(background.status().closed);
    background.drain().await.unwrap();
    assert!(log.has("t"));
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_that_begins_when_all_else_is_cancelled_still_gives_the_grace() {
    let (background, token, log) = (Background::new("b"), CancelToken::new(), Log::default());
    background.try_spawn("t", works_until_asked(log.clone(), "t", secs(2))).unwrap();
    yield_now().await;
    token.cancel("SIGTERM");
    let late = Context::current().with_token(token).with_deadline(Instant::now());
    let receipt = late.scope(background.shutdown(secs(5))).await;
    assert!(receipt.stragglers.is_empty());
    assert_eq!(log.all(), ["t asked", "t cleaned"]);
}

#[tokio::test(start_paused = true)]
async fn called_again_it_gives_the_receipt_again() {
    let background = Background::new("b");
    background.try_spawn("deaf", works(Log::default(), "deaf", secs(3600))).unwrap();
    yield_now().await;
    let clone = background.clone();
    let (first, second) = tokio::join!(background.shutdown(secs(1)), clone.shutdown(secs(9)));
    let third = background.shutdown(secs(1)).await;
    for receipt in [first, second, third] {
        assert_eq!(numbers(receipt.status), [0, 0, 0, 1, 0]);
        assert_eq!(receipt.stragglers.len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_that_is_dropped_has_asked_and_can_be_called_again() {
    let (background, log) = (Background::new("b"), Log::default());
    background.try_spawn("t", works_until_asked(log.clone(), "t", secs(20))).unwrap();
    yield_now().await;
    assert!(timeout(secs(1), background.shutdown(secs(2))).await.is_err());
    assert!(log.has("t asked") && background.status().closed);
    sleep(secs(5)).await;
    assert_eq!(background.status().live, 1, "nobody aborts it now");
    let receipt = background.shutdown(secs(1)).await;
    assert_eq!((numbers(receipt.status), receipt.stragglers.len()), ([0, 0, 0, 1, 0], 1));
}

#[tokio::test(start_paused = true)]
async fn what_a_task_let_go_of_is_waited_for() {
    let (background, log, start) = (Background::new("b"), Log::default(), Instant::now());
    let commit = works(log.clone(), "committed", secs(3));
    background.try_spawn("t", async move { shield(secs(9), commit).await.unwrap() }).unwrap();
    sleep(secs(1)).await;
    let receipt = background.shutdown(ms(10)).await;
    assert_eq!((log.all(), start.elapsed()), (vec!["committed".to_owned()], secs(3)));
    assert_eq!(receipt.stragglers.len(), 1, "the task itself was aborted, its commit was not");
}

#[tokio::test(start_paused = true)]
async fn dropped_without_shutdown_the_tasks_are_asked_and_the_root_waits_for_their_cleanup() {
    let (root, log, start) = (Reaper::new(), Log::default(), Instant::now());
    root.run(async {
        let background = Background::new("mail");
        background.spawn("send", works_until_asked(log.clone(), "send", secs(2))).await.unwrap();
        sleep(secs(1)).await;
        let other = background.clone();
        drop(background);
        yield_now().await;
        assert!(log.all().is_empty(), "there is another handle");
        drop(other);
        assert_eq!(root.live()[0].path.to_string(), "mail");
    })
    .await;
    assert_eq!((log.all(), start.elapsed()), (vec!["send asked".to_owned(), "send cleaned".to_owned()], secs(3)));
    assert!(root.live().is_empty());
}

#[tokio::test(start_paused = true)]
async fn dropped_without_shutdown_what_does_not_stop_is_aborted_after_the_grace() {
    let (root, log, start) = (Reaper::new(), Log::default(), Instant::now());
    let guard = log.on_drop("dropped");
    root.run(async {
        let background = Background::builder("b").grace(secs(2)).build().unwrap();
        let deaf = async move {
            let _guard = guard;
            sleep(secs(3600)).await;
            Ok::<_, io::Error>(())
        };
        background.try_spawn("deaf", deaf).unwrap();
        sleep(secs(1)).await;
    })
    .await;
    assert_eq!((log.all(), start.elapsed()), (vec!["dropped".to_owned()], secs(3)));
}

#[tokio::test(start_paused = true)]
async fn an_enclosing_group_waits_for_what_a_dropped_background_leaves() {
    let log = Log::default();
    let result = TaskGroup::new("g").run(async |group| {
        let log = log.clone();
        group.spawn("child", async move {
            let background = Background::new("b");
            background.spawn("t", works_until_asked(log, "t", secs(1))).await.unwrap();
            yield_now().await;
            Ok::<_, io::Error>(())
        });
        Ok(())
    });
    result.await.unwrap();
    assert_eq!(log.all(), ["t asked", "t cleaned"]);
}

#[tokio::test(start_paused = true)]
async fn an_idle_background_leaves_nothing_behind() {
    let root = Reaper::new();
    let context = Context::current().with_reaper(root.clone());
    let background = context.sync_scope(|| Background::new("b"));
    background.spawn("t", nothing()).await.unwrap();
    background.drain().await.unwrap();
    drop(background);
    assert!(root.live().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_from_a_task_of_its_own_ends_with_that_task() {
    let (background, start) = (Background::new("b"), Instant::now());
    let own = background.clone();
    let task = async move {
        let _ = own.shutdown(secs(2)).await;
        nothing().await
    };
    background.try_spawn("t", task).unwrap();
    sleep(secs(1)).await;
    assert!(background.status().closed);
    let receipt = background.shutdown(secs(9)).await;
    assert_eq!(start.elapsed(), secs(2));
    assert_eq!((numbers(receipt.status), receipt.stragglers.len()), ([0, 0, 0, 1, 0], 1));
}

#[tokio::test(start_paused = true)]
async fn a_handle_in_a_task_keeps_it_open_until_that_task_ends() {
    let (root, log) = (Reaper::new(), Log::default());
    root.run(async {
        let background = Background::new("b");
        let own = background.clone();
        let inner = log.clone();
        let outer = async move {
            sleep(secs(1)).await;
            own.spawn("inner", works_until_asked(inner, "inner", secs(1))).await.unwrap();
            sleep(secs(1)).await;
            nothing().await
        };
        background.try_spawn("outer", outer).unwrap();
        drop(background);
        sleep(ms(1500)).await;
        assert!(log.all().is_empty());
    })
    .await;
    // The root was not told of it before the last handle was gone.
    assert!(polled(1, root.drained()).await.is_some());
    sleep(secs(9)).await;
    root.drained().await;
    assert_eq!(log.all(), ["inner asked", "inner cleaned"]);
}

#[test]
fn tasks_that_end_with_their_runtime_are_counted_as_cancelled() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let background = runtime.block_on(async {
        let background = Background::new("b");
        background.spawn("t", works(Log::default(), "t", secs(60))).await.unwrap();
        yield_now().await;
        background.spawn("unbegun", nothing()).await.unwrap();
        background
    });
    assert_eq!(numbers(background.status()), [0, 0, 0, 0, 2]);
    drop(runtime);
    assert_eq!(numbers(background.status()), [0, 0, 0, 2, 0]);
    drop(background);
}
