//! Connections that are lent and come back.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_connection_that_comes_back_is_used_again_the_latest_first() {
    let server = Server::new();
    let pool = small(&server, 3).await;
    let (first, second) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
    let number = first.number;
    drop(second);
    drop(first);
    assert_eq!(pool.acquire().await.unwrap().number, number);
    assert_eq!(server.attempts(), 2);
    assert_books(&pool.status());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_works_on_a_multi_threaded_runtime() {
    let server = Server::new();
    let pool = small(&server, 4).await;
    let tasks: Vec<_> = (0..32)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move {
                for _ in 0..200 {
                    let conn = pool.acquire().await.expect("they come back");
                    tokio::task::yield_now().await;
                    drop(conn);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert!(server.most() <= 4);
    assert_eq!(pool.status().counts.acquired, 6_400);
    let receipt = pool.drain(in_secs(10)).await;
    assert!(receipt.is_complete(), "{receipt}");
    assert_eq!(server.live(), 0);
}

#[tokio::test(start_paused = true)]
async fn never_more_than_max_size_are_open_not_even_while_some_are_being_closed() {
    let server = Server::new();
    server.behave(|server| (server.connect_time, server.close_time) = (millis(50), secs(3)));
    let pool = small(&server, 3).await;
    let mut tasks = Vec::new();
    for n in 0..60 {
        let pool = pool.clone();
        tasks.push(tokio::spawn(async move {
            let conn = pool.acquire().await.unwrap();
            sleep(millis(100)).await;
            if n % 3 == 0 {
                conn.discard();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
        assert_books(&pool.status());
    }
    assert_eq!(server.most(), 3);
    assert!(server.attempts() > 10);
}

#[tokio::test(start_paused = true)]
async fn a_waiter_takes_what_comes_first_a_connection_that_comes_back_or_a_new_one() {
    let server = Server::new();
    let pool = small(&server, 2).await;
    server.behave(|server| server.connect_time = secs(5));
    let held = pool.acquire().await.unwrap();
    let number = held.number;
    let mut waiting = pin!(pool.acquire());
    assert!(poll!(waiting.as_mut()).is_pending());
    sleep(secs(1)).await;
    drop(held);
    assert_eq!(waiting.await.unwrap().number, number);
}

#[tokio::test(start_paused = true)]
async fn with_gives_the_connection_back_however_it_ends() {
    let server = Server::new();
    let pool = small(&server, 1).await;
    assert_eq!(pool.with(async |conn| conn.number).await.unwrap(), 0);
    let late = timeout(secs(1), pool.with(async |_| sleep(secs(60)).await)).await;
    assert!(late.is_err());
    assert_eq!(pool.status().in_use, 0);
    assert_eq!(pool.with(async |conn| conn.number).await.unwrap(), 0);
}
