use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn never_more_than_allowed_by_the_servers_own_count_also_while_cancelled_queries_are_ended() {
    let Some(server) = server("the server's own count of connections").await else { return };
    bounded(async {
        let pool = start(&server, 4).await;
        let observer = observer(&server).await;
        let watch = watch(&observer);
        let mut tasks = JoinSet::new();
        for task in 0..12_u32 {
            let pool = pool.clone();
            tasks.spawn(async move {
                for turn in 0..8_u32 {
                    // Given up before it has a connection, before the query is sent, or while the server is at it.
                    let patience = millis(u64::from((task * 7 + turn * 3) % 20));
                    let endless = async {
                        let conn = pool.acquire().await.expect("it comes back");
                        conn.query("select pg_sleep(60)", &[]).await
                    };
                    let _ = timeout(patience, endless).await;
                    if (task + turn).is_multiple_of(4) {
                        pool.acquire().await.expect("it comes back").discard();
                    }
                    // No cancellation that was meant for another hits this.
                    let conn = pool.acquire().await.expect("it comes back");
                    let row = conn.query_one("select 1 + $1::int4", &[&7_i32]).await.expect("nobody cancels it");
                    assert_eq!(row.get::<_, i32>(0), 8);
                }
            });
        }
        while let Some(task) = tasks.join_next().await {
            task.unwrap();
        }
        assert!(watch.stop().await <= 4);
        // The last that were given up may still be seen to.
        eventually("all connections are fit for use", || pool.status().size() == pool.status().idle).await;
        let status = pool.status();
        assert_books(&status);
        assert_eq!(status.counts.check_failed, 0, "what was cancelled was used again");
        let asleep = format!("{CONNECTIONS} and state = 'active' and query like '%pg_sleep%'");
        assert_eq!(count(&observer, &asleep).await, 0);

        let receipt = pool.drain(Instant::now() + millis(5_000)).await;
        assert!(receipt.is_complete(), "{receipt}");
        assert_eq!(count(&observer, CONNECTIONS).await, 0, "drained means that the server has none");
    })
    .await;
}

