//! Jobs that misbehave.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use actors::scheduler::{FailureKind, Scheduler};
use actors::system::System;
use tokio::time::{Duration, sleep};

use super::{instants, millis, secs, start};

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

#[tokio::test(start_paused = true)]
async fn a_panicking_job_is_counted_with_its_text_and_place_and_the_schedule_goes_on() {
    let scheduler = start();
    let ran = Arc::new(AtomicU32::new(0));
    let job = {
        let ran = ran.clone();
        move || {
            let n = ran.fetch_add(1, SeqCst);
            async move { assert!(n.is_multiple_of(2), "no table {n}") }
        }
    };
    let shaky = scheduler.every("shaky", secs(1)).run(job).await.unwrap();
    sleep(millis(4500)).await;
    let status = shaky.status();
    assert_eq!((instants(status.counts), status.counts.done, status.counts.panicked), ((4, 4, 0, 0), 2, 2));
    let FailureKind::Panic(panic) = status.last_failure.unwrap().kind else { panic!("it panicked") };
    assert_eq!(panic.message(), "no table 3");
    assert!(panic.place().unwrap().contains("faults.rs"));
}

#[tokio::test(start_paused = true)]
async fn a_job_that_panics_before_it_has_made_a_future_is_no_different() {
    let scheduler = start();
    let broken = || -> std::future::Ready<()> { panic!("no future") };
    let schedule = scheduler.every("broken", secs(1)).times(2).run(broken).await.unwrap();
    let status = schedule.ended().await.unwrap();
    assert_eq!((status.counts.panicked, status.counts.due), (2, 2));
    assert_eq!(status.last_failure.unwrap().kind.to_string().lines().next().unwrap().find("no future"), Some(10));
}

#[tokio::test(start_paused = true)]
async fn an_error_is_counted_with_the_texts_of_its_sources() {
    #[derive(Debug, thiserror::Error)]
    #[error("cannot load the page")]
    struct Load(#[source] std::num::ParseIntError);
    let scheduler = start();
    let job = async || "x".parse::<u8>().map(drop).map_err(Load);
    let schedule = scheduler.every("load", secs(1)).times(1).run(job).await.unwrap();
    let status = schedule.ended().await.unwrap();
    assert_eq!(status.counts.failed, 1);
    let failure = status.last_failure.unwrap();
    assert_eq!(failure.kind, FailureKind::Error("cannot load the page: invalid digit found in string".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn panics_in_destructors_harm_neither_the_timetable_nor_the_actor() {
    let scheduler = start();
    let (closure, future, payload) = (Bomb, Bomb, Bomb);
    // Dropped with its schedule, unused.
    let unused = scheduler
        .after("unused", secs(60))
        .run(move || {
            drop(closure);
            async {}
        })
        .await
        .unwrap();
    assert!(unused.cancel().await.unwrap());
    // Refused, as the name is taken.
    let taken = scheduler.after("taken", secs(60)).run(async || {}).await.unwrap();
    let bomb = Bomb;
    assert!(
        scheduler
            .after("taken", secs(60))
            .run(move || {
                drop(bomb);
                async {}
            })
            .await
            .is_err()
    );
    // Dropped with its future when its grace is over, and as the message of a panic.
    let held = async move || {
        let _future = future;
        std::future::pending::<()>().await
    };
    let held = scheduler.after("held", Duration::ZERO).run(held).await.unwrap();
    let thrown = async move || -> () { std::panic::panic_any(payload) };
    let thrown = scheduler.after("thrown", Duration::ZERO).run(thrown).await.unwrap();
    assert_eq!(thrown.ended().await.unwrap().counts.panicked, 1);
    sleep(millis(1)).await;
    assert!(held.cancel().await.unwrap());
    assert_eq!(held.ended().await.unwrap().counts.cancelled, 1);

    assert!(taken.trigger().await.unwrap());
    assert_eq!(taken.ended().await.unwrap().counts.done, 1);
    assert_eq!(scheduler.actor().status().restarts, 0);
}

#[tokio::test(start_paused = true)]
async fn what_a_job_owns_is_dropped_with_its_last_run() {
    let scheduler = start();
    let owned = Arc::new(());
    let job = {
        let owned = owned.clone();
        move || {
            let _ = &owned;
            async { sleep(secs(5)).await }
        }
    };
    let twice = scheduler.every("twice", secs(10)).times(2).run(job).await.unwrap();
    sleep(secs(11)).await;
    assert_eq!(Arc::strong_count(&owned), 2);
    sleep(secs(10)).await;
    // The last run is under way, and was made.
    assert_eq!((twice.status().counts.running, Arc::strong_count(&owned)), (1, 1));
}

#[test]
fn a_run_that_is_lost_with_its_runtime_is_counted() {
    let system = System::builder().own_thread().start().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (scheduler, lost) = runtime.block_on(async {
        let scheduler = Scheduler::builder().start(&system).unwrap();
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let job = async move || {
            begun.send(()).unwrap();
            std::future::pending::<()>().await;
        };
        let lost = scheduler.after("lost", Duration::ZERO).run(job).await.unwrap();
        has_begun.await.unwrap();
        (scheduler, lost)
    });
    assert_eq!(lost.status().counts.running, 1);
    drop(runtime);
    assert_eq!((lost.status().counts.running, lost.status().counts.cancelled), (0, 1));

    // The timetable goes on; what it begins has nowhere to run, and is counted too.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let next = scheduler.after("next", Duration::ZERO).run(async || {}).await.unwrap();
        assert_eq!(next.ended().await.unwrap().counts.cancelled, 1);
        assert!(system.shutdown(secs(5)).await.is_clean());
    });
}
