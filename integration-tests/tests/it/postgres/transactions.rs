use actors::connection_pool::postgres::{Isolation, PostgresError, TransactionError};
use patterns_core::cancel::CancelToken;
use patterns_core::context::Context;
use patterns_core::outcome::catch_panics;
use tokio::time::{Instant, sleep, timeout};

use super::*;

const INSERT: &str = "insert into page values ($1)";

#[tokio::test]
async fn a_transaction_is_committed_on_ok_and_on_nothing_else() {
    let Some(server) = server("transactions").await else { return };
    bounded(async {
        let pool = start(&server, 1).await;
        table(&pool).await;
        let kept = pool.transaction(async |tx| tx.execute(INSERT, &[&"kept"]).await).await.unwrap();
        assert_eq!((kept, pages(&pool).await), (1, 1));

        // An error of the server's, and one of the closure's own.
        let failed = pool
            .transaction(async |tx| {
                tx.execute(INSERT, &[&"lost"]).await?;
                tx.execute(INSERT, &[&"kept"]).await
            })
            .await;
        let failed = failed.unwrap_err().into_failed().expect("the server refused it");
        assert_eq!(failed.as_db_error().unwrap().constraint(), Some("page_pkey"));
        let refused = pool
            .transaction(async |tx| {
                tx.execute(INSERT, &[&"lost"]).await.map_err(|_| "the server")?;
                Err::<(), _>("our own rules")
            })
            .await;
        assert!(matches!(refused, Err(TransactionError::Failed("our own rules"))));
        assert_eq!(pages(&pool).await, 1);

        // An error that is passed over: PostgreSQL takes the commit, and rolls back.
        let passed_over = pool
            .transaction(async |tx| {
                tx.execute(INSERT, &[&"lost"]).await?;
                let _ = tx.execute("insert into no_such_table values (1)", &[]).await;
                Ok::<_, PostgresError>(())
            })
            .await;
        assert!(matches!(passed_over, Err(TransactionError::Aborted)), "{passed_over:?}");
        // But not if it was taken back.
        let saved = pool
            .transaction(async |tx| {
                tx.execute(INSERT, &[&"saved"]).await?;
                tx.batch_execute("savepoint s").await?;
                let _ = tx.execute("insert into no_such_table values (1)", &[]).await;
                tx.batch_execute("rollback to s").await
            })
            .await;
        saved.unwrap();
        assert_eq!(pages(&pool).await, 2);

        let panicked = catch_panics(pool.transaction(async |tx| -> Result<(), PostgresError> {
            tx.execute(INSERT, &[&"lost"]).await?;
            panic!("a bug")
        }));
        assert_eq!(panicked.await.unwrap_err().message(), "a bug");
        assert_eq!(pages(&pool).await, 2);
        let status = pool.status();
        assert_eq!((status.counts.opened, status.counts.check_failed), (1, 0), "it was not even replaced");
        assert_books(&status);
    })
    .await;
}

#[tokio::test]
async fn a_transaction_that_is_dropped_or_cancelled_is_rolled_back_before_the_next_use() {
    let Some(server) = server("a transaction that is dropped").await else { return };
    bounded(async {
        let pool = start(&server, 1).await;
        table(&pool).await;
        let endless = || {
            pool.transaction(async |tx| {
                tx.execute(INSERT, &[&"lost"]).await?;
                tx.query("select pg_sleep(60)", &[]).await
            })
        };
        let begun = Instant::now();
        assert!(timeout(millis(100), endless()).await.is_err());
        assert_eq!(pages(&pool).await, 0);

        let token = CancelToken::new();
        let (cancelled, ()) = tokio::join!(Context::current().with_token(token.clone()).scope(endless()), async {
            sleep(millis(100)).await;
            token.cancel("the user left");
        });
        let cancelled = cancelled.unwrap_err().into_failed().expect("the query was interrupted");
        assert!(cancelled.is_interrupted(), "{cancelled}");
        assert_eq!(pages(&pool).await, 0);

        // At every moment: before it begins, while it does, while it works, while it commits.
        for micros in (0..4_000).step_by(100) {
            let short = pool.transaction(async |tx| {
                tx.execute(INSERT, &[&format!("half {micros}")]).await?;
                tx.execute(INSERT, &[&format!("whole {micros}")]).await
            });
            let _ = timeout(std::time::Duration::from_micros(micros), short).await;
            let count = pages(&pool).await;
            assert!(count % 2 == 0, "{count} pages after {micros} us");
        }
        assert!(begun.elapsed() < millis(10_000), "{:?}", begun.elapsed());
        let status = pool.status();
        assert_eq!(status.counts.opened, 1, "it was not even replaced");
        assert_books(&status);
    })
    .await;
}

