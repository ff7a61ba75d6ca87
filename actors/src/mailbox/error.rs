use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use patterns_core::context::Interrupt;
use patterns_core::outcome::Panic;
use thiserror::Error;

use super::Lane;
use crate::supervision::StopReason;

/// Why a message was not taken in; each variant gives it back.
///
/// # Examples
///
/// ```
/// # use actors::prelude::*;
/// # struct Idle;
/// # impl Actor for Idle { type Context = Context<Self>; }
/// # #[derive(Message, Debug, PartialEq)]
/// # #[rtype(result = "()")]
/// # struct Note(u8);
/// # impl Handler<Note> for Idle { type Result = (); fn handle(&mut self, _: Note, _: &mut Context<Self>) {} }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let system = System::start()?;
/// let idle = system.spawn(ActorConfig::named("idle").capacity(Lane::Interactive, 1), || Idle);
/// idle.try_tell(Note(1))?;
/// // Nothing has run yet, so the one place is taken.
/// let error = idle.try_tell(Note(2)).unwrap_err();
/// assert!(matches!(error, TellError::Full { .. }));
/// assert_eq!(error.into_message(), Note(2));
/// # Ok(()) }
/// ```
#[derive(Error)]
#[non_exhaustive]
pub enum TellError<M> {
    /// The lane is full, or somebody else waits for room in it. `try_tell` reports this, and a `tell` that could wait
    /// for ever, as the actor [waits for it](super#asks-that-wait-for-themselves) meanwhile.
    #[error("the {lane} lane is full")]
    Full {
        /// The message.
        message: M,
        /// The lane that had no room.
        lane: Lane,
    },
    /// The actor takes in nothing any more.
    #[error("the actor has stopped: {reason}")]
    Stopped {
        /// The message.
        message: M,
        /// Why the actor stopped, or is stopping.
        reason: StopReason,
    },
    /// The ambient token was cancelled, or the ambient deadline passed, while waiting for room.
    #[error("gave up waiting for room in the mailbox: {interrupt}")]
    Interrupted {
        /// The message.
        message: M,
        /// What ended the wait.
        interrupt: Interrupt,
    },
}

impl<M> TellError<M> {
    /// The message that was not taken in.
    pub fn into_message(self) -> M {
        match self {
            Self::Full { message, .. } | Self::Stopped { message, .. } | Self::Interrupted { message, .. } => message,
        }
    }

    /// Whether trying again later may succeed.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full { .. })
    }

    /// Whether the actor has stopped, or is about to.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        matches!(self, Self::Stopped { .. })
    }
}

/// Shows the cause; the message need not be `Debug`.
impl<M> fmt::Debug for TellError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TellError({self})")
    }
}

/// Why an ask has no answer.
///
/// Nothing here says whether the actor changed its state on the way, except that
/// [`Rejected`](Self::Rejected), [`Cycle`](Self::Cycle) and a [`TimedOut`](Self::TimedOut) without `running_for` mean
/// that the message was never handled.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum AskError {
    /// The lane is full, or somebody else waits for room in it. Only `try_ask` reports this.
    #[error("the {lane} lane is full")]
    Rejected {
        /// The lane that had no room.
        lane: Lane,
    },
    /// The ambient deadline or the actor's `ask_timeout`, whichever was earlier, passed. If the
    /// message was still queued it is not handled later either.
    #[error("no answer in time: queued for {queued_for:?}, {}", running(running_for))]
    TimedOut {
        /// How long the message waited before its handler was called, or in all.
        queued_for: Duration,
        /// How long its handler had been at it; `None` if it was never called.
        running_for: Option<Duration>,
    },
    /// The message's own handler panicked. The actor is being built anew.
    #[error("the handler {0}")]
    Panicked(#[source] Panic),
    /// The actor panicked over something else while this message's answer was under way.
    #[error("the actor was restarted before it answered: it {0}")]
    Crashed(#[source] Panic),
    /// The actor stopped before it answered, or had stopped before it was asked.
    #[error("the actor has stopped: {0}")]
    Stopped(StopReason),
    /// The handler was called and threw its duty to answer away.
    #[error("the handler dropped the reply")]
    Unanswered,
    /// The actor [waits for this very answer](super#asks-that-wait-for-themselves), so it could never give it. Nothing
    /// was sent.
    #[error("asking would wait for itself: {}", path.join(" -> "))]
    Cycle {
        /// The names of the actors on the way from the one that waits, back to it.
        path: Vec<Arc<str>>,
    },
    /// The ambient token was cancelled.
    #[error("gave up waiting for the answer: {0}")]
    Interrupted(#[source] Interrupt),
}

impl AskError {
    /// Whether time ran out, in the queue or in the handler.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::TimedOut { .. })
    }

    /// Whether the actor has stopped, or is about to.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        matches!(self, Self::Stopped(_))
    }

    /// Whether the actor waits for this very answer.
    #[must_use]
    pub fn is_cycle(&self) -> bool {
        matches!(self, Self::Cycle { .. })
    }

    /// The panic that is to blame, if one is.
    #[must_use]
    pub fn panic(&self) -> Option<&Panic> {
        match self {
            Self::Panicked(panic) | Self::Crashed(panic) => Some(panic),
            _ => None,
        }
    }
}

fn running(running_for: &Option<Duration>) -> String {
    running_for.map_or_else(|| "never handled".to_owned(), |time| format!("in its handler for {time:?}"))
}
