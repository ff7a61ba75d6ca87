use std::any::Any;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use patterns_core::outcome::Panic;
use tokio::time::Instant;

use crate::supervision::StopReason;

/// Why a message that was taken in was not handled to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeadReason {
    /// The actor panicked over it, or over something else while its answer was under way.
    Panicked(Panic),
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
    pub(super) const KINDS: usize = 5;

    pub(super) fn kind(&self) -> usize {
        match self {
            Self::Panicked(_) => 0,
            Self::Expired => 1,
            Self::Abandoned => 2,
            Self::Stopped(_) => 3,
            Self::DrainTimeout => 4,
        }
    }
}

impl fmt::Display for DeadReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked(panic) => panic.fmt(f),
            Self::Expired => f.write_str("expired in the queue"),
            Self::Abandoned => f.write_str("its asker had gone"),
            Self::Stopped(reason) => write!(f, "the actor stopped first: {reason}"),
            Self::DrainTimeout => f.write_str("the time for draining was over"),
        }
    }
}

/// A message that was taken in and not handled to its end.
pub struct DeadLetter {
    pub(super) actor: Arc<str>,
    pub(super) incarnation: u64,
    pub(super) message_type: &'static str,
    pub(super) reason: DeadReason,
    pub(super) at: Instant,
    pub(super) message: Mutex<Option<Box<dyn Any + Send>>>,
}

impl DeadLetter {
    /// The name of the actor that it was sent to.
    #[must_use]
    pub fn actor(&self) -> &str {
        &self.actor
    }

    /// Which incarnation of the actor it was lost to; 1 is the first, 0 means before the first.
    #[must_use]
    pub fn incarnation(&self) -> u64 {
        self.incarnation
    }

    /// The type of the message, as [`std::any::type_name`] writes it.
    #[must_use]
    pub fn message_type(&self) -> &'static str {
        self.message_type
    }

    /// Why it was lost.
    #[must_use]
    pub fn reason(&self) -> &DeadReason {
        &self.reason
    }

    /// When it was lost.
    #[must_use]
    pub fn at(&self) -> Instant {
        self.at
    }

    /// Takes the message out, to send it again.
    ///
    /// `None` if it is of another type, was taken before, or had been consumed by its handler (which
    /// is so when the handler panicked).
    pub fn take<M: Send + 'static>(&self) -> Option<M> {
        let mut slot = self.message.lock();
        match slot.take()?.downcast() {
            Ok(message) => Some(*message),
            Err(other) => {
                *slot = Some(other);
                None
            }
        }
    }
}

impl fmt::Debug for DeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadLetter")
            .field("actor", &self.actor)
            .field("incarnation", &self.incarnation)
            .field("message_type", &self.message_type)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for DeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} for {}#{}: {}", self.message_type, self.actor, self.incarnation, self.reason)
    }
}
