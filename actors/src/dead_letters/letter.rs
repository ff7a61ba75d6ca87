use std::any::{Any, type_name};
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use patterns_core::outcome::Panic;
use tokio::time::Instant;

use super::DeadReason;

/// A panic over a message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Crash {
    /// Which incarnation of the actor it ended; 1 is the first.
    pub incarnation: u64,
    /// What it said, and where.
    pub panic: Panic,
    /// When it was.
    pub at: Instant,
}

/// What is said of a message by whoever loses it.
pub(crate) struct Loss {
    pub(super) message_type: &'static str,
    pub(super) reason: DeadReason,
    pub(super) message: Option<Box<dyn Any + Send>>,
    pub(super) history: Vec<Crash>,
}

impl Loss {
    pub(crate) fn new(message_type: &'static str, reason: DeadReason) -> Self {
        Self { message_type, reason, message: None, history: Vec::new() }
    }

    pub(crate) fn of<M>(reason: DeadReason) -> Self {
        Self::new(type_name::<M>(), reason)
    }

    pub(crate) fn with_message<M: Send + 'static>(mut self, message: M) -> Self {
        self.message = Some(Box::new(message));
        self
    }

    pub(crate) fn with_history(mut self, history: Vec<Crash>) -> Self {
        self.history = history;
        self
    }
}

/// A message that was taken in and not handled to its end.
pub struct DeadLetter {
    actor: Arc<str>,
    incarnation: u64,
    message_type: &'static str,
    reason: DeadReason,
    history: Vec<Crash>,
    at: Instant,
    message: Mutex<Option<Box<dyn Any + Send>>>,
}

impl DeadLetter {
    pub(super) fn new(actor: Arc<str>, incarnation: u64, loss: Loss) -> Self {
        let Loss { message_type, reason, message, mut history } = loss;
        let at = Instant::now();
        if let DeadReason::Panicked(panic) = &reason
            && history.is_empty()
        {
            history.push(Crash { incarnation, panic: panic.clone(), at });
        }
        Self { actor, incarnation, message_type, reason, history, at, message: Mutex::new(message) }
    }

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

    /// The panics over it, one for each incarnation that it ended, oldest first. A message that was not
    /// [sent to be retried](crate::Handle::tell_retried) has one at most.
    #[must_use]
    pub fn history(&self) -> &[Crash] {
        &self.history
    }

    /// When it was lost.
    #[must_use]
    pub fn at(&self) -> Instant {
        self.at
    }

    /// Takes the message out, to send it again.
    ///
    /// `None` if it is of another type, was taken before, or had been consumed by its handler (which
    /// is so when the handler panicked, unless it was [sent to be retried](crate::Handle::tell_retried)).
    /// See [`DeadLetters::replay`](super::DeadLetters::replay) for many of them.
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

    /// Puts a message back that was taken out.
    pub(super) fn put_back<M: Send + 'static>(&self, message: M) {
        let message: Box<dyn Any + Send> = Box::new(message);
        let before = self.message.lock().replace(message);
        // Only if two did so at once; its destructor is user code.
        drop(before);
    }

    pub(super) fn has_message(&self) -> bool {
        self.message.lock().is_some()
    }

    /// Whether it has a message, or had one, of this type.
    pub(super) fn is_of<M: 'static>(&self) -> bool {
        match &*self.message.lock() {
            Some(message) => message.is::<M>(),
            None => self.message_type == type_name::<M>(),
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
        write!(f, "{} for {}#{}: {}", self.message_type, self.actor, self.incarnation, self.reason)?;
        if self.history.len() > 1 {
            write!(f, " ({} crashes)", self.history.len())?;
        }
        Ok(())
    }
}
