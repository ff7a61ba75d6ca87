use std::sync::Arc;

use patterns_core::context::Interrupt;
use thiserror::Error;

use super::store::StoreError;
use crate::AskError;

/// Why a schedule was not made or not changed.
///
/// # Examples
///
/// ```
/// use actors::{Scheduler, System};
/// use actors::scheduler::ScheduleError;
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), Box<dyn std::error::Error>> {
/// let system = System::start()?;
/// let scheduler = Scheduler::builder().start(&system)?;
/// let error = scheduler.every("poll", Duration::ZERO).run(async || {}).await.unwrap_err();
/// assert!(matches!(error, ScheduleError::ZeroPeriod { .. }));
/// assert_eq!(error.to_string(), "schedule `poll`: the period is zero");
///
/// let error = scheduler.cron("report", "0 0 30 2 *", "UTC").run(async || {}).await.unwrap_err();
/// assert_eq!(error.to_string(), "schedule `report`: the expression `0 0 30 2 *`: it never comes");
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// There is a schedule of that name, and it has not ended.
    #[error("schedule `{name}`: the name is taken")]
    NameTaken {
        /// The name.
        name: Arc<str>,
    },
    /// It would be due all the time.
    #[error("schedule `{name}`: the period is zero")]
    ZeroPeriod {
        /// The name.
        name: Arc<str>,
    },
    /// It would never run.
    #[error("schedule `{name}`: it is to run zero times")]
    ZeroTimes {
        /// The name.
        name: Arc<str>,
    },
    /// It is no cron expression, or one that no instant matches.
    #[error("schedule `{name}`: the expression `{expression}`: {problem}")]
    Expression {
        /// The name.
        name: Arc<str>,
        /// The expression.
        expression: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The time zone is not known here.
    #[error("schedule `{name}`: the time zone `{time_zone}`: {source}")]
    TimeZone {
        /// The name.
        name: Arc<str>,
        /// The time zone.
        time_zone: String,
        /// Why not.
        source: jiff::Error,
    },
    /// A policy makes no sense.
    #[error("schedule `{name}`: {problem}")]
    Policy {
        /// The name.
        name: Arc<str>,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// It is to be durable, and the scheduler has no store.
    #[error("schedule `{name}`: it is durable, and the scheduler has no store")]
    NoStore {
        /// The name.
        name: Arc<str>,
    },
    /// The store failed.
    #[error("schedule `{name}`: {source}")]
    Store {
        /// The name.
        name: Arc<str>,
        /// Why.
        source: StoreError,
    },
    /// The scheduler was closed, or its actor has stopped.
    #[error("the scheduler is closed")]
    Closed,
    /// The ambient token was cancelled, or the ambient deadline passed, while the store was asked. Nothing was
    /// scheduled here; the store may know the schedule.
    #[error("gave up waiting for the store: {0}")]
    Interrupted(#[source] Interrupt),
    /// The scheduler's actor did not answer; nothing was scheduled. A change of a schedule may still come.
    #[error("no answer from the scheduler: {0}")]
    Unanswered(#[source] AskError),
}

impl ScheduleError {
    /// Whether the scheduler was closed, or its actor has stopped.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed)
    }

    /// Whether the store failed, which may pass.
    #[must_use]
    pub fn is_store(&self) -> bool {
        matches!(self, Self::Store { .. })
    }
}

impl From<AskError> for ScheduleError {
    fn from(error: AskError) -> Self {
        if error.is_stopped() { Self::Closed } else { Self::Unanswered(error) }
    }
}

/// Why a scheduler was not started.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// A setting makes no sense.
    #[error("scheduler: `{field}` {problem}")]
    Config {
        /// The setting's name.
        field: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// No tokio runtime is current; jobs would have nowhere to run.
    #[error("scheduler: not started inside of a tokio runtime")]
    NoRuntime,
}
