use super::*;

#[tokio::test(start_paused = true)]
async fn a_timeout_tells_why_no_connection_could_be_opened() {
    let server = Server::new();
    let pool = small(&server, 2).await;
    let _held = pool.acquire().await.unwrap();
    server.behave(|server| server.connect = Answer::Fail);
    let error = pool.acquire().await.unwrap_err();
    let failure = error.report().unwrap().last_failure.as_ref().unwrap();
    assert_eq!(failure.error.to_string(), "connection refused");
    assert!(failure.attempts > 3);
    assert!(error.to_string().contains("last connect failed: connection refused"), "{error}");
    assert!(std::error::Error::source(&error).is_some());
}

#[tokio::test(start_paused = true)]
async fn while_connecting_fails_one_attempt_at_a_time_is_made_with_growing_pauses() {
    let server = Server::new();
    let pool = start(builder(&server).max_size(5).max_opening(5).retry(millis(100), secs(5))).await;
    server.behave(|server| server.connect = Answer::Fail);
    let held = pool.acquire().await.unwrap();
    held.discard();
    let waiters: Vec<_> = (0..5)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move { pool.acquire().await.map(drop) })
        })
        .collect();
    sleep(secs(20)).await;
    // Five at first, before anything had failed; then after 0.1 to 5 s, so that it is tried nine times more.
    let attempts = server.attempts();
    assert!((10..=16).contains(&attempts), "{attempts} attempts");

    server.behave(|server| server.connect = Answer::Ok);
    for waiter in waiters {
        waiter.await.unwrap().expect("it came back in time");
    }
    let status = pool.status();
    assert!(status.last_failure.is_none());
    assert_books(&status);
}

#[tokio::test(start_paused = true)]
async fn a_connect_that_never_answers_costs_its_timeout_and_no_slot() {
    let server = Server::new();
    let pool = start(builder(&server).max_size(1).connect_timeout(secs(2))).await;
    pool.acquire().await.unwrap().discard();
    server.behave(|server| server.connect = Answer::Never);
    let mut waiting = pin!(pool.acquire());
    assert!(poll!(waiting.as_mut()).is_pending());
    sleep(secs(1)).await;
    server.behave(|server| server.connect = Answer::Ok);
    let start = Instant::now();
    waiting.await.unwrap();
    assert!(start.elapsed() < secs(2));
    assert_eq!(server.most(), 1);
    assert_eq!(pool.status().counts.open_failed, 1);
}

// In deadpool 0.13.1 a panic in `retain`'s predicate makes every later `get` panic.
#[tokio::test(start_paused = true)]
async fn panics_of_the_manager_cost_one_connection_each() {
    let server = Server::new();
    let pool = start(builder(&server).max_size(2).check_after(Duration::ZERO)).await;
    let change = |change: fn(&mut server::Behaviour)| server.behave(change);

    change(|server| server.check = Answer::Panic);
    let mut waiting = pin!(pool.acquire());
    assert!(poll!(waiting.as_mut()).is_pending());
    settle().await;
    let conn = waiting.await.expect("the suspect is replaced");
    assert_eq!(pool.status().counts.check_failed, 1);

    change(|server| server.return_panics = true);
    drop(conn);
    change(|server| (server.return_panics, server.close_panics) = (false, true));
    settle().await;
    change(|server| (server.close_panics, server.check, server.connect) = (false, Answer::Ok, Answer::Panic));
    let mut waiting = pin!(pool.acquire());
    assert!(poll!(waiting.as_mut()).is_pending());
    settle().await;
    let failure = pool.status().last_failure.unwrap();
    assert!(failure.to_string().contains("a bug in the driver"), "{failure}");
    change(|server| server.connect = Answer::Ok);
    drop(waiting.await.unwrap());
    settle().await;
    assert_books(&pool.status());
    assert_eq!(server.live(), pool.status().size());
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_gets_a_check_of_another_idle_connection_if_one_does_not_pass() {
    let server = Server::new();
    let pool = start(builder(&server).max_size(4).max_opening(4).check_after(secs(10))).await;
    drop(futures_util::future::join_all((0..4).map(|_| pool.acquire())).await);
    sleep(secs(11)).await;
    // Four at once: all are checked at the same time.
    server.behave(|server| server.check_time = secs(1));
    let start = Instant::now();
    drop(futures_util::future::join_all((0..4).map(|_| pool.acquire())).await);
    assert_eq!((start.elapsed(), server.checks.load(SeqCst)), (secs(1), 4));

    // One alone, whose connection is dead: it gets another, and none is opened.
    sleep(secs(11)).await;
    server.behave(|server| (server.check, server.connect) = (Answer::Fail, Answer::Fail));
    let mut waiting = pin!(pool.acquire());
    assert!(poll!(waiting.as_mut()).is_pending());
    sleep(millis(500)).await;
    server.behave(|server| server.check = Answer::Ok);
    waiting.await.unwrap();
    assert_eq!((pool.status().counts.check_failed, server.live()), (1, 3));
    assert_books(&pool.status());
}

#[tokio::test(start_paused = true)]
async fn a_pool_that_cannot_connect_does_not_start_and_says_why() {
    let server = Server::new();
    server.behave(|server| server.connect = Answer::Fail);
    let system = System::start().unwrap();
    let error = builder(&server).start(&system).await.unwrap_err();
    assert!(matches!(&error, StartError::Connect(failure) if failure.attempts == 1));
    assert!(error.to_string().starts_with("connection pool: cannot connect: connection refused"), "{error}");
    assert!(builder(&server).warm_up(false).start(&system).await.is_ok());
    server.behave(|server| server.connect = Answer::Never);
    let error = builder(&server).connect_timeout(secs(2)).start(&system).await.unwrap_err();
    assert!(error.to_string().contains("not connected within 2s"), "{error}");
    sleep(secs(60)).await;
    assert_eq!(server.live(), 0);
}
