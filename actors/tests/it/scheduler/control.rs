//! Changing schedules.

use std::future::pending;
use std::sync::Arc;

use actors::scheduler::messages::{Action, CancelAll, Control, GetStatus};
use actors::scheduler::{
    Overlap, ScheduleError, ScheduleHandle, ScheduleState, Scheduler, SchedulerConfig, SkipReason, StartError,
};
use actors::system::System;
use parking_lot::Mutex;
use patterns_core::cancel::{CancelToken, timeout};
use patterns_core::context::{self, Context};
use tokio::time::{Duration, Instant, sleep};

use super::{Starts, instants, millis, secs, settle, start, start_with};

#[tokio::test(start_paused = true)]
async fn what_makes_no_sense_is_refused() {
    let scheduler = start();
    let error = scheduler.every("x", Duration::ZERO).run(async || {}).await.unwrap_err();
    assert!(matches!(&error, ScheduleError::ZeroPeriod { name } if &**name == "x"));
    let error = scheduler.every("x", secs(1)).times(0).run(async || {}).await.unwrap_err();
    assert!(matches!(error, ScheduleError::ZeroTimes { .. }));

    let config = SchedulerConfig::default();
    let system = System::start().unwrap();
    let error = Scheduler::builder().config(config).overlap_limit(0).start(&system).unwrap_err();
    assert_eq!(error.to_string(), "scheduler: `overlap_limit` must be at least 1");
}

#[test]
fn a_scheduler_needs_a_runtime() {
    let system = System::start().unwrap();
    assert!(matches!(Scheduler::builder().start(&system), Err(StartError::NoRuntime)));
}

#[test]
fn an_overlap_policy_is_a_word_in_a_configuration_file() {
    assert_eq!(serde_json::from_str::<Overlap>("\"allow\"").unwrap(), Overlap::Allow);
    assert_eq!(serde_json::to_string(&Overlap::Skip).unwrap(), "\"skip\"");
}

#[tokio::test(start_paused = true)]
async fn a_name_is_taken_until_its_schedule_has_ended() {
    let scheduler = start();
    let first = scheduler.every("x", secs(1)).run(async || sleep(secs(5)).await).await.unwrap();
    let taken = scheduler.after("x", secs(1)).run(async || {}).await.unwrap_err();
    assert!(matches!(&taken, ScheduleError::NameTaken { name } if &**name == "x"));
    sleep(millis(1500)).await;
    // Its run is still to finish.
    assert!(first.close().await.unwrap());
    assert_eq!(first.status().state, ScheduleState::Ending);
    assert!(scheduler.after("x", secs(1)).run(async || {}).await.is_err());
    first.ended().await.unwrap();
    let second = scheduler.after("x", secs(1)).run(async || {}).await.unwrap();
    assert_ne!(first.id(), second.id());
    // A handle is of one schedule, not of a name.
    assert!(!first.cancel().await.unwrap());
    assert_eq!(second.ended().await.unwrap().counts.done, 1);
}

