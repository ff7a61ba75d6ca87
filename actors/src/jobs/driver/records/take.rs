use std::time::Duration;

use jiff::Timestamp;

use super::super::{Fence, JobId};
use crate::worker_pool::Priority;

/// Who wants which jobs; see [`take`](super::super::JobDriver::take).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Take {
    /// For whom.
    pub owner: String,
    /// Another one than that of any earlier take of the owner that gave jobs, more than zero; the same where it is called
    /// again.
    pub serial: u64,
    /// From which queues.
    pub queues: Vec<String>,
    /// How many at most.
    pub most: usize,
    /// Whether one suspect may be among them: a job that was with an owner who is gone. Who runs one takes no other, so
    /// that of several it shows which one did the harm.
    pub suspect: bool,
    /// How much earlier each level of priority counts as due.
    pub ageing: Duration,
}

/// What was taken; see [`take`](super::super::JobDriver::take).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// The jobs, in their order.
    pub jobs: Vec<TakenJob>,
    /// How long it is until there may be more, as time goes by: until the next job is due, or the rate of a queue
    /// allows one. Zero: there was more, or somebody else was looking at it. `None`: nothing is in sight.
    pub next: Option<Duration>,
    /// How many jobs were found too late to begin.
    pub expired: u64,
}

/// A job, as it is handed to its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenJob {
    /// Its id.
    pub id: JobId,
    /// What an answer has to have.
    pub fence: Fence,
    /// The queue.
    pub queue: String,
    /// What kind of job it is.
    pub kind: String,
    /// What it works on.
    pub payload: String,
    /// Its key.
    pub key: Option<String>,
    /// How urgent it is.
    pub priority: Priority,
    /// Which attempt this is, from 1, without those that were released.
    pub attempt: u32,
    /// How many owners went away with it, this take included: 1 if none did.
    pub crashes: u32,
    /// When it was entered.
    pub entered_at: Timestamp,
    /// For how long it was due.
    pub waited: Duration,
    /// How long it is until it is too late.
    pub expires_in: Option<Duration>,
}
