//! Notifications, and servers that were away.

use std::time::Duration;

use actors::connection_pool::postgres::{Heard, Listener, PostgresManager};
use actors::jobs::driver::{Entered, JobDriver};
use tokio::time::{Instant, sleep, timeout};

use super::{driver, enter, job, number, pool, take};
use crate::pool_support::{blocking, bounded, millis, postgres as server};

const LIMIT: Duration = Duration::from_secs(20);

/// What is heard next, but for what is lost.
async fn hear(listener: &mut Listener) -> Option<(String, String)> {
    loop {
        match timeout(LIMIT, listener.next()).await.expect("it hears something").unwrap() {
            Heard::Connected => return None,
            Heard::Notification(said) => return Some((said.channel().to_owned(), said.payload().to_owned())),
            Heard::Lost(_) => {}
        }
    }
}

#[tokio::test]
async fn a_listener_hears_what_is_notified_of_and_says_when_it_was_away() {
    let Some(server) = server("listening").await else { return };
    bounded(async {
        let pool = pool(&server, "").await;
        let manager = PostgresManager::new(&server.url("application_name=listener")).unwrap();
        let mut listener = manager.listen(&["Odd \"name\"", "b"]);
        assert_eq!(hear(&mut listener).await, None);
        let notify = "select pg_notify('Odd \"name\"', 'first'), pg_notify('b', ''), pg_notify('c', 'unheard')";
        pool.acquire().await.unwrap().batch_execute(notify).await.unwrap();
        assert_eq!(hear(&mut listener).await, Some(("Odd \"name\"".to_owned(), "first".to_owned())));
        assert_eq!(hear(&mut listener).await, Some(("b".to_owned(), String::new())));
        // Nothing is lost that comes while nobody asks, or by asking in vain.
        pool.acquire().await.unwrap().batch_execute("notify b, 'second'").await.unwrap();
        sleep(millis(200)).await;
        assert_eq!(hear(&mut listener).await, Some(("b".to_owned(), "second".to_owned())));
        assert!(timeout(millis(100), listener.next()).await.is_err());
        let end = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'listener'";
        pool.acquire().await.unwrap().query_one(end, &[]).await.unwrap();
        assert_eq!(hear(&mut listener).await, None, "it says that it is connected again");
        pool.acquire().await.unwrap().batch_execute("notify b, 'third'").await.unwrap();
        assert_eq!(hear(&mut listener).await, Some(("b".to_owned(), "third".to_owned())));
        // A server that lets nobody in is told of, as often as it is asked.
        let mut refused = PostgresManager::new(&server.url_as("nobody", "x", "postgres", "")).unwrap().listen(&["b"]);
        for _ in 0..2 {
            let said = timeout(LIMIT, refused.next()).await.unwrap().unwrap();
            assert!(matches!(said, Heard::Lost(_)), "{said:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn whoever_waits_for_jobs_is_woken_soon_after_the_server_is_back() {
    let Some(server) = server("a server that crashes under waiting drivers").await else { return };
    bounded(async {
        let pool = pool(&server, "").await;
        let driver = driver(&pool).await;
        enter(&driver, "worker").await;
        let queues = ["q".to_owned()];
        timeout(LIMIT, driver.woken(&queues, driver.mark())).await.expect("it is connected");
        let mark = driver.mark();
        assert!(timeout(millis(300), driver.woken(&queues, mark)).await.is_err(), "nothing has come");
        let mut server = server;
        let server = blocking(move || {
            server.kill();
            server
        })
        .await;
        let waits = tokio::spawn({
            let (driver, queues) = (driver.clone(), queues.clone());
            async move { driver.woken(&queues, mark).await }
        });
        sleep(millis(500)).await;
        assert!(!waits.is_finished());
        let mut server = server;
        let _server = blocking(move || {
            server.restart().unwrap();
            server
        })
        .await;
        let back = Instant::now();
        timeout(LIMIT, waits).await.expect("it is woken").unwrap();
        assert!(back.elapsed() < Duration::from_secs(12), "{:?}", back.elapsed());
        // It hears again, and what it had answered is there.
        let mark = driver.mark();
        let entered = loop {
            match driver.enqueue(None, &[job("q", "after")]).await {
                Ok(entered) => break entered,
                Err(_) => sleep(millis(50)).await,
            }
        };
        assert_eq!(entered, [Entered::New]);
        timeout(LIMIT, driver.woken(&queues, mark)).await.expect("it hears again");
        assert_eq!(take(&driver, "worker", 1, "q").await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn who_only_puts_has_no_listener_and_none_outlives_its_driver() {
    let Some(server) = server("listeners of drivers").await else { return };
    bounded(async {
        let pool = pool(&server, "").await;
        let listeners = "select count(*) from pg_stat_activity where query like 'listen%'";
        let driver = driver(&pool).await;
        driver.enqueue(None, &[job("q", "1")]).await.unwrap();
        assert_eq!(number(&pool, listeners).await, 0);
        let other = driver.clone();
        timeout(LIMIT, other.woken(&["q".to_owned()], other.mark())).await.expect("it is connected");
        assert_eq!(number(&pool, listeners).await, 1);
        drop(driver);
        // A clone is the same driver.
        let mark = other.mark();
        other.enqueue(None, &[job("q", "2")]).await.unwrap();
        timeout(LIMIT, other.woken(&["q".to_owned()], mark)).await.expect("it hears");
        assert_eq!(number(&pool, listeners).await, 1);
        drop(other);
        let begun = Instant::now();
        while number(&pool, listeners).await > 0 {
            assert!(begun.elapsed() < LIMIT, "the listener is still there");
            sleep(millis(20)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_job_that_is_due_earlier_than_what_was_seen_is_found() {
    let Some(server) = server("jobs that are due early").await else { return };
    bounded(async {
        let pool = pool(&server, "").await;
        let (one, other) = (driver(&pool).await, driver(&pool).await);
        for owner in ["a", "b"] {
            enter(&one, owner).await;
        }
        timeout(LIMIT, one.woken(&["q".to_owned()], one.mark())).await.expect("it is connected");
        one.enqueue(None, &[job("q", "0")]).await.unwrap();
        assert_eq!(take(&other, "b", 1, "q").await.len(), 1);
        // Beyond what might be looked at for the sake of others' transactions.
        sleep(millis(2_500)).await;
        for n in 1..=5_u64 {
            one.enqueue(None, &[job("q", &n.to_string())]).await.unwrap();
            assert_eq!(take(&one, "a", n, "q").await.len(), 1);
        }
        let mark = one.mark();
        // Handed back by another driver, it is due as it was.
        other.leave("b").await.unwrap();
        timeout(LIMIT, one.woken(&["q".to_owned()], mark)).await.expect("it hears");
        let begun = Instant::now();
        while take(&one, "a", 100, "q").await.is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(2), "it is not found");
            sleep(millis(10)).await;
        }
    })
    .await;
}