#[tokio::test(start_paused = true)]
async fn cancelling_asks_a_run_to_stop_and_begins_no_more() {
    let scheduler = start();
    let asked = Arc::new(Mutex::new(None));
    let job = {
        let asked = asked.clone();
        move || {
            let asked = asked.clone();
            async move {
                let interrupt = context::sleep(secs(60)).await.unwrap_err();
                *asked.lock() = Some(interrupt.cause().unwrap().message().to_owned());
                Err(interrupt)
            }
        }
    };
    let schedule = scheduler.every("polite", secs(1)).run(job).await.unwrap();
    sleep(millis(1500)).await;
    assert!(scheduler.cancel("polite").await.unwrap());
    let status = schedule.ended().await.unwrap();
    assert_eq!(asked.lock().as_deref(), Some("its schedule was cancelled"));
    // It obeyed, which is no failure.
    assert_eq!((status.state, status.counts.cancelled, status.counts.failed), (ScheduleState::Ended, 1, 0));
    assert!(!scheduler.cancel("polite").await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_run_that_finishes_within_the_grace_counts_and_a_deaf_one_is_dropped_after_it() {
    let scheduler = start_with(Scheduler::builder().grace(secs(2)));
    let quick = scheduler.after("quick", Duration::ZERO).run(async || sleep(secs(1)).await).await.unwrap();
    let deaf = scheduler.after("deaf", Duration::ZERO).run(async || pending::<()>().await).await.unwrap();
    let stubborn = async || {
        sleep(secs(1)).await;
        Err::<(), _>("disk is full")
    };
    let failing = scheduler.after("failing", Duration::ZERO).run(stubborn).await.unwrap();
    settle().await;
    let now = Instant::now();
    assert_eq!(scheduler.cancel_all().await.unwrap(), 3);
    assert_eq!(scheduler.cancel_all().await.unwrap(), 0);
    assert_eq!(quick.ended().await.unwrap().counts.done, 1);
    assert_eq!(failing.ended().await.unwrap().counts.failed, 1);
    assert_eq!(deaf.ended().await.unwrap().counts.cancelled, 1);
    assert!(now.elapsed() >= secs(2) && now.elapsed() < millis(2010));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_cancelled_before_its_task_has_started_never_calls_its_job() {
    let scheduler = start();
    let starts = Starts::default();
    let job = starts.clone();
    let once = scheduler.after("x", secs(60)).run(async move || job.note()).await.unwrap();
    // The actor takes both messages in one turn, and the run's task comes after it.
    let (triggered, cancelled) = tokio::join!(once.trigger(), once.cancel());
    assert!(triggered.unwrap() && cancelled.unwrap());
    let status = once.ended().await.unwrap();
    assert_eq!((starts.count(), status.counts.runs, status.counts.cancelled), (0, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_job_can_close_or_cancel_its_own_schedule() {
    let scheduler = start();
    for action in [Action::Close, Action::Cancel] {
        let own: Arc<Mutex<Option<ScheduleHandle>>> = Arc::default();
        let job = {
            let own = own.clone();
            move || {
                let own = own.clone();
                async move {
                    let own = own.lock().clone().expect("set before it is due");
                    let ended = match action {
                        Action::Close => own.close().await,
                        _ => own.cancel().await,
                    };
                    assert!(ended.unwrap());
                    assert_eq!(context::is_cancelled(), action == Action::Cancel);
                }
            }
        };
        let schedule = scheduler.every("own", secs(1)).run(job).await.unwrap();
        *own.lock() = Some(schedule.clone());
        let status = schedule.ended().await.unwrap();
        assert_eq!((instants(status.counts), status.counts.done), ((1, 1, 0, 0), 1), "{action:?}: {status:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_paused_schedule_skips_its_instants_and_keeps_to_them() {
    let scheduler = start();
    let (starts, begun) = (Starts::default(), Instant::now());
    let beat = scheduler.every("beat", secs(10)).run(starts.job(secs(0))).await.unwrap();
    sleep(secs(15)).await;
    assert!(beat.pause().await.unwrap());
    assert!(!beat.pause().await.unwrap());
    assert_eq!((beat.status().state, beat.status().next), (ScheduleState::Paused, None));
    assert_eq!(scheduler.status().next, None);
    sleep(secs(30)).await;
    // Also counted while it is paused.
    assert_eq!(instants(beat.status().counts), (4, 1, 3, 0));
    assert!(beat.resume().await.unwrap());
    assert!(!beat.resume().await.unwrap());
    assert_eq!(beat.status().next, Some(begun + secs(50)));
    let skip = beat.status().last_skip.unwrap();
    assert_eq!((skip.due, skip.reason), (begun + secs(40), SkipReason::Paused));
    sleep(secs(10)).await;
    assert_eq!(instants(beat.status().counts), (5, 2, 3, 0));
}

#[tokio::test(start_paused = true)]
async fn a_one_shot_whose_instant_came_while_it_was_paused_runs_when_it_is_resumed() {
    let scheduler = start();
    let (starts, begun) = (Starts::default(), Instant::now());
    let job = starts.clone();
    let once = scheduler.after("once", secs(1)).run(async move || job.note()).await.unwrap();
    assert!(once.pause().await.unwrap());
    sleep(secs(60)).await;
    assert_eq!((starts.count(), instants(once.status().counts)), (0, (0, 0, 0, 0)));
    assert!(once.resume().await.unwrap());
    assert_eq!(instants(once.ended().await.unwrap().counts), (1, 1, 0, 0));
    assert_eq!(starts.since(begun)[0].as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn a_trigger_is_a_run_of_its_own_and_obeys_the_overlap_policy() {
    let scheduler = start();
    let starts = Starts::default();
    let begun = Instant::now();
    let slow = scheduler.every("slow", secs(60)).times(3).run(starts.job(secs(5))).await.unwrap();
    assert!(slow.trigger().await.unwrap());
    assert!(!slow.trigger().await.unwrap());
    assert_eq!(instants(slow.status().counts), (2, 1, 1, 0));
    assert_eq!(slow.status().next, Some(begun + secs(60)));
    sleep(secs(10)).await;
    assert!(slow.pause().await.unwrap());
    assert!(slow.trigger().await.unwrap());
    assert!(slow.resume().await.unwrap());
    let status = slow.ended().await.unwrap();
    assert_eq!(instants(status.counts), (4, 3, 1, 0));
    assert!(!slow.trigger().await.unwrap());

    let once = scheduler.after("once", secs(60)).run(async || {}).await.unwrap();
    assert!(once.trigger().await.unwrap());
    assert_eq!(instants(once.ended().await.unwrap().counts), (1, 1, 0, 0));
    assert_eq!(scheduler.status().next, None);
}

#[tokio::test(start_paused = true)]
async fn a_run_has_a_path_and_a_token_but_not_the_deadline_of_who_scheduled_it() {
    let system = System::start().unwrap();
    let scheduler = Scheduler::builder().name("watch").start(&system).unwrap();
    let (tell, told) = tokio::sync::oneshot::channel();
    let job = async move || {
        let context = Context::current();
        tell.send((context.path().to_string(), context.deadline(), context.token().is_cancelled())).unwrap();
    };
    timeout(secs(1), scheduler.after("recheck", secs(60)).run(job)).await.unwrap().unwrap();
    assert_eq!(told.await.unwrap(), ("actors/watch/recheck".to_owned(), None, false));
}

#[tokio::test(start_paused = true)]
async fn the_actor_answers_messages() {
    let scheduler = start();
    let beat = scheduler.every("beat", secs(1)).run(async || {}).await.unwrap();
    let actor = scheduler.actor();
    assert!(actor.ask(Control { schedule: beat.id(), action: Action::Pause }).await.unwrap());
    let status = actor.ask(GetStatus).await.unwrap();
    assert_eq!((&*status.schedules[0].name, status.schedules[0].state), ("beat", ScheduleState::Paused));
    assert_eq!(actor.ask(CancelAll).await.unwrap(), 1);
    assert!(actor.ask(GetStatus).await.unwrap().schedules.is_empty());
}

#[tokio::test(start_paused = true)]
async fn cleanup_can_cancel_though_its_own_token_is_cancelled() {
    let scheduler = start();
    let beat = scheduler.every("beat", secs(1)).run(async || {}).await.unwrap();
    let token = CancelToken::new();
    token.cancel("enough");
    Context::current()
        .with_token(token)
        .scope(async {
            assert!(matches!(beat.pause().await, Err(ScheduleError::Unanswered(_))));
            assert!(beat.ended().await.is_err());
            assert!(beat.cancel().await.unwrap());
        })
        .await;
    assert_eq!(beat.status().state, ScheduleState::Ended);
}
