use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::super::{Fence, JobId};
use super::{Effects, NewJob};

/// What an owner says of a job; see [`answer`](super::super::JobDriver::answer).
#[derive(Clone, Debug)]
pub struct Answer {
    /// The job.
    pub id: JobId,
    /// The fence that it was taken with.
    pub fence: Fence,
    /// How it ended.
    pub end: End,
    /// What is entered with it, at most [`NEXT`](super::super::NEXT) jobs.
    pub next: Vec<NewJob>,
    /// What is done in the same transaction, where the driver [can](super::super::JobDriver::takes).
    pub effects: Option<Effects>,
}

impl Answer {
    /// An answer that nothing comes with.
    #[must_use]
    pub fn new(id: JobId, fence: Fence, end: End) -> Self {
        Self { id, fence, end, next: Vec::new(), effects: None }
    }
}

/// How a delivery ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It was done.
    Done {
        /// What came of it, as JSON.
        output: Option<String>,
    },
    /// It failed, and is to be tried again.
    Retry {
        /// After so long.
        after: Duration,
        /// Why it failed.
        error: String,
    },
    /// It failed for good.
    Dead {
        /// In which way.
        reason: DeadReason,
        /// Why it failed.
        error: String,
    },
    /// It stopped, as it was told to.
    Cancelled,
    /// It is handed back: this was no attempt.
    Released {
        /// Not before so long is over.
        after: Duration,
    },
}

/// Why a job is dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeadReason {
    /// Its last attempt failed.
    Exhausted,
    /// It said itself that there is no point in trying again.
    Terminated,
    /// It was too late to begin, or to go on.
    Expired,
    /// Too many processes died with it.
    Poisoned,
}

impl DeadReason {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Exhausted, Self::Terminated, Self::Expired, Self::Poisoned];

    /// As a column, a label or an address has it: `exhausted`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Exhausted => "exhausted",
            Self::Terminated => "terminated",
            Self::Expired => "expired",
            Self::Poisoned => "poisoned",
        }
    }
}

impl fmt::Display for DeadReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exhausted => "its last attempt failed",
            Self::Terminated => "it said that there is no point in trying again",
            Self::Expired => "its deadline has passed",
            Self::Poisoned => "too many processes died with it",
        })
    }
}

/// Whether an answer counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Accepted {
    /// It does, and all that came with it.
    Kept,
    /// The job is not the answerer's any more, and nothing was changed.
    Stale,
    /// Its [effects](Answer::effects) failed, with this error. Nothing was changed: the job runs, and can be answered for
    /// in another way.
    Failed(String),
}
