use std::path::PathBuf;

use patterns_core::context::Interrupt;
use patterns_core::outcome::Panic;
use thiserror::Error;

use crate::connection_pool::AcquireError;

/// Why a database could not be opened, or a connection did not pass its check.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SqliteError {
    /// It could not be opened, or prepared for use.
    #[error("cannot open the database {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        #[source]
        source: rusqlite::Error,
    },
    /// The file is on a file system on which WAL mode doesn't work.
    #[error("the database {} can't be used in WAL mode, only in {mode:?}", path.display())]
    NoWal {
        /// The file.
        path: PathBuf,
        /// The journal mode that SQLite fell back to.
        mode: String,
    },
    /// An in-memory database was asked for: each connection of the pool would have one of its own.
    #[error("a database in memory can't be shared by the connections of a pool: use a file")]
    InMemory,
    /// The connection did not pass its check.
    #[error("the connection does not work any more")]
    Check(#[source] rusqlite::Error),
    /// The runtime that the call ran on was shut down, or the connection is closed.
    #[error("the connection is closed")]
    Closed,
}

/// Why a call has no value. `E` is the error of the closure that was called.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CallError<E = rusqlite::Error> {
    /// The closure said so.
    #[error(transparent)]
    Failed(E),
    /// There was no connection to be had. Only from methods of the pool.
    #[error(transparent)]
    Acquire(AcquireError),
    /// The closure panicked. What it had begun was rolled back.
    #[error("the call {0}")]
    Panicked(Panic),
    /// The ambient token was cancelled, or the ambient deadline passed. The call was interrupted; what it
    /// had begun is rolled back, unless it was just being committed.
    #[error("the call was interrupted: {0}")]
    Interrupted(Interrupt),
    /// What it changed was to be committed together with others' changes, and all were rolled back. It says why.
    /// It may be tried again. Only from methods of the pool.
    #[error("rolled back together with other calls: {0}")]
    RolledBack(String),
    /// The runtime that the call ran on was shut down, or the connection is closed.
    #[error("the connection is closed")]
    Closed,
}

impl<E> CallError<E> {
    /// The closure's error, if it was that.
    #[must_use]
    pub fn into_failed(self) -> Option<E> {
        match self {
            Self::Failed(error) => Some(error),
            _ => None,
        }
    }

    /// Whether the ambient token or deadline ended the call.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Interrupted(_))
    }
}
