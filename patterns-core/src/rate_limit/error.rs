use std::time::Duration;

use crate::context::Interrupt;

/// Why units were not acquired; none were used.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AcquireError {
    /// Not now, and `try_acquire` doesn't wait.
    #[error("over the rate limit for another {wait:?}")]
    NotYet {
        /// When it would succeed, if nobody else came and nobody left the line.
        wait: Duration,
    },
    /// More units than the quota ever admits at once.
    #[error("asked for {asked} units, but the quota's burst is {burst}")]
    ExceedsBurst {
        /// Units asked for.
        asked: u32,
        /// The quota's burst: at the call, or since [`set_quota`](super::RateLimiter::set_quota) lowered it.
        burst: u32,
    },
    /// A keyed limiter has no room for one more key.
    #[error(transparent)]
    TooManyKeys(#[from] TooManyKeys),
    /// The wait ended early, as the ambient token was cancelled or the ambient deadline passed.
    #[error("interrupted while waiting for the rate limit")]
    Interrupted(#[source] Interrupt),
}

impl AcquireError {
    /// When to try again, where that is known.
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        match self {
            Self::NotYet { wait } => Some(*wait),
            _ => None,
        }
    }

    /// Whether more was asked for than is ever admitted at once.
    #[must_use]
    pub fn is_exceeds_burst(&self) -> bool {
        matches!(self, Self::ExceedsBurst { .. })
    }

    /// Whether the wait was interrupted.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Interrupted(_))
    }
}

/// A keyed limiter tracks as many keys as it may, and each of them is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the rate limiter tracks {max_keys} keys, the most it may, and all are in use")]
#[non_exhaustive]
pub struct TooManyKeys {
    /// The most keys that it may track.
    pub max_keys: usize,
}
