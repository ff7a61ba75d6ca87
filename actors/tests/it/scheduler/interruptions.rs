//! What is left of a scheduler whose user is interrupted.

use std::cell::Cell;
use std::rc::Rc;

use actors::scheduler::{ScheduleState, Scheduler};
use actors::system::System;
use patterns_core::testing::explore_cancellation;
use tokio::time::{Instant, sleep};

use super::{Starts, instants, millis, secs, settle, start};

#[derive(Clone)]
struct Fixture {
    scheduler: Scheduler,
    starts: Starts,
    /// What the scenario knows to have happened.
    known: Rc<Cell<u32>>,
    // Keeps the place where the actor lives.
    _system: System,
}

async fn fixture() -> Fixture {
    let system = System::start().expect("it lives on this test's thread");
    let scheduler = Scheduler::builder().start(&system).expect("the settings are fine");
    Fixture { scheduler, starts: Starts::default(), known: Rc::default(), _system: system }
}

#[test]
fn a_schedule_is_made_if_and_only_if_its_maker_learns_of_it() {
    let explored = explore_cancellation(
        fixture,
        async |fixture: Fixture| {
            for name in ["a", "b"] {
                let every = fixture.scheduler.every(name, secs(10)).immediately();
                if every.run(fixture.starts.job(secs(0))).await.is_ok() {
                    fixture.known.set(fixture.known.get() + 1);
                }
            }
        },
        async |fixture| {
            settle().await;
            let status = fixture.scheduler.status();
            assert_eq!(status.schedules.len(), fixture.known.get() as usize);
            assert_eq!(status.next.is_some(), fixture.known.get() > 0);
            sleep(secs(35)).await;
            let status = fixture.scheduler.status();
            for schedule in &status.schedules {
                assert_eq!(instants(schedule.counts), (4, 4, 0, 0));
            }
            // What was taken out again may have run before, and is in the books.
            assert!(status.counts.balances() && status.counts.running == 0);
            assert_eq!(fixture.starts.count() as u64, status.counts.done);
            // Nothing is in the way of a name.
            fixture.scheduler.cancel_all().await.unwrap();
            settle().await;
            fixture.scheduler.every("a", secs(10)).run(async || {}).await.unwrap();
        },
    );
    assert!(explored.polls >= 2, "{explored:?}");
}

#[test]
fn a_schedule_is_cancelled_or_as_it_was() {
    let explored = explore_cancellation(
        async || {
            let fixture = fixture().await;
            fixture.scheduler.every("slow", secs(1)).run(fixture.starts.job(millis(1500))).await.unwrap();
            sleep(millis(1200)).await;
            fixture
        },
        async |fixture: Fixture| {
            if fixture.scheduler.cancel("slow").await.is_ok() {
                fixture.known.set(1);
            }
        },
        async |fixture| {
            let schedule = fixture.scheduler.find("slow");
            if fixture.known.get() == 1 {
                assert!(schedule.is_none_or(|schedule| schedule.status().state == ScheduleState::Ending));
            }
            sleep(secs(10)).await;
            let status = fixture.scheduler.status();
            assert!(status.counts.balances(), "{status:?}");
            match fixture.scheduler.find("slow") {
                Some(schedule) => {
                    assert_eq!(fixture.known.get(), 0);
                    assert!(schedule.status().counts.runs > 3);
                    assert!(schedule.cancel().await.unwrap());
                    assert!(schedule.ended().await.is_ok());
                }
                None => assert_eq!(status.counts.runs, 1),
            }
        },
    );
    assert!(explored.polls >= 2, "{explored:?}");
}

#[test]
fn pauses_triggers_and_waits_leave_the_timetable_whole() {
    explore_cancellation(
        fixture,
        async |fixture: Fixture| {
            let every = fixture.scheduler.every("x", secs(1)).run(fixture.starts.job(millis(100))).await?;
            every.pause().await?;
            sleep(secs(5)).await;
            every.trigger().await?;
            every.resume().await?;
            every.close().await?;
            let _ = every.ended().await;
            Ok::<_, actors::scheduler::ScheduleError>(())
        },
        async |fixture| {
            sleep(secs(10)).await;
            let receipt = fixture.scheduler.drain(Instant::now() + secs(10)).await;
            assert!(receipt.is_complete() && receipt.counts.balances(), "{receipt}");
            assert_eq!(fixture.starts.count() as u64, receipt.counts.done);
        },
    );
}

#[test]
fn an_interrupted_drain_leaves_the_scheduler_closed_and_can_be_called_again() {
    explore_cancellation(
        async || {
            let fixture = fixture().await;
            let never = async || std::future::pending::<()>().await;
            fixture.scheduler.every("never", secs(1)).run(never).await.unwrap();
            sleep(millis(1500)).await;
            fixture
        },
        async |fixture: Fixture| {
            let receipt = fixture.scheduler.drain(Instant::now() + secs(5)).await;
            assert!(receipt.is_complete(), "{receipt}");
            fixture.known.set(1);
        },
        async |fixture| {
            // Interrupted before its first poll it did nothing.
            let receipt = fixture.scheduler.drain(Instant::now() + secs(5)).await;
            assert!(receipt.is_complete(), "{receipt}");
            assert_eq!(receipt.counts.cancelled, 1);
            assert!(fixture.scheduler.every("x", secs(1)).run(async || {}).await.unwrap_err().is_closed());
        },
    );
}

#[tokio::test(start_paused = true)]
async fn a_dropped_handle_changes_nothing() {
    let scheduler = start();
    let starts = Starts::default();
    drop(scheduler.every("beat", secs(1)).run(starts.job(secs(0))).await.unwrap());
    drop(scheduler.find("beat"));
    sleep(millis(3500)).await;
    assert_eq!(starts.count(), 3);
}
