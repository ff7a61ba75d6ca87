use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::report::Grouped;
use crate::report::text::plural;

/// How a [`Notifier`](super::Notifier) is, for people. Counts are since it was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotifierStatus {
    /// Its channels, by name.
    pub channels: BTreeMap<String, ChannelStatus>,
}

/// How a channel is.
///
/// # Examples
///
/// ```
/// use sitewatch::notify::ChannelStatus;
///
/// let mut status = ChannelStatus { sent: 1_200, ..ChannelStatus::default() };
/// assert_eq!(status.to_string(), "0 waiting, 1,200 sent");
/// status.waiting = 2;
/// status.failed = 1;
/// status.last_error = Some("example.org did not take it: 503 Service Unavailable".to_owned());
/// status.next = Some("2026-11-26T15:00:30Z".parse()?);
/// assert_eq!(
///     status.to_string(),
///     "2 waiting, 1,200 sent, 1 attempt failed, next at 2026-11-26T15:00:30Z: \
///      example.org did not take it: 503 Service Unavailable"
/// );
/// # Ok::<(), jiff::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChannelStatus {
    /// Notices that were due when it last looked; it looks at 50 at most.
    pub waiting: u64,
    /// Notices that were taken.
    pub sent: u64,
    /// Attempts in vain, each with one notice or several.
    pub failed: u64,
    /// Notices that were given up.
    pub given_up: u64,
    /// What was wrong with the latest attempt; nothing if it went well.
    pub last_error: Option<String>,
    /// Why the outbox can't be looked at or written to; nothing while it can.
    pub outbox_error: Option<String>,
    /// When it tries next, if it waits for that.
    pub next: Option<Timestamp>,
}

impl fmt::Display for ChannelStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} waiting, {} sent", Grouped(self.waiting), Grouped(self.sent))?;
        if self.failed > 0 {
            write!(f, ", {}", plural(self.failed, "attempt failed", "attempts failed"))?;
        }
        if self.given_up > 0 {
            write!(f, ", {} given up", Grouped(self.given_up))?;
        }
        if let Some(next) = self.next {
            write!(f, ", next at {next}")?;
        }
        for error in [&self.outbox_error, &self.last_error].into_iter().flatten() {
            write!(f, ": {error}")?;
        }
        Ok(())
    }
}
