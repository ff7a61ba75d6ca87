//! Schedules that are to be made.

mod cron;
mod every;
mod once;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::clock::{Now, Timeline};
use super::job::Job;
use super::policy::{CatchUp, OnInterrupted, Overlap, Policy};
use super::rule::Rule;
use super::store::{Definition, Kind, Registration};
use super::timetable::{Plan, Stored};
use super::{ScheduleError, ScheduleHandle, Scheduler};

pub use cron::Cron;
pub use every::Every;
pub(super) use once::When;
pub use once::{Moment, Once};

/// The most instants that [`CatchUp::All`] may want: more would be a burst that nobody means.
const MOST: u32 = 10_000;

/// What all kinds of schedules have in common.
#[derive(Clone, Debug, Default)]
struct Options {
    overlap: Overlap,
    catch_up: CatchUp,
    times: Option<u64>,
    jitter: Duration,
    durable: bool,
    on_interrupted: OnInterrupted,
    paused: bool,
}

impl Options {
    fn problem(&self) -> Option<&'static str> {
        match (self.overlap, self.catch_up) {
            (Overlap::Queue(0), _) => Some("its queue has no place; rather skip what overlaps"),
            (_, CatchUp::All { at_most: 0, .. }) => Some("it is to catch up with none; rather skip what is late"),
            (_, CatchUp::All { at_most, .. }) if at_most > MOST => Some("it is to catch up with more than 10,000"),
            _ if self.on_interrupted != OnInterrupted::Report && !self.durable => {
                Some("it is to run again what a crash cut off, and is not durable")
            }
            _ => None,
        }
    }
}

/// A schedule that is complete, except that its anchor may be kept by a store.
struct Draft<'a> {
    scheduler: &'a Scheduler,
    name: Arc<str>,
    options: Options,
    timeline: Timeline,
    kind: Kind,
}

impl Draft<'_> {
    /// Enters it. `rule` makes its instants, counted from an anchor.
    async fn enter(
        self,
        now: Now,
        rule: impl FnOnce(Timestamp) -> Rule,
        job: Job,
    ) -> Result<ScheduleHandle, ScheduleError> {
        let Self { scheduler, name, options, timeline, kind } = self;
        if let Some(problem) = options.problem() {
            return Err(ScheduleError::Policy { name, problem });
        }
        let config = scheduler.config();
        let policy = Policy {
            overlap: options.overlap,
            width: if options.overlap == Overlap::Allow { config.overlap_limit } else { 1 },
            catch_up: options.catch_up,
            tolerance: config.tolerance,
            jitter: options.jitter,
            on_interrupted: options.on_interrupted,
        };
        let (rule, first, stored) = if options.durable {
            let definition = Definition {
                name: name.to_string(),
                kind,
                overlap: options.overlap,
                catch_up: options.catch_up,
                jitter: options.jitter,
                times: options.times,
                on_interrupted: options.on_interrupted,
            };
            let wall = now.wall;
            let registration = Registration { definition, anchor: wall, now: wall, keep: config.history };
            let known = scheduler.register(&name, registration).await?;
            let rule = rule(known.anchor);
            let first = match known.last {
                Some(last) => rule.after(last),
                None => rule.first(known.anchor),
            };
            let (last, runs, unfinished) = (known.last, known.runs, known.unfinished);
            (rule, first, Some(Stored { last, runs, unfinished, recent: known.recent }))
        } else {
            let rule = rule(timeline.now(now));
            let first = rule.first(timeline.now(now));
            (rule, first, None)
        };
        let plan = Plan { rule, timeline, first, policy, times: options.times, paused: options.paused, stored };
        scheduler.add(name, plan, job).await
    }
}

/// The settings of every kind of schedule.
macro_rules! common_setters {
    () => {
        /// What happens to instants that passed before anybody looked. Default:
        /// [`CatchUp::Latest`](crate::scheduler::CatchUp::Latest).
        pub fn catch_up(mut self, policy: crate::scheduler::CatchUp) -> Self {
            self.options.catch_up = policy;
            self
        }

        /// Has each run due a while after its instant: less than `most`, and less than there is to the next instant,
        /// so that runs keep their order. The delay depends on the schedule's name and the instant alone, so it is the
        /// same whenever and wherever it is looked up, and schedules that share an instant spread out. Default: none.
        pub fn jitter(mut self, most: std::time::Duration) -> Self {
            self.options.jitter = most;
            self
        }

        /// Keeps the schedule and its firings in the scheduler's [store](crate::scheduler::store), by its name: no
        /// instant runs twice, and after a crash it goes on where it was. Default: it is forgotten with the scheduler.
        ///
        /// The code registers it in each life of the process, as the store cannot keep a closure. What the
        /// schedule is, is what the code says now; where it has got to, the store knows.
        pub fn durable(mut self) -> Self {
            self.options.durable = true;
            self
        }

        /// Begins with a [pause](crate::scheduler::ScheduleHandle::pause), so that nothing is due before somebody
        /// [resumes](crate::scheduler::ScheduleHandle::resume) it; not even what passed while the process was down.
        /// Default: not.
        pub fn paused(mut self) -> Self {
            self.options.paused = true;
            self
        }

        /// What happens to runs that a crash cut off. Default:
        /// [`OnInterrupted::Report`](crate::scheduler::OnInterrupted::Report).
        pub fn on_interrupted(mut self, policy: crate::scheduler::OnInterrupted) -> Self {
            self.options.on_interrupted = policy;
            self
        }
    };
}

/// The settings of schedules that repeat.
macro_rules! repeating_setters {
    () => {
        /// What happens when a run is due and the one before has not ended. Default:
        /// [`Overlap::Skip`](crate::scheduler::Overlap::Skip).
        pub fn overlap(mut self, policy: crate::scheduler::Overlap) -> Self {
            self.options.overlap = policy;
            self
        }

        /// Ends the schedule after so many runs, whether they end well or not. What is skipped or missed is
        /// no run. Where it is durable, the runs of all of its lives count. Default: no end.
        pub fn times(mut self, runs: u64) -> Self {
            self.options.times = Some(runs);
            self
        }
    };
}

use common_setters;
use repeating_setters;
