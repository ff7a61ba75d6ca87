//! Running jobs at their times: at an instant, after a while, or every so often.
//!
//! A [`Scheduler`] keeps a timetable and starts each job as a task of its own when it is due. Reach for
//! it when something is to happen again and again, or later, and the program must know what
//! did happen, what did not and why, and must be able to end all of it. For one loop in one
//! function a [`tokio::time::interval`] is less.
//!
//! # Guarantees
//!
//! 1. **No drift.** Runs are due at `start + n * period`, however long they take.
//! 2. **Never early.** A job starts at its instant or after it. Timers have a resolution of a
//!    millisecond, and jobs that are due together start in the order in which they were scheduled.
//! 3. **Everything is counted.** `due = runs + skipped + missed`, and
//!    `runs = done + failed + panicked + cancelled + running` ([`FiringCounts`]), at any time; what was
//!    skipped last says why ([`Skip`]).
//! 4. **Overlap.** By default a run that is due while the one before still runs is skipped; with
//!    [`Overlap::Allow`] at most [`overlap_limit`](SchedulerConfig::overlap_limit) run at the same time.
//! 5. **Panics and errors** fail one run. Their text is kept, and the schedule goes on.
//! 6. **Nothing is detached.** Runs are tasks that the scheduler owns, with its token and a path of their
//!    own (`actors/scheduler/recheck`); [`drain`](Scheduler::drain) waits for them.
//!
//! # When an instant is missed
//!
//! A program can be late: the machine slept, the thread was blocked, the clock of a test jumped.
//! Once it is awake, a job that was due several times in between runs *once*, for the latest of these instants; the
//! others are counted as [missed](FiringCounts::missed). There is never a burst. The instants that follow are
//! the ones that they always were. A period below the timers' resolution works the same way: most
//! of its instants are missed.
//!
//! What is due while its schedule is [paused](ScheduleHandle::pause) is skipped. A one-shot waits, and runs
//! when it is resumed.
//!
//! # Which clock
//!
//! Tokio's, which is monotonic: it does not jump when somebody sets the time of day, and on most systems it
//! stands still while the machine sleeps. Tests can pause it, and then an hour of runs takes milliseconds.
//!
//! # How a run is made to stop
//!
//! [`ScheduleHandle::cancel`], the end of a drain, or the end of the actor cancel the token of the run
//! ([`context::is_cancelled`](patterns_core::context::is_cancelled), and every wait of this workspace).
//! If it finishes within the scheduler's [`grace`](SchedulerConfig::grace), its result counts. After
//! that it is dropped.
//!
//! # The actor
//!
//! The timetable belongs to a [`SchedulerActor`]. Everything that changes a schedule is a
//! [message](messages) to it; one timer in its context, for whatever is due first, does the rest. The jobs
//! themselves run on the runtime that was current when the scheduler was started.
//!
//! # Comparison to `tokio::time::interval`
//!
//! 1. A tick is a run, with its own task, token and place in the counts; the loop around an interval has none.
//! 2. Missed ticks are counted. `MissedTickBehavior::Skip` keeps to the grid like this, but says nothing;
//!    the default makes a burst.
//!
//! # Comparison to `tokio-cron-scheduler`
//!
//! 1. Thousands of jobs that are due at the same instant all run; there, what exceeds the slots of a broadcast
//!    channel is lost.
//! 2. Nothing starts early; there, one-shots do, by up to 1.5 s.
//! 3. Runs that overlap are a choice; there, they always may.
mod actor;
mod builder;
mod component;
mod config;
mod error;
mod handle;
mod job;
pub mod messages;
mod plane;
mod receipt;
mod request;
mod run;
mod schedule_handle;
mod status;
mod timetable;

pub use actor::SchedulerActor;
pub use builder::SchedulerBuilder;
pub use config::SchedulerConfig;
pub use error::{ScheduleError, StartError};
pub use handle::Scheduler;
pub use job::JobOutput;
pub use receipt::DrainReceipt;
pub use request::{Every, Once, Overlap};
pub use schedule_handle::ScheduleHandle;
pub use status::{
    Failure, FailureKind, FiringCounts, ScheduleState, ScheduleStatus, SchedulerState, SchedulerStatus, Skip,
    SkipReason,
};
pub use timetable::ScheduleId;
