//! The end of a scheduler.

use std::future::pending;

use actors::scheduler::messages::{Close, Drain};
use actors::scheduler::{ScheduleError, ScheduleState, Scheduler, SchedulerState};
use actors::system::System;
use actors::{Component, Readiness};
use patterns_core::cancel::CancelKind;
use patterns_core::context;
use tokio::time::{Duration, Instant, sleep};

use super::{Starts, instants, millis, secs, settle, start};

#[tokio::test(start_paused = true)]
async fn a_closed_scheduler_begins_nothing_and_lets_what_runs_finish() {
    let scheduler = start();
    let starts = Starts::default();
    let slow = scheduler.every("slow", secs(1)).run(starts.job(secs(5))).await.unwrap();
    let idle = scheduler.every("idle", secs(60)).run(async || {}).await.unwrap();
    sleep(millis(1500)).await;
    scheduler.close();
    let status = scheduler.status();
    assert_eq!((status.state, status.next, status.schedules.len()), (SchedulerState::Draining, None, 1));
    assert_eq!((slow.status().state, idle.status().state), (ScheduleState::Ending, ScheduleState::Ended));
    let refused = scheduler.after("new", secs(1)).run(async || {}).await.unwrap_err();
    assert!(refused.is_closed());
    assert_eq!(refused.to_string(), "the scheduler is closed");
    assert!(!slow.trigger().await.unwrap() && !slow.pause().await.unwrap() && !slow.resume().await.unwrap());
    assert_eq!(slow.ended().await.unwrap().counts.done, 1);
    assert_eq!((scheduler.status().state, starts.count()), (SchedulerState::Closed, 1));
}

