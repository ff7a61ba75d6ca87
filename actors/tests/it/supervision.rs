use std::time::Duration;

use actors::DeadReason;
use actors::prelude::*;
use actors::supervision::{ActorState, RestartConfig, StopReason};
use actors::system::End;
use parking_lot::Mutex;
use std::sync::Arc;
use tokio::time::{Instant, sleep};

use crate::desk::{Add, Beside, Boom, Desk, Hold, Later, Log, Quit, note};

const SECOND: Duration = Duration::from_secs(1);

fn config() -> ActorConfig {
    ActorConfig::named("desk")
}

#[tokio::test(start_paused = true)]
async fn of_three_asks_around_a_panic_the_first_and_the_third_are_answered() {
    let system = System::start().unwrap();
    let log = Log::default();
    let desk = system.spawn(config(), Desk::factory(&log));
    let (first, second, third) = tokio::join!(desk.ask(Add(5)), desk.ask(Boom("ouch")), desk.ask(Add(2)));
    assert_eq!(first.unwrap(), 5);
    let panic = second.unwrap_err().panic().cloned().unwrap();
    assert_eq!(panic.message(), "ouch");
    assert!(panic.place().unwrap().contains("desk.rs"), "{panic}");
    // The rebuilt one has forgotten the five.
    assert_eq!(third.unwrap(), 2);
    assert_eq!(log.all(), ["built 1", "started", "built 2", "started"]);
    let status = desk.status();
    assert_eq!((status.incarnation, status.restarts, status.panics), (2, 1, 1));
    assert_eq!((status.handled, status.dead), (2, 1));
    assert_eq!(status.last_panic.unwrap().message(), "ouch");
    assert!(system.audit().balances());
}

