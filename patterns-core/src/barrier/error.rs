use std::borrow::Cow;

use crate::context::Interrupt;

/// Why a party was not let go with the others.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BarrierError {
    /// The barrier was [broken](super::Barrier::break_with), for this reason, before or while waiting.
    #[error("the barrier is broken: {0}")]
    Broken(Cow<'static, str>),
    /// The wait ended early, as the ambient token was cancelled or the ambient deadline passed. The party has left.
    #[error("interrupted while waiting at the barrier")]
    Interrupted(#[source] Interrupt),
}

impl BarrierError {
    /// Whether the barrier is broken.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        matches!(self, Self::Broken(_))
    }

    /// Whether the wait was interrupted.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Interrupted(_))
    }
}
