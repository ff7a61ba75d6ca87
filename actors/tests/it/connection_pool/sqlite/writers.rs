//! Many who write: the line in which they wait, and what is committed together.

use std::pin::pin;
use std::sync::mpsc;

use actors::System;
use actors::connection_pool::ConnectionPool;
use actors::connection_pool::sqlite::rusqlite::{Result as SqlResult, Transaction};
use actors::connection_pool::sqlite::{CallError, SqliteManager};
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::poll;

use super::{Pool, SCHEMA, folder, insert, open, pages};
use crate::connection_pool::secs;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_writers_and_readers_get_on_with_each_other() {
    let folder = folder();
    let pool = open(&folder, 4).await;
    let tasks: Vec<_> = (0..8)
        .map(|writer| {
            let pool = pool.clone();
            tokio::spawn(async move {
                for n in 0..25 {
                    let url = format!("https://{writer}.example/{n}");
                    pool.transaction(move |tx| insert(tx, &url)).await.expect("writers wait for each other");
                    pages(&pool).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(pages(&pool).await, 200);
    assert!(pool.status().size() <= 4);
}

/// Runs `calls` transactions after a first one that is just running, and says how all of them ended.
async fn behind_a_first<F>(pool: &Pool, calls: Vec<F>) -> Vec<Result<usize, CallError>>
where
    F: FnOnce(&Transaction<'_>) -> SqlResult<usize> + Send + 'static,
{
    let (go, gone) = mpsc::channel::<()>();
    let first = pool.transaction(move |tx| {
        gone.recv().expect("the test goes on");
        insert(tx, "first")
    });
    let expected = calls.len() as u64;
    let others = calls.into_iter().map(|call| pool.transaction(call));
    let all: Vec<BoxFuture<'_, _>> = std::iter::once(first.boxed()).chain(others.map(FutureExt::boxed)).collect();
    let all = futures_util::future::join_all(all);
    let mut all = pin!(all);
    while pool.write_counts().waiting < expected {
        assert!(poll!(all.as_mut()).is_pending());
        tokio::task::yield_now().await;
    }
    go.send(()).expect("it waits");
    all.await
}

type Boxed = Box<dyn FnOnce(&Transaction<'_>) -> SqlResult<usize> + Send>;

fn inserts(url: &'static str) -> Boxed {
    Box::new(move |tx| insert(tx, url))
}

#[tokio::test(start_paused = true)]
async fn calls_that_arrive_while_another_runs_are_committed_with_it() {
    let folder = folder();
    let pool = open(&folder, 2).await;
    let urls = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    let ended = behind_a_first(&pool, urls.map(inserts).into()).await;
    assert!(ended.iter().all(|result| matches!(result, Ok(1))), "{ended:?}");
    assert_eq!(pages(&pool).await, 11);
    let counts = pool.write_counts();
    assert_eq!((counts.committed, counts.commits, counts.waiting), (11, 1, 0));

    // In the order in which they came.
    let order = pool.call(|db| db.query_row("select group_concat(url, '') from page", [], |row| row.get(0)));
    let order: String = order.await.unwrap();
    assert!(order.contains("abcdefghij"), "{order}");
}

#[tokio::test(start_paused = true)]
async fn of_those_that_are_committed_together_one_that_fails_is_rolled_back_alone() {
    let folder = folder();
    let pool = open(&folder, 1).await;
    let fails: Boxed = Box::new(|tx| {
        insert(tx, "lost")?;
        tx.execute("insert into no_such_table values (1)", [])
    });
    let panics: Boxed = Box::new(|tx| {
        insert(tx, "lost")?;
        panic!("a bug")
    });
    // It would take all others along, or be committed with them.
    let ends_it: Boxed = Box::new(|tx| {
        insert(tx, "lost")?;
        tx.execute_batch("commit").map(|()| 1)
    });
    let calls = vec![inserts("a"), fails, inserts("b"), panics, inserts("c"), ends_it, inserts("d")];
    let ended = behind_a_first(&pool, calls).await;
    let is_ok: Vec<_> = ended.iter().map(Result::is_ok).collect();
    assert_eq!(is_ok, [true, true, false, true, false, true, false, true], "{ended:?}");
    assert!(matches!(ended[2], Err(CallError::Failed(_))) && matches!(ended[4], Err(CallError::Panicked(_))));
    assert!(ended[6].as_ref().unwrap_err().to_string().contains("not authorized"), "{ended:?}");
    assert_eq!((pages(&pool).await, pool.write_counts().commits), (5, 1));
    let status = pool.status();
    assert_eq!((status.counts.opened, status.counts.check_failed), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn each_is_committed_by_itself_if_so_configured() {
    let folder = folder();
    let system = System::start().unwrap();
    let manager = SqliteManager::new(folder.path().join("test.db")).init(SCHEMA).group(1, secs(1));
    let pool = ConnectionPool::builder(manager).max_size(1).start(&system).await.unwrap();
    let ended = behind_a_first(&pool, ["a", "b", "c"].map(inserts).into()).await;
    assert!(ended.iter().all(Result::is_ok));
    let counts = pool.write_counts();
    assert_eq!((counts.committed, counts.commits), (4, 4));
}

#[tokio::test(start_paused = true)]
async fn a_broken_promise_of_one_is_told_to_all_who_were_to_be_committed_with_it() {
    let folder = folder();
    let pool = open(&folder, 1).await;
    let deferred = "create table note (page text not null references page deferrable initially deferred) strict";
    pool.call(move |db| db.execute_batch(deferred)).await.unwrap();
    let dangling: Boxed = Box::new(|tx| tx.execute("insert into note values ('no such page')", []));
    let ended = behind_a_first(&pool, vec![inserts("a"), dangling]).await;
    assert!(ended.iter().all(|result| matches!(result, Err(CallError::RolledBack(_)))), "{ended:?}");
    assert_eq!(pages(&pool).await, 0);

    // Alone it is its own.
    let alone = pool.transaction(|tx| tx.execute("insert into note values ('no such page')", [])).await;
    assert!(matches!(alone, Err(CallError::Failed(_))), "{alone:?}");
    pool.transaction(|tx| insert(tx, "kept")).await.unwrap();
    assert_eq!(pages(&pool).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_in_the_line_is_never_made() {
    let folder = folder();
    let pool = open(&folder, 1).await;
    let held = pool.acquire().await.unwrap();
    let mut dropped = Box::pin(pool.transaction(|tx| insert(tx, "lost")));
    let mut kept = pin!(pool.transaction(|tx| insert(tx, "kept")));
    assert!(poll!(dropped.as_mut()).is_pending() && poll!(kept.as_mut()).is_pending());
    assert_eq!(pool.write_counts().waiting, 2);
    drop(dropped);
    assert_eq!(pool.write_counts().waiting, 1);
    drop(held);
    kept.await.unwrap();
    assert_eq!(pages(&pool).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_does_not_come_is_a_timeout() {
    let folder = folder();
    let system = System::start().unwrap();
    let manager = SqliteManager::new(folder.path().join("test.db")).init(SCHEMA);
    let pool = ConnectionPool::builder(manager).max_size(1).acquire_timeout(secs(3));
    let pool = pool.start(&system).await.unwrap();
    let held = pool.acquire().await.unwrap();
    let begun = tokio::time::Instant::now();
    let late = pool.transaction(|tx| insert(tx, "lost")).await;
    assert!(matches!(&late, Err(CallError::Acquire(why)) if why.is_timeout()), "{late:?}");
    assert_eq!(begun.elapsed(), secs(3));
    drop(held);
    pool.transaction(|tx| insert(tx, "kept")).await.unwrap();
    assert_eq!(pages(&pool).await, 1);

    pool.close();
    let closed = pool.transaction(|tx| insert(tx, "lost")).await;
    assert!(matches!(closed, Err(CallError::Acquire(why)) if why.is_closed()));
}
