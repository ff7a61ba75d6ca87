//! The file: what it must be, and what is left of it in the end.

use actors::System;
use actors::connection_pool::sqlite::rusqlite::{Error, ErrorCode};
use actors::connection_pool::sqlite::{CallError, SqliteManager};
use actors::connection_pool::{ConnectionPool, StartError};

use super::{folder, insert, open};
use crate::connection_pool::in_secs;

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
