use std::fmt;
use std::time::Duration;

use actors::scheduler::{CatchUp, Overlap};

use super::file::time;

/// When a site is checked, and what happens to checks that can't begin when they are due.
///
/// Displays in short: `every 6h`, `0 3 * * * Europe/Berlin`, `by hand`.
///
/// # Examples
///
/// ```
/// use actors::scheduler::{CatchUp, Overlap};
/// use sitewatch::service::config::{ScheduleConfig, When};
/// use std::time::Duration;
///
/// let when = When::Every(Duration::from_secs(6 * 3600));
/// let schedule =
///     ScheduleConfig { when, jitter: Duration::ZERO, overlap: Overlap::Skip, catch_up: CatchUp::Latest };
/// assert_eq!(schedule.to_string(), "every 6h");
/// assert!(schedule.is_scheduled() && !schedule.queues());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ScheduleConfig {
    /// The instants at which it is due.
    pub when: When,
    /// Each check begins less than this after it is due.
    pub jitter: Duration,
    /// What happens when a check is due and the one before has not ended.
    pub overlap: Overlap,
    /// What happens to checks that were due while nobody looked.
    pub catch_up: CatchUp,
}

/// The instants at which a site is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// So long after one another.
    Every(Duration),
    /// By the clocks of a place.
    Cron {
        /// A cron expression, which comes at least once more.
        expression: String,
        /// The IANA name of the time zone.
        time_zone: String,
    },
    /// Only when somebody asks.
    ByHand,
}

impl ScheduleConfig {
    /// Whether it is checked without anybody asking.
    #[must_use]
    pub fn is_scheduled(&self) -> bool {
        self.when != When::ByHand
    }

    /// Whether a check that is asked for while another one runs is made, and not skipped.
    #[must_use]
    pub fn queues(&self) -> bool {
        self.overlap != Overlap::Skip
    }
}

impl fmt::Display for ScheduleConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.when {
            When::Every(period) => write!(f, "every {}", time::text_of(*period)),
            When::Cron { expression, time_zone } => write!(f, "{expression} {time_zone}"),
            When::ByHand => f.write_str("by hand"),
        }
    }
}
