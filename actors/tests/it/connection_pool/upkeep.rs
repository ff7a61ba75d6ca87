use super::*;

#[tokio::test(start_paused = true)]
async fn a_stalled_waiter_that_comes_back_takes_what_is_idle() {
    let server = Server::new();
    let pool = small(&server, 1).await;
    let held = pool.acquire().await.unwrap();
    let mut stalled = pin!(pool.acquire());
    assert!(poll!(stalled.as_mut()).is_pending());
    drop(held);
    sleep(secs(1)).await;
    let status = pool.status();
    assert_eq!((status.idle, status.handed_over, status.waiting), (1, 0, 1));
    assert!(poll!(stalled.as_mut()).is_ready());
}

// HikariCP's spike test: pools that open one for each who waits end with 45 connections.
#[tokio::test(start_paused = true)]
async fn a_spike_of_short_uses_does_not_open_a_connection_for_each() {
    let server = Server::new();
    let pool = start(builder(&server).max_size(50).min_idle(5)).await;
    server.behave(|server| server.connect_time = millis(150));
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move {
                let _conn = pool.acquire().await.unwrap();
                sleep(millis(2)).await;
            })
        })
        .collect();
    let start = Instant::now();
    for task in tasks {
        task.await.unwrap();
    }
    assert!(start.elapsed() <= millis(25), "{:?}", start.elapsed());
    sleep(secs(1)).await;
    assert!(server.live() <= 7, "{} connections", server.live());
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_was_idle_for_long_is_checked_before_it_is_used() {
    let server = Server::new();
    let pool = start(builder(&server).max_size(1).check_after(secs(10))).await;
    sleep(secs(9)).await;
    drop(pool.acquire().await.unwrap());
    assert_eq!(server.checks.load(SeqCst), 0);
    sleep(secs(11)).await;
    assert!(matches!(pool.try_acquire().unwrap_err(), AcquireError::Exhausted(_)));
    let conn = pool.acquire().await.unwrap();
    assert_eq!((server.checks.load(SeqCst), conn.number), (1, 0));
    drop(conn);

    // It does not answer any more.
    sleep(secs(11)).await;
    server.behave(|server| (server.check, server.close_time) = (Answer::Never, secs(2)));
    let start = Instant::now();
    let conn = pool.acquire().await.unwrap();
    assert_eq!(conn.number, 1);
    // The check's limit, and the time until the old one is closed.
    assert_eq!(start.elapsed(), secs(7));
    assert_eq!(server.most(), 1);
}

#[tokio::test(start_paused = true)]
async fn idle_connections_are_checked_in_the_background_one_at_a_time() {
    let server = Server::new();
    let pool = builder(&server).max_size(4).min_idle(3).check_every(secs(10)).check_after(secs(60));
    let pool = start(pool).await;
    server.behave(|server| server.check_time = secs(1));
    sleep(millis(9_900)).await;
    assert_eq!(server.checks.load(SeqCst), 0);
    for nth in 1..=3 {
        sleep(millis(1_000)).await;
        let status = pool.status();
        assert_eq!((status.checking, status.idle, server.checks.load(SeqCst)), (1, 2, nth));
    }
    sleep(secs(1)).await;
    assert_eq!((pool.status().idle, pool.status().counts.check_failed), (3, 0));

    // A dead one is found before anybody needs it.
    server.behave(|server| (server.check, server.check_time) = (Answer::Fail, Duration::ZERO));
    sleep(secs(11)).await;
    assert_eq!((server.live(), pool.status().idle), (3, 3));
    assert_eq!(pool.status().counts.check_failed, 3);
    assert_books(&pool.status());
}

