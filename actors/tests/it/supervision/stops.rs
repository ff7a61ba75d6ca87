use super::*;

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
