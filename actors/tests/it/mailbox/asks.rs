use super::*;

#[tokio::test(start_paused = true)]
async fn an_ask_that_times_out_in_the_queue_says_so_and_is_never_handled() {
    let system = System::start().unwrap();
    let desk = system.spawn(ActorConfig::named("desk").ask_timeout(SECOND * 5), Desk::new);
    desk.tell(Hold(SECOND * 8)).await.unwrap();
    yield_now().await;
    let Err(AskError::TimedOut { queued_for, running_for }) = desk.ask(Add(1)).await else { panic!() };
    assert_eq!((queued_for, running_for), (SECOND * 5, None));
    assert!(desk.ask(Add(10)).await.is_ok_and(|sum| sum == 10), "its turn came after eight seconds");
    assert_eq!(system.dead_letters().counts().expired, 1);
    assert!(system.audit().balances());
}

#[tokio::test(start_paused = true)]
async fn an_ask_that_times_out_in_its_handler_says_for_how_long_it_ran() {
    let system = System::start().unwrap();
    let desk = system.spawn(ActorConfig::named("desk").ask_timeout(SECOND * 5), Desk::new);
    desk.tell(Hold(SECOND * 2)).await.unwrap();
    yield_now().await;
    let Err(AskError::TimedOut { queued_for, running_for }) = desk.ask(Later(SECOND * 60)).await else { panic!() };
    assert_eq!((queued_for, running_for), (SECOND * 2, Some(SECOND * 3)));
    sleep(SECOND).await;
    assert_eq!(system.audit().in_flight, 0);
    assert!(system.audit().balances());
}

#[tokio::test(start_paused = true)]
async fn an_ask_that_times_out_waiting_for_room_leaves_the_line() {
    let system = System::start().unwrap();
    let desk = held(&system, small(1).ask_timeout(SECOND)).await;
    desk.tell(Add(1)).await.unwrap();
    let error = desk.ask(Add(2)).await.unwrap_err();
    assert!(matches!(error, AskError::TimedOut { running_for: None, .. }));
    let status = desk.status();
    assert_eq!((status.lanes[1].depth, status.lanes[1].waiting, status.rejected), (1, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn the_ambient_deadline_counts_if_it_is_earlier_and_the_handler_sees_it() {
    let system = System::start().unwrap();
    let watcher = system.spawn(ActorConfig::named("watcher"), || Watcher);
    let seen = timeout(SECOND * 3, watcher.ask(Remaining)).await.unwrap().unwrap();
    assert_eq!(seen, Some(SECOND * 3));
    assert_eq!(watcher.ask(Remaining).await.unwrap(), None);

    let desk = held(&system, small(1)).await;
    let started = Instant::now();
    let deadline = context::Context::current().with_deadline(started + SECOND);
    assert!(deadline.scope(desk.ask(Add(1))).await.unwrap_err().is_timeout());
    assert_eq!(started.elapsed(), SECOND);
}

/// Tells what it sees of the asker's context.
struct Watcher;

impl Actor for Watcher {
    type Context = Context<Self>;
}

#[derive(Message)]
#[rtype(result = "Option<Duration>")]
struct Remaining;

impl Handler<Remaining> for Watcher {
    type Result = Option<Duration>;

    fn handle(&mut self, _: Remaining, _: &mut Context<Self>) -> Self::Result {
        assert_eq!(context::Context::current().path().to_string(), "actors/watcher");
        context::remaining()
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_asker_is_interrupted_and_its_queued_message_is_not_handled() {
    let system = System::start().unwrap();
    let desk = system.spawn(small(1), Desk::new);
    desk.tell(Hold(SECOND)).await.unwrap();
    yield_now().await;
    let token = CancelToken::new();
    let scope = context::Context::current().with_token(token.clone());
    let (asked, ()) = tokio::join!(scope.scope(desk.ask(Add(1))), async {
        yield_now().await;
        token.cancel("not needed");
    });
    assert!(
        matches!(asked, Err(AskError::Interrupted(Interrupt::Cancelled(cause))) if cause.message() == "not needed")
    );
    assert_eq!(desk.ask(Add(5)).await.unwrap(), 5);
    assert_eq!(system.dead_letters().counts().abandoned, 1);
}

#[tokio::test(start_paused = true)]
async fn an_ask_that_is_dropped_in_the_queue_is_not_handled_and_one_that_runs_is_let_go() {
    let system = System::start().unwrap();
    let desk = system.spawn(small(4), Desk::new);
    desk.tell(Hold(SECOND)).await.unwrap();
    yield_now().await;
    {
        let mut queued = pin!(desk.ask(Add(1)));
        assert!(futures_util::poll!(queued.as_mut()).is_pending());
    }
    assert_eq!(desk.ask(Add(5)).await.unwrap(), 5);
    {
        let mut running = pin!(desk.ask(Beside(SECOND)));
        assert!(futures_util::poll!(running.as_mut()).is_pending());
        sleep(Duration::from_millis(1)).await;
        assert_eq!(desk.status().running, 1);
    }
    sleep(Duration::from_millis(1)).await;
    assert_eq!(desk.status().running, 0);
    let audit = system.audit();
    assert_eq!((audit.handled, audit.dead, audit.in_flight), (3, 1, 0));
    assert!(audit.balances());
}

#[tokio::test(start_paused = true)]
async fn try_ask_is_rejected_where_ask_would_wait() {
    let system = System::start().unwrap();
    let desk = held(&system, small(1)).await;
    desk.tell(Add(1)).await.unwrap();
    let error = desk.try_ask(Add(2)).await.unwrap_err();
    assert!(matches!(error, AskError::Rejected { lane: Lane::Interactive }));
    assert_eq!(error.to_string(), "the interactive lane is full");
    assert!(system.audit().balances());
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_drops_the_reply_is_reported_as_that() {
    let system = System::start().unwrap();
    let desk = system.spawn(small(1), Desk::new);
    assert!(matches!(desk.ask(Forget).await, Err(AskError::Unanswered)));
    assert_eq!(desk.ask(Add(1)).await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_status_tells_depth_waiting_running_and_age() {
    let system = System::start().unwrap();
    let desk = system.spawn(small(2), Desk::new);
    let mut later = pin!(desk.ask(Later(SECOND * 100)));
    assert!(futures_util::poll!(later.as_mut()).is_pending());
    sleep(SECOND).await;
    desk.tell(Hold(SECOND * 100)).await.unwrap();
    sleep(SECOND).await;
    assert_eq!(desk.status().oldest, None);
    desk.tell(Add(1)).await.unwrap();
    sleep(SECOND * 4).await;
    desk.tell(Add(1)).await.unwrap();
    let status = desk.status();
    assert_eq!((status.queued(), status.running, status.handled), (2, 1, 1));
    let oldest = status.oldest.unwrap();
    assert!(oldest >= SECOND * 4 && oldest <= SECOND * 5, "{oldest:?}");
    assert_eq!(&*status.name, "desk");
}
