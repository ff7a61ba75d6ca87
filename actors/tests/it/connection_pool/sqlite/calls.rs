//! Calls that are interrupted or panic, and the next one.

use std::pin::pin;
use std::sync::mpsc;

use actors::connection_pool::sqlite::CallError;
use actors::connection_pool::sqlite::rusqlite::{Connection, Error, Result as SqlResult};
use futures_util::poll;
use patterns_core::cancel::CancelToken;
use patterns_core::context::Context;

use super::{folder, never_ends, open, pages};

/// Runs for some milliseconds at most, long enough to be interrupted.
fn takes_a_while(db: &mut Connection) -> SqlResult<u32> {
    let numbers = "with recursive n(i) as (select 1 union all select i + 1 from n limit 3000) select count(*) from n";
    db.query_row(numbers, [], |row| row.get(0))
}

#[tokio::test(start_paused = true)]
async fn a_call_obeys_the_ambient_token() {
    let folder = folder();
    let pool = open(&folder, 1).await;
    let token = CancelToken::new();
    let (begun, has_begun) = mpsc::channel();
    let call = pool.call(move |db| {
        begun.send(()).expect("the test waits for it");
        never_ends(db)
    });
    let mut call = pin!(Context::current().with_token(token.clone()).scope(call));
    while has_begun.try_recv().is_err() {
        assert!(poll!(call.as_mut()).is_pending());
        tokio::task::yield_now().await;
    }
    token.cancel("the user left");
    let error = call.await.unwrap_err();
    assert!(error.is_interrupted());
    assert_eq!(error.to_string(), "the call was interrupted: cancelled: requested: the user left");
    assert_eq!(pages(&pool).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interruption_never_reaches_the_next_call() {
    let folder = folder();
    let pool = open(&folder, 1).await;
    let mut conn = pool.acquire().await.unwrap();
    for turn in 0..300 {
        // Dropped before it begins, while it runs, or when it has just ended.
        let mut call = Box::pin(conn.call(takes_a_while));
        for _ in 0..turn % 7 {
            if poll!(call.as_mut()).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(call);
        assert_eq!(conn.call(takes_a_while).await.expect("it was not interrupted"), 3_000);
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_call_harms_nothing_else() {
    let folder = folder();
    let pool = open(&folder, 1).await;
    let mut conn = pool.acquire().await.unwrap();
    let panicked = conn
        .call(|db| -> SqlResult<()> {
            db.execute_batch("begin; insert into page values ('lost')")?;
            panic!("a bug")
        })
        .await;
    assert!(matches!(panicked, Err(CallError::Panicked(_))));
    let open = conn.call(|db| Ok::<_, Error>(!db.is_autocommit())).await.unwrap();
    assert!(!open, "its transaction was rolled back");
    drop(conn);
    assert_eq!(pages(&pool).await, 0);
}
