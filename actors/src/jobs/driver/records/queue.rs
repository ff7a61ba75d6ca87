use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What all workers together may do of a queue; see [`limit`](super::super::JobDriver::limit).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueLimits {
    /// How many jobs may run at the same time.
    #[serde(default)]
    pub running: Option<u64>,
    /// How often jobs may begin.
    #[serde(default)]
    pub rate: Option<QueueRate>,
}

/// How often jobs of a queue may begin.
///
/// In any span of time not more than `burst`, and one more for each `spacing` in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueRate {
    /// The time from one to the next; more than zero.
    pub spacing: Duration,
    /// How many may begin at once after a rest; at least 1.
    pub burst: u32,
}

/// Turns of a rate that are to be reserved; see [`turns`](super::super::JobDriver::turns).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turns {
    /// The rate.
    pub name: String,
    /// How many.
    pub count: u32,
    /// The time from one to the next.
    pub spacing: Duration,
    /// How long nobody is to have a turn, from now.
    pub pause: Duration,
}

/// The jobs of a queue: each that was ever entered is in exactly one of `waiting`, `running`, `done`, `dead`, `cancelled`
/// and `pruned`, at any time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueCounts {
    /// The queue.
    pub queue: String,
    /// Jobs that wait.
    pub waiting: u64,
    /// Of these, those that could be taken: they are due, and the first of their key.
    pub ready: u64,
    /// Jobs that are with an owner.
    pub running: u64,
    /// Jobs that were done.
    pub done: u64,
    /// Jobs that failed for good.
    pub dead: u64,
    /// Jobs that were cancelled.
    pub cancelled: u64,
    /// Jobs that were over, and are not kept any more.
    pub pruned: u64,
    /// How long the oldest of the ready ones has been due.
    pub lag: Option<Duration>,
    /// Whether nothing is taken.
    pub paused: bool,
    /// What all workers together may do.
    pub limits: QueueLimits,
}

impl QueueCounts {
    /// How many jobs were ever entered.
    #[must_use]
    pub fn entered(&self) -> u64 {
        self.waiting + self.running + self.done + self.dead + self.cancelled + self.pruned
    }
}
