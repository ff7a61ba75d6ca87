use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use patterns_core::outcome::{BoxError, Panic};

use crate::asked::AskedError;
use crate::chain::chain;

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
/// assert!(error.source().is_some() && !error.is_final());
///
/// let error = DriverError::refused("payload: 2000000 bytes, expected at most 1048576");
/// assert!(error.is_final());
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DriverError {
    /// It said so, and may do it when it is asked again. The text has all that is below it, too.
    #[error("the jobs' engine failed: {}", chain(&**.0))]
    Failed(#[source] Arc<dyn Error + Send + Sync>),
    /// It can't keep what it was given, whenever it is asked. Nothing was changed.
    #[error("the jobs' engine can't keep this: {0}")]
    Refused(String),
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
        matches!(self, Self::Refused(_))
    }

    /// Whether it did not answer in time.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::TimedOut(_))
    }
}

impl AskedError for DriverError {
    fn timed_out(limit: Duration) -> Self {
        Self::TimedOut(limit)
    }

    fn panicked(panic: Panic) -> Self {
        Self::Panicked(panic)
    }
}
