use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use actors::dead_letters::DeadKind;

/// Panics as often as is left, and then notes that it was handled.
#[derive(Message, Clone, Debug)]
#[rtype(result = "()")]
struct Flaky(Arc<AtomicU64>);

fn flaky(failures: u64) -> Flaky {
    Flaky(Arc::new(AtomicU64::new(failures)))
}

impl Handler<Flaky> for Desk {
    type Result = ();

    fn handle(&mut self, Flaky(left): Flaky, _: &mut Context<Self>) {
        if let Ok(left) = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)) {
            panic!("{left} to go");
        }
        self.log.note("flaky");
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_crashes_three_incarnations_is_a_dead_letter_with_its_history() {
    let system = System::start().unwrap();
    let log = Log::default();
    let desk = system.spawn(config(), Desk::factory(&log));
    desk.tell_retried(flaky(u64::MAX)).await.unwrap();
    desk.tell(note("after")).await.unwrap();
    assert_eq!(desk.ask(Add(1)).await.unwrap(), 1);

    let letters = system.dead_letters().recent();
    assert_eq!(letters.len(), 1);
    let letter = &letters[0];
    let DeadReason::Poison(last) = letter.reason() else { panic!("{letter}") };
    let history = letter.history();
    assert_eq!(history.iter().map(|crash| crash.incarnation).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(history.iter().all(|crash| crash.panic.place().unwrap().contains("poison.rs")));
    assert_eq!(history[0].panic.message(), format!("{} to go", u64::MAX));
    assert_eq!((&history[2].panic, history[2].panic.message()), (last, format!("{} to go", u64::MAX - 2).as_str()));
    assert!(history.is_sorted_by_key(|crash| crash.at) && history[0].at < history[2].at);
    assert_eq!(letter.incarnation(), 3);
    assert!(letter.to_string().ends_with("(3 crashes)"), "{letter}");
    assert!(letter.take::<Flaky>().is_some(), "the message is kept");

    let status = desk.status();
    assert_eq!((status.panics, status.restarts, status.dead, status.handled, status.running), (3, 3, 1, 2, 0));
    assert_eq!(log.all()[6..], ["built 4", "started", "after"]);
    let counts = system.dead_letters().counts();
    assert_eq!((counts.poison, counts.total()), (1, 1));
    assert!(system.audit().balances());
}

#[tokio::test(start_paused = true)]
async fn a_retried_message_is_handled_first_by_the_next_incarnation_and_once() {
    let system = System::start().unwrap();
    let log = Log::default();
    let desk = system.spawn(config(), Desk::factory(&log));
    desk.tell_retried(flaky(1)).await.unwrap();
    desk.tell(note("next")).await.unwrap();
    sleep(Duration::from_millis(1)).await;
    let status = desk.status();
    assert_eq!((status.state, status.queued(), status.running), (ActorState::Restarting, 1, 1));
    assert!(system.audit().balances());
    desk.lane(Lane::Control).tell(note("control")).await.unwrap();
    desk.ask(Add(1)).await.unwrap();
    assert_eq!(log.all()[2..], ["built 2", "started", "flaky", "control", "next"]);
    let audit = system.audit();
    assert_eq!((audit.sent, audit.handled, audit.dead, audit.in_flight), (4, 4, 0, 0));
    assert!(system.dead_letters().recent().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_retried_message_outlives_panics_that_are_not_its_own() {
    let system = System::start().unwrap();
    let log = Log::default();
    let inner = log.clone();
    let mut builds = 0;
    let desk = system.spawn(config(), move || {
        builds += 1;
        assert!(builds != 2, "the second cannot be built");
        Desk { log: inner.clone(), sum: 0 }
    });
    desk.tell_retried(flaky(1)).await.unwrap();
    desk.ask(Add(1)).await.unwrap();
    assert_eq!(log.all(), ["started", "started", "flaky"]);
    assert_eq!(desk.status().panics, 2);
    assert!(system.dead_letters().recent().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_retried_message_of_an_actor_that_is_given_up_is_kept_with_what_it_did_so_far() {
    let system = System::start().unwrap();
    let desk = system.spawn(config().restart(RestartConfig::default().max_restarts(1)), Desk::new);
    desk.tell_retried(flaky(9)).await.unwrap();
    desk.tell(note("behind")).await.unwrap();
    assert_eq!(desk.stopped().await.dead, 2);
    let letters = system.dead_letters().recent();
    assert!(matches!(letters[0].reason(), DeadReason::Stopped(StopReason::RestartLimit(_))));
    assert_eq!((letters[0].history().len(), letters[1].history().len()), (2, 0));
    assert!(letters[0].take::<Flaky>().is_some());
    assert!(system.audit().balances() && system.audit().in_flight == 0);
}

#[tokio::test(start_paused = true)]
async fn a_stop_during_the_pause_before_a_retry_has_it_handled_at_once() {
    let system = System::start().unwrap();
    let restart = RestartConfig::default().backoff(SECOND * 60, SECOND * 60);
    // The one that never succeeds is given up at once too, rather than kept for the deadline.
    for (failures, handled, dead) in [(1, 1, 0), (9, 0, 1)] {
        let desk = system.spawn(config().restart(restart.clone()), Desk::new);
        desk.tell_retried(flaky(failures)).await.unwrap();
        sleep(Duration::from_millis(1)).await;
        let receipt = desk.stop().await;
        assert_eq!((receipt.handled, receipt.dead, receipt.elapsed), (handled, dead, Duration::ZERO));
    }
    assert_eq!(system.dead_letters().counts().poison, 1);
    assert!(system.audit().balances());
}

#[tokio::test(start_paused = true)]
async fn how_many_crashes_are_too_many_is_configured() {
    let system = System::start().unwrap();
    for crashes in [1, 2, 5] {
        let restart = RestartConfig::default().max_restarts(10).max_crashes(crashes);
        let desk = system.spawn(config().restart(restart), Desk::new);
        desk.tell_retried(flaky(9)).await.unwrap();
        desk.ask(Add(1)).await.unwrap();
        let letter = system.dead_letters().drain().pop().unwrap();
        assert_eq!((letter.reason().kind(), letter.history().len()), (DeadKind::Poison, crashes as usize));
        let _ = desk.stop().await;
    }
    assert!(std::panic::catch_unwind(|| RestartConfig::default().max_crashes(0)).is_err());
    assert!(serde_json::from_str::<RestartConfig>(r#"{"max_crashes": 0}"#).is_err());
    let config: RestartConfig = serde_json::from_str(r#"{"max_crashes": 7}"#).unwrap();
    assert_eq!((config.max_crashes.get(), RestartConfig::default().max_crashes.get()), (7, 3));
}

#[tokio::test(start_paused = true)]
async fn a_retried_message_that_does_not_fit_is_given_back() {
    let system = System::start().unwrap();
    let desk = system.spawn(config().capacity(Lane::Interactive, 1), Desk::new);
    desk.tell(note("fills it")).await.unwrap();
    assert_eq!(desk.try_tell_retried(Add(7)).unwrap_err().into_message(), Add(7));
    desk.tell_retried(Add(8)).await.unwrap();
    assert_eq!(desk.ask(Add(1)).await.unwrap(), 9);
    let _ = desk.stop().await;
    assert_eq!(desk.tell_retried(Add(7)).await.unwrap_err().into_message(), Add(7));
    assert!(system.audit().balances());
}

/// Panics when it is copied.
#[derive(Message, Debug)]
#[rtype(result = "()")]
struct Original;

impl Clone for Original {
    fn clone(&self) -> Self {
        panic!("there is only one");
    }
}

impl Handler<Original> for Desk {
    type Result = ();

    fn handle(&mut self, _: Original, _: &mut Context<Self>) {}
}

#[tokio::test(start_paused = true)]
async fn a_message_that_cannot_be_copied_is_poison_too() {
    let system = System::start().unwrap();
    let desk = system.spawn(config(), Desk::new);
    desk.tell_retried(Original).await.unwrap();
    desk.ask(Add(1)).await.unwrap();
    let letters = system.dead_letters().recent();
    assert_eq!((letters[0].history().len(), letters[0].history()[0].panic.message()), (3, "there is only one"));
    assert!(letters[0].take::<Original>().is_some());
    assert!(system.audit().balances());
}
