//! How work ended: ok, error, cancelled or panicked; one task, or many of them as a tree.
//!
//! [`Outcome`] is how one piece of work ended. [`TaskFailed`] is how a task failed: with its path,
//! its spawn place and how long it ran. [`ErrorGroup`] is all that failed under one
//! [`TaskGroup`](crate::task_group::TaskGroup), in the shape in which the groups were nested.
//!
//! In the book: [outcome](../../../book/outcome.html).
mod error_group;
mod failed;
mod told;
mod tree;

use crate::cancel::CancelCause;

pub use crate::panics::{CatchPanics, Panic, catch_panic, catch_panics};
pub(crate) use error_group::next_number;
pub use error_group::{ErrorGroup, Leaves, Node};
pub(crate) use failed::Why;
pub use failed::{FailureKind, TaskFailed};
pub(crate) use told::{cancellation, is_told_to_stop};
pub use tree::Tree;

/// Any error: what the body of a group may return, and what `?` makes of every other error.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

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
///
/// let outcome: Outcome<u8, std::num::ParseIntError> = "seven".parse::<u8>().into();
/// assert!(outcome.is_err());
/// assert_eq!(outcome.err().unwrap().to_string(), "invalid digit found in string");
/// ```
#[derive(Clone, Debug)]
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

    /// Whether it returned an error.
    #[must_use]
    pub fn is_err(&self) -> bool {
        matches!(self, Self::Err(_))
    }

    /// Whether it was cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled(_))
    }

    /// Whether it panicked.
    #[must_use]
    pub fn is_panicked(&self) -> bool {
        matches!(self, Self::Panicked(_))
    }

    /// The value, if it returned one.
    #[must_use]
    pub fn ok(self) -> Option<T> {
        match self {
            Self::Ok(value) => Some(value),
            _ => None,
        }
    }

    /// The error, if it returned one.
    #[must_use]
    pub fn err(self) -> Option<E> {
        match self {
            Self::Err(error) => Some(error),
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

    /// The same outcome with another error.
    pub fn map_err<G>(self, f: impl FnOnce(E) -> G) -> Outcome<T, G> {
        match self {
            Self::Ok(value) => Outcome::Ok(value),
            Self::Err(error) => Outcome::Err(f(error)),
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