#[tokio::test(start_paused = true)]
async fn a_background_check_does_not_make_a_connection_seem_used() {
    let server = Server::new();
    let pool = start(builder(&server).check_every(secs(10)).idle_timeout(secs(35))).await;
    sleep(secs(34)).await;
    assert_eq!((server.live(), server.checks.load(SeqCst)), (1, 3));
    sleep(secs(2)).await;
    assert_eq!((server.live(), pool.status().size()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_held_for_long_is_reported_once_with_the_place() {
    let server = Server::new();
    let pool = start(builder(&server).max_size(2).leak_after(secs(10))).await;
    sleep(secs(1)).await;
    let line = line!() + 1;
    let held = pool.acquire().await.unwrap();
    sleep(millis(9_900)).await;
    assert_eq!((pool.status().leaks().count(), pool.status().counts.leaks), (0, 0));
    sleep(millis(200)).await;
    let status = pool.status();
    let leak = status.leaks().next().expect("it is overdue");
    assert_eq!((leak.place.file(), leak.place.line()), (file!(), line));
    assert!(leak.held_for >= secs(10));
    sleep(secs(100)).await;
    assert_eq!(pool.status().counts.leaks, 1);
    drop(held);
    assert_eq!(pool.status().leaks().count(), 0);

    let pool = start(builder(&server).leak_after(None)).await;
    let _held = pool.acquire().await.unwrap();
    sleep(secs(3_600)).await;
    assert_eq!(pool.status().counts.leaks, 0);
}

#[tokio::test(start_paused = true)]
async fn a_connection_in_use_is_replaced_before_it_is_closed() {
    let server = Server::new();
    let pool = start(builder(&server).max_size(2).max_lifetime(secs(100)).rotate_ahead(secs(5))).await;
    let held = pool.acquire().await.unwrap();
    sleep(secs(94)).await;
    assert_eq!(server.attempts(), 1);
    sleep(secs(2)).await;
    assert_eq!((server.live(), pool.status().idle), (2, 1));
    // Its successor is there, so it goes as soon as it comes back, though it has some seconds left.
    drop(held);
    let next = pool.try_acquire().expect("there is no gap");
    sleep(millis(1)).await;
    assert_eq!((next.number, server.live(), server.attempts()), (1, 1, 2));
    assert_books(&pool.status());
}

#[tokio::test(start_paused = true)]
async fn those_that_are_kept_ready_are_replaced_before_they_are_closed_if_there_is_room() {
    let server = Server::new();
    server.behave(|server| server.connect_time = secs(1));
    let pool = builder(&server).max_size(2).min_idle(1).max_lifetime(secs(100)).rotate_ahead(secs(5));
    let pool = start(pool.idle_timeout(secs(1_000))).await;
    for _ in 0..300 {
        sleep(secs(1)).await;
        drop(pool.try_acquire().expect("one is ready at any time"));
    }
    assert_eq!((server.most(), server.live()), (2, 1));
    assert!((4..=5).contains(&server.attempts()), "{} attempts", server.attempts());
    assert_books(&pool.status());
}

#[tokio::test(start_paused = true)]
async fn what_is_idle_for_too_long_is_closed_down_to_min_idle() {
    let server = Server::new();
    let pool = start(builder(&server).max_size(5).min_idle(2).max_opening(5).idle_timeout(secs(60))).await;
    let all: Vec<_> = futures_util::future::join_all((0..5).map(|_| pool.acquire())).await;
    drop(all);
    assert_eq!(server.live(), 5);
    sleep(secs(59)).await;
    assert_eq!(server.live(), 5);
    sleep(secs(2)).await;
    assert_eq!((server.live(), pool.status().idle), (2, 2));
    sleep(secs(600)).await;
    assert_eq!(server.live(), 2);
}

#[tokio::test(start_paused = true)]
async fn min_idle_connections_are_kept_ready() {
    let server = Server::new();
    let pool = start(builder(&server).max_size(5).min_idle(2)).await;
    assert_eq!(pool.status().idle, 2);
    let held: Vec<Pooled<_>> = [pool.try_acquire().unwrap(), pool.try_acquire().unwrap()].into();
    settle().await;
    sleep(millis(1)).await;
    assert_eq!(pool.status().idle, 2);
    let more = [pool.try_acquire().unwrap(), pool.try_acquire().unwrap()];
    sleep(millis(1)).await;
    assert_eq!((pool.status().idle, server.live()), (1, 5), "five is the limit");
    drop((held, more));
    assert_books(&pool.status());
}

#[tokio::test(start_paused = true)]
async fn connections_are_replaced_at_the_end_of_their_life_but_not_all_at_once() {
    let server = Server::new();
    let _pool =
        start(builder(&server).max_size(20).min_idle(20).max_opening(20).max_lifetime(secs(1000)).lifetime_jitter(0.5))
            .await;
    let start = Instant::now();
    assert_eq!(server.live(), 20);
    sleep(secs(499)).await;
    assert_eq!(server.attempts(), 20);
    sleep(secs(502)).await;
    assert!(server.attempts() >= 40 && server.live() == 20);
    let closed = server.closed_at.lock();
    let first = closed[0].duration_since(start);
    let spread = closed[19].duration_since(closed[0]);
    assert!(first >= secs(500) && spread > secs(100), "first {first:?}, spread {spread:?}");
}

#[tokio::test(start_paused = true)]
async fn a_connection_past_its_life_is_closed_when_it_comes_back() {
    let server = Server::new();
    let pool = start(builder(&server).max_size(1).max_lifetime(secs(10))).await;
    let held = pool.acquire().await.unwrap();
    sleep(secs(11)).await;
    drop(held);
    assert_eq!(pool.acquire().await.unwrap().number, 1);
    assert_eq!(server.most(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_comes_back_in_a_panic_is_checked_first() {
    let server = Server::new();
    let pool = small(&server, 1).await;
    let task = tokio::spawn({
        let pool = pool.clone();
        async move {
            let _conn = pool.acquire().await.unwrap();
            panic!("in the middle of something");
        }
    });
    assert!(task.await.unwrap_err().is_panic());
    drop(pool.acquire().await.unwrap());
    assert_eq!(server.checks.load(SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn the_manager_may_ask_for_a_check_on_return() {
    let server = Server::new();
    let pool = small(&server, 1).await;
    server.check_on_return.store(true, SeqCst);
    drop(pool.acquire().await.unwrap());
    drop(pool.acquire().await.unwrap());
    assert_eq!(server.checks.load(SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn senseless_settings_are_refused_by_name() {
    let server = Server::new();
    let system = System::start().unwrap();
    let refused = async |builder: ConnectionPoolBuilder<Manager>| match builder.start(&system).await.unwrap_err() {
        StartError::Config { field, .. } => field,
        other => panic!("{other}"),
    };
    assert_eq!(refused(builder(&server).max_size(0)).await, "max_size");
    assert_eq!(refused(builder(&server).min_idle(11)).await, "min_idle");
    assert_eq!(refused(builder(&server).max_opening(0)).await, "max_opening");
    assert_eq!(refused(builder(&server).lifetime_jitter(1.5)).await, "lifetime_jitter");
    assert_eq!(refused(builder(&server).lifetime_jitter(f64::NAN)).await, "lifetime_jitter");
    assert_eq!(refused(builder(&server).retry(secs(2), secs(1))).await, "retry_min");
    assert_eq!(refused(builder(&server).acquire_timeout(Duration::ZERO)).await, "acquire_timeout");
}

#[tokio::test(start_paused = true)]
async fn durations_without_end_are_no_problem() {
    let server = Server::new();
    let forever = Duration::MAX;
    let builder = builder(&server).acquire_timeout(forever).connect_timeout(forever).idle_timeout(forever);
    let builder = builder.max_lifetime(forever).retry(forever, forever).handoff_grace(forever).drain_timeout(forever);
    let pool = start(builder.max_size(1)).await;
    let held = pool.acquire().await.unwrap();
    let waits = AtomicUsize::new(0);
    let waiting = async {
        waits.fetch_add(1, SeqCst);
        pool.acquire().await.map(drop)
    };
    let (waited, ()) = tokio::join!(waiting, async {
        sleep(secs(3600)).await;
        drop(held);
    });
    waited.unwrap();
    assert_eq!(waits.load(SeqCst), 1);
}

#[test]
fn settings_that_make_no_sense_are_all_reported_with_their_source() {
    let settings = Settings::new().set("max_size", "0", "--max").set("min_idle", "3", "--min");
    let refused = settings.load_valid::<ConnectionPoolConfig>().unwrap_err().to_string();
    assert!(refused.contains("--max: max_size = \"0\": must be at least 1"), "{refused}");
    assert!(refused.contains("--min: min_idle = \"3\": must be at most `max_size`"), "{refused}");
}
