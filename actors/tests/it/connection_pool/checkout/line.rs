//! Those who wait: in turn, whoever is in a hurry and whoever stands still.

use super::*;

#[tokio::test(start_paused = true)]
async fn waiters_are_served_in_the_order_in_which_they_came() {
    let server = Server::new();
    let pool = small(&server, 1).await;
    let held = pool.acquire().await.unwrap();
    let order = Arc::new(parking_lot::Mutex::new(Vec::new()));
    let mut tasks = Vec::new();
    for n in 0..10 {
        let (pool, order) = (pool.clone(), order.clone());
        tasks.push(tokio::spawn(async move {
            let _conn = pool.acquire().await.unwrap();
            order.lock().push(n);
            sleep(millis(10)).await;
        }));
        settle().await;
    }
    drop(held);
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(*order.lock(), (0..10).collect::<Vec<_>>());
}

// bb8 0.9.1 gives all of this to the hot loop, and 50 timeouts to the waiters.
#[tokio::test(start_paused = true)]
async fn a_task_that_acquires_in_a_hot_loop_starves_nobody() {
    let server = Server::new();
    let pool = start(builder(&server).max_size(1).acquire_timeout(millis(500))).await;
    let waiters: Vec<_> = (0..10)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move {
                for _ in 0..100 {
                    let conn = pool.acquire().await.expect("nobody waits for more than eleven turns");
                    drop(conn);
                    sleep(millis(1)).await;
                }
            })
        })
        .collect();
    let hot = tokio::spawn({
        let pool = pool.clone();
        async move {
            let mut turns = 0;
            loop {
                let conn = pool.acquire().await.expect("it is its turn");
                tokio::task::yield_now().await;
                drop(conn);
                turns += 1;
                if turns % 64 == 0 {
                    sleep(millis(1)).await;
                }
            }
        }
    });
    for waiter in waiters {
        waiter.await.unwrap();
    }
    hot.abort();
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_more_turns_than_there_were_before_them_in_the_line() {
    for max_size in [1, 3] {
        let server = Server::new();
        let pool = small(&server, max_size).await;
        let hot = tokio::spawn({
            let pool = pool.clone();
            async move {
                loop {
                    let conn = pool.acquire().await.expect("it is its turn");
                    tokio::task::yield_now().await;
                    drop(conn);
                }
            }
        });
        let mut waiters = tokio::task::JoinSet::new();
        for _ in 0..10 {
            let pool = pool.clone();
            waiters.spawn(async move {
                let mut most = 0;
                for _ in 0..100 {
                    let before = pool.status();
                    let conn = pool.acquire().await.expect("its turn comes");
                    let turns = pool.status().counts.acquired - before.counts.acquired - 1;
                    let limit = (before.waiting + max_size) as u64;
                    assert!(turns < limit, "{turns} turns of others, with {} before it", before.waiting);
                    most = most.max(before.waiting);
                    tokio::task::yield_now().await;
                    drop(conn);
                }
                most
            });
        }
        let most = waiters.join_all().await.into_iter().max();
        hot.abort();
        assert!(most >= Some(8 - max_size), "there was a line: {most:?}");
        assert_books(&pool.status());
    }
}

#[tokio::test(start_paused = true)]
async fn a_waiter_that_is_not_polled_holds_up_nobody_and_keeps_its_place() {
    let server = Server::new();
    let pool = small(&server, 1).await;
    let held = pool.acquire().await.unwrap();
    let mut stalled = pin!(pool.acquire());
    assert!(stalled.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())).is_pending());
    let mut third = pin!(pool.acquire());
    assert!(poll!(third.as_mut()).is_pending());
    drop(held);
    assert_eq!(pool.status().handed_over, 1);

    let start = Instant::now();
    let conn = third.await.expect("it was taken back from the stalled one");
    assert!(start.elapsed() <= millis(200), "{:?}", start.elapsed());
    assert_eq!(pool.status().counts.taken_back, 1);

    // Polled again, the stalled one comes before those that came after it.
    let mut fourth = pin!(pool.acquire());
    assert!(poll!(fourth.as_mut()).is_pending());
    assert!(poll!(stalled.as_mut()).is_pending());
    drop(conn);
    drop(stalled.await.unwrap());
    drop(fourth.await.unwrap());
    assert_books(&pool.status());
}

#[tokio::test(start_paused = true)]
async fn a_task_that_always_finds_a_connection_lets_others_run() {
    let server = Server::new();
    let pool = small(&server, 1).await;
    let other = tokio::spawn(async {});
    let mut turns = 0;
    while !other.is_finished() {
        drop(pool.acquire().await.unwrap());
        turns += 1;
        assert!(turns < 10_000, "it never yields");
    }
    assert!(turns > 1);
}
