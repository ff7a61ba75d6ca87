//! The runs of checks, kept in SQLite.
//!
//! Connections come from a [`ConnectionPool`], so that the database's blocking calls run off the async
//! threads, and a call that is given up leaves nothing half done. Rows are written in batches, each a
//! transaction: never one at a time, and never so many that another program waits long for its turn.
mod error;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use actors::System;
use actors::connection_pool::ConnectionPool;
use actors::connection_pool::sqlite::SqliteManager;
use rusqlite::{Transaction, params};

use crate::report::{LinkResult, Report, Status};

pub use error::StoreError;

/// The version of the schema, in the database's `user_version`.
const VERSION: i64 = 1;

/// How many rows a transaction writes.
const BATCH: usize = 1_000;

/// How long a statement waits for another program that writes. Nothing can cut that short, and a check that was
/// asked to stop has five seconds.
const LOCKED: Duration = Duration::from_millis(1_500);

/// A database of runs.
///
/// # Examples
///
/// ```
/// use sitewatch::report::{Links, Report, Summary};
/// use sitewatch::store::Store;
/// use std::time::SystemTime;
///
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let folder = tempfile::tempdir()?;
/// let system = actors::System::start()?;
/// let store = Store::open(&folder.path().join("runs.db"), &system).await?;
/// let report = Report::new("docs", Summary::default(), Links::default(), vec!["lonely.html".into()]);
/// assert_eq!(store.save(report.into(), SystemTime::now()).await?, 1);
///
/// let other = folder.path().join("notes.txt");
/// std::fs::write(&other, "not a database, but a text that is long enough to look at")?;
/// let error = Store::open(&other, &system).await.unwrap_err();
/// assert!(error.to_string().contains("notes.txt"), "{error}");
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Store {
    pool: ConnectionPool<SqliteManager>,
    path: PathBuf,
}

impl Store {
    /// Opens the database at `path`, and makes it if it isn't there.
    ///
    /// # Errors
    ///
    /// - [`StoreError::Pool`]: the connection pool can't be started.
    /// - [`StoreError::Connection`]: the file can't be opened, or is no database.
    /// - [`StoreError::Foreign`]: it is a database of another program, or of a later version of this.
    /// - [`StoreError::Sqlite`]: the database refuses.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the schema is made whole or not at all.
    pub async fn open(path: &Path, system: &System) -> Result<Self, StoreError> {
        let at = |why| StoreError::Pool { path: path.to_owned(), why };
        let pool = ConnectionPool::builder(SqliteManager::new(path).busy_timeout(LOCKED))
            .name("store")
            .max_size(2)
            .acquire_timeout(Duration::from_secs(10))
            .start(system)
            .await
            .map_err(at)?;
        let store = Self { pool, path: path.to_owned() };
        let version = store.write(migrate).await?;
        if version == VERSION { Ok(store) } else { Err(StoreError::Foreign { path: path.to_owned(), version }) }
    }

    /// The pool that its connections come from.
    #[must_use]
    pub fn pool(&self) -> &ConnectionPool<SqliteManager> {
        &self.pool
    }

    /// Writes a run, and gives its number.
    ///
    /// # Errors
    ///
    /// - [`StoreError::Connection`]: no connection to be had.
    /// - [`StoreError::Sqlite`]: the database refuses: disk full, or locked by another program for long.
    /// - [`StoreError::Interrupted`]: we were asked to stop.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: a run that was written in part stays, marked as such (`saved` is 0). Run it in a
    /// [`shield`](patterns_core::cancel::shield) to have it whole.
    // ANCHOR: save
    pub async fn save(&self, report: Arc<Report>, started: SystemTime) -> Result<i64, StoreError> {
        let shared = Arc::clone(&report);
        let run = self.write(move |db| insert_run(db, &shared, started)).await?;
        let links = report.links().len();
        for from in (0..links).step_by(BATCH) {
            let shared = Arc::clone(&report);
            self.write(move |db| insert_links(db, run, shared.links().iter().skip(from).take(BATCH))).await?;
        }
        self.write(move |db| {
            let mut insert = db.prepare_cached("insert into orphan (run, page) values (?1, ?2)")?;
            for page in report.orphans() {
                insert.execute(params![run, page])?;
            }
            db.execute("update run set saved = 1 where id = ?1", [run])?;
            Ok(())
        })
        .await?;
        Ok(run)
    }
    // ANCHOR_END: save

    // ANCHOR: write
    async fn write<T, F>(&self, f: F) -> Result<T, StoreError>
    where
        F: FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let mut connection = match self.pool.acquire().await {
            Ok(connection) => connection,
            Err(why) => return Err(StoreError::Connection { path: self.path.clone(), why }),
        };
        connection.transaction(f).await.map_err(|error| StoreError::of(&self.path, error))
    }
    // ANCHOR_END: write
}

/// Makes the schema in an empty database; gives the version that is there then.
fn migrate(db: &Transaction<'_>) -> rusqlite::Result<i64> {
    let version = db.query_row("pragma user_version", [], |row| row.get(0))?;
    let tables: i64 = db.query_row("select count(*) from sqlite_schema", [], |row| row.get(0))?;
    if version == 0 && tables == 0 {
        db.execute_batch(include_str!("schema.sql"))?;
        db.pragma_update(None, "user_version", VERSION)?;
        return Ok(VERSION);
    }
    Ok(version)
}

fn insert_run(db: &Transaction<'_>, report: &Report, started: SystemTime) -> rusqlite::Result<i64> {
    let summary = report.summary();
    let of = |status| number(summary.counts.of(status));
    let started = started.duration_since(UNIX_EPOCH).unwrap_or_default();
    db.execute(
        "insert into run (target, started_ms, elapsed_ms, stopped, pages, links, ok, redirected, broken, skipped,
             ignored_fragments) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            report.target(),
            millis(started),
            millis(summary.elapsed),
            summary.stopped,
            number(summary.pages),
            number(summary.counts.total()),
            of(Status::Ok),
            of(Status::Redirected),
            of(Status::Broken),
            of(Status::Skipped),
            number(summary.ignored_fragments),
        ],
    )?;
    Ok(db.last_insert_rowid())
}

fn insert_links<'a>(
    db: &Transaction<'_>,
    run: i64,
    links: impl Iterator<Item = LinkResult<'a>>,
) -> rusqlite::Result<()> {
    let mut insert = db.prepare_cached(
        "insert into link (run, page, line, col, text, link, url, status, reason, detail, redirects)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?;
    for link in links {
        let verdict = link.verdict;
        let redirects = (!verdict.redirects.is_empty()).then(|| serde_json::json!(verdict.redirects).to_string());
        insert.execute(params![
            run,
            link.page,
            link.line,
            link.column,
            link.text,
            link.link,
            link.url,
            verdict.status().as_str(),
            verdict.reason.code().to_string(),
            verdict.detail,
            redirects,
        ])?;
    }
    Ok(())
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
