mod counts;
mod skip;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use patterns_core::outcome::Panic;
use tokio::time::Instant;

use super::store::StoreError;

pub use counts::FiringCounts;
pub use skip::{Skip, SkipReason};

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
    /// What was seen of the wall clock.
    pub clock: ClockStatus,
    /// How it gets on with its store; `None` without one.
    pub store: Option<StoreStatus>,
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

/// What was seen of the wall clock, by comparison with tokio's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClockStatus {
    /// How often it was found half a second or more ahead: it was set forwards, or the machine was asleep.
    pub steps_forwards: u64,
    /// How often it was found half a second or more behind: it was set backwards.
    pub steps_backwards: u64,
    /// By how much, the last time.
    pub last_step: Option<SignedDuration>,
}

/// How a scheduler gets on with its store.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct StoreStatus {
    /// Firings that wait to be committed; none of them has begun.
    pub unclaimed: usize,
    /// Firings whose end waits to be written.
    pub unwritten: usize,
    /// Ends that were given up when the scheduler was stopped while the store failed: another scheduler
    /// will find these firings interrupted.
    pub lost: u64,
    /// The store failed the last time that it was asked; it is asked again and again.
    pub failing: Option<StoreFailure>,
}

/// A store that fails.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StoreFailure {
    /// When it was first seen to fail.
    pub since: Instant,
    /// How often it has failed since.
    pub attempts: u64,
    /// How it failed last.
    pub error: StoreError,
}

/// A plain snapshot of one schedule.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ScheduleStatus {
    /// Its name.
    pub name: Arc<str>,
    /// What it is doing.
    pub state: ScheduleState,
    /// When its next run is due; `None` while it is paused, after its last run, and where that is
    /// further ahead than the clock can count. Where it goes by the wall clock: if nobody sets that.
    pub next: Option<Instant>,
    /// The same by the wall clock. Where it goes by tokio's: if nobody has set the wall clock since the schedule was
    /// made.
    pub next_at: Option<Timestamp>,
    /// Whether its firings are committed to a store.
    pub durable: bool,
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

/// An instant that is to come; see [`ScheduleHandle::preview`](super::ScheduleHandle::preview).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Upcoming {
    /// The instant, by which [`explain`](super::ScheduleHandle::explain) and the store know it.
    pub instant: Timestamp,
    /// When the run is due: a [jitter](super::Every::jitter) later.
    pub starts: Timestamp,
}

impl Upcoming {
    /// How much later than its instant it is due.
    #[must_use]
    pub fn delay(&self) -> Duration {
        super::clock::span(self.instant, self.starts)
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
