use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use parking_lot::Mutex;
use patterns_core::cancel::{CancelCause, CancelKind};
use patterns_core::context::{Interrupt, interruptible};

use super::ladder::at;
use super::plane::job::{Job, Waited};
use super::submission::dropped;
use super::{Expired, JobClass, JobError, SubmitError};

/// A job that a [`WorkerPool`](super::WorkerPool) accepted: await it for its value.
///
/// Awaiting it obeys the context of the awaiting task as well as the job's own: when that is
/// cancelled or its deadline passes, the job is asked to stop. An IO job that has not stopped after the
/// pool's grace is dropped; a CPU job can't be, so it is left alone, in quarantine, and the await ends without it.
/// However, an IO job that blocks its thread can't be dropped either: after twice the grace the await ends without it.
///
/// Dropping the handle *detaches* the job: it is run all the same, is still owned by the pool, counted
/// and waited for by a drain. Use [`cancel_on_drop`](Self::cancel_on_drop) for the opposite.
///
/// # Comparison to `tokio::task::JoinHandle`
///
/// 1. A cancelled job is asked first, and has time to clean up.
/// 2. The error says why: cause, deadline, panic with text and place.
///
/// # Errors
///
/// - [`JobError::Panicked`]: the job panicked.
/// - [`JobError::Cancelled`]: it was cancelled.
/// - [`JobError::Expired`]: its deadline passed.
/// - [`JobError::Rejected`]: the pool was closed before the job had a place, or it was dropped from the queue to make
///   room for another.
/// - [`JobError::Lost`]: the runtime of an IO job was shut down.
///
/// # Panics
///
/// When polled again after it was ready.
///
/// # Cancel safety
///
/// Cancel safe: await `&mut handle`, and it can be awaited again.
#[must_use = "dropping the handle detaches the job"]
pub struct JobHandle<T> {
    job: Arc<dyn Waited<T>>,
    /// Notices that the job should stop, and gives up on it in the end.
    ///
    /// In a mutex that is never locked, which makes the handle `Sync`.
    watch: Mutex<Option<Pin<Box<dyn Future<Output = JobError> + Send>>>>,
    cancel_on_drop: bool,
    taken: bool,
}

impl<T: Send + 'static> JobHandle<T> {
    pub(super) fn new(job: Arc<dyn Waited<T>>, cancel_on_drop: bool) -> Self {
        Self { job, watch: Mutex::new(None), cancel_on_drop, taken: false }
    }

    /// What its submitter gets, who knows now whether the job was accepted.
    pub(super) fn given<J>(mut self, known: Result<(), (J, JobError)>) -> Result<Self, SubmitError<J>> {
        self.cancel_on_drop = false;
        match known {
            Ok(()) => Ok(self),
            Err((job, error)) => Err(SubmitError { error, job }),
        }
    }

    /// Asks the job to stop. One that was not started never will be.
    ///
    /// The outcome is still there to be awaited: a job that finishes all the same returns its value.
    #[track_caller]
    pub fn cancel(&self, message: impl Into<std::borrow::Cow<'static, str>>) {
        self.job.stop(JobError::Cancelled(CancelCause::new(CancelKind::Requested, message)));
    }

    /// Whether the job is over.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.job.is_over()
    }

    /// Makes dropping the handle cancel the job.
    pub fn cancel_on_drop(mut self) -> Self {
        self.cancel_on_drop = true;
        self
    }
}

impl<T> Future for JobHandle<T> {
    type Output = Result<T, JobError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        assert!(!this.taken, "polled after it had finished");
        if let Poll::Ready(result) = this.job.poll_end(cx.waker()) {
            this.taken = true;
            return Poll::Ready(result);
        }
        let job = &this.job;
        let watch = this.watch.get_mut().get_or_insert_with(|| Box::pin(watch(Arc::clone(job) as Arc<dyn Job>)));
        let error = std::task::ready!(watch.as_mut().poll(cx));
        this.taken = true;
        Poll::Ready(this.job.give_up(error))
    }
}

/// Waits until the job should stop, and asks it to; ends when it is time to leave it alone.
async fn watch(job: Arc<dyn Job>) -> JobError {
    let head = job.head();
    let reason = async {
        tokio::select! {
            biased;
            // By somebody else, who wakes the handle for that.
            why = poll_fn(|_| job.asked().map_or(Poll::Pending, Poll::Ready)) => why,
            deadline = at(head.deadline()) => JobError::Expired(Expired { deadline, started: false }),
            cause = head.ambient_cancelled() => JobError::Cancelled(cause),
        }
    };
    let mut why = match interruptible(reason).await {
        Ok(why) => why,
        Err(Interrupt::Cancelled(cause)) => JobError::Cancelled(cause),
        Err(_) => JobError::Expired(Expired {
            deadline: patterns_core::context::deadline().unwrap_or_else(tokio::time::Instant::now),
            started: false,
        }),
    };
    // What was not started ends here, and then the handle is ready before this is asked again.
    job.stop(why.clone());
    let grace = head.plane.config.grace;
    let patience = match head.class {
        JobClass::Cpu => grace,
        // It is dropped after a grace, unless it blocks its thread, or its runtime stands still.
        JobClass::Io => grace.saturating_mul(2),
    };
    tokio::time::sleep(patience).await;
    if let JobError::Expired(expired) = &mut why {
        expired.started = true;
    }
    why
}

impl<T> Drop for JobHandle<T> {
    fn drop(&mut self) {
        if self.cancel_on_drop && !self.taken {
            self.job.stop(JobError::Cancelled(dropped()));
        }
    }
}

impl<T> fmt::Debug for JobHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobHandle").field("is_finished", &self.job.is_over()).finish_non_exhaustive()
    }
}
