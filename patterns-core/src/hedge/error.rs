use std::error::Error;
use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use crate::cancel::CancelCause;
use crate::context::Interrupt;
use crate::outcome::Panic;

/// How an attempt failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum AttemptFailure<E> {
    /// It returned an error.
    Failed(E),
    /// It panicked.
    Panicked(Panic),
    /// It was cancelled together with the call, and either never ran or did not stop within the grace.
    Cancelled(CancelCause),
}

impl<E> AttemptFailure<E> {
    /// The error that it returned, if it returned one.
    #[must_use]
    pub fn error(&self) -> Option<&E> {
        match self {
            Self::Failed(error) => Some(error),
            Self::Panicked(_) | Self::Cancelled(_) => None,
        }
    }
}

/// An attempt that failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FailedAttempt<E> {
    /// 1 for the first, 2 for the first hedge.
    pub number: u32,
    /// When it was started.
    pub started: Instant,
    /// How long it took to fail.
    pub elapsed: Duration,
    /// How it failed.
    pub failure: AttemptFailure<E>,
}

/// No attempt succeeded.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum HedgeError<E> {
    /// Every attempt that was started failed: all of them, in the order in which they failed. Never empty.
    Failed(Vec<FailedAttempt<E>>),
    /// No attempt was started, as the ambient token was cancelled or the ambient deadline had passed; or the
    /// call was cut off after its grace.
    Interrupted(Interrupt),
}

impl<E> HedgeError<E> {
    /// The attempts, in the order in which they failed.
    #[must_use]
    pub fn attempts(&self) -> &[FailedAttempt<E>] {
        match self {
            Self::Failed(attempts) => attempts,
            Self::Interrupted(_) => &[],
        }
    }

    /// The errors that attempts returned, in the order in which they failed.
    pub fn errors(&self) -> impl Iterator<Item = &E> {
        self.attempts().iter().filter_map(|attempt| attempt.failure.error())
    }

    /// Takes the error that came last; `None` where no attempt returned one.
    #[must_use]
    pub fn into_inner(self) -> Option<E> {
        let Self::Failed(attempts) = self else { return None };
        attempts.into_iter().rev().find_map(|attempt| match attempt.failure {
            AttemptFailure::Failed(error) => Some(error),
            AttemptFailure::Panicked(_) | AttemptFailure::Cancelled(_) => None,
        })
    }

    /// Whether the call was interrupted rather than failed.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Interrupted(_))
    }
}

/// Prints how many attempts failed; the last failure is the [`source`](Error::source).
impl<E> fmt::Display for HedgeError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(attempts) if attempts.len() == 1 => f.write_str("the only attempt failed"),
            Self::Failed(attempts) => write!(f, "all {} attempts failed", attempts.len()),
            Self::Interrupted(_) => f.write_str("interrupted before an attempt could answer"),
        }
    }
}

impl<E: Error + 'static> Error for HedgeError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(attempts) => attempts.last().map(|attempt| match &attempt.failure {
                AttemptFailure::Failed(error) => error as &(dyn Error + 'static),
                AttemptFailure::Panicked(panic) => panic,
                AttemptFailure::Cancelled(cause) => cause,
            }),
            Self::Interrupted(interrupt) => Some(interrupt),
        }
    }
}
