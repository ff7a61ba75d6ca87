use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use patterns_core::outcome::{BoxError, Panic};

use crate::asked::AskedError;
use crate::chain::chain;
use crate::connection_pool::AcquireError;

/// Why a driver did not do what it was asked to.
///
/// # Examples
///
/// ```
/// use actors::jobs::driver::DriverError;
/// use std::error::Error;
///
/// let error = DriverError::new("disk is full");
/// assert_eq!(error.to_string(), "the jobs' engine failed: disk is full");
/// assert!(error.source().is_some() && !error.is_final() && error.may_pass());
///
/// let error = DriverError::refused("payload: 2000000 bytes, expected at most 1048576");
/// assert!(error.is_final() && !error.may_pass());
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DriverError {
    /// It said so, and may do it when it is asked again. The text has all that is below it, too.
    #[error("the jobs' engine failed: {}", chain(&**.0))]
    Failed(#[source] Arc<dyn Error + Send + Sync>),
    /// It has ended, and does nothing any more for this process: what it stands on is lost, or a later version has written
    /// what this one can't read.
    #[error("the jobs' engine has ended: {0}")]
    Ended(String),
    /// It can't keep what it was given, whenever it is asked. Nothing was changed.
    #[error("the jobs' engine can't keep this: {0}")]
    Refused(String),
    /// It acknowledges what a power loss can take from it, or does not say that it doesn't, and that was not accepted.
    #[error(
        "the jobs' engine may lose what it has acknowledged: {0}, expected `sync_interval: always` in its JetStream settings \
         and the address of its monitor, or `accept_unsynced()`"
    )]
    Unsynced(String),
    /// It did not answer within this time.
    #[error("the jobs' engine did not answer within {0:?}")]
    TimedOut(Duration),
    /// It panicked.
    #[error("the jobs' engine {0}")]
    Panicked(#[source] Panic),
}

impl DriverError {
    /// A failure that may pass.
    pub fn new(error: impl Into<BoxError>) -> Self {
        let error: BoxError = error.into();
        Self::Failed(Arc::from(error))
    }

    /// A refusal that stays.
    pub fn refused(why: impl Into<String>) -> Self {
        Self::Refused(why.into())
    }

    /// Whether it is no use to ask again.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::Ended(_) | Self::Unsynced(_))
    }

    /// Whether it may pass though nobody does anything about it: the engine is away, or has much to do. Not if it has
    /// refused us, as with a wrong password, no such database, or no right to make tables; nor if a file is no
    /// database, or may not be written; nor if it has ended, or may lose what it acknowledges.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Refused(_) | Self::Ended(_) | Self::Unsynced(_) => false,
            Self::Failed(error) => may_pass(&**error),
            Self::TimedOut(_) | Self::Panicked(_) => true,
        }
    }

    /// Whether it did not answer in time.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::TimedOut(_))
    }
}

/// Neither an error nor what is below it says that we are refused.
fn may_pass(error: &(dyn Error + 'static)) -> bool {
    !std::iter::successors(Some(error), |&error| error.source()).any(refuses)
}

fn refuses(error: &(dyn Error + 'static)) -> bool {
    if let Some(AcquireError::ConnectFailed(report)) = error.downcast_ref::<AcquireError>()
        && report.last_failure.as_ref().is_some_and(|last| last.permanent)
    {
        return true;
    }
    #[cfg(feature = "postgres")]
    if let Some(said) = error.downcast_ref::<tokio_postgres::error::DbError>() {
        // Who are you; there is no such database; what is not allowed, or not understood.
        return ["28", "3D", "42"].iter().any(|class| said.code().code().starts_with(class));
    }
    #[cfg(feature = "sqlite")]
    if let Some(said) = error.downcast_ref::<rusqlite::Error>() {
        use rusqlite::ErrorCode::{NotADatabase, PermissionDenied, ReadOnly};
        return matches!(said.sqlite_error_code(), Some(NotADatabase | PermissionDenied | ReadOnly));
    }
    #[cfg(feature = "nats")]
    if let Some(said) = error.downcast_ref::<async_nats::ConnectError>() {
        use async_nats::ConnectErrorKind::{Authentication, AuthorizationViolation, ServerParse};
        return matches!(said.kind(), Authentication | AuthorizationViolation | ServerParse);
    }
    false
}

impl AskedError for DriverError {
    fn timed_out(limit: Duration) -> Self {
        Self::TimedOut(limit)
    }

    fn panicked(panic: Panic) -> Self {
        Self::Panicked(panic)
    }
}
