use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use actors::mailbox::MailboxConfig;
use actors::prelude::*;
use patterns_core::cancel::{CancelToken, timeout};
use patterns_core::context::{self, Interrupt};
use patterns_core::testing::explore_cancellation;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use crate::desk::{Add, Beside, Boom, Desk, Forget, Hold, Later, Log, note};

const SECOND: Duration = Duration::from_secs(1);

fn small(places: usize) -> ActorConfig {
    ActorConfig::named("desk").capacity(Lane::Interactive, places).capacity(Lane::Batch, places)
}

/// An actor that handles nothing for an hour.
async fn held(system: &System, config: ActorConfig) -> Handle<Desk> {
    let desk = system.spawn(config, Desk::new);
    desk.lane(Lane::Control).tell(Hold(SECOND * 3600)).await.unwrap();
    sleep(Duration::from_millis(1)).await;
    desk
}

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

#[tokio::test(start_paused = true)]
async fn control_overtakes_and_batch_gets_one_in_nine() {
    let system = System::start().unwrap();
    let log = Log::default();
    let desk = system.spawn(ActorConfig::named("desk"), Desk::factory(&log));
    for n in 0..30 {
        desk.lane(Lane::Batch).tell(note(format!("b{n}"))).await.unwrap();
        desk.tell(note(format!("i{n}"))).await.unwrap();
    }
    for n in 0..3 {
        desk.lane(Lane::Control).tell(note(format!("c{n}"))).await.unwrap();
    }
    let _ = desk.stop().await;
    let all = log.all();
    assert_eq!(all[2..5], ["c0", "c1", "c2"]);
    assert_eq!(all[5..15], ["i0", "i1", "i2", "i3", "i4", "i5", "i6", "i7", "b0", "i8"]);
    assert_eq!(all[22..24], ["b1", "i16"]);
    // What is left of the batch comes last, in its order.
    assert_eq!(all[35 + 3..], [(3..30).map(|n| format!("b{n}")).collect::<Vec<_>>(), vec!["stopped".into()]].concat());
}

/// Sends itself a message for every message.
struct Spinner {
    me: WeakHandle<Self>,
    turns: Arc<AtomicU64>,
}

impl Actor for Spinner {
    type Context = Context<Self>;
}

#[derive(Message)]
#[rtype(result = "()")]
struct Spin;

impl Handler<Spin> for Spinner {
    type Result = ();

