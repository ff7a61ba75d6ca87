//! Connections to a SQLite file.

mod calls;
mod file;
mod transactions;
mod writers;

use actors::System;
use actors::connection_pool::ConnectionPool;
use actors::connection_pool::sqlite::SqliteManager;
use actors::connection_pool::sqlite::rusqlite::{Connection, Result as SqlResult};
use tempfile::TempDir;

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
