//! Running jobs at their times: at an instant, after a while, every so often, or by the clocks of a time zone.
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
//! 3. **Everything is counted.** `due = runs + skipped + missed + waiting`, and
//!    `runs = done + failed + panicked + cancelled + running` ([`FiringCounts`]), at any time; and each instant can be
//!    [explained](ScheduleHandle::explain), also why nothing ran.
//! 4. **Overlap.** By default a run that is due while the one before still runs is skipped; [`Overlap`] has more.
//! 5. **Panics and errors** fail one run. Their text is kept, and the schedule goes on.
//! 6. **Nothing is detached.** Runs are tasks that the scheduler owns, with its token and a path of their
//!    own (`actors/scheduler/recheck`); [`drain`](Scheduler::drain) waits for them.
//! 7. **Durable, if asked to.** With a [store], no instant runs twice and none is missed in silence, crashes and
//!    several schedulers included.
//!
//! # When an instant is missed
//!
//! A program can be late: the machine slept, the thread was blocked, the clock jumped, the process was down.
//! Once it is awake, [`CatchUp`] says which of the instants that have passed run. By default the latest of them does,
//! *once*; the others are counted as [missed](FiringCounts::missed). There is never a burst that was not asked for.
//! The instants that follow are the ones that they always were. A period below the timers' resolution works the same
//! way: most of its instants are missed.
//!
//! What is due while its schedule is [paused](ScheduleHandle::pause) is skipped. A one-shot waits, and is due
//! when it is resumed.
//!
//! # Which clock
//!
//! | schedule | clock |
//! |---|---|
//! | [`every`](Scheduler::every), [`after`](Scheduler::after), [`at`](Scheduler::at) a tokio [`Instant`](tokio::time::Instant) | tokio's, which is monotonic: it does not jump when somebody sets the time of day, and on most systems it stands still while the machine sleeps |
//! | [`cron`](Scheduler::cron), [`at`](Scheduler::at) a [`Timestamp`](jiff::Timestamp) or [`Zoned`](jiff::Zoned) | the [wall clock](WallClock), whatever that is set to |
//!
//! While a schedule goes by the wall clock, that is looked at at least every
//! [`clock_poll`](SchedulerConfig::clock_poll), so that a step is noticed as soon. When it is set:
//!
//! - **Forwards**, or the machine was asleep: the instants in between have passed unseen, which is a matter of
//!   [`CatchUp`], as above.
//! - **Backwards**: a schedule waits until the clock reads its next instant. An instant that has run does not run
//!   again. Those that were missed by the last step forwards come again, so that a clock that was wrong for a moment,
//!   and is set right, costs nothing but what ran in that moment.
//!
//! [`SchedulerStatus::clock`] counts such steps. A durable `every` or `after` also goes by tokio's clock while the
//! process lives; what passed while it did not is told by the wall clock, as nothing else survives. Tests can pause
//! tokio's clock, and with a [`VirtualClock`] a year of both takes moments.
//!
//! # Daylight saving time
//!
//! A cron expression is about what clocks in its time zone read. Twice a year most of them are set:
//!
//! | expression | a time that does not exist (clocks are set forwards) | a time that exists twice (clocks are set backwards) |
//! |---|---|---|
//! | without `*` in the minutes and hours: `30 2 * * *`, `0 8-18 * * *` | it runs once, at the instant at which clocks are set; several such times of one schedule run once together | it runs the first time only |
//! | with `*` in the minutes or hours: `*/15 * * * *`, `0 * * * *`, `*/10 2 * * *` | it does not run, as that time does not pass | it runs both times, as that time passes twice |
//!
//! So what is meant for a time of the day runs once a day, and what is meant for every so many minutes runs every so
//! many minutes. Changes of any size, at any hour, and those of a zone's standard time are no different. The rules of
//! a zone are those that this machine knew when the schedule was made.
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
//! [message](messages) to it; one timer in its context, for whatever is due first, does the rest; what is due first is
//! found by a [timer wheel](wheel), so that a million schedules cost no more than one. The jobs
//! themselves, and the calls of the store, run on the runtime that was current when the scheduler was started.
//!
//! # Looking inside
//!
//! [`Scheduler::status`] and [`ScheduleHandle::status`] have the counts, [`ScheduleHandle::explain`] the reasons. Each run
//! is a `tracing` span `run` of level debug, with the fields `scheduler`, `schedule`, `instant` and `number`. For a
//! recorder of the [`metrics`] facade there are the following; they are registered when a scheduler is started, so
//! install the recorder before. Schedulers of one name are counted together.
//!
//! | name | kind | labels | what |
//! |---|---|---|---|
//! | `actors_schedule_instants_total` | counter | `scheduler`, `outcome` | instants that came: `run`, `skipped`, `missed` |
//! | `actors_schedule_runs_total` | counter | `scheduler`, `outcome` | runs that ended: `done`, `failed`, `panicked`, `cancelled` |
//! | `actors_schedule_runs_late_total` | counter | `scheduler` | runs that began late |
//! | `actors_schedule_runs_interrupted_total` | counter | `scheduler` | runs that a crash cut off |
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
//! 4. Daylight saving time has rules; there, the offset at the start is kept for ever.
//!
//! # Examples
//!
//! A durable schedule in two lives of a program:
//!
//! ```
//! use actors::scheduler::store::MemoryStore;
//! use actors::scheduler::{CatchUp, VirtualClock};
//! use actors::{Scheduler, System};
//! use std::time::Duration;
//! use tokio::time::{Instant, sleep};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
//! # -> Result<(), Box<dyn std::error::Error>> {
//! let clock = VirtualClock::starting_at("2026-05-01T00:30:00Z".parse()?);
//! let store = MemoryStore::new();
//! let system = System::start()?;
//! for down in [5, 0] {
//!     let scheduler = Scheduler::builder().clock(clock.clone()).store(store.clone()).start(&system)?;
//!     let all = CatchUp::All { within: Duration::from_secs(86_400), at_most: 3 };
//!     let hourly = scheduler.cron("hourly", "0 * * * *", "UTC").overlap(actors::scheduler::Overlap::Queue(3));
//!     let hourly = hourly.catch_up(all).durable().run(async || {}).await?;
//!     sleep(Duration::from_secs(2 * 3600)).await;
//!     let _ = scheduler.drain(Instant::now() + Duration::from_secs(10)).await;
//!     // In the second life five have passed, of which three are run late; the other two come in time.
//!     let expected = if down > 0 { "2 due: 2 done" } else { "7 due: 5 done, 2 missed" };
//!     assert_eq!(hourly.status().counts.to_string(), expected);
//!     sleep(Duration::from_secs(down * 3600)).await;
//! }
//! assert_eq!(store.firings("hourly").len(), 7);
//! # Ok(()) }
//! ```
//!
//! In the book: [scheduler](../../../book/scheduler.html).
mod actor;
mod builder;
mod clock;
mod component;
mod config;
mod error;
mod explain;
mod firing;
mod handle;
mod job;
pub mod messages;
mod meters;
mod plane;
mod policy;
mod receipt;
mod request;
mod rule;
mod run;
mod schedule_handle;
mod status;
pub mod store;
mod timetable;
pub mod wheel;

pub use actor::SchedulerActor;
pub use builder::SchedulerBuilder;
pub use clock::{SystemClock, VirtualClock, WallClock};
pub use config::SchedulerConfig;
pub use error::{ScheduleError, StartError};
pub use explain::{Explanation, RunEnd};
pub use firing::Firing;
pub use handle::Scheduler;
pub use job::JobOutput;
pub use policy::{CatchUp, OnInterrupted, Overlap};
pub use receipt::DrainReceipt;
pub use request::{Cron, Every, Moment, Once};
pub use schedule_handle::ScheduleHandle;
pub use status::{
    ClockStatus, Failure, FailureKind, FiringCounts, ScheduleState, ScheduleStatus, SchedulerState, SchedulerStatus,
    Skip, SkipReason, StoreFailure, StoreStatus, Upcoming,
};
pub use timetable::ScheduleId;
