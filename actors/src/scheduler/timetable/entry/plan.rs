//! What goes into an entry, and what is left of it.

use std::sync::OnceLock;

use jiff::Timestamp;
use tokio::sync::Notify;

use super::super::super::clock::Timeline;
use super::super::super::policy::Policy;
use super::super::super::rule::Rule;
use super::super::super::store::{FiringOutcome, FiringRecord};
use super::super::super::{FailureKind, RunEnd, ScheduleStatus};
use super::super::story::{Outlook, Story};

/// A schedule that is to be entered.
#[derive(Debug)]
pub(in crate::scheduler) struct Plan {
    pub(in crate::scheduler) rule: Rule,
    pub(in crate::scheduler) timeline: Timeline,
    /// The first instant from which on it is to look.
    pub(in crate::scheduler) first: Option<Timestamp>,
    pub(in crate::scheduler) policy: Policy,
    /// How many runs there are to be; `None`: no end.
    pub(in crate::scheduler) times: Option<u64>,
    /// Whether it begins with a pause.
    pub(in crate::scheduler) paused: bool,
    /// What the store knows of it, if it is durable.
    pub(in crate::scheduler) stored: Option<Stored>,
}

/// What the store knows of a schedule.
#[derive(Debug)]
pub(in crate::scheduler) struct Stored {
    pub(in crate::scheduler) last: Option<Timestamp>,
    pub(in crate::scheduler) runs: u64,
    pub(in crate::scheduler) unfinished: u64,
    pub(in crate::scheduler) recent: Vec<FiringRecord>,
}

/// What is left of a schedule for who holds a handle of it.
#[derive(Default)]
pub(in crate::scheduler) struct Fate {
    /// Set under the timetable's lock, when the schedule leaves it.
    pub(in crate::scheduler) last: OnceLock<Last>,
    pub(in crate::scheduler) over: Notify,
}

/// A schedule that has ended.
#[derive(Debug)]
pub(in crate::scheduler) struct Last {
    pub(in crate::scheduler) status: ScheduleStatus,
    pub(in crate::scheduler) story: Story,
    pub(in crate::scheduler) outlook: Outlook,
}

/// How a run ended.
#[derive(Debug)]
pub(in crate::scheduler) enum End {
    Done,
    Failed(FailureKind),
    Cancelled,
}

impl End {
    pub(super) fn outcome(&self) -> FiringOutcome {
        match self {
            Self::Done => FiringOutcome::Done,
            Self::Cancelled => FiringOutcome::Cancelled,
            Self::Failed(FailureKind::Error(text)) => FiringOutcome::Failed(text.clone()),
            Self::Failed(FailureKind::Panic(panic)) => FiringOutcome::Panicked(panic.to_string()),
        }
    }

    pub(super) fn as_told(&self) -> RunEnd {
        match self {
            Self::Done => RunEnd::Done,
            Self::Cancelled => RunEnd::Cancelled,
            Self::Failed(kind) => RunEnd::Failed(kind.clone()),
        }
    }
}

/// Who ends a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum By {
    /// Whoever wants it to be over: what waits is skipped.
    User,
    /// The end of the scheduler: what waits is left to the next one, if it is durable.
    Closing,
}
