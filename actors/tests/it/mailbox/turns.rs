use super::*;

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
    // On plain actix, 10 ms took 2.4 s of real time here, each time. A turn is over in less than a millisecond, so even
    // a loaded machine is far below this, unless it stands still.
    let mut least = Duration::MAX;
    for _ in 0..5 {
        let started = Instant::now();
        sleep(Duration::from_millis(10)).await;
        least = least.min(started.elapsed());
    }
    assert!(least < Duration::from_millis(500), "{least:?}");
    assert!(turns.load(Ordering::Relaxed) > 128);
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

/// Sends itself as many messages as it was sent, each of which takes a while of the paused clock.
struct Slow {
    me: WeakHandle<Self>,
    handled: Arc<AtomicU64>,
}

impl Actor for Slow {
    type Context = Context<Self>;
}

#[derive(Message)]
#[rtype(result = "()")]
struct Take(Duration);

impl Handler<Take> for Slow {
    type Result = ();

    fn handle(&mut self, Take(time): Take, _: &mut Context<Self>) {
        self.handled.fetch_add(1, Ordering::Relaxed);
        // The first poll moves the clock; the rest is a courtesy to others.
        let mut advance = pin!(tokio::time::advance(time));
        let _ = advance.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
        if let Some(me) = self.me.upgrade() {
            let _ = me.try_tell(Take(time));
        }
    }
}

fn slow(system: &System, mailbox: MailboxConfig) -> (Handle<Slow>, Arc<AtomicU64>) {
    let handled = Arc::new(AtomicU64::new(0));
    let counter = handled.clone();
    let config = ActorConfig::named("slow").mailbox(mailbox.capacity(Lane::Interactive, 1_000));
    let factory = move |me: &WeakHandle<Slow>| Slow { me: me.clone(), handled: counter.clone() };
    let slow = system.spawn_with(config, factory);
    (slow, handled)
}

#[tokio::test(start_paused = true)]
async fn a_busy_actor_of_slow_messages_delays_a_timer_by_its_turns_time() {
    let system = System::start().unwrap();
    // By number alone, a turn would take 50 ms.
    let (slow, handled) = slow(&system, MailboxConfig::default().turn(500));
    for _ in 0..600 {
        slow.tell(Take(Duration::from_micros(100))).await.unwrap();
    }
    for _ in 0..20 {
        let started = Instant::now();
        sleep(Duration::from_millis(10)).await;
        let late = started.elapsed() - Duration::from_millis(10);
        // The timer's own millisecond, and a turn, which is as much and what was not looked at.
        assert!(late <= Duration::from_millis(3), "{late:?}");
    }
    assert!(handled.load(Ordering::Relaxed) >= 2_000, "it was busy");
}

#[tokio::test(start_paused = true)]
async fn a_turn_of_messages_that_take_longer_than_it_has_one_of_them() {
    let system = System::start().unwrap();
    for (turn_time, most) in [(1, 1), (25, 3)] {
        let (slow, handled) = slow(&system, MailboxConfig::default().turn_time(Duration::from_millis(turn_time)));
        for _ in 0..50 {
            slow.tell(Take(Duration::from_millis(10))).await.unwrap();
        }
        let mut before = 0;
        while before < 100 {
            yield_now().await;
            let after = handled.load(Ordering::Relaxed);
            assert!(after - before <= most, "{} messages in a turn", after - before);
            before = after;
        }
        let _ = slow.stop_by(Instant::now()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn quick_messages_before_slow_ones_hide_a_few_of_them_at_most() {
    let system = System::start().unwrap();
    let (slow, handled) = slow(&system, MailboxConfig::default());
    for n in 0..100 {
        let time = if n < 50 { Duration::ZERO } else { Duration::from_millis(10) };
        slow.tell(Take(time)).await.unwrap();
    }
    while handled.load(Ordering::Relaxed) == 0 {
        yield_now().await;
    }
    let first_turn = handled.load(Ordering::Relaxed);
    assert!((51..=50 + 8).contains(&first_turn), "{first_turn}");
    let _ = slow.stop_by(Instant::now()).await;
}
