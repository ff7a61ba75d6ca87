use std::pin::pin;
use std::sync::mpsc;

use actors::System;
use actors::connection_pool::sqlite::rusqlite::{Connection, Error, ErrorCode, Result as SqlResult, Transaction};
use actors::connection_pool::sqlite::{CallError, SqliteManager};
use actors::connection_pool::{ConnectionPool, StartError};
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::poll;
use patterns_core::cancel::CancelToken;
use patterns_core::context::Context;
use patterns_core::testing::explore_cancellation;
use tempfile::TempDir;

use super::{in_secs, secs};

type Pool = ConnectionPool<SqliteManager>;

const SCHEMA: &str = "create table if not exists page (url text primary key) strict;
    create table if not exists link (page text not null references page, url text not null) strict;";

async fn open(folder: &TempDir, max_size: usize) -> Pool {
    let system = System::start().expect("it lives on this test's thread");
    let manager = SqliteManager::new(folder.path().join("test.db")).init(SCHEMA);
    ConnectionPool::builder(manager).max_size(max_size).start(&system).await.expect("there is a folder for it")
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("there is room for temporary files")
}

async fn pages(pool: &Pool) -> u32 {
    let count = pool.call(|db| db.query_row("select count(*) from page", [], |row| row.get(0)));
    count.await.expect("the connection works")
}

fn insert(db: &Connection, url: &str) -> SqlResult<usize> {
    db.execute("insert into page values (?1)", [url])
}

/// Runs until it is interrupted.
fn never_ends(db: &Connection) -> SqlResult<i64> {
    let endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n";
    db.query_row(endless, [], |row| row.get(0))
}

/// Runs for some milliseconds at most, long enough to be interrupted.
fn takes_a_while(db: &mut Connection) -> SqlResult<u32> {
    let numbers = "with recursive n(i) as (select 1 union all select i + 1 from n limit 3000) select count(*) from n";
    db.query_row(numbers, [], |row| row.get(0))
}

#[tokio::test(start_paused = true)]
async fn connections_are_in_wal_mode_and_enforce_foreign_keys() {
    let folder = folder();
    let pool = open(&folder, 2).await;
    let mode: String = pool.call(|db| db.query_row("pragma journal_mode", [], |row| row.get(0))).await.unwrap();
    assert_eq!(mode, "wal");
    let dangling = pool.call(|db| db.execute("insert into link values ('no such page', 'x')", [])).await;
    let Err(CallError::Failed(Error::SqliteFailure(error, _))) = dangling else { panic!("{dangling:?}") };
    assert_eq!(error.code, ErrorCode::ConstraintViolation);
}

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

#[tokio::test(start_paused = true)]
async fn a_dropped_transaction_is_interrupted_and_rolled_back_before_the_next_use() {
    let folder = folder();
    let pool = open(&folder, 1).await;
    let (begun, has_begun) = mpsc::channel();
    let mut endless = Box::pin(pool.transaction(move |tx| {
        insert(tx, "lost")?;
        begun.send(()).expect("the test waits for it");
        never_ends(tx)
    }));
    while has_begun.try_recv().is_err() {
        assert!(poll!(endless.as_mut()).is_pending());
        tokio::task::yield_now().await;
    }
    drop(endless);
    assert_eq!(pages(&pool).await, 0);
    assert_eq!(pool.status().counts.opened, 1, "it was not even replaced");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_transaction_whose_code_hides_the_interruption_is_not_committed_either() {
    let folder = folder();
    let pool = open(&folder, 1).await;
    let (begun, has_begun) = mpsc::channel();
    let mut endless = Box::pin(pool.transaction(move |tx| {
        insert(tx, "lost")?;
        begun.send(()).expect("the test waits for it");
        Ok::<_, Error>(never_ends(tx).unwrap_or(0))
    }));
    while has_begun.try_recv().is_err() {
        assert!(poll!(endless.as_mut()).is_pending());
        tokio::task::yield_now().await;
    }
    drop(endless);
    assert_eq!(pages(&pool).await, 0);
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

#[tokio::test(start_paused = true)]
async fn a_drained_pool_leaves_one_file() {
    let folder = folder();
    let pool = open(&folder, 3).await;
    pool.transaction(|tx| insert(tx, "kept")).await.unwrap();
    let receipt = pool.drain(in_secs(5)).await;
    assert!(receipt.is_complete(), "{receipt}");
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(names, ["test.db"], "the log was written back");
}

#[tokio::test(start_paused = true)]
async fn a_database_that_cannot_be_opened_is_named_with_the_reason() {
    let folder = folder();
    let system = System::start().unwrap();
    let error = async |manager: SqliteManager| match ConnectionPool::builder(manager).start(&system).await {
        Err(error @ StartError::Connect(_)) => error.to_string(),
        other => panic!("{other:?}"),
    };
    let missing = error(SqliteManager::new(folder.path().join("no/such/folder.db"))).await;
    assert!(missing.contains("cannot open the database ") && missing.contains("no/such/folder.db"), "{missing}");
    assert!(error(SqliteManager::new(folder.path())).await.contains("unable to open"));
    let absent = SqliteManager::new(folder.path().join("absent.db")).create(false);
    assert!(error(absent).await.contains("absent.db"));
    assert!(!folder.path().join("absent.db").exists());

    std::fs::write(
        folder.path().join("text.db"),
        "this is no database, whatever its name says, and it is long".repeat(20),
    )
    .unwrap();
    let text = error(SqliteManager::new(folder.path().join("text.db"))).await;
    assert!(text.contains("file is not a database"), "{text}");
    assert!(error(SqliteManager::new(":memory:")).await.contains("use a file"));
    let broken = SqliteManager::new(folder.path().join("init.db")).init("create nonsense");
    assert!(error(broken).await.contains("syntax error"));
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
            super::assert_books(&status);
        },
    );
    assert!(explored.polls >= 2, "{explored:?}");
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
