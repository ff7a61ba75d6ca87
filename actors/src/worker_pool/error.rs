use std::fmt;
use std::io;

use patterns_core::cancel::CancelCause;
use patterns_core::outcome::Panic;
use thiserror::Error;
use tokio::time::Instant;

use super::{JobClass, Rejection};

/// Why a job has no value.
///
/// # Examples
///
/// ```
/// use actors::worker_pool::{JobError, Reject};
///
/// let error = JobError::Rejected(Reject::Full { queue: 16 });
/// assert!(error.is_rejected() && !error.is_cancelled());
/// assert_eq!(error.to_string(), "job refused: all 16 places in the queue are taken");
/// ```
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum JobError {
    /// The job panicked; nothing else was harmed.
    #[error("job {0}")]
    Panicked(Panic),
    /// It was cancelled before it had a value: by its handle, by the context that it was submitted
    /// or awaited in, or by the end of the pool.
    #[error("job {0}")]
    Cancelled(CancelCause),
    /// Its deadline passed.
    #[error(transparent)]
    Expired(Expired),
    /// The pool did not take it, or dropped it from its queue to make room for another.
    #[error("job refused: {0}")]
    Rejected(Reject),
    /// The runtime that ran it was shut down, and took the job with it.
    #[error("job lost: the runtime that it ran on was shut down")]
    Lost,
}

impl JobError {
    /// Whether the job was cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled(_))
    }

    /// Whether the job's deadline passed.
    #[must_use]
    pub fn is_expired(&self) -> bool {
        matches!(self, Self::Expired(_))
    }

    /// Whether the pool did not take the job, or dropped it from its queue.
    #[must_use]
    pub fn is_rejected(&self) -> bool {
        matches!(self, Self::Rejected(_))
    }

    /// The panic, if the job panicked.
    #[must_use]
    pub fn panic(&self) -> Option<&Panic> {
        match self {
            Self::Panicked(panic) => Some(panic),
            _ => None,
        }
    }
}

/// A job whose deadline passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("job's deadline passed {}", if *.started { "while it ran" } else { "before it was started" })]
#[non_exhaustive]
pub struct Expired {
    /// The instant that passed.
    pub deadline: Instant,
    /// Whether the job had been started; if not, it never will be.
    pub started: bool,
}

/// Why the pool did not take a job, or did not keep it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Reject {
    /// All places are taken, and the submitter did not want to wait.
    #[error("all {queue} places in the queue are taken")]
    Full {
        /// The bound that was reached.
        queue: usize,
    },
    /// The pool takes no new work.
    #[error("the worker pool is closed")]
    Closed,
    /// It had a place, and lost it to another job.
    #[error(
        "dropped from the queue in favour of a {} job",
        if *.policy == Rejection::DropLowest { "more urgent" } else { "newer" }
    )]
    Dropped {
        /// The policy by which it was chosen.
        policy: Rejection,
    },
}

/// A job that was not taken, given back.
///
/// # Examples
///
/// ```
/// use actors::{System, WorkerPool};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), Box<dyn std::error::Error>> {
/// let system = System::start()?;
/// let workers = WorkerPool::builder().cpu_threads(1).start(&system)?;
/// workers.close();
/// let refused = workers.submit_cpu(|| 40 + 2).spawn().await.unwrap_err();
/// assert!(refused.error().is_rejected());
/// let job = refused.into_job();
/// assert_eq!(job(), 42);
/// # Ok(()) }
/// ```
pub struct SubmitError<J> {
    pub(super) error: JobError,
    pub(super) job: J,
}

impl<J> SubmitError<J> {
    /// Why it was not taken: [rejected](JobError::Rejected), or [cancelled](JobError::Cancelled) or
    /// [expired](JobError::Expired) while it waited for a place.
    #[must_use]
    pub fn error(&self) -> &JobError {
        &self.error
    }

    /// The closure or future, never started.
    #[must_use]
    pub fn into_job(self) -> J {
        self.job
    }
}

impl<J> From<SubmitError<J>> for JobError {
    fn from(refused: SubmitError<J>) -> Self {
        refused.error
    }
}

impl<J> fmt::Debug for SubmitError<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubmitError").field("error", &self.error).finish_non_exhaustive()
    }
}

impl<J> fmt::Display for SubmitError<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<J> std::error::Error for SubmitError<J> {}

/// Why a pool was not started.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// A setting makes no sense.
    #[error("worker pool: `{field}` {problem}")]
    Config {
        /// The setting's name.
        field: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// No tokio runtime is current; IO jobs would have nowhere to run.
    #[error("worker pool: not started inside of a tokio runtime")]
    NoRuntime,
    /// The operating system gave no thread.
    #[error("worker pool: cannot start a thread")]
    Thread(#[source] io::Error),
    /// The system has been shut down; nobody would drain the pool.
    #[error("worker pool: its system has been shut down")]
    SystemStopped,
}

/// Why a pool has not the size that it was to have.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ResizeError {
    /// The size makes no sense; nothing was changed.
    #[error("worker pool: {class} workers must be from 1 to {most}, not {asked}")]
    OutOfRange {
        /// Which workers.
        class: JobClass,
        /// How many were asked for.
        asked: usize,
        /// The most that there can be.
        most: usize,
    },
    /// The pool is closed; nothing was changed.
    #[error("worker pool: closed, so its size is what it is")]
    Closed,
    /// The operating system gave no thread; the pool has those that it got.
    #[error("worker pool: cannot start a thread")]
    Thread(#[source] io::Error),
}
