use super::*;

#[tokio::test(start_paused = true)]
async fn raising_the_limit_lets_in_those_who_wait() {
    let server = Server::new();
    let pool = small(&server, 1).await;
    let _held = pool.acquire().await.unwrap();
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move { pool.acquire().await })
        })
        .collect();
    settle().await;
    pool.resize(3, 0).unwrap();
    sleep(millis(10)).await;
    let status = pool.status();
    assert_eq!((status.in_use + status.handed_over, status.waiting, status.max_size), (3, 1, 3));
    pool.resize(4, 0).unwrap();
    let mut held = Vec::new();
    for waiting in waiting {
        held.push(waiting.await.unwrap().unwrap());
    }
    assert_eq!(server.most(), 4);
    drop(held);
    assert_books(&pool.status());
}

// deadpool 0.13.1 hands out ten here.
#[tokio::test(start_paused = true)]
async fn lowering_the_limit_holds_also_for_what_was_never_opened() {
    let server = Server::new();
    let pool = start(builder(&server).max_size(10).max_opening(10).warm_up(false)).await;
    pool.resize(5, 0).unwrap();
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move {
                let _conn = pool.acquire().await.unwrap();
                sleep(secs(1)).await;
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(server.most(), 5);
}

#[tokio::test(start_paused = true)]
async fn lowering_the_limit_closes_what_is_idle_and_takes_nothing_from_those_who_hold() {
    let server = Server::new();
    let pool = start(builder(&server).max_size(6).max_opening(6)).await;
    let mut held = futures_util::future::join_all((0..6).map(|_| pool.acquire())).await;
    held.truncate(4);
    assert_eq!((pool.status().in_use, pool.status().idle), (4, 2));
    pool.resize(2, 1).unwrap();
    sleep(millis(10)).await;
    assert_eq!((server.live(), pool.status().in_use), (4, 4));
    let mut waiting = pin!(pool.acquire());
    assert!(poll!(waiting.as_mut()).is_pending());
    held.truncate(2);
    sleep(millis(10)).await;
    assert!(poll!(waiting.as_mut()).is_pending(), "two hold one each, and that is the limit");
    assert_eq!(server.live(), 2);
    held.truncate(1);
    let got = waiting.await.unwrap();
    assert_eq!((server.live(), server.most()), (2, 6));
    drop((held, got));
    assert_books(&pool.status());
}

#[tokio::test(start_paused = true)]
async fn connections_on_their_way_are_closed_if_they_are_not_wanted_any_more() {
    let server = Server::new();
    let pool = start(builder(&server).max_size(4).max_opening(4)).await;
    server.behave(|server| server.connect_time = secs(1));
    pool.resize(4, 4).unwrap();
    sleep(millis(500)).await;
    assert_eq!(pool.status().opening, 3);
    pool.resize(1, 0).unwrap();
    sleep(secs(1)).await;
    assert_eq!((server.live(), pool.status().size()), (1, 1));
    assert_books(&pool.status());
}

#[tokio::test(start_paused = true)]
async fn it_can_change_at_any_moment_while_everybody_works() {
    let server = Server::new();
    server.behave(|server| (server.connect_time, server.close_time) = (millis(3), millis(7)));
    let pool = small(&server, 2).await;
    let tasks: Vec<_> = (0..20)
        .map(|n| {
            let pool = pool.clone();
            tokio::spawn(async move {
                for _ in 0..50 {
                    let _conn = pool.acquire().await.expect("there is always at least one");
                    sleep(millis(1 + n % 5)).await;
                }
            })
        })
        .collect();
    for round in 0..40_usize {
        let max = [1, 8, 3, 5][round % 4];
        pool.resize(max, max / 2).unwrap();
        sleep(millis(11)).await;
        assert_counts(&pool.status());
        assert!(server.most() <= 8);
    }
    pool.resize(4, 0).unwrap();
    for task in tasks {
        task.await.unwrap();
    }
    sleep(secs(1)).await;
    assert_books(&pool.status());
}

#[tokio::test(start_paused = true)]
async fn limits_that_make_no_sense_are_refused_and_change_nothing() {
    let server = Server::new();
    let pool = small(&server, 3).await;
    assert_eq!(pool.resize(0, 0), Err(ResizeError::Zero));
    assert_eq!(pool.resize(2, 3), Err(ResizeError::MinAboveMax { min_idle: 3, max_size: 2 }));
    assert_eq!((pool.status().max_size, pool.status().min_idle), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn its_actor_resizes_it_too() {
    use actors::connection_pool::messages::Resize;
    let server = Server::new();
    let pool = small(&server, 1).await;
    pool.actor().ask(Resize { max_size: 3, min_idle: 2 }).await.unwrap().unwrap();
    sleep(millis(10)).await;
    assert_eq!((pool.status().idle, pool.status().max_size), (2, 3));
    assert!(pool.actor().ask(Resize { max_size: 0, min_idle: 0 }).await.unwrap().is_err());
}
