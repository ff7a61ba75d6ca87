//! How work ended: ok, error, cancelled or panicked.
pub use crate::panics::{CatchPanics, Panic, catch_panic, catch_panics};

use crate::cancel::CancelCause;

/// How a piece of work ended; there is no fifth way.
///
/// # Examples
///
/// ```
/// use patterns_core::outcome::Outcome;
///
/// let outcome: Outcome<u8, std::num::ParseIntError> = "7".parse::<u8>().into();
/// assert!(outcome.is_ok());
/// assert_eq!(outcome.ok(), Some(7));
/// ```
#[derive(Debug)]
#[must_use]
pub enum Outcome<T, E> {
    /// It returned a value.
    Ok(T),
    /// It returned an error.
    Err(E),
    /// It was cancelled, for this cause.
    Cancelled(CancelCause),
    /// It panicked.
    Panicked(Panic),
}

impl<T, E> Outcome<T, E> {
    /// Whether it returned a value.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        matches!(self, Self::Ok(_))
    }

    /// Whether it was cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled(_))
    }

    /// The value, if it returned one.
    #[must_use]
    pub fn ok(self) -> Option<T> {
        match self {
            Self::Ok(value) => Some(value),
            _ => None,
        }
    }

    /// The same outcome with another value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Outcome<U, E> {
        match self {
            Self::Ok(value) => Outcome::Ok(f(value)),
            Self::Err(error) => Outcome::Err(error),
            Self::Cancelled(cause) => Outcome::Cancelled(cause),
            Self::Panicked(panic) => Outcome::Panicked(panic),
        }
    }
}

impl<T, E> From<Result<T, E>> for Outcome<T, E> {
    fn from(result: Result<T, E>) -> Self {
        match result {
            Ok(value) => Self::Ok(value),
            Err(error) => Self::Err(error),
        }
    }
}
