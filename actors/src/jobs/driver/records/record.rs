use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::JobId;
use super::DeadReason;
use crate::worker_pool::Priority;

/// Where a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// It waits: for its time, for those before it, or for somebody who takes it.
    Waiting,
    /// It is with an owner.
    Running,
    /// It was done.
    Done,
    /// It failed for good.
    Dead,
    /// It was cancelled.
    Cancelled,
}

impl JobState {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Waiting, Self::Running, Self::Done, Self::Dead, Self::Cancelled];

    /// As a column, a label or an address has it: `waiting`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing more comes of it by itself.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Dead | Self::Cancelled)
    }
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What is known of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRecord {
    /// Its id.
    pub id: JobId,
    /// Its place in the order in which jobs were entered.
    pub seq: u64,
    /// The queue.
    pub queue: String,
    /// What kind of job it is.
    pub kind: String,
    /// What it works on.
    pub payload: String,
    /// Its key.
    pub key: Option<String>,
    /// What there is to be only one of.
    pub unique: Option<String>,
    /// How urgent it is.
    pub priority: Priority,
    /// Where it is.
    pub state: JobState,
    /// How many attempts it had, without those that were released.
    pub attempt: u32,
    /// How many owners went away with it, and the one that has it.
    pub crashes: u32,
    /// Who has it, while it runs.
    pub owner: Option<String>,
    /// When it was entered.
    pub entered_at: Timestamp,
    /// When it may begin, or might have.
    pub due: Timestamp,
    /// When it is too late to begin.
    pub expires: Option<Timestamp>,
    /// When it was taken last.
    pub taken_at: Option<Timestamp>,
    /// When it was over.
    pub over_at: Option<Timestamp>,
    /// Why it failed last.
    pub error: Option<String>,
    /// Why it is dead.
    pub dead: Option<DeadReason>,
    /// What came of it.
    pub output: Option<String>,
}

/// Which jobs; see [`list`](super::super::JobDriver::list).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobFilter {
    /// Those of this queue.
    pub queue: Option<String>,
    /// Those of this kind.
    pub kind: Option<String>,
    /// Those that are there.
    pub state: Option<JobState>,
    /// Those that were entered before the one of this `seq`: how to go on after a page.
    pub before: Option<u64>,
    /// How many at most.
    pub most: usize,
}

impl Default for JobFilter {
    /// The latest hundred.
    fn default() -> Self {
        Self { queue: None, kind: None, state: None, before: None, most: 100 }
    }
}

/// What need not be kept; see [`prune`](super::super::JobDriver::prune).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prune {
    /// Jobs that have been done or cancelled for so long.
    pub over: Duration,
    /// Jobs that have been dead for so long; `None`: those are kept.
    pub dead: Option<Duration>,
    /// How many at most, those that were over first.
    pub most: usize,
}
