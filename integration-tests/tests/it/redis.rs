//! `ConnectionPool` on a real Redis server, which is killed, and asked what it has seen.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use actors::connection_pool::redis::RedisManager;
use actors::connection_pool::redis::redis::aio::MultiplexedConnection;
use actors::connection_pool::redis::redis::{AsyncCommands, Client, RedisResult, cmd, pipe};
use actors::connection_pool::{Pooled, StartError};
use actors::{ConnectionPool, System};
use integration_tests::{Redis, skip_or_fail};
use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::pool_support::{Watch, assert_books, blocking, bounded, eventually, millis};
use crate::support::stalls::Stalls;

type Pool = ConnectionPool<RedisManager>;

async fn server(test: &str, password: Option<&'static str>) -> Option<Redis> {
    let started = blocking(move || Redis::start(password)).await.expect("it starts");
    if started.is_none() {
        skip_or_fail(test, "redis-server");
    }
    started
}

async fn start(server: &Redis, max_size: usize) -> Pool {
    let system = System::start().expect("there is a thread for it");
    let manager = RedisManager::new(server.url("", "")).expect("it is a URL");
    ConnectionPool::builder(manager).max_size(max_size).start(&system).await.expect("the server answers")
}

async fn observer(server: &Redis) -> MultiplexedConnection {
    let client = Client::open(server.url("", "")).expect("it is a URL");
    client.get_multiplexed_async_connection().await.expect("the server answers")
}

/// How many connections the server has beside the observer's.
async fn count(observer: &mut MultiplexedConnection) -> usize {
    let list: String = cmd("CLIENT").arg("LIST").query_async(observer).await.expect("the observer is there");
    list.lines().count() - 1
}

fn watch(observer: &MultiplexedConnection) -> Watch {
    let observer = observer.clone();
    Watch::start(move || {
        let mut observer = observer.clone();
        async move { count(&mut observer).await }
    })
}

