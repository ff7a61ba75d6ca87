use super::*;

#[tokio::test(start_paused = true)]
async fn a_closed_pool_tells_whoever_waits_and_closes_what_comes_back() {
    let server = Server::new();
    server.behave(|server| server.close_time = millis(500));
    let pool = small(&server, 2).await;
    let (first, second) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
    drop(second);
    let extra = pool.acquire().await.unwrap();
    let waiting = tokio::spawn({
        let pool = pool.clone();
        async move { pool.acquire().await.map(drop) }
    });
    settle().await;
    pool.close();
    assert!(waiting.await.unwrap().unwrap_err().is_closed());
    assert!(pool.acquire().await.unwrap_err().is_closed());
    assert!(pool.try_acquire().unwrap_err().is_closed());
    drop(extra);
    let early = pool.drain(in_secs(1)).await;
    assert!(!early.is_complete());
    assert_eq!((early.held.len(), early.took, server.live()), (1, secs(1), 1));
    drop(first);
    let receipt = pool.drain(in_secs(1)).await;
    assert!(receipt.is_complete());
    assert_eq!((receipt.took, receipt.counts.closed, server.live()), (millis(500), 2, 0));
}

#[tokio::test(start_paused = true)]
async fn shutting_the_system_down_waits_for_the_connections() {
    let server = Server::new();
    server.behave(|server| server.close_time = millis(500));
    let system = System::start().unwrap();
    let pool = builder(&server).start(&system).await.unwrap();
    let held = pool.acquire().await.unwrap();
    tokio::spawn(async move {
        sleep(secs(3)).await;
        drop(held);
    });
    let start = Instant::now();
    let receipt = system.shutdown(secs(60)).await;
    assert!(receipt.is_clean(), "{receipt:?}");
    assert_eq!((start.elapsed(), server.live()), (millis(3500), 0));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_comes_back_after_the_end_is_dropped() {
    let server = Server::new();
    let system = System::start().unwrap();
    let pool = builder(&server).start(&system).await.unwrap();
    let held = pool.acquire().await.unwrap();
    let receipt = system.shutdown(secs(1)).await;
    assert!(!receipt.is_clean());
    assert_eq!(server.live(), 1);
    drop(held);
    assert_eq!(server.live(), 0);
    assert_eq!(pool.status().size(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_pool_whose_last_handle_is_dropped_closes_its_connections() {
    let server = Server::new();
    let pool = start(builder(&server).min_idle(3)).await;
    let held = pool.acquire().await.unwrap();
    drop(pool.clone());
    assert_eq!(server.live(), 3);
    drop(pool);
    sleep(secs(1)).await;
    assert_eq!(server.live(), 1);
    drop(held);
    sleep(secs(1)).await;
    assert_eq!(server.live(), 0);
}

#[tokio::test(start_paused = true)]
async fn its_actor_answers_messages() {
    use actors::connection_pool::messages::{Close, Drain, GetStatus};
    let server = Server::new();
    let pool = small(&server, 1).await;
    assert_eq!(pool.actor().ask(GetStatus).await.unwrap().idle, 1);
    pool.actor().ask(Close).await.unwrap();
    assert!(!pool.status().is_open);
    assert!(pool.actor().ask(Drain { deadline: in_secs(5) }).await.unwrap().is_complete());
}

#[tokio::test(start_paused = true)]
async fn a_coordinator_asks_it_whether_it_is_ready_and_shuts_it_down() {
    let server = Server::new();
    let pool = small(&server, 2).await;
    assert!(pool.ready().await.is_ready());
    server.behave(|server| server.connect = Answer::Fail);
    let held = pool.acquire().await.unwrap();
    let mut waiting = pin!(pool.acquire());
    assert!(poll!(waiting.as_mut()).is_pending());
    sleep(millis(10)).await;
    let Readiness::NotReady(why) = pool.ready().await else { panic!("it cannot connect") };
    assert!(why.starts_with("connection refused ("), "{why}");

    let receipt = pool.shut_down(in_secs(2)).await;
    assert!(!receipt.is_clean(), "somebody has a connection");
    drop(held);
    let receipt = pool.shut_down(in_secs(2)).await;
    assert!(receipt.is_clean(), "{receipt}");
    assert_eq!((receipt.handled, server.live()), (1, 0));
    assert!(!pool.ready().await.is_ready());
}
