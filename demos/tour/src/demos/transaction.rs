//! All of it or nothing, on a real SQLite.
mod batches;
mod check;
mod session;

use std::path::Path;

use actors::connection_pool::sqlite::{
    SqliteConnection, SqliteManager, rusqlite,
};
use actors::{ConnectionPool, System};
use patterns_core::cancel::timeout;
use patterns_core::outcome::BoxError;
use tokio::time::{Instant, sleep};

use self::batches::batches;
use self::check::{Way, every_way, fetch};
use self::session::promise;
use crate::{Demo, Stage, ms};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "transaction",
    "What a check found is stored as a whole or not at all, however it ends; a bad row costs its own batch, and is named.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(broken(stage)));

/// A pool of connections to SQLite.
type Pool = ConnectionPool<SqliteManager>;

const SCHEMA: &str = "
    create table if not exists result (
        page text primary key,
        status integer not null check (status < 600)
    ) strict;
    create table if not exists link (
        page text not null
            references result deferrable initially deferred,
        target text not null
    ) strict;";

const INSERT: &str = "insert into result values (?1, ?2)";

/// Rows that a transaction has written, and others don't see yet.
const OPEN: &str = "not committed";

/// Rows that everybody sees.
const STORED: &str = "stored";

async fn play(stage: Stage) -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let system = System::start()?;
    let pool = open(&folder.path().join("results.db"), &system).await?;
    every_way(&stage, &pool).await?;
    promise(&stage, &pool).await?;
    batches(&stage, &pool).await?;
    assert!(pool.drain(Instant::now() + ms(2000)).await.is_complete());
    assert!(system.shutdown(ms(2000)).await.is_clean());
    Ok(())
}

async fn open(file: &Path, system: &System) -> Result<Pool, BoxError> {
    let manager = SqliteManager::new(file).init(SCHEMA);
    Ok(ConnectionPool::builder(manager).max_size(2).start(system).await?)
}

/// How many results everybody sees.
async fn stored(pool: &Pool) -> Result<usize, BoxError> {
    let count = "select count(*) from result";
    let rows: u32 =
        pool.call(move |c| c.query_row(count, [], |row| row.get(0))).await?;
    Ok(usize::try_from(rows)?)
}

async fn broken(stage: Stage) -> Result<(), BoxError> {
    stage.scene("begin, save, then commit or roll back");
    let folder = tempfile::tempdir()?;
    let system = System::start()?;
    let pool = open(&folder.path().join("results.db"), &system).await?;
    // ANCHOR: broken
    let mut connection = pool.acquire().await?;
    let checked = timeout(ms(500), careless(&stage, &mut connection)).await;
    if let Err(elapsed) = checked {
        say!(stage, "{elapsed}: neither commit nor rollback");
    }
    // Somebody else uses the connection, for one row and no transaction.
    let note = ("/contact", 404);
    let rows = connection.call(move |c| c.execute(INSERT, note)).await?;
    say!(stage, "the next one is told that {rows} row is stored");
    // ANCHOR_END: broken
    stage.level(OPEN, 3);
    sleep(ms(100)).await;
    let is_open = connection
        .call(|c| Ok::<_, rusqlite::Error>(!c.is_autocommit()))
        .await?;
    say!(stage, "but the transaction of the check is still open: {is_open}");
    drop(connection);
    let stored = stored(&pool).await?;
    stage.level(OPEN, 0);
    say!(
        stage,
        "the connection goes back to its pool; stored are {stored} rows"
    );
    assert_eq!((is_open, rows, stored), (true, 1, 0));
    assert!(pool.drain(Instant::now() + ms(2000)).await.is_complete());
    assert!(system.shutdown(ms(2000)).await.is_clean());
    Ok(())
}

// ANCHOR: careless
/// Commits what was saved, or rolls it back where that failed.
async fn careless(
    stage: &Stage,
    connection: &mut SqliteConnection,
) -> Result<(), BoxError> {
    connection.call(|c| c.execute_batch("begin immediate")).await?;
    let saved = save_pages(stage, connection).await;
    let end = if saved.is_ok() { "commit" } else { "rollback" };
    connection.call(move |c| c.execute_batch(end)).await?;
    saved
}
// ANCHOR_END: careless

async fn save_pages(
    stage: &Stage,
    connection: &mut SqliteConnection,
) -> Result<(), BoxError> {
    for page in 1..=3 {
        let status = fetch(stage, "check", Way::Dropped, page).await?;
        let row = (format!("check/{page}"), status);
        connection.call(move |c| c.execute(INSERT, row)).await?;
        stage.level(OPEN, usize::try_from(page)?);
    }
    Ok(())
}
