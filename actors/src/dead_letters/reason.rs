use std::fmt;

use patterns_core::outcome::Panic;
use serde::Serialize;

use crate::supervision::StopReason;

/// Why a message that was taken in was not handled to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeadReason {
    /// The actor panicked over it, or over something else while its answer was under way.
    Panicked(Panic),
    /// It was [sent to be retried](crate::Handle::tell_retried), and as many incarnations as it may have panicked over
    /// it, the last one like this.
    Poison(Panic),
    /// It was an ask whose deadline passed while it was queued.
    Expired,
    /// It was an ask whose caller had gone while it was queued.
    Abandoned,
    /// The actor stopped before its turn came.
    Stopped(StopReason),
    /// The actor was draining, and the deadline for that passed first.
    DrainTimeout,
}

impl DeadReason {
    /// The reason without its particulars.
    #[must_use]
    pub fn kind(&self) -> DeadKind {
        match self {
            Self::Panicked(_) => DeadKind::Panicked,
            Self::Poison(_) => DeadKind::Poison,
            Self::Expired => DeadKind::Expired,
            Self::Abandoned => DeadKind::Abandoned,
            Self::Stopped(_) => DeadKind::Stopped,
            Self::DrainTimeout => DeadKind::DrainTimeout,
        }
    }
}

impl fmt::Display for DeadReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked(panic) => panic.fmt(f),
            Self::Poison(panic) => write!(f, "too many incarnations failed over it, the last one {panic}"),
            Self::Expired => f.write_str("expired in the queue"),
            Self::Abandoned => f.write_str("its asker had gone"),
            Self::Stopped(reason) => write!(f, "the actor stopped first: {reason}"),
            Self::DrainTimeout => f.write_str("the time for draining was over"),
        }
    }
}

/// The kinds of [reasons](DeadReason) for which messages are lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeadKind {
    /// [`DeadReason::Panicked`].
    Panicked,
    /// [`DeadReason::Poison`].
    Poison,
    /// [`DeadReason::Expired`].
    Expired,
    /// [`DeadReason::Abandoned`].
    Abandoned,
    /// [`DeadReason::Stopped`].
    Stopped,
    /// [`DeadReason::DrainTimeout`].
    DrainTimeout,
}

impl DeadKind {
    pub(super) const COUNT: usize = 6;

    pub(super) fn index(self) -> usize {
        self as usize
    }

    /// As it stands in metrics and status: `drain_timeout`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Panicked => "panicked",
            Self::Poison => "poison",
            Self::Expired => "expired",
            Self::Abandoned => "abandoned",
            Self::Stopped => "stopped",
            Self::DrainTimeout => "drain_timeout",
        }
    }
}

impl fmt::Display for DeadKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
