//! Who serves from a database: one at a time, and whoever comes after a crash at once.

use std::fs::{File, TryLockError};
use std::path::PathBuf;

use actors::connection_pool::Pooled;
use actors::connection_pool::postgres::PostgresManager;

use super::{Db, Engine, StoreError, postgres};

/// Any number that no other program is likely to use.
const LOCK: i64 = 0x7365_7276_6572;

/// The right to serve from a database; given back when it is dropped, or the process ends, however that may be.
///
/// The file lock of a SQLite database is the operating system's. PostgreSQL ties its lock to a connection, so that it is
/// lost with it: [`still_held`](Self::still_held) says so.
pub(crate) enum ServeLock {
    File { _file: File },
    Session(Box<Pooled<PostgresManager>>),
}

impl Db {
    /// Takes the right to serve.
    pub(crate) async fn lock(&self) -> Result<ServeLock, StoreError> {
        let name = || self.name.clone();
        match &self.engine {
            Engine::Sqlite(_) => {
                let path = PathBuf::from(format!("{}.lock", self.name));
                let away = |why: std::io::Error| StoreError::Away { name: name(), why: why.to_string() };
                let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(away)?;
                match file.try_lock() {
                    Ok(()) => Ok(ServeLock::File { _file: file }),
                    Err(TryLockError::WouldBlock) => Err(StoreError::Taken { name: name() }),
                    Err(TryLockError::Error(why)) => Err(away(why)),
                }
            }
            Engine::Postgres(pool) => {
                let session = pool.acquire().await.map_err(|error| StoreError::unavailable(&self.name, &error))?;
                let taken = session.query_one("select pg_try_advisory_lock($1)", &[&LOCK]).await;
                let taken = taken.map_err(|error| postgres::of(&self.name, &error))?;
                if taken.try_get(0).unwrap_or(false) {
                    return Ok(ServeLock::Session(Box::new(session)));
                }
                Err(StoreError::Taken { name: name() })
            }
        }
    }
}

impl ServeLock {
    /// Whether it is still ours; asks the server.
    pub(crate) async fn still_held(&self) -> bool {
        match self {
            Self::File { .. } => true,
            Self::Session(session) => session.query_one("select 1", &[]).await.is_ok(),
        }
    }
}

impl std::fmt::Debug for ServeLock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::File { .. } => "ServeLock::File",
            Self::Session(_) => "ServeLock::Session",
        })
    }
}
