use std::fmt;
use std::sync::Arc;

use super::super::clock::Timeline;
use super::super::job::{Job, JobOutput};
use super::super::rule::{self, CronProblem, Rule};
use super::super::store::Kind;
use super::super::{ScheduleError, ScheduleHandle, Scheduler};
use super::{Draft, Options, common_setters, repeating_setters};

/// A schedule by the clocks of a time zone, to be made by [`run`](Self::run). From [`Scheduler::cron`].
///
/// # Defaults
///
/// Runs that would overlap are skipped; of instants that passed unseen the latest runs; no jitter; not durable; no end.
#[must_use = "nothing is scheduled until `run` is called and awaited"]
pub struct Cron<'a> {
    scheduler: &'a Scheduler,
    name: Arc<str>,
    expression: String,
    time_zone: String,
    options: Options,
}

impl<'a> Cron<'a> {
    pub(in super::super) fn new(
        scheduler: &'a Scheduler,
        name: Arc<str>,
        expression: String,
        time_zone: String,
    ) -> Self {
        Self { scheduler, name, expression, time_zone, options: Options::default() }
    }

    repeating_setters!();

    common_setters!();

    /// Makes the schedule; `job` is called for each run, and what it returns is run as a task.
    ///
    /// The first instant is the first that comes later than now. For the rest see [`Every::run`](super::Every::run).
    ///
    /// # Errors
    ///
    /// In each case `job` is dropped.
    ///
    /// - [`ScheduleError::Expression`]: it is no cron expression, or none of its instants is yet to come.
    /// - [`ScheduleError::TimeZone`]: the time zone is not known on this machine.
    /// - [`ScheduleError::ZeroTimes`], [`ScheduleError::Policy`]: it makes no sense.
    /// - [`ScheduleError::NameTaken`], [`ScheduleError::NoStore`], [`ScheduleError::Store`],
    ///   [`ScheduleError::Interrupted`], [`ScheduleError::Closed`], [`ScheduleError::Unanswered`]: as for
    ///   [`Every::run`](super::Every::run).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe, as [`Every::run`](super::Every::run).
    pub async fn run<F, R>(self, job: F) -> Result<ScheduleHandle, ScheduleError>
    where
        F: FnMut() -> R + Send + 'static,
        R: Future<Output: JobOutput> + Send + 'static,
    {
        let Self { scheduler, name, expression, time_zone, options } = self;
        let now = scheduler.now();
        if options.times == Some(0) {
            return Err(ScheduleError::ZeroTimes { name });
        }
        let parsed = match rule::Cron::parse(&expression, &time_zone) {
            Ok(parsed) => Rule::Cron(Arc::new(parsed)),
            Err(CronProblem::Expression(problem)) => {
                return Err(ScheduleError::Expression { name, expression, problem });
            }
            Err(CronProblem::Zone(source)) => return Err(ScheduleError::TimeZone { name, time_zone, source }),
        };
        if parsed.after(now.wall).is_none() {
            let problem = "it never comes".to_owned();
            return Err(ScheduleError::Expression { name, expression, problem });
        }
        let kind = Kind::Cron { expression, time_zone };
        let draft = Draft { scheduler, name, options, timeline: Timeline::Wall, kind };
        draft.enter(now, move |_| parsed, Job::repeated(job)).await
    }
}

impl fmt::Debug for Cron<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cron")
            .field("name", &self.name)
            .field("expression", &self.expression)
            .field("time_zone", &self.time_zone)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
