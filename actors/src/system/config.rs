use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Lane;
use crate::dead_letters::DeadLetterConfig;
use crate::mailbox::MailboxConfig;
use crate::supervision::RestartConfig;

/// How one actor is run.
///
/// # Defaults
///
/// Named `actor`; the defaults of [`MailboxConfig`] and [`RestartConfig`]; asks are answered within 30 s,
/// stopping takes at most 10 s.
///
/// # Examples
///
/// ```
/// use actors::{ActorConfig, Lane};
/// use std::time::Duration;
///
/// let config = ActorConfig::named("pool").capacity(Lane::Interactive, 16).ask_timeout(Duration::from_secs(2));
/// assert_eq!(config.name, "pool");
/// assert_eq!(config.mailbox.interactive.get(), 16);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ActorConfig {
    /// What it is called in status, errors and dead letters. Need not be unique.
    pub name: String,
    /// Its lanes.
    pub mailbox: MailboxConfig,
    /// What happens when it panics.
    pub restart: RestartConfig,
    /// How long an ask may take, from the call to the answer, unless the asker's own deadline is
    /// earlier.
    #[serde(with = "patterns_core::settings::duration")]
    pub ask_timeout: Duration,
    /// How long it may take to handle what is in its mailbox when it is to stop.
    #[serde(with = "patterns_core::settings::duration")]
    pub stop_timeout: Duration,
}

impl Default for ActorConfig {
    fn default() -> Self {
        Self::named("actor")
    }
}

impl ActorConfig {
    /// The defaults, under this name.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            mailbox: MailboxConfig::default(),
            restart: RestartConfig::default(),
            ask_timeout: Duration::from_secs(30),
            stop_timeout: Duration::from_secs(10),
        }
    }

    /// This configuration with other lanes.
    #[must_use]
    pub fn mailbox(mut self, mailbox: MailboxConfig) -> Self {
        self.mailbox = mailbox;
        self
    }

    /// This configuration with another bound for `lane`, in messages.
    ///
    /// # Panics
    ///
    /// If `messages` is 0: such a lane would refuse everything.
    #[must_use]
    pub fn capacity(mut self, lane: Lane, messages: usize) -> Self {
        self.mailbox = self.mailbox.capacity(lane, messages);
        self
    }

    /// This configuration with another answer to panics.
    #[must_use]
    pub fn restart(mut self, restart: RestartConfig) -> Self {
        self.restart = restart;
        self
    }

    /// This configuration with another limit for asks.
    #[must_use]
    pub fn ask_timeout(mut self, timeout: Duration) -> Self {
        self.ask_timeout = timeout;
        self
    }

    /// This configuration with another limit for stopping.
    #[must_use]
    pub fn stop_timeout(mut self, timeout: Duration) -> Self {
        self.stop_timeout = timeout;
        self
    }
}

/// How a [`System`](crate::System) is run.
///
/// # Defaults
///
/// Named `actors`; on the caller's thread where its runtime has one thread only, else on a thread of
/// its own; the defaults of [`DeadLetterConfig`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct SystemConfig {
    /// What the system is called; its thread has this name too.
    pub name: String,
    /// Whether the actors get a thread of their own in any case.
    pub own_thread: bool,
    /// How many dead letters are kept.
    pub dead_letters: DeadLetterConfig,
}

impl Default for SystemConfig {
    fn default() -> Self {
        Self { name: "actors".to_owned(), own_thread: false, dead_letters: DeadLetterConfig::default() }
    }
}
