use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use tokio::task::spawn_blocking;

use super::writer::Writer;
use super::{SqliteConnection, SqliteError};
use crate::connection_pool::{ConnectionManager, OnReturn};

/// How often a new file is asked to go over to its write-ahead log, where others ask at the same time.
const MODE_ATTEMPTS: u32 = 500;

/// How long it is waited between them: who switches has it done within microseconds, unless it is made to wait itself.
const MODE_PAUSE: Duration = Duration::from_millis(1);

/// Opens connections to a SQLite database file.
///
/// # Defaults
///
/// The file is created if it is missing; another writer is waited for up to 5 s; up to 256 write transactions, or
/// as many as run within 20 ms, are committed together. Always: WAL mode, foreign keys enforced.
///
/// Clones are for the same database, and share its writer.
#[derive(Clone, Debug)]
pub struct SqliteManager {
    settings: Settings,
    writer: Arc<Writer>,
}

#[derive(Clone, Debug)]
struct Settings {
    path: PathBuf,
    busy_timeout: Duration,
    create: bool,
    init: String,
}

impl SqliteManager {
    /// A manager for the database in this file.
    #[must_use]
    pub fn new(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref().to_owned();
        let settings = Settings { path, busy_timeout: Duration::from_secs(5), create: true, init: String::new() };
        Self { settings, writer: Arc::default() }
    }

    /// How long a statement waits for another writer before it fails with `database is locked`.
    /// Default: 5 s. It can't be interrupted meanwhile.
    #[must_use]
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.settings.busy_timeout = timeout;
        self
    }

    /// Whether a missing file is created. Default: it is.
    #[must_use]
    pub fn create(mut self, create: bool) -> Self {
        self.settings.create = create;
        self
    }

    /// Statements that each connection runs when it is opened: pragmas, `create table if not exists`.
    #[must_use]
    pub fn init(mut self, statements: impl Into<String>) -> Self {
        self.settings.init = statements.into();
        self
    }

    /// How many write transactions are committed together at most, and for how long one waits for others to
    /// run before it is committed. Default: 256, and 20 ms. One, or no time: each is committed by itself.
    #[must_use]
    pub fn group(self, calls: usize, time: Duration) -> Self {
        self.writer.limit(calls, time);
        self
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.settings.path
    }

    pub(super) fn writer(&self) -> &Arc<Writer> {
        &self.writer
    }
}

impl Settings {
    #[expect(
        clippy::disallowed_methods,
        reason = "another connection goes on in real time, and this is a blocking thread"
    )]
    fn open(&self) -> Result<SqliteConnection, SqliteError> {
        if self.path.as_os_str().is_empty() || self.path.as_os_str() == ":memory:" {
            return Err(SqliteError::InMemory);
        }
        let failed = |source| SqliteError::Open { path: self.path.clone(), source };
        // No URI: a file's name is what it says, whatever characters are in it.
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        flags.set(OpenFlags::SQLITE_OPEN_CREATE, self.create);
        let db = Connection::open_with_flags(&self.path, flags).map_err(failed)?;
        db.busy_timeout(self.busy_timeout).map_err(failed)?;
        let set_mode = || db.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get::<_, String>(0));
        let is_busy = |error: &rusqlite::Error| error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy);
        let mut mode = set_mode();
        // Of two that turn a new file to that mode, SQLite sends one away at once, who then finds it done.
        for _ in 0..MODE_ATTEMPTS {
            if !mode.as_ref().is_err_and(is_busy) {
                break;
            }
            thread::sleep(MODE_PAUSE);
            mode = set_mode();
        }
        let mode = mode.map_err(failed)?;
        if mode != "wal" {
            return Err(SqliteError::NoWal { path: self.path.clone(), mode });
        }
        db.pragma_update(None, "foreign_keys", true).map_err(failed)?;
        db.execute_batch(&self.init).map_err(failed)?;
        SqliteConnection::new(db).map_err(failed)
    }
}

#[async_trait]
impl ConnectionManager for SqliteManager {
    type Connection = SqliteConnection;
    type Error = SqliteError;

    async fn connect(&self) -> Result<SqliteConnection, SqliteError> {
        let settings = self.settings.clone();
        spawn_blocking(move || settings.open()).await.unwrap_or(Err(SqliteError::Closed))
    }

    async fn check(&self, connection: &mut SqliteConnection) -> Result<(), SqliteError> {
        connection.check().await
    }

    async fn close(&self, connection: SqliteConnection) {
        connection.close().await;
    }

    fn on_return(&self, connection: &mut SqliteConnection) -> OnReturn {
        if connection.needs_care() { OnReturn::Check } else { OnReturn::Reuse }
    }
}
