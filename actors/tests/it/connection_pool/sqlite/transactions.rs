//! Transactions: committed on ok, and on nothing else.

use std::sync::mpsc;

use actors::connection_pool::sqlite::CallError;
use actors::connection_pool::sqlite::rusqlite::{Connection, Error, Result as SqlResult};
use futures_util::poll;
use patterns_core::testing::explore_cancellation;

use super::{Pool, folder, insert, never_ends, open, pages};
use crate::connection_pool::{assert_books, secs};

#[tokio::test(start_paused = true)]
async fn a_transaction_is_committed_on_ok_and_on_nothing_else() {
    let folder = folder();
    let pool = open(&folder, 1).await;
    assert_eq!(pool.transaction(|tx| insert(tx, "kept")).await.unwrap(), 1);
    assert_eq!(pages(&pool).await, 1);

    let failed = pool
        .transaction(|tx| {
            insert(tx, "lost")?;
            tx.execute("insert into no_such_table values (1)", [])
        })
        .await;
    assert!(matches!(failed, Err(CallError::Failed(_))));
    assert_eq!(pages(&pool).await, 1);

    let panicked = pool
        .transaction(|tx| -> SqlResult<()> {
            insert(tx, "lost")?;
            panic!("a bug")
        })
        .await;
    assert!(matches!(panicked, Err(CallError::Panicked(panic)) if panic.message() == "a bug"));
    assert_eq!(pages(&pool).await, 1);

    #[derive(Debug)]
    enum Refused {
        Policy,
        Database,
    }
    impl From<Error> for Refused {
        fn from(_: Error) -> Self {
            Self::Database
        }
    }
    let refused =
        pool.transaction(|tx| insert(tx, "lost").map_err(Refused::from).and(Err::<(), _>(Refused::Policy))).await;
    assert!(matches!(refused.unwrap_err().into_failed(), Some(Refused::Policy)));
    let taken = pool.transaction(|tx| Ok::<_, Refused>(insert(tx, "kept")?)).await;
    assert!(matches!(taken.unwrap_err().into_failed(), Some(Refused::Database)));
    assert_eq!(pages(&pool).await, 1);
}

/// Drops a transaction in the middle of what it ends with, after it has inserted a row.
async fn drop_inside(pool: &Pool, end: fn(&Connection) -> SqlResult<i64>) {
    let (begun, has_begun) = mpsc::channel();
    let mut endless = Box::pin(pool.transaction(move |tx| {
        insert(tx, "lost")?;
        begun.send(()).expect("the test waits for it");
        end(tx)
    }));
    while has_begun.try_recv().is_err() {
        assert!(poll!(endless.as_mut()).is_pending());
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_transaction_is_interrupted_and_rolled_back_before_the_next_use() {
    let folder = folder();
    let pool = open(&folder, 1).await;
    drop_inside(&pool, never_ends).await;
    assert_eq!(pages(&pool).await, 0);
    assert_eq!(pool.status().counts.opened, 1, "it was not even replaced");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_transaction_whose_code_hides_the_interruption_is_not_committed_either() {
    let folder = folder();
    let pool = open(&folder, 1).await;
    drop_inside(&pool, |tx| Ok(never_ends(tx).unwrap_or(0))).await;
    assert_eq!(pages(&pool).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_transaction_may_span_calls_and_is_rolled_back_if_it_is_left_open() {
    let folder = folder();
    let pool = open(&folder, 1).await;
    let mut conn = pool.acquire().await.unwrap();
    conn.call(|db| db.execute_batch("begin immediate")).await.unwrap();
    conn.call(|db| insert(db, "kept")).await.unwrap();
    conn.call(|db| db.execute_batch("commit")).await.unwrap();
    conn.call(|db| db.execute_batch("begin; insert into page values ('lost')")).await.unwrap();
    drop(conn);
    assert_eq!(pages(&pool).await, 1);
    assert_eq!(pool.status().counts.check_failed, 0);
}

#[test]
fn no_interruption_of_a_transaction_changes_half_or_loses_a_connection() {
    let explored = explore_cancellation(
        async || {
            let folder = folder();
            let pool = open(&folder, 1).await;
            (pool, std::sync::Arc::new(folder))
        },
        |(pool, _folder)| async move {
            pool.transaction(|tx| {
                insert(tx, "first")?;
                insert(tx, "second")
            })
            .await?;
            pool.transaction(|tx| {
                insert(tx, "third")?;
                insert(tx, "fourth")
            })
            .await
        },
        async |(pool, _folder)| {
            let count = pages(pool).await;
            assert!(count.is_multiple_of(2), "{count} pages");
            tokio::time::sleep(secs(1)).await;
            let status = pool.status();
            assert_eq!((status.in_use, status.idle), (0, 1));
            assert_books(&status);
        },
    );
    assert!(explored.polls >= 2, "{explored:?}");
}
