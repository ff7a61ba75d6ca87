use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How often and how fast a panicking actor is built anew.
///
/// The pause before a restart doubles with every panic within `window`, from `backoff` up to
/// `max_backoff`, and a random part of it, up to half, is left out so that actors that failed
/// together do not come back together. One panic more than `max_restarts` within `window` ends the actor:
/// what is still queued becomes dead letters, and the failure is [escalated](super::Escalation).
///
/// A message that was [sent to be retried](crate::Handle::tell_retried) is handled again after a restart, until
/// `max_crashes` incarnations have panicked over it. Keep that number at `max_restarts` or below: else such a message
/// ends the actor.
///
/// # Defaults
///
/// 5 restarts within 10 s, pauses from 50 ms to 5 s; 3 crashes over one message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RestartConfig {
    /// How many restarts are tolerated within `window`; 0 means that the first panic ends the actor.
    pub max_restarts: u32,
    /// How long a panic counts.
    #[serde(with = "patterns_core::settings::duration")]
    pub window: Duration,
    /// The longest pause before the first restart.
    #[serde(with = "patterns_core::settings::duration")]
    pub backoff: Duration,
    /// The longest pause before any restart.
    #[serde(with = "patterns_core::settings::duration")]
    pub max_backoff: Duration,
    /// How many incarnations a message that is retried may crash, before it is a dead letter.
    pub max_crashes: NonZeroU32,
}

impl Default for RestartConfig {
    fn default() -> Self {
        Self {
            max_restarts: 5,
            window: Duration::from_secs(10),
            backoff: Duration::from_millis(50),
            max_backoff: Duration::from_secs(5),
            max_crashes: const { NonZeroU32::new(3).expect("3 is not 0") },
        }
    }
}

impl RestartConfig {
    /// An actor that its first panic ends.
    #[must_use]
    pub fn never() -> Self {
        Self { max_restarts: 0, ..Self::default() }
    }

    /// This configuration with another number of tolerated restarts.
    #[must_use]
    pub fn max_restarts(mut self, restarts: u32) -> Self {
        self.max_restarts = restarts;
        self
    }

    /// This configuration with another time for which a panic counts.
    #[must_use]
    pub fn window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// This configuration with other pauses: the longest before the first restart, and before any.
    #[must_use]
    pub fn backoff(mut self, first: Duration, max: Duration) -> Self {
        self.backoff = first;
        self.max_backoff = max;
        self
    }

    /// This configuration with another number of crashes over one message that is retried.
    ///
    /// # Panics
    ///
    /// If `crashes` is 0: such a message could never be handled.
    #[must_use]
    pub fn max_crashes(mut self, crashes: u32) -> Self {
        self.max_crashes = NonZeroU32::new(crashes).expect("a message needs one try at least");
        self
    }
}
