use std::fmt;
use std::ops::AddAssign;
use std::sync::Arc;

use patterns_core::outcome::Panic;
use tokio::time::Instant;

/// A plain snapshot of a [`Scheduler`](super::Scheduler).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SchedulerStatus {
    /// Whether it takes schedules.
    pub state: SchedulerState,
    /// When the next run is due; `None` if none is.
    pub next: Option<Instant>,
    /// What became of every instant of every schedule so far, ended ones included.
    pub counts: FiringCounts,
    /// The schedules that have not ended, in the order in which they were made.
    pub schedules: Vec<ScheduleStatus>,
}

/// Whether a scheduler takes schedules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SchedulerState {
    /// It does.
    Open,
    /// It starts nothing any more; something still runs.
    Draining,
    /// It starts nothing any more, and nothing runs.
    Closed,
}

/// A plain snapshot of one schedule.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ScheduleStatus {
    /// Its name.
    pub name: Arc<str>,
    /// What it is doing.
    pub state: ScheduleState,
    /// When it is due next; `None` while it is paused, after its last run, and where that is
    /// further ahead than the clock can count.
    pub next: Option<Instant>,
    /// What became of its instants so far.
    pub counts: FiringCounts,
    /// Which of its instants was last skipped, and why.
    pub last_skip: Option<Skip>,
    /// The last run that failed or panicked.
    pub last_failure: Option<Failure>,
}

/// What a schedule is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ScheduleState {
    /// It waits for its next instant.
    Waiting,
    /// It was paused.
    Paused,
    /// It starts nothing any more; something still runs.
    Ending,
    /// It is over, and its name is free.
    Ended,
}

/// What became of the instants of a schedule: each is in exactly one of `runs`, `skipped` and `missed`,
/// and each run in exactly one of the rest.
///
/// `due = runs + skipped + missed` and `runs = done + failed + panicked + cancelled + running`, at any time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FiringCounts {
    /// Instants that came, and [triggers](super::ScheduleHandle::trigger).
    pub due: u64,
    /// Runs that were started.
    pub runs: u64,
    /// Instants at which nothing was started on purpose; see [`SkipReason`].
    pub skipped: u64,
    /// Instants that were over before anybody could look, with a later one that took their place.
    pub missed: u64,
    /// Runs that ended well.
    pub done: u64,
    /// Runs that returned an error.
    pub failed: u64,
    /// Runs that panicked.
    pub panicked: u64,
    /// Runs that were made to stop, or lost with the runtime that they ran on.
    pub cancelled: u64,
    /// Runs that have not ended.
    pub running: u64,
}

impl FiringCounts {
    /// Whether every instant and every run is accounted for.
    #[must_use]
    pub fn balances(&self) -> bool {
        self.due == self.runs + self.skipped + self.missed
            && self.runs == self.done + self.failed + self.panicked + self.cancelled + self.running
    }
}

impl AddAssign for FiringCounts {
    fn add_assign(&mut self, other: Self) {
        self.due += other.due;
        self.runs += other.runs;
        self.skipped += other.skipped;
        self.missed += other.missed;
        self.done += other.done;
        self.failed += other.failed;
        self.panicked += other.panicked;
        self.cancelled += other.cancelled;
        self.running += other.running;
    }
}

/// Shows the figures that are not zero: `3 due: 2 done, 1 skipped`.
impl fmt::Display for FiringCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} due", self.due)?;
        let parts = [
            (self.done, "done"),
            (self.failed, "failed"),
            (self.panicked, "panicked"),
            (self.cancelled, "cancelled"),
            (self.running, "running"),
            (self.skipped, "skipped"),
            (self.missed, "missed"),
        ];
        for (n, (count, what)) in parts.into_iter().filter(|(count, _)| *count > 0).enumerate() {
            write!(f, "{} {count} {what}", if n == 0 { ":" } else { "," })?;
        }
        Ok(())
    }
}

/// An instant at which nothing was started on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skip {
    /// The instant.
    pub due: Instant,
    /// Why nothing was started.
    pub reason: SkipReason,
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
    /// The schedule was paused.
    Paused,
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason {
            SkipReason::Overlap { running, since } => {
                let age = self.due.saturating_duration_since(since);
                match running {
                    1 => write!(f, "skipped: the run before had been going for {age:?}"),
                    n => write!(f, "skipped: {n} runs had not ended, the oldest of them going for {age:?}"),
                }
            }
            SkipReason::Paused => f.write_str("skipped: the schedule was paused"),
        }
    }
}

/// A run that failed or panicked.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Failure {
    /// When it ended.
    pub at: Instant,
    /// How.
    pub kind: FailureKind,
}

/// How a run failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureKind {
    /// It returned an error: its text, and those of its sources.
    Error(String),
    /// It panicked.
    Panic(Panic),
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(text) => f.write_str(text),
            Self::Panic(panic) => panic.fmt(f),
        }
    }
}
