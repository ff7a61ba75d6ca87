//! What the gate, the pool and the handles need to know of a job, whatever its types.

use std::future::pending;
use std::panic::Location;
use std::sync::Arc;
use std::task::{Poll, Waker};

use patterns_core::cancel::CancelCause;
use patterns_core::context::{Context, TaskPath};
use tokio::time::Instant;

use super::Plane;
use super::gate::Standing;
use super::spare::Spare;
use crate::worker_pool::{Expired, JobClass, JobError, Priority, Reject, RunningJob};

/// A job as the gate and the pool see it.
pub(crate) trait Job: Send + Sync {
    fn head(&self) -> &Head;
    /// Gives a job its place, and notes whom to wake for that. Whether the job still is to be run.
    fn accept(&self, wakes: &mut Vec<Waker>) -> bool;
    /// Not yet started, and not over.
    fn is_waiting(&self) -> bool;
    /// Ends a parked job, whose submitter gets it back.
    fn refuse(&self, why: Reject);
    /// Ends a job that hasn't been started; asks one that has to stop.
    fn stop(&self, why: JobError);
    /// How it runs, if it does.
    fn look(&self) -> Option<Look>;
    /// Why it was asked to stop, if it runs and was.
    fn asked(&self) -> Option<JobError>;
}

/// How a job runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) since: Instant,
    /// When it was asked to stop.
    pub(crate) asked: Option<Instant>,
}

/// What is the same for all jobs.
pub(crate) struct Head {
    pub(crate) plane: Arc<Plane>,
    pub(crate) place: &'static Location<'static>,
    pub(crate) class: JobClass,
    pub(crate) priority: Priority,
    /// What the plainest jobs don't have, so that they are small.
    pub(crate) extras: Option<Box<Extras>>,
    /// Where at the gate it stands.
    pub(crate) standing: Standing,
}

/// What only some jobs have.
pub(crate) struct Extras {
    pub(crate) key: Option<Arc<str>>,
    /// What its submitter ran in.
    pub(crate) ambient: Option<Context>,
    /// Its own or its submitter's, whichever is earlier.
    pub(crate) deadline: Option<Instant>,
}

impl Head {
    fn extra<T>(&self, get: impl FnOnce(&Extras) -> Option<T>) -> Option<T> {
        self.extras.as_deref().and_then(get)
    }

    pub(crate) fn key(&self) -> Option<&Arc<str>> {
        self.extras.as_deref().and_then(|extras| extras.key.as_ref())
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.extra(|extras| extras.deadline)
    }

    fn ambient(&self) -> Option<&Context> {
        self.extras.as_deref().and_then(|extras| extras.ambient.as_ref())
    }

    /// Whether it may go straight to the workers.
    pub(super) fn is_plain(&self) -> bool {
        self.priority == Priority::Normal && self.key().is_none()
    }

    /// Whether anything but its handle and the pool can ask it to stop.
    pub(super) fn is_bare(&self) -> bool {
        self.deadline().is_none() && self.ambient().is_none()
    }

    /// Around the job, for whoever looks at that level.
    pub(super) fn span(&self) -> tracing::Span {
        let (pool, key) = (&*self.plane.config.name, self.key().map(|key| &**key));
        tracing::debug_span!("job", pool, class = ?self.class, key, place = %self.place)
    }

    /// What it runs in: its submitter's context, with a token and a deadline of its own.
    pub(super) fn context(&self, spare: &mut Spare) -> Context {
        let context = match self.ambient() {
            Some(ambient) => ambient.with_token(ambient.token().child()),
            None => spare.take(),
        };
        match self.deadline() {
            Some(deadline) => context.with_deadline(deadline),
            None => context,
        }
    }

    /// Why its submitter's token was cancelled, if it was.
    pub(crate) fn ambient_cause(&self) -> Option<&CancelCause> {
        self.ambient()?.token().cause()
    }

    /// Waits until its submitter's token is cancelled.
    pub(crate) async fn ambient_cancelled(&self) -> CancelCause {
        match self.ambient() {
            Some(ambient) => ambient.token().cancelled().await,
            None => pending().await,
        }
    }

    /// Why the job must not be started (any more), if so.
    pub(super) fn objection(&self) -> Option<JobError> {
        if let Some(deadline) = self.deadline()
            && deadline <= Instant::now()
        {
            return Some(JobError::Expired(Expired { deadline, started: false }));
        }
        let cause = self.ambient_cause().or_else(|| self.plane.stopping())?;
        Some(JobError::Cancelled(cause.clone()))
    }

    pub(crate) fn describe(&self, since: Instant, now: Instant) -> RunningJob {
        RunningJob {
            class: self.class,
            path: self.ambient().map_or(TaskPath::root(), |ambient| ambient.path().clone()),
            place: self.place,
            key: self.key().cloned(),
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
