use crate::context::Interrupt;

/// Why no permit was acquired.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AcquireError {
    /// Not now, and `try_acquire` doesn't wait: too few are free, or others are in line for them.
    #[error("no permit is free")]
    NoPermits,
    /// More permits than there are; also told to one that waits when the limit is lowered below what it wants.
    #[error("asked for {asked} permits, but the semaphore's limit is {limit}")]
    ExceedsLimit {
        /// Permits asked for.
        asked: usize,
        /// The semaphore's limit now.
        limit: usize,
    },
    /// The semaphore was closed, before or while waiting.
    #[error("the semaphore is closed")]
    Closed,
    /// The wait ended early, as the ambient token was cancelled or the ambient deadline passed.
    #[error("interrupted while waiting for a permit")]
    Interrupted(#[source] Interrupt),
}

impl AcquireError {
    /// Whether there was none at the moment.
    #[must_use]
    pub fn is_no_permits(&self) -> bool {
        matches!(self, Self::NoPermits)
    }

    /// Whether more was asked for than there is.
    #[must_use]
    pub fn is_exceeds_limit(&self) -> bool {
        matches!(self, Self::ExceedsLimit { .. })
    }

    /// Whether the semaphore is closed.
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

/// Settings that make no semaphore or limit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A grace of zero would revoke every offer before it can be taken.
    #[error("a semaphore's grace must be longer than zero")]
    ZeroGrace,
    /// The limits are not in order.
    #[error("an adaptive limit needs 1 <= min <= initial <= max, not {min} <= {initial} <= {max}")]
    LimitsOutOfOrder {
        /// The lowest limit.
        min: usize,
        /// The limit to begin with.
        initial: usize,
        /// The highest limit.
        max: usize,
    },
    /// An algorithm's number is out of its range.
    #[error("{name} must be {expected}, not {value}")]
    OutOfRange {
        /// Which number.
        name: &'static str,
        /// What it was.
        value: String,
        /// What it may be.
        expected: &'static str,
    },
}
