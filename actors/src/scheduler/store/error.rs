use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use patterns_core::outcome::{BoxError, Panic};

use crate::asked::AskedError;
use crate::chain::chain;

/// Why a store did not do what it was asked to.
///
/// # Examples
///
/// ```
/// use actors::scheduler::store::StoreError;
/// use std::error::Error;
///
/// let error = StoreError::new("disk is full");
/// assert_eq!(error.to_string(), "the store failed: disk is full");
/// assert!(error.source().is_some() && !error.is_timeout());
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It said so. The text has all that is below it, too.
    #[error("the store failed: {}", chain(&**.0))]
    Failed(#[source] Arc<dyn Error + Send + Sync>),
    /// It did not answer within the scheduler's [`store_timeout`](crate::scheduler::SchedulerConfig::store_timeout).
    #[error("the store did not answer within {0:?}")]
    TimedOut(Duration),
    /// It panicked.
    #[error("the store {0}")]
    Panicked(#[source] Panic),
}

impl StoreError {
    /// A failure of a store.
    pub fn new(error: impl Into<BoxError>) -> Self {
        let error: BoxError = error.into();
        Self::Failed(Arc::from(error))
    }

    /// Whether it did not answer in time.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::TimedOut(_))
    }
}

impl AskedError for StoreError {
    fn timed_out(limit: Duration) -> Self {
        Self::TimedOut(limit)
    }

    fn panicked(panic: Panic) -> Self {
        Self::Panicked(panic)
    }
}
