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
    let pool = builder(&server).max_size(5).max_opening(5).retry(millis(100), secs(5)).fail_after(Duration::MAX);
    let pool = start(pool).await;
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
    // One to begin with; four or five before anything had failed, as one slot was just being freed; then after
    // 0.1, 0.2, 0.4 s and so on up to 5 s, however many had failed together: eight times.
    let attempts = server.attempts();
    assert!((13..=14).contains(&attempts), "{attempts} attempts");

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

#[tokio::test(start_paused = true)]
async fn when_no_connection_is_left_whoever_waits_learns_the_cause_and_one_dials_until_the_server_is_back() {
    let server = Server::new();
    let pool = start(builder(&server).max_size(8).max_opening(2)).await;
    server.behave(|server| server.connect = Answer::Fail);
    pool.acquire().await.unwrap().discard();
    let waiters: Vec<_> = (0..50)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move {
                let begun = Instant::now();
                (pool.acquire().await.map(drop), begun.elapsed())
            })
        })
        .collect();
    for waiter in waiters {
        let (got, after) = waiter.await.unwrap();
        let error = got.unwrap_err();
        assert!(error.is_connect_failed() && after < millis(520), "{error} after {after:?}");
        assert!(error.to_string().contains("connection refused"), "{error}");
    }
    // Whoever comes later learns it at once.
    let begun = Instant::now();
    assert!(pool.acquire().await.unwrap_err().is_connect_failed());
    assert_eq!(begun.elapsed(), Duration::ZERO);
    assert!(!pool.ready().await.is_ready());

    let attempts = server.attempts();
    server.most_opening.store(0, SeqCst);
    sleep(secs(60)).await;
    let more = server.attempts() - attempts;
    assert!((12..=18).contains(&more), "{more} attempts in a minute");
    assert_eq!(server.most_opening.load(SeqCst), 1, "one at a time");

    // Nobody asks, and yet it is known when the server is back.
    server.behave(|server| (server.connect, server.connect_time) = (Answer::Ok, millis(10)));
    sleep(millis(5_100)).await;
    assert!(pool.ready().await.is_ready());
    let all = (0..50).map(|_| async { drop(pool.acquire().await.expect("it is back")) });
    futures_util::future::join_all(all).await;
    assert!(server.most_opening.load(SeqCst) <= 2, "no herd");
    assert_books(&pool.status());
}

// In bb8 0.9.1 a wrong password shows as a timeout.
#[tokio::test(start_paused = true)]
async fn a_failure_that_cannot_be_helped_is_told_at_once_and_not_tried_again_soon() {
    let server = Server::new();
    server.behave(|server| server.connect = Answer::Forbid);
    let pool = start(builder(&server).warm_up(false)).await;
    let begun = Instant::now();
    for _ in 0..3 {
        let error = pool.acquire().await.unwrap_err();
        assert!(error.is_connect_failed(), "{error}");
        assert!(error.report().unwrap().last_failure.as_ref().unwrap().permanent);
    }
    assert!(begun.elapsed() < millis(5));
    assert_eq!(server.attempts(), 1);
    sleep(millis(4_900)).await;
    assert_eq!(server.attempts(), 1);
    server.behave(|server| server.connect = Answer::Ok);
    sleep(millis(200)).await;
    assert_eq!(server.attempts(), 2);
    drop(pool.acquire().await.expect("somebody has mended it"));
    assert_books(&pool.status());
}

#[tokio::test(start_paused = true)]
async fn while_there_are_other_connections_nobody_gives_up_because_no_more_can_be_opened() {
    let server = Server::new();
    let pool = small(&server, 2).await;
    let held = pool.acquire().await.unwrap();
    server.behave(|server| server.connect = Answer::Forbid);
    let mut waiting = pin!(pool.acquire());
    assert!(poll!(waiting.as_mut()).is_pending());
    sleep(secs(3)).await;
    assert!(poll!(waiting.as_mut()).is_pending());
    drop(held);
    waiting.await.expect("the one that there is");
}

#[tokio::test(start_paused = true)]
async fn whoever_cannot_wait_until_the_next_attempt_is_told_at_once() {
    let server = Server::new();
    server.behave(|server| server.connect = Answer::Fail);
    let pool = builder(&server).warm_up(false).retry(secs(10), secs(10)).fail_after(Duration::MAX);
    let pool = start(pool.acquire_timeout(secs(15))).await;
    let mut first = pin!(pool.acquire());
    assert!(poll!(first.as_mut()).is_pending());
    sleep(secs(1)).await;
    let begun = Instant::now();
    let hasty = Context::current().with_deadline(in_secs(5));
    assert!(hasty.scope(pool.acquire()).await.unwrap_err().is_connect_failed());
    assert_eq!(begun.elapsed(), Duration::ZERO);

    server.behave(|server| server.connect = Answer::Ok);
    let patient = Context::current().with_deadline(in_secs(12));
    let (first, second) = tokio::join!(first, patient.scope(pool.acquire()));
    drop((first.unwrap(), second.unwrap()));
    assert_books(&pool.status());
}

/// Panics wherever it is asked something, until it is told to behave.
struct Rude(Arc<AtomicUsize>);

#[derive(Debug)]
struct RudeError;

impl std::fmt::Display for RudeError {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("an error that can't be shown")
    }
}

impl std::error::Error for RudeError {}

struct RudeConn(Arc<AtomicUsize>);

impl Drop for RudeConn {
    fn drop(&mut self) {
        assert!(self.0.load(SeqCst) != 2, "a destructor that panics");
    }
}

#[async_trait::async_trait]
impl actors::connection_pool::ConnectionManager for Rude {
    type Connection = RudeConn;
    type Error = RudeError;

    async fn connect(&self) -> Result<RudeConn, RudeError> {
        if self.0.load(SeqCst) == 0 { Err(RudeError) } else { Ok(RudeConn(self.0.clone())) }
    }

    fn is_permanent(&self, _: &RudeError) -> bool {
        panic!("a judgement that panics")
    }

    async fn check(&self, _: &mut RudeConn) -> Result<(), RudeError> {
        Err(RudeError)
    }
}

#[tokio::test(start_paused = true)]
async fn panics_of_a_judgement_of_an_errors_text_and_of_a_destructor_cost_nothing_else() {
    let mode = Arc::new(AtomicUsize::new(0));
    let system = System::start().unwrap();
    let pool = ConnectionPool::builder(Rude(mode.clone())).warm_up(false).max_size(1).check_after(secs(1));
    let pool = pool.start(&system).await.unwrap();
    let mut waiting = pin!(pool.acquire());
    assert!(poll!(waiting.as_mut()).is_pending());
    settle().await;
    assert_eq!(pool.status().counts.open_failed, 1);
    mode.store(1, SeqCst);
    let conn = waiting.await.expect("it is tried again");
    drop(conn);
    // A check that fails with an error that can't be shown, and a connection that can't be dropped.
    sleep(secs(2)).await;
    mode.store(2, SeqCst);
    let conn = pool.acquire().await.expect("the suspect is replaced");
    assert_eq!(pool.status().counts.check_failed, 1);
    mode.store(1, SeqCst);
    drop(conn);
    assert_books(&pool.status());
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
