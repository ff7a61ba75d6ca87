use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use actors::connection_pool::StartError;
use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::*;
use crate::support::stalls::Stalls;

/// What those who worked have met with.
#[derive(Default)]
struct Worked {
    stop: AtomicBool,
    queries: AtomicUsize,
    failed_queries: AtomicUsize,
    refused: AtomicUsize,
}

async fn work(pool: Pool, worked: Arc<Worked>, stalls: Arc<Stalls>) -> SignedDuration {
    let mut longest = SignedDuration::ZERO;
    while !worked.stop.load(SeqCst) {
        let begun = Timestamp::now();
        match pool.acquire().await {
            Ok(conn) => match conn.query_one("select pg_sleep(0.001)", &[]).await {
                Ok(_) => worked.queries.fetch_add(1, SeqCst),
                Err(_) => worked.failed_queries.fetch_add(1, SeqCst),
            },
            Err(error) => {
                assert!(error.is_connect_failed(), "{error}");
                let failure = error.report().and_then(|report| report.last_failure.as_ref());
                assert!(failure.is_some_and(|failure| !failure.permanent), "{error}");
                longest = longest.max(stalls.took(begun).await);
                worked.refused.fetch_add(1, SeqCst)
            }
        };
    }
    longest
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_is_missed_within_a_second_and_found_again_by_one_prober() {
    let Some(server) = server("a server that is killed").await else { return };
    bounded(async {
        let pool = start(&server, 6).await;
        let worked = Arc::<Worked>::default();
        let stalls = Arc::new(Stalls::watch());
        let mut tasks = JoinSet::new();
        for _ in 0..20 {
            tasks.spawn(work(pool.clone(), Arc::clone(&worked), Arc::clone(&stalls)));
        }
        eventually("everybody works", || worked.queries.load(SeqCst) > 500).await;
        assert_eq!(worked.failed_queries.load(SeqCst), 0);

        let server = blocking(move || {
            let mut server = server;
            server.kill();
            server
        })
        .await;
        eventually("all are refused", || worked.refused.load(SeqCst) > 40).await;
        // Two at most for each connection there was: the first is told that the server ends it, and whoever takes it
        // before its end has been read, too, that it has ended. By then it says of itself that it is closed.
        let (failed, counts) = (worked.failed_queries.load(SeqCst) as u64, pool.status().counts);
        assert!((1..=2 * counts.opened).contains(&failed), "{failed} failed on {} connections", counts.opened);
        assert!(counts.opened <= 12, "{} connections, of which six lived until the server was killed", counts.opened);
        let before = counts.open_failed;
        sleep(millis(2_000)).await;
        let dialled = pool.status().counts.open_failed - before;
        assert!(dialled <= 6, "{dialled} attempts in two seconds, with pauses that double");
        let status = pool.status();
        assert_eq!((status.in_use, status.idle), (0, 0));
        assert_books(&status);

        let done = worked.queries.load(SeqCst);
        let server = blocking(move || {
            let mut server = server;
            server.restart().expect("it comes back");
            server
        })
        .await;
        let observer = observer(&server).await;
        let watch = watch(&observer);
        eventually("everybody works again", || worked.queries.load(SeqCst) > done + 500).await;
        worked.stop.store(true, SeqCst);
        while let Some(longest) = tasks.join_next().await {
            let longest = longest.unwrap();
            assert!(longest < SignedDuration::from_secs(1), "somebody waited {longest:?} for the bad news");
        }
        let most = watch.stop().await;
        assert!((1..=6).contains(&most), "{most} connections");
        eventually("no connection and no slot is lost", || pool.status().size() == pool.status().idle).await;
        let status = pool.status();
        assert_books(&status);
        assert_eq!((status.in_use, status.waiting), (0, 0));
        assert!(status.last_failure.is_none());
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_the_server_has_ended_is_replaced() {
    let Some(server) = server("a connection that the server ends").await else { return };
    bounded(async {
        let system = System::start().unwrap();
        let pool = ConnectionPool::builder(manager(&server)).max_size(2).min_idle(2).check_every(millis(200));
        let pool = pool.start(&system).await.unwrap();
        let observer = observer(&server).await;
        let ended = format!("(select pg_terminate_backend(pid) from {CONNECTIONS}) as ended");
        assert_eq!(count(&observer, &ended).await, 2);
        // Nobody asks for one, and yet they are found and replaced.
        eventually("they are replaced", || pool.status().counts.check_failed == 2 && pool.status().idle == 2).await;
        pool.acquire().await.unwrap().query_one("select 1", &[]).await.unwrap();
        assert_books(&pool.status());
    })
    .await;
}

// With bb8 a wrong password is a timeout after half a minute.
#[tokio::test]
async fn a_wrong_password_and_an_unknown_database_are_told_at_once() {
    let Some(server) = server("a wrong password").await else { return };
    bounded(async {
        let system = System::start().unwrap();
        let bad = [
            (server.url_as("tester", "wrong", "postgres", ""), "password authentication failed"),
            (server.url_as("nobody", "a secret", "postgres", ""), "password authentication failed"),
            (server.url_as("tester", "a secret", "no_such", ""), "\"no_such\" does not exist"),
        ];
        for (url, why) in bad {
            let begun = Instant::now();
            let manager = || PostgresManager::new(&url).unwrap();
            let error = ConnectionPool::builder(manager()).start(&system).await.unwrap_err();
            assert!(matches!(&error, StartError::Connect(failure) if failure.permanent), "{error}");
            assert!(error.to_string().contains(why), "{error}");

            let pool = ConnectionPool::builder(manager()).warm_up(false).start(&system).await.unwrap();
            for _ in 0..3 {
                let error = pool.acquire().await.unwrap_err();
                assert!(error.is_connect_failed() && error.to_string().contains(why), "{error}");
            }
            // Whoever is not told waits for half a minute.
            assert!(begun.elapsed() < millis(8_000), "{:?}", begun.elapsed());
            assert_eq!(pool.status().counts.open_failed, 1);
        }
    })
    .await;
}
