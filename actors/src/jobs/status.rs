use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use super::driver::{DriverError, Leadership};
use super::{JobId, Stop};

/// A plain snapshot of a [`JobQueue`](super::JobQueue): what this process does.
///
/// What the engine has is told by [`counts`](super::JobQueue::counts) and [`owners`](super::JobQueue::owners).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct JobQueueStatus {
    /// Whether it takes jobs.
    pub state: JobQueueState,
    /// The owner that its jobs belong to; another one for each life. `None` until it was entered, and where nothing is
    /// handled.
    pub owner: Option<String>,
    /// When the latest sign of life that was answered was sent.
    pub last_beat: Option<Instant>,
    /// What it has, the longest first.
    pub running: Vec<RunningJob>,
    /// What became of all that it ever took.
    pub deliveries: DeliveryCounts,
    /// Answers that wait to be written.
    pub unwritten: usize,
    /// The engine failed the last time that it was asked; it is asked again and again.
    pub failing: Option<EngineFailure>,
    /// Other owners, as they were seen last.
    pub others: Vec<Sighting>,
    /// Who leads, as was heard last.
    pub leader: Option<Leadership>,
}

/// Whether a queue takes jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JobQueueState {
    /// It does.
    Open,
    /// It takes none any more, and finishes what it has.
    Draining,
    /// It asks the engine nothing any more. What it had that was not answered for by then is shown as held, and is
    /// others' when this process is given up; see [`DrainReceipt`](super::DrainReceipt).
    Closed,
}

/// A job that a process has.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunningJob {
    /// Its id.
    pub id: JobId,
    /// What kind of job it is.
    pub kind: String,
    /// Its key.
    pub key: Option<String>,
    /// Which attempt this is.
    pub attempt: u32,
    /// For how long the process has had it.
    pub age: Duration,
    /// Whether it has begun; else it waits for a worker.
    pub begun: bool,
    /// Why it should stop.
    pub stopping: Option<Stop>,
}

/// What became of the jobs that a process took:
/// `taken = done + retried + dead + cancelled + released + lost + held`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeliveryCounts {
    /// Jobs that were taken, each time that they were.
    pub taken: u64,
    /// They were done.
    pub done: u64,
    /// They failed, and are tried again.
    pub retried: u64,
    /// They failed for good.
    pub dead: u64,
    /// They stopped, as they were cancelled.
    pub cancelled: u64,
    /// They were handed back, which was no attempt.
    pub released: u64,
    /// They were somebody else's before they were answered for, or the engine could keep no answer.
    pub lost: u64,
    /// They wait for a worker, run, or their answer was not written yet.
    pub held: u64,
}

impl fmt::Display for DeliveryCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} taken", self.taken)?;
        let parts = [
            (self.done, "done"),
            (self.retried, "to be tried again"),
            (self.dead, "dead"),
            (self.cancelled, "cancelled"),
            (self.released, "handed back"),
            (self.lost, "lost"),
            (self.held, "held"),
        ];
        let mut before = ": ";
        for (count, name) in parts.into_iter().filter(|(count, _)| *count > 0) {
            write!(f, "{before}{count} {name}")?;
            before = ", ";
        }
        Ok(())
    }
}

/// An engine that fails.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EngineFailure {
    /// When it was first seen to fail.
    pub since: Instant,
    /// How often it has failed since.
    pub failures: u64,
    /// What it said the last time.
    pub error: DriverError,
}

/// Another owner, as it was seen by this process.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sighting {
    /// Its name.
    pub owner: String,
    /// What it is called in all its lives.
    pub instance: Option<String>,
    /// How many jobs it had.
    pub running: u64,
    /// For how long it has been seen to give no sign of life.
    pub silent: Duration,
}
