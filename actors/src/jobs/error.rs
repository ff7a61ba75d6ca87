use std::time::Duration;

use patterns_core::context::Interrupt;
use thiserror::Error;

use super::JobId;
use super::driver::DriverError;

/// Why a job was not put.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum PutError {
    /// It can't be written as JSON.
    #[error("job of kind `{kind}`: it can't be written as JSON: {problem}")]
    Encode {
        /// The kind.
        kind: String,
        /// Why not.
        problem: String,
    },
    /// A job can't be followed by more than 128.
    #[error("a job can't be followed by more than {}", super::driver::NEXT)]
    TooMany,
    /// Another one holds its unique key.
    #[error("its unique key is held by job {0}")]
    Duplicate(JobId),
    /// The engine failed, or can't keep it. If [it failed](DriverError::is_final), the job may be there all the same, which
    /// an [id](super::Entry::id) of one's own makes harmless: put it again.
    #[error(transparent)]
    Driver(#[from] DriverError),
    /// The ambient token was cancelled or the ambient deadline passed. It may be there all the same.
    #[error("putting a job was interrupted: {0}")]
    Interrupted(#[source] Interrupt),
    /// The queue is closed.
    #[error("the queue of jobs is closed")]
    Closed,
}

/// Why an answer for a job does not count.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// It was given up meanwhile, and is somebody else's. Nothing was changed.
    #[error("the job was given up meanwhile, and is somebody else's")]
    Stale,
    /// What was to be done with it failed, so the attempt has. It is tried again, or is dead.
    #[error("what was to be committed with the job's end failed: {0}")]
    Effects(String),
    /// The engine can't keep what came of it, with why. The job is dead for that, if it was to be done, and else ended as
    /// it was to, without that text.
    #[error("the jobs' engine can't keep what came of the job: {0}")]
    Refused(String),
    /// The queue ended before the engine answered. The answer may count.
    #[error("the queue ended before the engine answered")]
    Unanswered,
}

/// Why jobs were not looked at or changed.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum JobsError {
    /// There is no such job, or it was over for so long that it is not kept.
    #[error("there is no job {0}")]
    Unknown(JobId),
    /// What came of it can't be read as what this program expects.
    #[error("job {id}: its output can't be read: {problem}")]
    Decode {
        /// The job.
        id: JobId,
        /// Why not.
        problem: String,
    },
    /// The engine failed, or can't do it.
    #[error(transparent)]
    Driver(#[from] DriverError),
    /// The ambient token was cancelled or the ambient deadline passed.
    #[error("asking about jobs was interrupted: {0}")]
    Interrupted(#[source] Interrupt),
    /// The queue is closed.
    #[error("the queue of jobs is closed")]
    Closed,
}

/// Why a queue was not started.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// A setting makes no sense.
    #[error("queue of jobs: `{field}` {problem}")]
    Config {
        /// The setting.
        field: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Two jobs have the same kind.
    #[error("queue of jobs: two handlers for the kind `{kind}`")]
    SameKind {
        /// The kind.
        kind: String,
    },
    /// The engine did not take the limits of a queue.
    #[error("queue of jobs: {0}")]
    Driver(#[source] DriverError),
    /// Its workers could not be started.
    #[error("queue of jobs: {0}")]
    Workers(#[source] crate::worker_pool::StartError),
    /// The pool that it was given takes no jobs any more.
    #[error("queue of jobs: its workers are closed")]
    WorkersClosed,
    /// The system has been shut down; nobody would take jobs.
    #[error("queue of jobs: its system has been shut down")]
    SystemStopped,
    /// No tokio runtime is current.
    #[error("a queue of jobs must be started in a tokio runtime")]
    NoRuntime,
}

/// These effects can't be committed with a job's end by this engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the jobs' engine can't commit these effects with a job's end")]
pub struct NoEffects;

/// How long an attempt took that took too long.
pub(super) fn too_long(limit: Duration) -> String {
    format!("it took longer than {limit:?}")
}
