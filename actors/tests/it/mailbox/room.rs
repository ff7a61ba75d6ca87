use super::*;

#[tokio::test(start_paused = true)]
async fn a_lane_of_sixteen_takes_exactly_sixteen_of_ten_thousand() {
    let system = System::start().unwrap();
    let desk = held(&system, small(16)).await;
    // Through ever new clones, each of which would have a place of its own in an actix mailbox.
    let taken = (0..10_000).filter(|n| desk.clone().try_tell(Add(*n)).is_ok()).count();
    assert_eq!(taken, 16);
    let taken = (0..10_000).filter(|n| desk.lane(Lane::Batch).try_tell(Add(*n)).is_ok()).count();
    assert_eq!(taken, 16);
    let audit = system.audit();
    assert_eq!((audit.sent, audit.rejected, audit.in_flight), (20_001, 20_000 - 32, 32));
    assert_eq!(audit.handled, 1);
    assert!(audit.balances());
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_waiting_senders_go_in_one_by_one_and_in_their_order() {
    let system = System::start().unwrap();
    let log = Log::default();
    let desk = system.spawn(small(16), Desk::factory(&log));
    desk.lane(Lane::Control).tell(Hold(SECOND)).await.unwrap();
    yield_now().await;
    let sends = (0..10_000).map(|n| {
        let desk = desk.clone();
        tokio::spawn(async move { desk.tell(note(n)).await.unwrap() })
    });
    let sends: Vec<_> = sends.collect();
    sleep(Duration::from_millis(1)).await;
    let lane = desk.status().lanes[1];
    assert_eq!((lane.depth, lane.capacity, lane.waiting), (16, 16, 10_000 - 16));
    for send in sends {
        send.await.unwrap();
    }
    desk.ask(Add(1)).await.unwrap();
    let expected: Vec<_> = (0..10_000).map(|n| n.to_string()).collect();
    assert_eq!(log.all()[2..], expected);
}

#[tokio::test(start_paused = true)]
async fn a_sender_that_gives_up_leaves_its_place_to_the_next() {
    let system = System::start().unwrap();
    let log = Log::default();
    let desk = system.spawn(small(1), Desk::factory(&log));
    desk.lane(Lane::Control).tell(Hold(SECOND)).await.unwrap();
    yield_now().await;
    desk.tell(note("in")).await.unwrap();
    {
        let mut gives_up = pin!(desk.tell(note("gives up")));
        assert!(futures_util::poll!(gives_up.as_mut()).is_pending());
        let mut waits = pin!(desk.tell(note("waits")));
        assert!(futures_util::poll!(waits.as_mut()).is_pending());
        assert_eq!(desk.status().lanes[1].waiting, 2);
        // Nobody overtakes those who wait, not even when there is room.
        assert!(desk.try_tell(note("overtakes")).is_err());
    }
    assert_eq!(desk.status().lanes[1].waiting, 0);
    let mut waits = pin!(desk.tell(note("waits")));
    assert!(futures_util::poll!(waits.as_mut()).is_pending());
    waits.await.unwrap();
    desk.ask(Add(1)).await.unwrap();
    assert_eq!(log.all()[2..], ["in", "waits"]);
    assert!(system.audit().balances());
}

#[tokio::test(start_paused = true)]
async fn a_waiting_sender_that_is_not_polled_holds_nobody_up() {
    let system = System::start().unwrap();
    let log = Log::default();
    let desk = system.spawn(small(1), Desk::factory(&log));
    desk.lane(Lane::Control).tell(Hold(SECOND)).await.unwrap();
    yield_now().await;
    desk.tell(note("in")).await.unwrap();
    let mut stalled = pin!(desk.tell(note("stalled")));
    assert!(futures_util::poll!(stalled.as_mut()).is_pending());
    // With a semaphore, the freed permit would wait for the stalled sender for ever.
    desk.tell(note("next")).await.unwrap();
    desk.ask(Add(1)).await.unwrap();
    assert_eq!(log.all()[2..], ["in", "stalled", "next"]);
    stalled.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_room_obeys_the_ambient_token_and_deadline_and_gives_the_message_back() {
    let system = System::start().unwrap();
    let desk = held(&system, small(1)).await;
    desk.tell(Add(1)).await.unwrap();

    let limited = context::Context::current().with_deadline(Instant::now() + SECOND);
    let error = limited.scope(desk.tell(Add(2))).await.unwrap_err();
    assert!(matches!(&error, TellError::Interrupted { interrupt: Interrupt::DeadlinePassed(_), .. }));
    assert_eq!(error.into_message(), Add(2));

    let token = CancelToken::new();
    let cancellable = context::Context::current().with_token(token.clone());
    let (error, ()) = tokio::join!(cancellable.scope(desk.tell(Add(3))), async {
        sleep(SECOND).await;
        token.cancel("enough");
    });
    let error = error.unwrap_err();
    assert!(error.to_string().contains("enough"), "{error}");
    assert_eq!(error.into_message(), Add(3));
    assert_eq!(system.audit().rejected, 2);
    assert!(system.audit().balances());
}

#[tokio::test(start_paused = true)]
async fn senders_that_wait_when_the_actor_stops_get_their_messages_back() {
    let system = System::start().unwrap();
    let desk = held(&system, small(1).stop_timeout(SECOND)).await;
    desk.tell(Add(1)).await.unwrap();
    let (told, asked, receipt) = tokio::join!(desk.tell(Add(2)), desk.ask(Add(3)), async {
        yield_now().await;
        desk.stop().await
    });
    assert_eq!(told.unwrap_err().into_message(), Add(2));
    assert!(asked.unwrap_err().is_stopped());
    // The held one was a tell: handled. The queued one was not.
    assert_eq!((receipt.handled, receipt.rejected, receipt.dead), (1, 2, 1));
    assert!(system.audit().balances());
}

#[test]
fn a_lane_without_room_is_refused_in_code_and_in_files() {
    assert!(std::panic::catch_unwind(|| ActorConfig::named("x").capacity(Lane::Batch, 0)).is_err());
    let config: Result<MailboxConfig, _> = serde_json::from_str(r#"{"interactive": 0}"#);
    assert!(config.is_err());
    let config: ActorConfig = serde_json::from_str(
        r#"{"name": "pool", "mailbox": {"batch": 8}, "ask_timeout": "1m 30s", "restart": {"max_restarts": 2, "window": "5s"}}"#,
    )
    .unwrap();
    assert_eq!((config.mailbox.batch.get(), config.mailbox.control.get()), (8, 64));
    assert_eq!((config.ask_timeout, config.restart.window), (SECOND * 90, SECOND * 5));
    assert_eq!(serde_json::to_value(&config).unwrap()["ask_timeout"], "1m 30s");
    let unknown: Result<ActorConfig, _> = serde_json::from_str(r#"{"nmae": "pool"}"#);
    assert!(unknown.unwrap_err().to_string().contains("nmae"));
    let no_unit: Result<ActorConfig, _> = serde_json::from_str(r#"{"ask_timeout": "30"}"#);
    assert!(no_unit.unwrap_err().to_string().contains("expected a duration such as"));
}
