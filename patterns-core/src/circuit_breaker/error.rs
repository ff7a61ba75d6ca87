use std::time::Duration;

/// A call was turned away, as the breaker is open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the circuit breaker {name} is open since {since:?}, after {cause}: try again in {retry_after:?}")]
#[non_exhaustive]
pub struct Open {
    /// The breaker's name.
    pub name: String,
    /// How long ago it opened.
    pub since: Duration,
    /// Why: `5 of the last 10 calls failed`, say.
    pub cause: String,
    /// When a call may pass again; zero where all probes are out, whose ends decide.
    pub retry_after: Duration,
}

/// Why a call through a breaker gave no value.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BreakerError<E> {
    /// It was not made, as the breaker is open.
    #[error(transparent)]
    Open(Open),
    /// It was made, and failed.
    #[error("{0}")]
    Inner(#[source] E),
}

impl<E> BreakerError<E> {
    /// Whether the call was not made.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Open(_))
    }

    /// The call's own error, if it was made.
    #[must_use]
    pub fn into_inner(self) -> Option<E> {
        match self {
            Self::Open(_) => None,
            Self::Inner(error) => Some(error),
        }
    }
}

/// Settings that make no breaker.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A number that must not be zero.
    #[error("a circuit breaker's {0} must not be zero")]
    Zero(&'static str),
    /// A share that is none.
    #[error("a circuit breaker's {name} must be more than 0 and at most 1, not {value}")]
    NoShare {
        /// Which.
        name: &'static str,
        /// What it was.
        value: String,
    },
    /// More calls are needed for a verdict than the window ever holds.
    #[error("a circuit breaker's window of {window} calls never holds the {min_calls} that a verdict needs")]
    WindowTooSmall {
        /// Calls in the window.
        window: usize,
        /// Calls that a verdict needs.
        min_calls: usize,
    },
}
