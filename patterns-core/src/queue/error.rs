use super::store::Entry;
use std::fmt;

use crate::context::Interrupt;

/// Why an item was not put; it is in here.
///
/// # Examples
///
/// ```
/// use patterns_core::queue::{PutError, WorkQueue};
///
/// let queue = WorkQueue::bounded(1);
/// queue.try_put("a").unwrap();
/// let error = queue.try_put("b").unwrap_err();
/// assert!(matches!(error, PutError::Full(_)));
/// assert_eq!(error.to_string(), "the queue is full");
/// assert_eq!(error.into_inner(), "b");
/// ```
#[non_exhaustive]
pub enum PutError<T> {
    /// The queue was full, and its overflow policy, or `try_put`, doesn't wait.
    Full(T),
    /// The queue takes nothing any more.
    Closed(T),
    /// The wait for room ended early, as the ambient token was cancelled or the ambient deadline
    /// passed.
    Interrupted(T, Interrupt),
}

impl<T> PutError<T> {
    /// The item that was not put.
    #[must_use]
    pub fn into_inner(self) -> T {
        match self {
            Self::Full(item) | Self::Closed(item) | Self::Interrupted(item, _) => item,
        }
    }

    /// Whether the queue was full.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full(_))
    }

    /// Whether the queue takes nothing any more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed(_))
    }

    /// Whether the wait for room was interrupted.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Interrupted(..))
    }
}

/// Shows the cause, not the item: `T` need not be `Debug` for `?` and `unwrap` to work.
impl<T> fmt::Debug for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(_) => f.write_str("Full(..)"),
            Self::Closed(_) => f.write_str("Closed(..)"),
            Self::Interrupted(_, interrupt) => write!(f, "Interrupted(.., {interrupt:?})"),
        }
    }
}

impl<T> fmt::Display for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(_) => f.write_str("the queue is full"),
            Self::Closed(_) => f.write_str("the queue is closed"),
            Self::Interrupted(..) => f.write_str("interrupted while waiting for room in the queue"),
        }
    }
}

impl<T> std::error::Error for PutError<T> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Interrupted(_, interrupt) => Some(interrupt),
            Self::Full(_) | Self::Closed(_) => None,
        }
    }
}

/// Why there is no job.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GetError {
    /// No item waits now; only [`try_get`](super::WorkQueue::try_get) says so.
    #[error("the queue is empty")]
    Empty,
    /// The queue is closed and no item will come any more.
    #[error("the queue is closed and empty")]
    Closed,
    /// The wait ended early, as the ambient token was cancelled or the ambient deadline passed.
    #[error("interrupted while waiting for an item")]
    Interrupted(#[source] Interrupt),
}

impl GetError {
    /// Whether no item will come any more: the usual end of a worker's loop.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed)
    }

    /// Whether no item waits now.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// Whether the wait was interrupted.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Interrupted(_))
    }
}

/// A queue that was not built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The bound was zero: nothing could ever be put.
    #[error("a queue's bound must be at least 1")]
    ZeroBound,
    /// [`OnDrop::Requeue`](super::OnDrop::Requeue) allowed no attempt at all.
    #[error("on_drop must allow at least 1 attempt")]
    ZeroAttempts,
}

impl<T> PutError<Entry<T>> {
    /// The same error with the bare item.
    pub(super) fn bare(self) -> PutError<T> {
        match self {
            Self::Full(entry) => PutError::Full(entry.item),
            Self::Closed(entry) => PutError::Closed(entry.item),
            Self::Interrupted(entry, interrupt) => PutError::Interrupted(entry.item, interrupt),
        }
    }
}
