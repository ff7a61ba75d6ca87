//! What the gate, the pool and the handles need to know of a job, whatever its types.

use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::task::{Poll, Waker};

use patterns_core::context::Context;
use tokio::time::Instant;

use super::Plane;
use crate::worker_pool::{Expired, JobClass, JobError, Reject, RunningJob};

/// A job as the gate and the pool see it.
pub(crate) trait Job: Send + Sync {
    fn head(&self) -> &Head;
    /// Gives a parked job its place. Whether the job still is to be run.
    fn accept(&self) -> bool;
    fn is_parked(&self) -> bool;
    /// Parked, or accepted and not yet started.
    fn is_waiting(&self) -> bool;
    /// Ends a parked job, whose submitter gets it back.
    fn refuse(&self, why: Reject);
    /// Ends a job that hasn't been started; asks one that has to stop.
    fn stop(&self, why: JobError);
    /// Since when it has been running, if it is.
    fn running_since(&self) -> Option<Instant>;
}

/// What is the same for all jobs.
pub(crate) struct Head {
    pub(crate) plane: Arc<Plane>,
    pub(crate) class: JobClass,
    pub(crate) key: Option<Arc<str>>,
    /// What the job runs in: the submitter's context, with the job's own deadline and token.
    pub(crate) context: Context,
    pub(crate) place: &'static Location<'static>,
    /// Whether it has a place among the jobs held back by their keys. Only touched under the gate's
    /// lock.
    pub(crate) holds_place: AtomicBool,
    /// Whether it is counted as keeping the paused clock still.
    pub(crate) holds_clock: bool,
}

impl Head {
    /// Why the job must not be started (any more), if so.
    pub(super) fn objection(&self) -> Option<JobError> {
        if let Some(deadline) = self.context.deadline()
            && deadline <= Instant::now()
        {
            return Some(JobError::Expired(Expired { deadline, started: false }));
        }
        let cause = self.context.token().cause().or_else(|| self.plane.stopping())?;
        Some(JobError::Cancelled(cause.clone()))
    }

    pub(crate) fn describe(&self, since: Instant, now: Instant) -> RunningJob {
        RunningJob {
            class: self.class,
            path: self.context.path().clone(),
            place: self.place,
            age: now.saturating_duration_since(since),
        }
    }
}

/// A job as its [`JobHandle`](crate::worker_pool::JobHandle) sees it.
pub(crate) trait Waited<T>: Job {
    /// The result, once it is over.
    fn poll_end(&self, waker: &Waker) -> Poll<Result<T, JobError>>;
    /// Leaves a running job alone: it is counted as this error when it ends. If it has ended, there is
    /// its result.
    fn give_up(&self, error: JobError) -> Result<T, JobError>;
    /// Whether nothing more will become of it.
    fn is_over(&self) -> bool;
}
