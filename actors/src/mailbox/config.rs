use std::num::NonZeroUsize;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Lane;

/// How many messages a mailbox takes, and how many of them an actor may handle in one go.
///
/// A lane's memory (24 bytes per place) is taken when it is first used. A turn ends with its last message or with its
/// time, whichever comes first; a handler is never interrupted, so a turn can be too long by one message, and where
/// quick messages are followed by slow ones, by up to eight.
///
/// # Defaults
///
/// 64 places for control, 256 for interactive, 256 for batch; 128 messages or 1 ms per turn.
///
/// # Examples
///
/// ```
/// use actors::mailbox::MailboxConfig;
/// use actors::Lane;
///
/// let config = MailboxConfig::default().capacity(Lane::Batch, 16);
/// assert_eq!(config.batch.get(), 16);
/// assert_eq!(config.interactive.get(), 256);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct MailboxConfig {
    /// The bound of the control lane, in messages.
    pub control: NonZeroUsize,
    /// The bound of the interactive lane, in messages.
    pub interactive: NonZeroUsize,
    /// The bound of the batch lane, in messages.
    pub batch: NonZeroUsize,
    /// How many messages the actor handles before it lets others run.
    pub turn: NonZeroUsize,
    /// For how long the actor handles messages before it lets others run. Zero means: for one message.
    #[serde(with = "patterns_core::settings::duration")]
    pub turn_time: Duration,
}

const fn at_least_one(n: usize) -> NonZeroUsize {
    match NonZeroUsize::new(n) {
        Some(n) => n,
        None => panic!("a lane or a turn of 0 messages could never handle any"),
    }
}

impl Default for MailboxConfig {
    fn default() -> Self {
        Self {
            control: at_least_one(64),
            interactive: at_least_one(256),
            batch: at_least_one(256),
            turn: at_least_one(128),
            turn_time: Duration::from_millis(1),
        }
    }
}

impl MailboxConfig {
    /// This configuration with another bound for `lane`, in messages.
    ///
    /// # Panics
    ///
    /// If `messages` is 0: such a lane would refuse everything.
    #[must_use]
    pub fn capacity(mut self, lane: Lane, messages: usize) -> Self {
        let places = at_least_one(messages);
        match lane {
            Lane::Control => self.control = places,
            Lane::Interactive => self.interactive = places,
            Lane::Batch => self.batch = places,
        }
        self
    }

    /// This configuration with another number of messages per turn.
    ///
    /// # Panics
    ///
    /// If `messages` is 0: such an actor would handle nothing.
    #[must_use]
    pub fn turn(mut self, messages: usize) -> Self {
        self.turn = at_least_one(messages);
        self
    }

    /// This configuration with another time per turn.
    #[must_use]
    pub fn turn_time(mut self, time: Duration) -> Self {
        self.turn_time = time;
        self
    }

    pub(crate) fn of(&self, lane: Lane) -> usize {
        match lane {
            Lane::Control => self.control,
            Lane::Interactive => self.interactive,
            Lane::Batch => self.batch,
        }
        .get()
    }
}
