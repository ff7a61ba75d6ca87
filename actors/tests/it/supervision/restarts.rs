use super::*;

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

#[tokio::test(start_paused = true)]
async fn actors_that_fail_together_do_not_come_back_together() {
    let system = System::start().unwrap();
    let restart = RestartConfig::default().backoff(SECOND * 10, SECOND * 10);
    let desks: Vec<_> = (0..20).map(|_| system.spawn(config().restart(restart.clone()), Desk::new)).collect();
    let crashed = Instant::now();
    let backs = desks.iter().map(|desk| async move {
        assert!(desk.ask(Boom("all at once")).await.unwrap_err().panic().is_some());
        desk.ask(Add(1)).await.unwrap();
        crashed.elapsed()
    });
    let backs = futures_util::future::join_all(backs).await;
    let (first, last) = (backs.iter().min().unwrap(), backs.iter().max().unwrap());
    assert!(*first >= SECOND * 5 && *last <= SECOND * 10 + Duration::from_millis(1), "{backs:?}");
    // Twenty of them, each anywhere in five seconds.
    assert!(*last - *first > SECOND, "{backs:?}");
}