#[tokio::test]
async fn a_query_that_is_closed_with_its_connection_is_not_left_behind() {
    let Some(server) = server("a query that is closed with its connection").await else { return };
    bounded(async {
        let system = System::start().unwrap();
        let pool = ConnectionPool::builder(manager(&server)).max_size(1).close_timeout(millis(60_000));
        let pool = pool.start(&system).await.unwrap();
        let observer = observer(&server).await;
        let conn = pool.acquire().await.unwrap();
        assert!(timeout(millis(50), conn.query("select pg_sleep(60)", &[])).await.is_err());
        conn.discard();
        let begun = Instant::now();
        pool.acquire().await.unwrap().query_one("select 1", &[]).await.unwrap();
        // The query would take a minute.
        assert!(begun.elapsed() < millis(20_000), "{:?}", begun.elapsed());
        assert_eq!(count(&observer, CONNECTIONS).await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_query_that_takes_too_long_is_cancelled_and_its_connection_used_again() {
    let Some(server) = server("the limit of a query").await else { return };
    bounded(async {
        let system = System::start().unwrap();
        let pool = ConnectionPool::builder(manager(&server).query_timeout(millis(300))).max_size(1);
        let pool = pool.start(&system).await.unwrap();
        let begun = Instant::now();
        let conn = pool.acquire().await.unwrap();
        let error = conn.query("select pg_sleep(60)", &[]).await.unwrap_err();
        assert!(error.is_timeout() && !error.is_interrupted(), "{error}");
        assert_eq!(error.to_string(), "no answer within 300ms");
        drop(conn);
        // So is a transaction, of which nothing is left.
        table(&pool).await;
        let late = pool.transaction(async |tx| {
            tx.execute("insert into page (url) values ('late')", &[]).await?;
            tx.query_one("select pg_sleep(60)", &[]).await
        });
        assert!(late.await.is_err());
        assert_eq!(pages(&pool).await, 0);
        assert!(begun.elapsed() < millis(5_000), "{:?}", begun.elapsed());
        let counts = pool.status().counts;
        assert_eq!((counts.opened, counts.check_failed), (1, 0));
    })
    .await;
}

// bb8 0.9.1 gives all of this to the hot loop, and timeouts to the others.
#[tokio::test]
async fn a_task_that_queries_in_a_hot_loop_starves_nobody() {
    let Some(server) = server("fairness of the pool").await else { return };
    bounded(async {
        let system = System::start().unwrap();
        let pool = ConnectionPool::builder(manager(&server)).max_size(1).acquire_timeout(millis(10_000));
        let pool = pool.start(&system).await.unwrap();
        let hot = tokio::spawn({
            let pool = pool.clone();
            async move {
                let mut turns = 0_u64;
                while let Ok(conn) = pool.acquire().await {
                    conn.batch_execute("").await.expect("the server answers");
                    drop(conn);
                    turns += 1;
                }
                turns
            }
        });
        let mut waiters = JoinSet::new();
        for _ in 0..10 {
            let pool = pool.clone();
            waiters.spawn(async move {
                for _ in 0..20 {
                    pool.acquire().await.expect("its turn comes").batch_execute("").await.expect("the server answers");
                    sleep(millis(1)).await;
                }
            });
        }
        while let Some(waiter) = waiters.join_next().await {
            waiter.unwrap();
        }
        pool.close();
        assert!(hot.await.unwrap() > 10, "nor is it starved itself");
        assert_books(&pool.status());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_resized_in_both_directions_under_load() {
    let Some(server) = server("resizing the pool").await else { return };
    bounded(async {
        let pool = start(&server, 8).await;
        let observer = observer(&server).await;
        let watch = watch(&observer);
        let mut tasks = JoinSet::new();
        let loaded = Arc::new(AtomicBool::new(true));
        for _ in 0..16 {
            let (pool, loaded) = (pool.clone(), Arc::clone(&loaded));
            tasks.spawn(async move {
                while loaded.load(SeqCst) {
                    let conn = pool.acquire().await.expect("there is always one");
                    conn.query_one("select pg_sleep(0.002)", &[]).await.expect("nobody is thrown out");
                }
            });
        }
        for max in [8, 2, 5, 1, 8] {
            pool.resize(max, max.min(2)).unwrap();
            eventually("those beyond it are given back, and closed by the server", || pool.status().size() <= max)
                .await;
            let most = watch.most_during(millis(250)).await;
            assert!((1..=max).contains(&most), "{most} connections, where {max} are allowed");
            let in_use = pool.status().in_use;
            assert!(in_use <= max, "{in_use} of {max}");
        }
        loaded.store(false, SeqCst);
        while let Some(task) = tasks.join_next().await {
            task.unwrap();
        }
        assert!(watch.stop().await <= 8);
        assert_books(&pool.status());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_are_rotated_under_load_without_a_query_that_fails() {
    let Some(server) = server("rotation under load").await else { return };
    bounded(async {
        let system = System::start().unwrap();
        let pool = ConnectionPool::builder(manager(&server)).max_size(6).min_idle(1).max_lifetime(millis(400));
        let pool = pool.rotate_ahead(millis(100)).start(&system).await.unwrap();
        let observer = observer(&server).await;
        let watch = watch(&observer);
        let mut tasks = JoinSet::new();
        let until = Instant::now() + millis(4_000);
        for _ in 0..3 {
            let pool = pool.clone();
            tasks.spawn(async move {
                while Instant::now() < until || pool.status().counts.closed < 15 {
                    let conn = pool.acquire().await.expect("there is no gap");
                    conn.query_one("select pg_sleep(0.005)", &[]).await.expect("it is not closed under a query");
                }
            });
        }
        while let Some(task) = tasks.join_next().await {
            task.unwrap();
        }
        assert!(watch.stop().await <= 6);
        let counts = pool.status().counts;
        assert!(counts.closed >= 15, "{counts:?}");
        assert_eq!((counts.open_failed, counts.check_failed), (0, 0));
    })
    .await;
}

#[tokio::test]
async fn whoever_keeps_a_connection_for_long_is_named() {
    let Some(server) = server("leak detection").await else { return };
    bounded(async {
        let system = System::start().unwrap();
        let pool = ConnectionPool::builder(manager(&server)).max_size(1).leak_after(millis(300));
        let pool = pool.acquire_timeout(millis(1_000)).start(&system).await.unwrap();
        let line = line!() + 1;
        let leaked = pool.acquire().await.unwrap();
        let error = pool.acquire().await.unwrap_err();
        assert!(error.is_timeout());
        assert!(error.to_string().contains(&format!("{}:{line}:", file!())), "{error}");
        eventually("it is reported", || pool.status().leaks().next().is_some()).await;
        let status = pool.status();
        let leak = status.leaks().next().expect("it was reported");
        assert_eq!((leak.place.line(), status.counts.leaks), (line, 1));
        drop(leaked);
    })
    .await;
}
