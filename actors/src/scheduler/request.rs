use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::job::{Job, JobOutput};
use super::timetable::Plan;
use super::{ScheduleError, ScheduleHandle, Scheduler};

/// What happens when a run is due and the one before has not ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Overlap {
    /// Nothing is started, and that is counted. At no time do two runs of the schedule run together.
    #[default]
    Skip,
    /// They run together, up to the scheduler's [`overlap_limit`](super::SchedulerConfig::overlap_limit). Beyond
    /// that nothing is started, and that is counted.
    Allow,
}

/// A schedule that repeats, to be made by [`run`](Self::run). From [`Scheduler::every`].
///
/// # Defaults
///
/// First due after one period; runs that would overlap are skipped; no end.
#[must_use = "nothing is scheduled until `run` is called and awaited"]
pub struct Every<'a> {
    scheduler: &'a Scheduler,
    name: Arc<str>,
    period: Duration,
    overlap: Overlap,
    times: Option<u64>,
    immediately: bool,
}

impl<'a> Every<'a> {
    pub(super) fn new(scheduler: &'a Scheduler, name: Arc<str>, period: Duration) -> Self {
        Self { scheduler, name, period, overlap: Overlap::default(), times: None, immediately: false }
    }

    /// What happens when a run is due and the one before has not ended. Default: [`Overlap::Skip`].
    pub fn overlap(mut self, overlap: Overlap) -> Self {
        self.overlap = overlap;
        self
    }

    /// Ends the schedule after so many runs, whether they end well or not. What is skipped or missed is
    /// no run. Default: no end.
    pub fn times(mut self, runs: u64) -> Self {
        self.times = Some(runs);
        self
    }

    /// Has the first run due at once, and the second after one period.
    pub fn immediately(mut self) -> Self {
        self.immediately = true;
        self
    }

    /// Makes the schedule; `job` is called for each run, and what it returns is run as a task.
    ///
    /// The instants are counted from the moment when this is first polled. Dropping the
    /// [`ScheduleHandle`] changes nothing. Each run has the scheduler's token and a path of its own, and
    /// no deadline: that of whoever schedules does not apply.
    ///
    /// # Errors
    ///
    /// In each case `job` is dropped.
    ///
    /// - [`ScheduleError::ZeroPeriod`], [`ScheduleError::ZeroTimes`]: it makes no sense.
    /// - [`ScheduleError::NameTaken`]: a schedule of that name has not ended.
    /// - [`ScheduleError::Closed`]: the scheduler takes no more schedules.
    /// - [`ScheduleError::Unanswered`]: the ambient token was cancelled, or the ambient deadline or the actor's
    ///   `ask_timeout` passed. Nothing is scheduled.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropped before it returns, nothing is scheduled; what was entered in the meantime is
    /// [cancelled](ScheduleHandle::cancel).
    pub async fn run<F, R>(self, job: F) -> Result<ScheduleHandle, ScheduleError>
    where
        F: FnMut() -> R + Send + 'static,
        R: Future<Output: JobOutput> + Send + 'static,
    {
        let now = Instant::now();
        let Self { scheduler, name, period, overlap, times, immediately } = self;
        if period.is_zero() {
            return Err(ScheduleError::ZeroPeriod { name });
        }
        if times == Some(0) {
            return Err(ScheduleError::ZeroTimes { name });
        }
        let first = if immediately { Some(now) } else { now.checked_add(period) };
        let width = match overlap {
            Overlap::Skip => 1,
            Overlap::Allow => scheduler.config().overlap_limit,
        };
        scheduler.add(name, Plan { first, period: Some(period), times, width }, Job::repeated(job)).await
    }
}

impl fmt::Debug for Every<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Every")
            .field("name", &self.name)
            .field("period", &self.period)
            .field("overlap", &self.overlap)
            .field("times", &self.times)
            .field("immediately", &self.immediately)
            .finish_non_exhaustive()
    }
}

/// A schedule of one run, to be made by [`run`](Self::run). From [`Scheduler::at`] and [`Scheduler::after`].
#[must_use = "nothing is scheduled until `run` is called and awaited"]
pub struct Once<'a> {
    scheduler: &'a Scheduler,
    name: Arc<str>,
    when: When,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum When {
    At(Instant),
    After(Duration),
}

impl<'a> Once<'a> {
    pub(super) fn new(scheduler: &'a Scheduler, name: Arc<str>, when: When) -> Self {
        Self { scheduler, name, when }
    }

    /// Makes the schedule; `job` is called when it is due, and what it returns is run as a task.
    ///
    /// An instant that has passed is due at once. One that is further ahead than the clock can count never
    /// comes. For the rest see [`Every::run`].
    ///
    /// # Errors
    ///
    /// In each case `job` is dropped.
    ///
    /// - [`ScheduleError::NameTaken`]: a schedule of that name has not ended.
    /// - [`ScheduleError::Closed`]: the scheduler takes no more schedules.
    /// - [`ScheduleError::Unanswered`]: the ambient token was cancelled, or the ambient deadline or the actor's
    ///   `ask_timeout` passed. Nothing is scheduled.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropped before it returns, nothing is scheduled; what was entered in the meantime is
    /// [cancelled](ScheduleHandle::cancel).
    pub async fn run<F, R>(self, job: F) -> Result<ScheduleHandle, ScheduleError>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Future<Output: JobOutput> + Send + 'static,
    {
        let Self { scheduler, name, when } = self;
        let first = match when {
            When::At(instant) => Some(instant),
            When::After(delay) => Instant::now().checked_add(delay),
        };
        scheduler.add(name, Plan { first, period: None, times: Some(1), width: 1 }, Job::once(job)).await
    }
}

impl fmt::Debug for Once<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once").field("name", &self.name).field("when", &self.when).finish_non_exhaustive()
    }
}