#[tokio::test]
async fn what_is_left_open_by_hand_is_rolled_back_and_what_was_set_is_undone_if_so_configured() {
    let Some(server) = server("what is left open by hand").await else { return };
    bounded(async {
        let system = System::start().unwrap();
        let manager = manager(&server).clean(true);
        let pool = ConnectionPool::builder(manager).max_size(1).start(&system).await.unwrap();
        table(&pool).await;
        let conn = pool.acquire().await.unwrap();
        conn.batch_execute("set work_mem = '77kB'; begin; insert into page values ('lost')").await.unwrap();
        drop(conn);
        assert_eq!(pages(&pool).await, 0);
        let conn = pool.acquire().await.unwrap();
        let work_mem: String = conn.query_one("show work_mem", &[]).await.unwrap().get(0);
        assert_ne!(work_mem, "77kB");
        drop(conn);

        // A transaction on a connection that is held on to.
        let mut conn = pool.acquire().await.unwrap();
        let endless = conn.transaction(async |tx| {
            tx.execute(INSERT, &[&"lost"]).await?;
            tx.query("select pg_sleep(60)", &[]).await
        });
        assert!(timeout(millis(100), endless).await.is_err());
        conn.execute(INSERT, &[&"kept"]).await.expect("the transaction is over");
        drop(conn);
        assert_eq!(pages(&pool).await, 1);
        assert_eq!(pool.status().counts.opened, 1);
    })
    .await;
}

/// Reads, and writes what it read and one more: in vain if another did so in between.
async fn increment(pool: &Pool, retries: u32) -> Result<u64, TransactionError> {
    pool.build_transaction()
        .isolation(Isolation::Serializable)
        .retries(retries)
        .run(async |tx| {
            let n: i32 = tx.query_one("select n from counter", &[]).await?.get(0);
            tx.execute("update counter set n = $1", &[&(n + 1)]).await
        })
        .await
}

#[tokio::test]
async fn transactions_that_got_in_each_others_way_are_tried_again() {
    let Some(server) = server("serialization failures").await else { return };
    bounded(async {
        let pool = start(&server, 4).await;
        let conn = pool.acquire().await.unwrap();
        conn.batch_execute("create table counter (n int4); insert into counter values (0)").await.unwrap();
        drop(conn);
        let ten = async || {
            for _ in 0..10 {
                increment(&pool, 100).await.expect("it is tried again");
            }
        };
        tokio::join!(ten(), ten(), ten(), ten());
        let conn = pool.acquire().await.unwrap();
        assert_eq!(conn.query_one("select n from counter", &[]).await.unwrap().get::<_, i32>(0), 40);
        drop(conn);
        let tried = pool.status().counts.acquired;
        assert!(tried > 43, "they did get in each other's way: {tried} tries");
        assert_books(&pool.status());
    })
    .await;
}

#[tokio::test]
async fn a_transaction_can_be_spawned() {
    let Some(server) = server("transactions in tasks").await else { return };
    bounded(async {
        let pool = start(&server, 2).await;
        table(&pool).await;
        let url = "spawned".to_owned();
        let task = tokio::spawn({
            let pool = pool.clone();
            async move { pool.transaction(async |tx| tx.execute(INSERT, &[&url]).await).await }
        });
        assert_eq!(task.await.unwrap().unwrap(), 1);
        assert_eq!(pages(&pool).await, 1);
    })
    .await;
}