#[tokio::test(start_paused = true)]
async fn what_is_queued_waits_for_the_rebuilt_actor_through_the_pause() {
    let system = System::start().unwrap();
    let log = Log::default();
    let restart = RestartConfig::default().backoff(SECOND, SECOND);
    let desk = system.spawn(config().restart(restart), Desk::factory(&log));
    let started = Instant::now();
    desk.tell(Boom("ouch")).await.unwrap();
    for n in 0..10 {
        desk.tell(note(n)).await.unwrap();
    }
    sleep(Duration::from_millis(1)).await;
    assert_eq!(desk.status().state, ActorState::Restarting);
    assert_eq!(desk.status().queued(), 10);
    assert_eq!(desk.ask(Add(1)).await.unwrap(), 1);
    let pause = started.elapsed();
    assert!((SECOND / 2..=SECOND).contains(&pause), "{pause:?}");
    assert_eq!(log.all()[4..], ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
}

#[tokio::test(start_paused = true)]
async fn pauses_double_up_to_the_limit_and_more_panics_than_allowed_end_the_actor() {
    let system = System::start().unwrap();
    let log = Log::default();
    let escalations = Arc::new(Mutex::new(Vec::new()));
    let sink = escalations.clone();
    system.on_escalation(move |escalation: &actors::supervision::Escalation| sink.lock().push(escalation.clone()));
    let restart = RestartConfig::default().max_restarts(3).window(SECOND * 60).backoff(SECOND, SECOND * 3);
    let desk = system.spawn(config().restart(restart), Desk::factory(&log));
    for longest in [1, 2, 3] {
        assert!(desk.ask(Boom("again")).await.unwrap_err().panic().is_some());
        let crashed = Instant::now();
        desk.ask(Add(1)).await.unwrap();
        let pause = crashed.elapsed();
        assert!((SECOND * longest / 2..=SECOND * longest).contains(&pause), "{pause:?}");
    }
    let (last, queued) = tokio::join!(desk.ask(Boom("the last straw")), desk.ask(Add(1)));
    assert!(matches!(last, Err(AskError::Panicked(_))));
    let Err(AskError::Stopped(StopReason::RestartLimit(panic))) = queued else { panic!("{queued:?}") };
    assert_eq!(panic.message(), "the last straw");
    let receipt = desk.stopped().await;
    assert_eq!((receipt.handled, receipt.dead), (3, 5));
    assert_eq!(log.all().iter().filter(|line| line.starts_with("built")).count(), 4);
    let escalations = escalations.lock();
    assert_eq!(escalations.len(), 1);
    assert_eq!((&*escalations[0].actor, escalations[0].restarts), ("desk", 3));
    assert!(system.audit().balances());
}

#[tokio::test(start_paused = true)]
async fn panics_further_apart_than_the_window_never_end_the_actor() {
    let system = System::start().unwrap();
    let desk = system.spawn(config().restart(RestartConfig::default().max_restarts(1)), Desk::new);
    for _ in 0..20 {
        assert!(desk.ask(Boom("now and then")).await.unwrap_err().panic().is_some());
        sleep(SECOND * 11).await;
    }
    assert_eq!(desk.ask(Add(1)).await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_actor_that_is_never_to_be_restarted_ends_with_its_first_panic() {
    let system = System::start().unwrap();
    let desk = system.spawn(config().restart(RestartConfig::never()), Desk::new);
    let _ = desk.ask(Boom("once")).await;
    assert!(matches!(desk.ask(Add(1)).await, Err(AskError::Stopped(StopReason::RestartLimit(_)))));
}

/// Panics at the place that it is told to.
struct Brittle {
    place: &'static str,
    first: bool,
    log: Log,
}

impl Actor for Brittle {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.log.note("started");
        assert!(!(self.first && self.place == "started"), "in started");
        if self.first && self.place == "timer" {
            ctx.run_later(SECOND, |_, _| panic!("in a timer"));
        }
        if self.first && self.place == "future" {
            ctx.spawn(async { panic!("in a future") }.into_actor(self));
        }
    }

    fn stopping(&mut self, _: &mut Self::Context) -> Running {
        assert!(self.place != "stopping", "in stopping");
        Running::Stop
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        assert!(self.place != "stopped", "in stopped");
    }
}

impl Drop for Brittle {
    fn drop(&mut self) {
        assert!(self.place != "drop", "in drop");
    }
}

impl Handler<Add> for Brittle {
    type Result = u64;

    fn handle(&mut self, Add(n): Add, _: &mut Context<Self>) -> u64 {
        assert!(n < 1_000, "in a handler");
        n
    }
}

fn brittle(place: &'static str, log: &Log) -> impl FnMut() -> Brittle + Send + use<> {
    let (mut first, log) = (true, log.clone());
    move || Brittle { place, first: std::mem::replace(&mut first, false), log: log.clone() }
}

#[tokio::test(start_paused = true)]
async fn a_panic_outside_of_any_message_restarts_the_actor_too() {
    let system = System::start().unwrap();
    for place in ["started", "timer", "future"] {
        let log = Log::default();
        let actor = system.spawn(ActorConfig::named(place), brittle(place, &log));
        sleep(SECOND * 2).await;
        assert_eq!(actor.ask(Add(1)).await.unwrap(), 1, "{place}");
        let status = actor.status();
        assert_eq!(status.restarts, 1, "{place}");
        assert!(status.last_panic.unwrap().place().unwrap().contains("supervision.rs"), "{place}");
        assert_eq!(log.all(), ["started", "started"], "{place}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_factory_that_panics_is_tried_again() {
    let system = System::start().unwrap();
    let mut tries = 0;
    let desk = system.spawn(config(), move || {
        tries += 1;
        assert!(tries > 2, "not yet");
        Desk::new()
    });
    assert_eq!(desk.ask(Add(1)).await.unwrap(), 1);
    assert_eq!(desk.status().panics, 2);
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_stop_hook_or_in_the_destructor_neither_aborts_nor_hangs() {
    let system = System::start().unwrap();
    for place in ["stopping", "stopped", "drop"] {
        let log = Log::default();
        // Once with a handler that panics first, which is what aborts a process on plain actix.
        for n in [1, 1_000] {
            let actor = system.spawn(ActorConfig::named(place), brittle(place, &log));
            let _ = actor.ask(Add(n)).await;
            let receipt = actor.stop().await;
            assert_eq!(receipt.handled + receipt.dead, 1, "{place}");
        }
    }
    assert!(system.audit().balances());
}

#[tokio::test(start_paused = true)]
async fn the_hooks_of_an_incarnation_that_panicked_are_not_called() {
    let system = System::start().unwrap();
    let log = Log::default();
    let desk = system.spawn(config(), Desk::factory(&log));
    let _ = desk.ask(Boom("torn")).await;
    desk.ask(Add(1)).await.unwrap();
    assert_eq!(log.all(), ["built 1", "started", "built 2", "started"]);
    let _ = desk.stop().await;
    assert_eq!(log.all().last().unwrap(), "stopped");
}

#[tokio::test(start_paused = true)]
async fn an_answer_under_way_in_the_actor_is_lost_with_it_and_its_asker_hears_why() {
    let system = System::start().unwrap();
    let desk = system.spawn(config(), Desk::new);
    let (later, beside, boom) =
        tokio::join!(desk.ask(Later(SECOND)), desk.ask(Beside(SECOND)), desk.ask(Boom("elsewhere")));
    assert!(matches!(boom, Err(AskError::Panicked(_))));
    let Err(AskError::Crashed(panic)) = later else { panic!("{later:?}") };
    assert_eq!(panic.message(), "elsewhere");
    // This one does not need the actor.
    assert_eq!(beside.unwrap(), 7);
    assert!(system.audit().balances());
    assert_eq!(system.audit().in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn stopping_handles_what_is_in_and_refuses_what_comes() {
    let system = System::start().unwrap();
    let log = Log::default();
    let desk = system.spawn(config(), Desk::factory(&log));
    for n in 0..200 {
        desk.tell(note(n)).await.unwrap();
    }
    let other = desk.clone();
    let (receipt, late) = tokio::join!(desk.stop(), async { other.tell(note("late")).await });
    let late = late.unwrap_err();
    assert!(late.is_stopped());
    assert_eq!(late.into_message(), note("late"));
    assert_eq!((receipt.handled, receipt.rejected, receipt.dead), (200, 1, 0));
    assert!(receipt.is_clean());
    assert_eq!(log.all().len(), 200 + 3);
    assert_eq!(desk.status().state, ActorState::Stopped);
}

#[tokio::test(start_paused = true)]
async fn stopping_waits_for_answers_under_way() {
    let system = System::start().unwrap();
    let desk = system.spawn(config(), Desk::new);
    let (later, beside, receipt) = tokio::join!(desk.ask(Later(SECOND * 2)), desk.ask(Beside(SECOND * 3)), desk.stop());
    assert_eq!((later.unwrap(), beside.unwrap()), (0, 7));
    assert_eq!(receipt.elapsed, SECOND * 3);
    assert!(receipt.is_clean());
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_handled_before_the_deadline_becomes_dead_letters() {
    let system = System::start().unwrap();
    let desk = system.spawn(config().stop_timeout(SECOND * 5), Desk::new);
    let (hold, add, later) = tokio::join!(desk.ask(Hold(SECOND * 60)), desk.ask(Add(1)), async {
        tokio::task::yield_now().await;
        desk.stop().await
    });
    assert!(hold.unwrap_err().is_stopped());
    assert!(add.unwrap_err().is_stopped());
    assert_eq!(later.end, End::CutShort);
    assert_eq!(later.elapsed, SECOND * 5);
    assert_eq!(later.dead, 2);
    let letters = system.dead_letters().recent();
    assert!(letters.iter().any(|letter| *letter.reason() == DeadReason::DrainTimeout));
    assert!(letters.iter().any(|letter| letter.take::<Add>() == Some(Add(1))));
    assert!(system.audit().balances());
}

#[tokio::test(start_paused = true)]
async fn the_earliest_deadline_of_several_stops_counts() {
    let system = System::start().unwrap();
    let desk = system.spawn(config(), Desk::new);
    let started = Instant::now();
    let (_, one, two) = tokio::join!(
        desk.ask(Hold(SECOND * 60)),
        desk.stop_by(started + SECOND * 9),
        desk.stop_by(started + SECOND * 2)
    );
    assert_eq!(one, two);
    assert_eq!(started.elapsed(), SECOND * 2);
}

#[tokio::test(start_paused = true)]
async fn an_actor_that_stops_itself_is_obeyed_and_its_queue_becomes_dead_letters() {
    let system = System::start().unwrap();
    let desk = system.spawn(config(), Desk::new);
    let (quit, queued) = tokio::join!(desk.ask(Quit), desk.ask(Add(1)));
    quit.unwrap();
    assert!(matches!(queued, Err(AskError::Stopped(StopReason::ByItself))));
    assert_eq!(desk.stopped().await.dead, 1);
    assert_eq!(desk.stop_reason(), Some(StopReason::ByItself));
}

#[tokio::test(start_paused = true)]
async fn dropping_the_last_handle_drains_and_stops_the_actor() {
    let system = System::start().unwrap();
    let log = Log::default();
    let desk = system.spawn(config(), Desk::factory(&log));
    let weak = desk.downgrade();
    for n in 0..3 {
        desk.tell(note(n)).await.unwrap();
    }
    drop(desk.lane(Lane::Batch));
    assert!(weak.upgrade().is_some());
    drop(desk);
    assert!(weak.upgrade().is_none());
    sleep(Duration::from_millis(1)).await;
    assert_eq!(log.all(), ["built 1", "started", "0", "1", "2", "stopped"]);
    assert!(system.status().is_empty());
}

/// Asks for more time when it is to stop.
struct Slow(Log);

impl Actor for Slow {
    type Context = Context<Self>;

    fn stopping(&mut self, ctx: &mut Self::Context) -> Running {
        if self.0.all().is_empty() {
            self.0.note("not yet");
            ctx.run_later(SECOND * 2, |_, ctx| ctx.stop());
            return Running::Continue;
        }
        Running::Stop
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        self.0.note("stopped");
    }
}

#[tokio::test(start_paused = true)]
async fn an_actor_may_ask_for_more_time_up_to_the_deadline() {
    let system = System::start().unwrap();
    for (limit, took) in [(10, 2), (1, 1)] {
        let log = Log::default();
        let inner = log.clone();
        let actor = system.spawn(ActorConfig::named("slow"), move || Slow(inner.clone()));
        let receipt = actor.stop_by(Instant::now() + SECOND * limit).await;
        assert_eq!(receipt.elapsed, SECOND * took);
        assert_eq!(log.all(), ["not yet", "stopped"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_during_the_pause_before_a_restart_does_not_wait_for_its_end() {
    let system = System::start().unwrap();
    let log = Log::default();
    let restart = RestartConfig::default().backoff(SECOND * 60, SECOND * 60);
    for queued in [0, 3] {
        let desk = system.spawn(config().restart(restart.clone()), Desk::factory(&log));
        let _ = desk.ask(Boom("ouch")).await;
        for n in 0..queued {
            desk.tell(note(n)).await.unwrap();
        }
        let receipt = desk.stop().await;
        assert_eq!(receipt.elapsed, Duration::ZERO);
        assert_eq!(receipt.handled, queued);
    }
}
