use std::error::Error;
use std::path::{Path, PathBuf};

use actors::connection_pool::sqlite::CallError;
use actors::connection_pool::{AcquireError, StartError};
use patterns_core::context::Interrupt;

/// Why a run could not be kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The connection pool can't be started.
    #[error("cannot use the database {}: {}", path.display(), at_start(why))]
    Pool {
        /// The file.
        path: PathBuf,
        /// Why.
        why: StartError,
    },
    /// No connection to be had.
    #[error("cannot use the database {}: {}", path.display(), in_short(why))]
    Connection {
        /// The file.
        path: PathBuf,
        /// Why.
        why: AcquireError,
    },
    /// A database of another program, or of a later version of this one.
    #[error("cannot use the database {}: it is not one of sitewatch's, or of a later version (schema {version})", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// The version that it says its schema has.
        version: i64,
    },
    /// The database refuses.
    #[error("cannot use the database {}: {}", path.display(), in_short(why))]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// Why.
        why: rusqlite::Error,
    },
    /// We were asked to stop before it was written.
    #[error("cannot finish writing to the database {}: {why}", path.display())]
    Interrupted {
        /// The file.
        path: PathBuf,
        /// Why.
        why: Interrupt,
    },
    /// The connection broke under us.
    #[error("cannot use the database {}: {why}", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

impl StoreError {
    pub(super) fn of(path: &Path, error: CallError) -> Self {
        let path = path.to_owned();
        match error {
            CallError::Failed(why) => Self::Sqlite { path, why },
            CallError::Acquire(why) => Self::Connection { path, why },
            CallError::Interrupted(why) => Self::Interrupted { path, why },
            other => Self::Broken { path, why: other.to_string() },
        }
    }
}

/// SQLite's own words where it was SQLite, without the pool's account of how it came to ask.
fn in_short(error: &(dyn Error + 'static)) -> String {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(rusqlite::Error::SqliteFailure(_, Some(words))) = error.downcast_ref() {
            return words.clone();
        }
        cause = error.source();
    }
    error.to_string()
}

fn at_start(error: &StartError) -> String {
    match error {
        StartError::Connect(failure) => in_short(&*failure.error),
        other => other.to_string(),
    }
}
