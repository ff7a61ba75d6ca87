use std::error::Error;
use std::io;
use std::time::Duration;

use patterns_core::context::Interrupt;
use thiserror::Error;
use tokio_postgres::error::{DbError, SqlState};

use crate::connection_pool::AcquireError;

/// Why a connection could not be opened, or a query has no answer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PostgresError {
    /// The server, or tokio-postgres, said so.
    #[error(transparent)]
    Failed(tokio_postgres::Error),
    /// There is no way to the server.
    #[error("cannot connect to {address}")]
    Connect {
        /// Where to.
        address: String,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The configuration names no host.
    #[error("the configuration names no host")]
    NoHost,
    /// The configuration wants TLS, and the server has none, or the manager.
    #[error("TLS is required, and {0} has none")]
    NoTls(&'static str),
    /// The handshake failed.
    #[error("no secure connection to {host}")]
    Handshake {
        /// Whose the server should be.
        host: String,
        /// What went wrong.
        #[source]
        source: io::Error,
    },
    /// The server is up, but not one of the kind that the configuration's `target_session_attrs` wants.
    #[error("the server is {0}, and another kind was asked for")]
    WrongServer(&'static str),
    /// A transaction was left open, and can't be rolled back.
    #[error("it could not be brought out of a transaction")]
    NotIdle,
    /// The server took longer than the manager's [`query_timeout`](super::PostgresManager::query_timeout). It is asked to
    /// cancel the query, unless the transaction was just being committed.
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    /// The ambient token was cancelled, or the ambient deadline passed. The server is asked to cancel the query, unless
    /// the transaction was just being committed.
    #[error("the query was interrupted")]
    Interrupted(#[source] Interrupt),
}

/// What the server says where others were first, and it may be different the next time.
pub(super) fn is_serialization_failure(code: &SqlState) -> bool {
    [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED].contains(code)
}

/// What a server says that takes no writes, as a standby does: the first to a statement that writes, the second to the
/// beginning of a transaction that would. That is also said to what no server can do, and of a prepared statement that
/// gives other columns by now.
pub(super) fn is_of_a_standby(code: &SqlState) -> bool {
    [SqlState::READ_ONLY_SQL_TRANSACTION, SqlState::FEATURE_NOT_SUPPORTED].contains(code)
}

impl PostgresError {
    /// What the server said, if it was the server.
    #[must_use]
    pub fn as_db_error(&self) -> Option<&DbError> {
        match self {
            Self::Failed(error) => error.as_db_error(),
            _ => None,
        }
    }

    /// The server's code for it, if it was the server.
    #[must_use]
    pub fn code(&self) -> Option<&SqlState> {
        self.as_db_error().map(DbError::code)
    }

    /// Whether the server took longer than a query may take.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::TimedOut(_))
    }

    /// Whether the ambient token or deadline ended it.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Interrupted(_))
    }

    /// Whether it failed because of other transactions at the same time, so that it may be tried again.
    #[must_use]
    pub fn is_serialization_failure(&self) -> bool {
        self.code().is_some_and(is_serialization_failure)
    }

    /// Whether a server may have said it that takes no writes. Its connection is not lent again.
    #[cfg(feature = "jobs")]
    pub(crate) fn is_of_a_standby(&self) -> bool {
        self.code().is_some_and(is_of_a_standby)
    }

    /// Whether connecting fails like this until somebody changes something. The server's classes of errors that
    /// are: 28 (who are you?), 3D (there is no such database), 42 (what is not allowed, or not understood).
    pub(super) fn is_permanent(&self) -> bool {
        match self {
            Self::Failed(error) => match error.code() {
                Some(code) => ["28", "3D", "42"].iter().any(|class| code.code().starts_with(class)),
                // No password where one is wanted, an unknown method of authentication.
                None => error.source().is_some_and(|source| !source.is::<io::Error>()),
            },
            Self::NoHost | Self::NoTls(_) => true,
            _ => false,
        }
    }
}

/// Why a transaction was not committed. `E` is the error of the closure that was called.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TransactionError<E = PostgresError> {
    /// The closure said so. What it did was rolled back.
    #[error(transparent)]
    Failed(E),
    /// There was no connection to be had. Only from methods of the pool.
    #[error(transparent)]
    Acquire(AcquireError),
    /// It could not be begun.
    #[error("the transaction could not be begun")]
    Begin(#[source] PostgresError),
    /// It could not be committed. Where the server did not say so, but was lost or the wait interrupted, it is unknown
    /// whether it was.
    #[error("the transaction could not be committed")]
    Commit(#[source] PostgresError),
    /// The closure returned `Ok`, though a query had failed and with it the transaction, and nothing was rolled back
    /// to a savepoint before that. PostgreSQL takes a `COMMIT` of it without complaint, and rolls it back.
    #[error("the transaction had failed before it was to be committed")]
    Aborted,
}

impl<E> TransactionError<E> {
    /// The closure's error, if it was that.
    #[must_use]
    pub fn into_failed(self) -> Option<E> {
        match self {
            Self::Failed(error) => Some(error),
            _ => None,
        }
    }
}
