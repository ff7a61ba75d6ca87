use std::time::Duration;

use crate::context::Interrupt;

/// Why a call got no place.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnterError {
    /// All places are taken, and all in the line.
    #[error("the bulkhead {name} is full: {inside} inside, {waiting} waiting")]
    Full {
        /// The bulkhead's name.
        name: String,
        /// Calls that are inside.
        inside: usize,
        /// Calls that wait.
        waiting: usize,
    },
    /// It stood in line for as long as it may.
    #[error("waited {limit:?} for a place in the bulkhead {name}, the longest it may")]
    WaitedTooLong {
        /// The bulkhead's name.
        name: String,
        /// How long that was.
        limit: Duration,
    },
    /// The bulkhead was closed, before or while waiting.
    #[error("the bulkhead {name} is closed")]
    Closed {
        /// The bulkhead's name.
        name: String,
    },
    /// The wait ended early, as the ambient token was cancelled or the ambient deadline passed.
    #[error("interrupted while waiting for a place in the bulkhead")]
    Interrupted(#[source] Interrupt),
}

impl EnterError {
    /// Whether there was no place, nor one in the line, nor came one in time.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full { .. } | Self::WaitedTooLong { .. })
    }

    /// Whether the bulkhead is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed { .. })
    }

    /// Whether the wait was interrupted.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Interrupted(_))
    }
}

/// Why a call through a bulkhead gave no value.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BulkheadError<E> {
    /// It was not made.
    #[error(transparent)]
    Rejected(EnterError),
    /// It was made, and failed.
    #[error("{0}")]
    Inner(#[source] E),
}

impl<E> BulkheadError<E> {
    /// Why the call was not made, if it was not.
    #[must_use]
    pub fn rejected(&self) -> Option<&EnterError> {
        match self {
            Self::Rejected(error) => Some(error),
            Self::Inner(_) => None,
        }
    }

    /// The call's own error, if it was made.
    #[must_use]
    pub fn into_inner(self) -> Option<E> {
        match self {
            Self::Rejected(_) => None,
            Self::Inner(error) => Some(error),
        }
    }
}

/// Settings that make no bulkhead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Nobody could ever get in.
    #[error("a bulkhead must have at least 1 place")]
    NoPlaces,
    /// A line in which nobody may stand for any time.
    #[error("a bulkhead with a line needs a time to wait that is longer than zero")]
    NoTime,
}
