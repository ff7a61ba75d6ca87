use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::{Timestamp, Zoned};
use tokio::time::Instant;

use super::super::clock::{Now, Timeline, later};
use super::super::job::{Job, JobOutput};
use super::super::rule::Rule;
use super::super::store::Kind;
use super::super::{ScheduleError, ScheduleHandle, Scheduler};
use super::{Draft, Options, common_setters};

/// A moment on one of the two clocks, for [`Scheduler::at`]: tokio's [`Instant`], or jiff's
/// [`Timestamp`] or [`Zoned`] by the wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// By tokio's clock.
    Monotonic(Instant),
    /// By the wall clock, whatever that is set to.
    Wall(Timestamp),
}

impl From<Instant> for Moment {
    fn from(instant: Instant) -> Self {
        Self::Monotonic(instant)
    }
}

impl From<Timestamp> for Moment {
    fn from(at: Timestamp) -> Self {
        Self::Wall(at)
    }
}

impl From<Zoned> for Moment {
    fn from(at: Zoned) -> Self {
        Self::Wall(at.timestamp())
    }
}

impl From<&Zoned> for Moment {
    fn from(at: &Zoned) -> Self {
        Self::Wall(at.timestamp())
    }
}

/// A schedule of one run, to be made by [`run`](Self::run). From [`Scheduler::at`] and [`Scheduler::after`].
///
/// # Defaults
///
/// It runs also if its instant has passed; no jitter; not durable.
#[must_use = "nothing is scheduled until `run` is called and awaited"]
pub struct Once<'a> {
    scheduler: &'a Scheduler,
    name: Arc<str>,
    when: When,
    options: Options,
}

#[derive(Clone, Copy, Debug)]
pub(in super::super) enum When {
    At(Moment),
    After(Duration),
}

impl<'a> Once<'a> {
    pub(in super::super) fn new(scheduler: &'a Scheduler, name: Arc<str>, when: When) -> Self {
        Self { scheduler, name, when, options: Options::default() }
    }

    common_setters!();

    /// Makes the schedule; `job` is called when it is due, and what it returns is run as a task.
    ///
    /// An instant that has passed is due at once. One that is further ahead than the clock can count, or than the year
    /// 9999, never comes. Where it is durable it runs once in all of its lives, and a delay is counted from the first;
    /// made anew after that, it ends at once. For the rest see [`Every::run`](super::Every::run).
    ///
    /// # Errors
    ///
    /// In each case `job` is dropped.
    ///
    /// - [`ScheduleError::Policy`]: it makes no sense; among other things, durable at an instant of tokio's clock,
    ///   which is of this process alone.
    /// - [`ScheduleError::NameTaken`], [`ScheduleError::NoStore`], [`ScheduleError::Store`],
    ///   [`ScheduleError::Interrupted`], [`ScheduleError::Closed`], [`ScheduleError::Unanswered`]: as for
    ///   [`Every::run`](super::Every::run).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe, as [`Every::run`](super::Every::run).
    pub async fn run<F, R>(self, job: F) -> Result<ScheduleHandle, ScheduleError>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Future<Output: JobOutput> + Send + 'static,
    {
        let Self { scheduler, name, when, mut options } = self;
        let now = scheduler.now();
        options.times = Some(1);
        let (timeline, kind) = match when {
            When::After(delay) => (Timeline::Monotonic(now), Kind::After { delay }),
            When::At(Moment::Wall(at)) => (Timeline::Wall, Kind::At { at }),
            When::At(Moment::Monotonic(_)) if options.durable => {
                let problem = "it is durable, and its instant is of this process alone";
                return Err(ScheduleError::Policy { name, problem });
            }
            // Only a durable one is described to anybody.
            When::At(Moment::Monotonic(_)) => (Timeline::Monotonic(now), Kind::At { at: now.wall }),
        };
        let draft = Draft { scheduler, name, options, timeline, kind };
        let rule = move |anchor| {
            Rule::Once(match when {
                When::After(delay) => later(anchor, delay),
                When::At(Moment::Wall(at)) => Some(at),
                When::At(Moment::Monotonic(instant)) => wall_of(instant, now),
            })
        };
        draft.enter(now, rule, Job::once(job)).await
    }
}

/// What the wall clock reads at `instant`, if nobody sets it; `None` beyond the year 9999.
fn wall_of(instant: Instant, now: Now) -> Option<Timestamp> {
    match instant.checked_duration_since(now.instant) {
        Some(ahead) => later(now.wall, ahead),
        None => now.wall.checked_sub(now.instant.saturating_duration_since(instant)).ok(),
    }
}

impl fmt::Debug for Once<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once")
            .field("name", &self.name)
            .field("when", &self.when)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