#[tokio::test(start_paused = true)]
async fn a_drain_waits_for_what_runs() {
    let scheduler = start();
    scheduler.after("long", Duration::ZERO).run(async || sleep(secs(5)).await).await.unwrap();
    settle().await;
    let receipt = scheduler.drain(Instant::now() + secs(60)).await;
    assert!(receipt.is_complete() && receipt.took >= millis(4990) && receipt.took <= secs(6), "{receipt}");
    assert_eq!(receipt.counts.done, 1);
    // Again, and there is nothing to do.
    assert_eq!(scheduler.drain(Instant::now()).await.took, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_drain_cancels_a_grace_before_its_deadline_and_drops_at_it() {
    let scheduler = start();
    let (tell, told) = tokio::sync::oneshot::channel();
    let polite = async move || {
        let interrupt = context::sleep(secs(600)).await.unwrap_err();
        tell.send((interrupt.cause().unwrap().kind(), Instant::now())).unwrap();
    };
    scheduler.after("polite", Duration::ZERO).run(polite).await.unwrap();
    scheduler.after("deaf", Duration::ZERO).run(async || pending::<()>().await).await.unwrap();
    settle().await;
    let begun = Instant::now();
    let receipt = scheduler.drain(begun + secs(10)).await;
    let (kind, asked) = told.await.unwrap();
    assert_eq!((kind, (asked - begun).as_secs()), (CancelKind::Shutdown, 9));
    assert!(receipt.is_complete() && receipt.took >= secs(10) && receipt.took < millis(10_010), "{receipt}");
    assert_eq!((receipt.counts.done, receipt.counts.cancelled), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_drain_names_what_a_run_left_behind() {
    let scheduler = start();
    let leaves = async || drop(context::Context::current().reaper().spawn("flush", sleep(secs(100))));
    scheduler.after("leaves", Duration::ZERO).run(leaves).await.unwrap();
    settle().await;
    let receipt = scheduler.drain(Instant::now() + secs(10)).await;
    assert!(!receipt.is_complete());
    assert_eq!((receipt.counts.done, receipt.counts.running), (1, 0));
    assert!(receipt.to_string().contains("; left behind: actors/scheduler/leaves/flush, running for"), "{receipt}");
    assert!(scheduler.drain(Instant::now() + secs(200)).await.is_complete());
}

#[tokio::test(start_paused = true)]
async fn the_actor_closes_and_drains_when_it_is_asked_to() {
    let scheduler = start();
    scheduler.every("deaf", secs(1)).run(async || pending::<()>().await).await.unwrap();
    sleep(millis(1500)).await;
    scheduler.actor().ask(Close).await.unwrap();
    assert_eq!(scheduler.status().state, SchedulerState::Draining);
    let receipt = scheduler.actor().ask(Drain { deadline: Instant::now() + secs(5) }).await.unwrap();
    assert_eq!((receipt.is_complete(), receipt.counts.cancelled), (true, 1));
}

#[tokio::test(start_paused = true)]
async fn stopping_the_actor_drains_within_its_own_timeout() {
    let system = System::start().unwrap();
    let scheduler = Scheduler::builder().drain_timeout(secs(20)).start(&system).unwrap();
    let starts = Starts::default();
    let done = scheduler.every("done", secs(1)).run(starts.job(secs(5))).await.unwrap();
    let deaf = scheduler.after("deaf", Duration::ZERO).run(async || pending::<()>().await).await.unwrap();
    sleep(millis(1500)).await;
    let begun = Instant::now();
    let receipt = scheduler.actor().stop().await;
    assert!(receipt.is_clean(), "{receipt}");
    assert!(begun.elapsed() >= secs(20) && begun.elapsed() < millis(20_100), "{:?}", begun.elapsed());
    assert_eq!((done.status().counts.done, deaf.status().counts.cancelled), (1, 1));
    assert_eq!(starts.count(), 1);
    assert!(scheduler.every("new", secs(1)).run(async || {}).await.unwrap_err().is_closed());
    assert!(matches!(deaf.cancel().await, Err(ScheduleError::Closed)));
}

#[tokio::test(start_paused = true)]
async fn a_system_that_shuts_down_sooner_cancels_what_runs_and_names_it() {
    let system = System::start().unwrap();
    let scheduler = Scheduler::builder().start(&system).unwrap();
    let deaf = scheduler.after("deaf", Duration::ZERO).run(async || pending::<()>().await).await.unwrap();
    settle().await;
    let receipt = system.shutdown(secs(5)).await;
    assert_eq!(receipt.stragglers.len(), 1);
    assert!(receipt.elapsed < secs(7));
    // A grace later it is dropped all the same.
    assert_eq!(deaf.ended().await.unwrap().counts.cancelled, 1);
    system.reaper().drained().await;
}

#[tokio::test(start_paused = true)]
async fn dropping_the_last_handle_ends_the_schedules_and_lets_a_run_finish() {
    let scheduler = start();
    let starts = Starts::default();
    let slow = scheduler.every("slow", secs(1)).run(starts.job(secs(5))).await.unwrap();
    let clone = scheduler.clone();
    drop(scheduler);
    sleep(millis(1500)).await;
    let actor = clone.actor().downgrade();
    drop(clone);
    let status = slow.ended().await.unwrap();
    assert_eq!((instants(status.counts), status.counts.done), ((1, 1, 0, 0), 1));
    settle().await;
    assert!(actor.upgrade().is_none());
    assert!(slow.trigger().await.unwrap_err().is_closed());
}

#[tokio::test(start_paused = true)]
async fn a_coordinator_sees_when_it_is_ready_and_shuts_it_down_with_a_receipt() {
    let scheduler = start();
    scheduler.after("done", Duration::ZERO).run(async || {}).await.unwrap();
    scheduler.after("deaf", Duration::ZERO).run(async || pending::<()>().await).await.unwrap();
    settle().await;
    assert_eq!(scheduler.ready().await, Readiness::Ready);
    scheduler.close();
    assert_eq!(scheduler.ready().await, Readiness::NotReady("it starts nothing any more".to_owned()));

    let receipt = scheduler.shut_down(Instant::now() + secs(5)).await;
    assert!(receipt.is_clean(), "{receipt}");
    assert_eq!((receipt.name.as_str(), receipt.handled, receipt.dead), ("scheduler", 1, 1));
    assert_eq!(receipt.elapsed.as_secs(), 5);
    assert_eq!(scheduler.ready().await, Readiness::NotReady("it is closed".to_owned()));
    assert!(scheduler.actor().stop_reason().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_receipt_says_when_something_was_left_running() {
    let scheduler = start();
    let leaves = async || drop(context::Context::current().reaper().spawn("flush", sleep(secs(100))));
    scheduler.after("leaves", Duration::ZERO).run(leaves).await.unwrap();
    settle().await;
    assert!(!scheduler.shut_down(Instant::now() + secs(5)).await.is_clean());
}
