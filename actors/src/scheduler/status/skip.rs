use std::fmt;

use jiff::Timestamp;
use tokio::time::Instant;

/// An instant at which nothing was started on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skip {
    /// When it was due.
    pub due: Instant,
    /// The instant, by which [`explain`](super::super::ScheduleHandle::explain) knows it.
    pub at: Timestamp,
    /// Why nothing was started.
    pub reason: SkipReason,
}

impl Skip {
    pub(in crate::scheduler) fn new(due: Instant, at: Timestamp, reason: SkipReason) -> Self {
        Self { due, at, reason }
    }
}

/// Why nothing was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SkipReason {
    /// Earlier runs had not ended, and no more may overlap.
    Overlap {
        /// How many there were.
        running: usize,
        /// When the oldest of them was started.
        since: Instant,
    },
    /// As many as may wait for an earlier run to end waited already.
    QueueFull {
        /// How many that were.
        waiting: usize,
    },
    /// A newer one took its place, while it waited for an earlier run to stop.
    Superseded,
    /// The schedule was paused.
    Paused,
    /// The schedule had ended when its turn came.
    Ended,
    /// Another scheduler with the same store runs it, or has run it.
    Elsewhere,
    /// Somebody had the store [forget](super::super::Scheduler::forget) the schedule.
    Forgotten,
    /// A scheduler that was closed had left it to the next one, which came too late for it.
    Late,
    /// The store did not commit it before the scheduler was stopped. The next one will find it due.
    Uncommitted,
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overlap { running: 1, .. } => f.write_str("the run before had not ended"),
            Self::Overlap { running, .. } => write!(f, "{running} runs had not ended"),
            Self::QueueFull { waiting } => write!(f, "{waiting} others waited for the run before to end"),
            Self::Superseded => f.write_str("a newer one came while it waited for the run before to stop"),
            Self::Paused => f.write_str("the schedule was paused"),
            Self::Ended => f.write_str("the schedule had ended"),
            Self::Elsewhere => f.write_str("another scheduler runs it"),
            Self::Forgotten => f.write_str("the store had been told to forget the schedule"),
            Self::Late => f.write_str("a scheduler that was closed had left it, and it was too late for the next one"),
            Self::Uncommitted => f.write_str("the store had not committed it when the scheduler was stopped"),
        }
    }
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SkipReason::Overlap { running, since } = self.reason else {
            return write!(f, "skipped: {}", self.reason);
        };
        let age = self.due.saturating_duration_since(since);
        match running {
            1 => write!(f, "skipped: the run before had been going for {age:?}"),
            n => write!(f, "skipped: {n} runs had not ended, the oldest of them going for {age:?}"),
        }
    }
}
