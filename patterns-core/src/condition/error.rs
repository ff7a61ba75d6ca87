use std::fmt;

use crate::context::Interrupt;

/// Why an item was not put; it is in here.
///
/// # Examples
///
/// ```
/// use patterns_core::condition::{Buffer, PutError};
///
/// let buffer = Buffer::new(1);
/// buffer.try_put("a").unwrap();
/// let error = buffer.try_put("b").unwrap_err();
/// assert!(matches!(error, PutError::Full(_)));
/// assert_eq!(error.to_string(), "the buffer is full");
/// assert_eq!(error.into_inner(), "b");
/// ```
#[non_exhaustive]
pub enum PutError<T> {
    /// There was no room; only [`try_put`](super::Buffer::try_put) says so.
    Full(T),
    /// The buffer takes nothing any more.
    Closed(T),
    /// The wait for room ended early, as the ambient token was cancelled or the ambient deadline passed.
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

    /// Whether there was no room.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full(_))
    }

    /// Whether the buffer takes nothing any more.
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
            Self::Full(_) => f.write_str("the buffer is full"),
            Self::Closed(_) => f.write_str("the buffer is closed"),
            Self::Interrupted(..) => f.write_str("interrupted while waiting for room in the buffer"),
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

/// Why no item was got.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GetError {
    /// There is none now; only [`try_get`](super::Buffer::try_get) says so.
    #[error("the buffer is empty")]
    Empty,
    /// The buffer is closed and empty: there will be none.
    #[error("the buffer is closed and empty")]
    Closed,
    /// The wait ended early, as the ambient token was cancelled or the ambient deadline passed.
    #[error("interrupted while waiting for an item")]
    Interrupted(#[source] Interrupt),
}

impl GetError {
    /// Whether there is none now.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// Whether there will be none: the usual end of a consumer's loop.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed)
    }

    /// Whether the wait was interrupted.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Interrupted(_))
    }
}