    fn handle(&mut self, _: Spin, _: &mut Context<Self>) {
        self.turns.fetch_add(1, Ordering::Relaxed);
        if let Some(me) = self.me.upgrade() {
            me.try_tell(Spin).unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_actor_that_keeps_itself_busy_starves_neither_tasks_nor_actors() {
    let system = System::start().unwrap();
    let turns = Arc::new(AtomicU64::new(0));
    let counter = turns.clone();
    let spinner = system.spawn_with(ActorConfig::named("spinner"), move |me: &WeakHandle<Spinner>| Spinner {
        me: me.clone(),
        turns: counter.clone(),
    });
    let desk = system.spawn(ActorConfig::named("desk"), Desk::new);
    spinner.tell(Spin).await.unwrap();
    let mut before = 0;
    for n in 1..=100 {
        assert_eq!(desk.ask(Add(1)).await.unwrap(), n);
        let after = turns.load(Ordering::Relaxed);
        // A few turns of the busy one per ask, not thousands.
        assert!(after - before <= 128 * 8, "{} messages during one ask", after - before);
        before = after;
    }
    assert!(before > 0);
}

#[tokio::test]
async fn an_actor_that_keeps_itself_busy_lets_timers_ring_in_time() {
    let system = System::start().unwrap();
    let turns = Arc::new(AtomicU64::new(0));
    let counter = turns.clone();
    let spinner = system.spawn_with(ActorConfig::named("spinner"), move |me: &WeakHandle<Spinner>| Spinner {
        me: me.clone(),
        turns: counter.clone(),
    });
    spinner.tell(Spin).await.unwrap();
    yield_now().await;
    // On plain actix, 10 ms took 2.4 s of real time here. A turn is over in less than a millisecond, so
    // even a loaded machine is far below this.
    let started = Instant::now();
    sleep(Duration::from_millis(10)).await;
    assert!(started.elapsed() < Duration::from_millis(500), "{:?}", started.elapsed());
    assert!(turns.load(Ordering::Relaxed) > 128);
}

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

/// Counts how often a future of its context is polled.
struct Crowd {
    polls: Arc<AtomicU64>,
}

impl Actor for Crowd {
    type Context = Context<Self>;
}

impl Handler<Beside> for Crowd {
    type Result = ResponseFuture<u64>;

    fn handle(&mut self, Beside(pause): Beside, _: &mut Context<Self>) -> Self::Result {
        let polls = self.polls.clone();
        let mut sleep = Box::pin(tokio::time::sleep(pause));
        Box::pin(std::future::poll_fn(move |cx| {
            polls.fetch_add(1, Ordering::Relaxed);
            sleep.as_mut().poll(cx).map(|()| 7)
        }))
    }
}

impl Handler<Add> for Crowd {
    type Result = u64;

    fn handle(&mut self, Add(n): Add, _: &mut Context<Self>) -> u64 {
        n
    }
}

#[tokio::test(start_paused = true)]
async fn a_thousand_answers_under_way_add_nothing_to_the_cost_of_an_ask() {
    let system = System::start().unwrap();
    let polls = Arc::new(AtomicU64::new(0));
    let counter = polls.clone();
    let crowd = system.spawn(ActorConfig::named("crowd").capacity(Lane::Interactive, 1_000), move || Crowd {
        polls: counter.clone(),
    });
    let mut asks = tokio::task::JoinSet::new();
    for _ in 0..1_000 {
        let crowd = crowd.clone();
        asks.spawn(async move { crowd.ask(Beside(SECOND)).await.unwrap() });
    }
    sleep(SECOND / 2).await;
    assert_eq!(crowd.status().running, 1_000);
    let before = polls.load(Ordering::Relaxed);
    for n in 0..100 {
        assert_eq!(crowd.ask(Add(n)).await.unwrap(), n);
    }
    assert_eq!(polls.load(Ordering::Relaxed), before, "an ask polled futures that nothing had happened to");
    assert_eq!(asks.join_all().await, [7; 1_000]);
}

#[tokio::test(start_paused = true)]
async fn a_turn_ends_after_as_many_messages_as_configured() {
    let system = System::start().unwrap();
    let log = Log::default();
    let config = ActorConfig::named("desk").mailbox(MailboxConfig::default().turn(4));
    let desk = system.spawn(config, Desk::factory(&log));
    for n in 0..10 {
        desk.tell(note(n)).await.unwrap();
    }
    let mut seen = Vec::new();
    while desk.status().handled < 10 {
        yield_now().await;
        seen.push(desk.status().handled);
    }
    seen.dedup();
    assert!(seen.iter().all(|handled| [0, 4, 8, 10].contains(handled)), "{seen:?}");
    assert!(seen.contains(&4) && seen.contains(&8), "{seen:?}");
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

#[tokio::test(start_paused = true)]
async fn a_panic_in_the_middle_of_a_full_mailbox_loses_only_itself() {
    let system = System::start().unwrap();
    let desk = system.spawn(small(2), Desk::new);
    let asks = (0..50).map(|n| {
        let desk = desk.clone();
        tokio::spawn(async move {
            if n % 10 == 3 { desk.ask(Boom("x")).await.err().map(|_| 0) } else { desk.ask(Add(1)).await.ok() }
        })
    });
    let asks: Vec<_> = asks.collect();
    let mut answered = 0;
    for ask in asks {
        answered += u32::from(ask.await.unwrap().is_some());
    }
    assert_eq!(answered, 50);
    let status = desk.status();
    assert_eq!((status.handled, status.dead, status.restarts), (45, 5, 5));
}

/// Many threads send; a sleeping actor is woken for each of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_wake_up_is_lost_between_threads() {
    let system = System::start().unwrap();
    let desk = system.spawn(small(2), Desk::new);
    let stop = Arc::new(AtomicBool::new(false));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (desk, stop) = (desk.clone(), stop.clone());
        tasks.spawn(async move {
            for n in 0..2_000_u64 {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                match n % 3 {
                    0 => drop(desk.ask(Add(1)).await.unwrap()),
                    1 => desk.tell(Add(1)).await.unwrap(),
                    _ => drop(desk.try_tell(Add(1))),
                }
            }
        });
    }
    let finished =
        tokio::time::timeout(Duration::from_secs(60), async { while tasks.join_next().await.is_some() {} }).await;
    stop.store(true, Ordering::Relaxed);
    finished.unwrap();
    let _ = desk.stop().await;
    let audit = system.audit();
    assert!(audit.balances(), "{audit:?}");
    assert_eq!((audit.in_flight, audit.dead), (0, 0));
    assert_eq!(audit.sent, 8_000);
}

/// A desk held for three seconds, with one place that is taken.
async fn full_desk() -> (System, Handle<Desk>) {
    let system = System::start().unwrap();
    let desk = system.spawn(small(1), Desk::new);
    desk.lane(Lane::Control).tell(Hold(SECOND * 3)).await.unwrap();
    sleep(Duration::from_millis(1)).await;
    desk.tell(Add(1)).await.unwrap();
    (system, desk)
}

/// Everything sent is accounted for, nobody waits, and the actor still answers.
async fn is_whole(system: &System, desk: &Handle<Desk>) {
    desk.ask(Add(0)).await.unwrap();
    let audit = system.audit();
    assert!(audit.balances() && audit.in_flight == 0, "{audit:?}");
    assert_eq!(desk.status().lanes[1].waiting, 0);
}

#[test]
fn a_tell_and_an_ask_can_be_cut_off_anywhere() {
    let explored = explore_cancellation(
        full_desk,
        |(_, desk)| async move {
            desk.tell(Add(10)).await?;
            desk.ask(Add(100)).await?;
            desk.ask(Beside(SECOND)).await?;
            Ok::<_, Box<dyn std::error::Error>>(())
        },
        async |(system, desk)| is_whole(system, desk).await,
    );
    assert!(explored.polls >= 4, "{explored:?}");
}

#[test]
fn a_sender_in_the_middle_of_a_line_can_be_cut_off_anywhere() {
    explore_cancellation(
        async || {
            let (system, desk) = full_desk().await;
            for n in [2, 3] {
                let desk = desk.clone();
                tokio::spawn(async move { desk.tell(Add(n)).await });
                yield_now().await;
            }
            (system, desk)
        },
        |(_, desk)| async move {
            let (one, two) = tokio::join!(desk.tell(Add(10)), desk.ask(Add(100)));
            one?;
            two?;
            Ok::<_, Box<dyn std::error::Error>>(())
        },
        async |(system, desk)| is_whole(system, desk).await,
    );
}

#[test]
fn a_stop_can_be_cut_off_anywhere_and_happens_all_the_same() {
    explore_cancellation(
        full_desk,
        |(_, desk)| async move { drop(desk.stop().await) },
        async |(system, desk): &(System, Handle<Desk>)| {
            // Cut off before its first poll, it has asked for nothing yet.
            let receipt = desk.stop().await;
            assert_eq!(receipt, desk.stopped().await);
            assert_eq!((receipt.handled, receipt.dead), (2, 0));
            assert!(system.audit().balances());
        },
    );
}