async fn id(conn: &mut Pooled<RedisManager>) -> i64 {
    cmd("CLIENT").arg("ID").query_async(&mut **conn).await.expect("the server answers")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn never_more_than_allowed_by_the_servers_own_count_whatever_is_left_behind() {
    let Some(server) = server("the server's own count of connections", None).await else { return };
    bounded(async {
        let pool = start(&server, 3).await;
        let mut observer = observer(&server).await;
        let watch = watch(&observer);
        let mut tasks = JoinSet::new();
        for task in 0..12_u32 {
            let pool = pool.clone();
            tasks.spawn(async move {
                for turn in 0..10_u32 {
                    let mut conn = pool.acquire().await.expect("it comes back");
                    match (task + turn) % 5 {
                        0 => conn.discard(),
                        1 => {
                            let blocked = timeout(millis(5), conn.blpop::<_, Option<Vec<String>>>("nothing", 60.0));
                            assert!(blocked.await.is_err(), "nobody pushes anything");
                        }
                        2 => cmd("MULTI").exec_async(&mut *conn).await.expect("the server answers"),
                        _ => {
                            let n: i64 = conn.incr(format!("n{task}"), 1).await.expect("this is nobody else's MULTI");
                            assert!(n > 0);
                        }
                    }
                }
            });
        }
        while let Some(task) = tasks.join_next().await {
            task.unwrap();
        }
        assert!(watch.stop().await <= 3);
        assert_books(&pool.status());
        let receipt = pool.drain(Instant::now() + millis(5_000)).await;
        assert!(receipt.is_complete(), "{receipt}");
        assert_eq!(count(&mut observer).await, 0, "drained means that the server has none");
    })
    .await;
}

#[tokio::test]
async fn what_the_next_user_would_notice_costs_the_connection_and_nothing_else_does() {
    let Some(server) = server("what is left on a connection", None).await else { return };
    bounded(async {
        let pool = start(&server, 1).await;
        let first = id(&mut pool.acquire().await.unwrap()).await;

        // Watched, or given up: it is tidied up and used again.
        let mut conn = pool.acquire().await.unwrap();
        cmd("WATCH").arg("key").exec_async(&mut *conn).await.unwrap();
        drop(conn);
        let mut conn = pool.acquire().await.unwrap();
        let mut slow = cmd("EVAL");
        slow.arg("local n = 0 for i = 1, 30000000 do n = n + 1 end return n").arg(0);
        assert!(timeout(millis(10), slow.query_async::<i64>(&mut *conn)).await.is_err());
        drop(conn);
        let mut conn = pool.acquire().await.unwrap();
        assert_eq!(id(&mut conn).await, first, "its answer is not taken for another's");
        let () = pipe().atomic().set("key", 1).ignore().query_async(&mut *conn).await.unwrap();
        drop(conn);
        assert_eq!(id(&mut pool.acquire().await.unwrap()).await, first);

        for spoilt in [&["MULTI"][..], &["SELECT", "3"], &["SUBSCRIBE", "channel"], &["CLIENT", "REPLY", "ON"]] {
            let mut conn = pool.acquire().await.unwrap();
            let before = id(&mut conn).await;
            let mut command = cmd(spoilt[0]);
            spoilt[1..].iter().for_each(|word| {
                command.arg(*word);
            });
            let _ = timeout(millis(100), command.exec_async(&mut *conn)).await;
            drop(conn);
            assert_ne!(id(&mut pool.acquire().await.unwrap()).await, before, "{spoilt:?}");
        }
        assert_books(&pool.status());
    })
    .await;
}

#[tokio::test]
async fn a_command_obeys_its_limits() {
    let Some(server) = server("limits of commands", None).await else { return };
    bounded(async {
        let system = System::start().unwrap();
        let manager = RedisManager::new(server.url("", "")).unwrap().response_timeout(millis(100));
        let pool = ConnectionPool::builder(manager).max_size(1).start(&system).await.unwrap();
        let mut conn = pool.acquire().await.unwrap();
        let late: RedisResult<Option<Vec<String>>> = conn.blpop("nothing", 60.0).await;
        assert!(late.unwrap_err().is_timeout());
        drop(conn);
        // The deadline is obeyed where nothing else ends the wait before half a minute.
        let pool = start(&server, 1).await;
        let mut conn = pool.acquire().await.unwrap();
        let begun = Instant::now();
        let context = patterns_core::context::Context::current().with_deadline(begun + millis(20));
        let late: RedisResult<Option<Vec<String>>> = context.scope(conn.blpop("nothing", 60.0)).await;
        assert!(late.unwrap_err().is_timeout() && begun.elapsed() < millis(10_000));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_is_missed_within_a_second_and_found_again() {
    let Some(server) = server("a server that is killed", None).await else { return };
    bounded(async {
        let pool = start(&server, 4).await;
        let (stop, done, refused) =
            (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let stalls = Arc::new(Stalls::watch());
        let mut tasks = JoinSet::new();
        for task in 0..12 {
            let (pool, stop, done, refused) = (pool.clone(), stop.clone(), done.clone(), refused.clone());
            let stalls = stalls.clone();
            tasks.spawn(async move {
                while !stop.load(SeqCst) {
                    let begun = Timestamp::now();
                    match pool.acquire().await {
                        Ok(mut conn) => {
                            let said: RedisResult<i64> = conn.incr(format!("n{task}"), 1).await;
                            done.fetch_add(usize::from(said.is_ok()), SeqCst);
                        }
                        Err(error) => {
                            let took = stalls.took(begun).await;
                            let is_told = error.is_connect_failed() && took < SignedDuration::from_secs(1);
                            assert!(is_told, "{error}, after {took:?}");
                            refused.fetch_add(1, SeqCst);
                        }
                    }
                }
            });
        }
        eventually("everybody works", || done.load(SeqCst) > 500).await;
        let server = blocking(move || {
            let mut server = server;
            server.kill();
            server
        })
        .await;
        eventually("all are refused", || refused.load(SeqCst) > 30).await;
        assert_eq!((pool.status().in_use, pool.status().idle), (0, 0));
        let before = done.load(SeqCst);
        let server = blocking(move || {
            let mut server = server;
            server.restart().expect("it comes back");
            server
        })
        .await;
        let watch = watch(&observer(&server).await);
        eventually("everybody works again", || done.load(SeqCst) > before + 500).await;
        stop.store(true, SeqCst);
        while let Some(task) = tasks.join_next().await {
            task.unwrap();
        }
        let most = watch.stop().await;
        assert!((1..=4).contains(&most), "{most} connections");
        eventually("no connection and no slot is lost", || pool.status().size() == pool.status().idle).await;
        assert_books(&pool.status());
    })
    .await;
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_database_are_told_at_once() {
    let Some(server) = server("a wrong password", Some("secret")).await else { return };
    bounded(async {
        let system = System::start().unwrap();
        for (user, database) in [(":wrong@", ""), ("", ""), (":secret@", "999")] {
            let begun = Instant::now();
            let manager = || RedisManager::new(server.url(user, database)).unwrap();
            let error = ConnectionPool::builder(manager()).start(&system).await.unwrap_err();
            assert!(matches!(&error, StartError::Connect(failure) if failure.permanent), "{error}");
            let pool = ConnectionPool::builder(manager()).warm_up(false).start(&system).await.unwrap();
            let error = pool.acquire().await.unwrap_err();
            // Whoever is not told waits for half a minute.
            assert!(error.is_connect_failed() && begun.elapsed() < millis(8_000), "{error}");
        }
        let right = RedisManager::new(server.url(":secret@", "3")).unwrap();
        let pool = ConnectionPool::builder(right).start(&system).await.unwrap();
        let () = pool.acquire().await.unwrap().set("key", "value").await.unwrap();
    })
    .await;
}
