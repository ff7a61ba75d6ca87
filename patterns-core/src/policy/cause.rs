use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::cancel::Elapsed;
use crate::context::Interrupt;
use crate::outcome::BoxError;
use crate::rate_limit::AcquireError;

/// Why a call under a [`Policy`](super::Policy) failed: the operation's own error, or what a stage did.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyCause<E> {
    /// The operation returned this error, in its last attempt.
    #[error("the operation failed")]
    Failed(#[source] E),
    /// The last attempt took longer than [`attempt_timeout`](super::Policy::attempt_timeout).
    #[error("the attempt timed out: {0}")]
    AttemptTimedOut(Elapsed),
    /// The call took longer than [`timeout`](super::Policy::timeout).
    #[error("the call timed out: {0}")]
    TimedOut(Elapsed),
    /// A circuit breaker did not let the call, or its last attempt, pass.
    #[error("the circuit breaker is open for another {retry_after:?}")]
    CircuitOpen {
        /// When it may let somebody pass again.
        retry_after: Duration,
    },
    /// There was no place in a bulkhead, nor one in its line.
    #[error("the bulkhead is full")]
    BulkheadFull,
    /// A bulkhead was closed.
    #[error("the bulkhead is closed")]
    BulkheadClosed,
    /// A rate limit was not waited for to the end.
    #[error("no unit of the rate limit was acquired")]
    RateLimited(#[source] AcquireError),
    /// The ambient token was cancelled or the ambient deadline passed: before the first attempt, in a pause between
    /// two, or while waiting for a place in a bulkhead.
    #[error("interrupted while waiting for {waited_for}")]
    Interrupted {
        /// What for.
        waited_for: WaitedFor,
        /// Why.
        #[source]
        interrupt: Interrupt,
    },
}

/// What an interrupted call was waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitedFor {
    /// A place in a bulkhead.
    Bulkhead,
    /// An attempt, of the retry.
    Attempt,
}

impl fmt::Display for WaitedFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bulkhead => "a place in the bulkhead",
            Self::Attempt => "an attempt",
        })
    }
}

impl<E> PolicyCause<E> {
    /// What interrupted a wait, if anything did.
    pub(super) fn interrupt(&self) -> Option<&Interrupt> {
        match self {
            Self::Interrupted { interrupt, .. } => Some(interrupt),
            Self::RateLimited(AcquireError::Interrupted(interrupt)) => Some(interrupt),
            _ => None,
        }
    }
}

impl PolicyCause<BoxError> {
    /// What is in the box, or what a stage says.
    pub(super) fn unboxed(&self) -> &(dyn Error + 'static) {
        match self {
            Self::Failed(error) => &**error,
            Self::AttemptTimedOut(elapsed) | Self::TimedOut(elapsed) => elapsed,
            Self::RateLimited(error) => error,
            Self::Interrupted { interrupt, .. } => interrupt,
            Self::CircuitOpen { .. } => &Refusal::CircuitOpen,
            Self::BulkheadFull => &Refusal::BulkheadFull,
            Self::BulkheadClosed => &Refusal::BulkheadClosed,
        }
    }
}

/// What stages say that refuse a call without an error of their own.
#[derive(Clone, Copy, Debug, thiserror::Error)]
enum Refusal {
    #[error("the circuit breaker is open")]
    CircuitOpen,
    #[error("the bulkhead is full")]
    BulkheadFull,
    #[error("the bulkhead is closed")]
    BulkheadClosed,
}
