use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::super::clock::{Timeline, later};
use super::super::job::{Job, JobOutput};
use super::super::rule::Rule;
use super::super::store::Kind;
use super::super::{ScheduleError, ScheduleHandle, Scheduler};
use super::{Draft, Options, common_setters, repeating_setters};

/// A schedule that repeats, to be made by [`run`](Self::run). From [`Scheduler::every`].
///
/// # Defaults
///
/// First due after one period; runs that would overlap are skipped; of instants that passed unseen the latest runs; no
/// jitter; not durable; no end.
#[must_use = "nothing is scheduled until `run` is called and awaited"]
pub struct Every<'a> {
    scheduler: &'a Scheduler,
    name: Arc<str>,
    period: Duration,
    immediately: bool,
    options: Options,
}

impl<'a> Every<'a> {
    pub(in super::super) fn new(scheduler: &'a Scheduler, name: Arc<str>, period: Duration) -> Self {
        Self { scheduler, name, period, immediately: false, options: Options::default() }
    }

    repeating_setters!();

    common_setters!();

    /// Has the first run due at once, and the second after one period.
    pub fn immediately(mut self) -> Self {
        self.immediately = true;
        self
    }

    /// Makes the schedule; `job` is called for each run, and what it returns is run as a task.
    ///
    /// The instants are counted from the moment when this is first polled; where it is durable, from when that
    /// was in the first of its lives. Dropping the [`ScheduleHandle`] changes nothing. Each run has the scheduler's
    /// token and a path of its own, and no deadline: that of whoever schedules does not apply.
    ///
    /// # Errors
    ///
    /// In each case `job` is dropped.
    ///
    /// - [`ScheduleError::ZeroPeriod`], [`ScheduleError::ZeroTimes`], [`ScheduleError::Policy`]: it makes no sense.
    /// - [`ScheduleError::NameTaken`]: a schedule of that name has not ended.
    /// - [`ScheduleError::NoStore`]: it is durable, and the scheduler has no store.
    /// - [`ScheduleError::Store`]: the store failed; it was asked once.
    /// - [`ScheduleError::Interrupted`]: the ambient token was cancelled, or the ambient deadline passed, while the
    ///   store was asked.
    /// - [`ScheduleError::Closed`]: the scheduler takes no more schedules.
    /// - [`ScheduleError::Unanswered`]: the ambient token was cancelled, or the ambient deadline or the actor's
    ///   `ask_timeout` passed. Nothing is scheduled.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropped before it returns, nothing is scheduled; what was entered in the meantime is
    /// [cancelled](ScheduleHandle::cancel). A store may know the schedule all the same.
    pub async fn run<F, R>(self, job: F) -> Result<ScheduleHandle, ScheduleError>
    where
        F: FnMut() -> R + Send + 'static,
        R: Future<Output: JobOutput> + Send + 'static,
    {
        let Self { scheduler, name, period, immediately, options } = self;
        let now = scheduler.now();
        if period.is_zero() {
            return Err(ScheduleError::ZeroPeriod { name });
        }
        if options.times == Some(0) {
            return Err(ScheduleError::ZeroTimes { name });
        }
        let kind = Kind::Every { period, immediately };
        let draft = Draft { scheduler, name, options, timeline: Timeline::Monotonic(now), kind };
        let rule = move |anchor| {
            let first = if immediately { Some(anchor) } else { later(anchor, period) };
            Rule::Every { first, period }
        };
        draft.enter(now, rule, Job::repeated(job)).await
    }
}

impl fmt::Debug for Every<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Every")
            .field("name", &self.name)
            .field("period", &self.period)
            .field("immediately", &self.immediately)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
