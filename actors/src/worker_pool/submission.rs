use std::fmt;
use std::future::poll_fn;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Duration;

use patterns_core::cancel::{CancelCause, CancelKind};
use patterns_core::context::Context;
use tokio::time::Instant;

use super::ladder::at;
use super::plane::Plane;
use super::plane::cell::Cell;
use super::plane::job::{Head, Job, Waited};
use super::{Expired, JobClass, JobError, JobHandle, Rejection, SubmitError, Work};

/// A job about to be submitted: await it for its value, or [`spawn`](Self::spawn) it for a handle.
///
/// The job runs in the context of the task that awaits or spawns the submission: its path, its token
/// (as a child), its deadline.
///
/// # Cancel safety
///
/// Awaited: dropping the future cancels the job. One that was not started never will be; one that runs
/// is asked to stop.
#[must_use = "a submission does nothing unless awaited or spawned"]
pub struct Submission<W> {
    plane: Arc<Plane>,
    work: W,
    key: Option<Arc<str>>,
    deadline: Option<Instant>,
    place: &'static Location<'static>,
}

impl<W> Submission<W> {
    pub(super) fn new(plane: &Arc<Plane>, work: W, place: &'static Location<'static>) -> Self {
        Self { plane: Arc::clone(plane), work, key: None, deadline: None, place }
    }

    /// Lets it run beside at most `per_key - 1` others of its class with this key. Jobs with one key
    /// start in the order in which they were submitted; while they wait for each other they hold up
    /// nobody else.
    pub fn key(mut self, key: impl Into<Arc<str>>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Gives it a deadline this far from now. Past it the job is never started; one that runs is asked
    /// to stop. An earlier ambient deadline stays.
    pub fn deadline_in(self, timeout: Duration) -> Self {
        match Instant::now().checked_add(timeout) {
            Some(deadline) => self.deadline_at(deadline),
            None => self,
        }
    }

    /// Gives it a deadline; see [`deadline_in`](Self::deadline_in).
    pub fn deadline_at(mut self, deadline: Instant) -> Self {
        self.deadline = Some(self.deadline.map_or(deadline, |other| other.min(deadline)));
        self
    }
}

impl<W: Work> Submission<W> {
    /// Submits the job, and returns its handle as soon as it is accepted.
    ///
    /// # Errors
    ///
    /// [`SubmitError`], which has the job:
    /// - [`JobError::Rejected`]: the queue is full and the policy is
    ///   [`Fail`](super::Rejection::Fail), or the pool is closed.
    /// - [`JobError::Cancelled`]: the ambient token was cancelled while it waited for a place.
    /// - [`JobError::Expired`]: the deadline passed while it waited for a place.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropping the future before it is ready cancels the job.
    pub async fn spawn(self) -> Result<JobHandle<W::Output>, SubmitError<W::Job>> {
        let place = WaitsForPlace { cell: self.submit(true) };
        let cell = &place.cell;
        let context = &cell.head().context;
        let error = tokio::select! {
            biased;
            accepted = poll_fn(|cx| cell.poll_accepted(cx.waker())) => return place.answer(accepted),
            deadline = at(context.deadline()) => JobError::Expired(Expired { deadline, started: false }),
            cause = context.token().cancelled() => JobError::Cancelled(cause),
        };
        cell.withdraw(error);
        let accepted = poll_fn(|cx| cell.poll_accepted(cx.waker())).await;
        place.answer(accepted)
    }

    /// Submits the job if there is a place for it now, whatever the pool's policy.
    ///
    /// # Errors
    ///
    /// [`SubmitError`], which has the job: [`JobError::Rejected`], as there is no place or the pool is
    /// closed.
    pub fn try_spawn(self) -> Result<JobHandle<W::Output>, SubmitError<W::Job>> {
        let cell = self.submit(false);
        match cell.poll_accepted(Waker::noop()) {
            Poll::Ready(Err((job, error))) => Err(SubmitError { error, job }),
            Poll::Ready(Ok(())) | Poll::Pending => Ok(JobHandle::new(cell, false)),
        }
    }

    fn submit(self, may_wait: bool) -> Arc<Cell<W::Job, W::Output>> {
        let Self { plane, work, key, deadline, place } = self;
        let ambient = Context::current();
        let mut context = ambient.with_token(ambient.token().child());
        if let Some(deadline) = deadline {
            context = context.with_deadline(deadline);
        }
        let head = Head {
            class: W::CLASS,
            key,
            context,
            place,
            holds_place: AtomicBool::new(false),
            holds_clock: W::CLASS == JobClass::Cpu && plane.hold_clock(),
            plane: Arc::clone(&plane),
        };
        let cell = Arc::new(Cell::new(head, work.into_job()));
        let patient = may_wait && plane.config.rejection == Rejection::Wait;
        W::submit(&plane, Arc::clone(&cell), patient);
        cell
    }
}

/// Cancels a job whose submitter goes away before it knows whether the job was accepted.
struct WaitsForPlace<J: Send + 'static, T: Send + 'static> {
    cell: Arc<Cell<J, T>>,
}

impl<J: Send + 'static, T: Send + 'static> WaitsForPlace<J, T> {
    fn answer(&self, accepted: Result<(), (J, JobError)>) -> Result<JobHandle<T>, SubmitError<J>> {
        match accepted {
            Ok(()) => Ok(JobHandle::new(Arc::clone(&self.cell) as Arc<dyn Waited<T>>, false)),
            Err((job, error)) => Err(SubmitError { error, job }),
        }
    }
}

impl<J: Send + 'static, T: Send + 'static> Drop for WaitsForPlace<J, T> {
    fn drop(&mut self) {
        if self.cell.is_parked() {
            self.cell.stop(JobError::Cancelled(dropped()));
        }
    }
}

/// The cause of what is cancelled because nobody waits for it any more.
pub(super) fn dropped() -> CancelCause {
    CancelCause::new(CancelKind::ScopeDropped, "whoever waited for the job was dropped")
}

impl<W: Work> IntoFuture for Submission<W> {
    type Output = Result<W::Output, JobError>;
    type IntoFuture = Answer<W>;

    fn into_future(self) -> Answer<W> {
        Answer { submission: Some(self), handle: None }
    }
}

/// The future of an awaited [`Submission`].
#[must_use = "futures do nothing unless polled"]
pub struct Answer<W: Work> {
    submission: Option<Submission<W>>,
    handle: Option<JobHandle<W::Output>>,
}

// Nothing in it is pinned: the job is moved to the pool before it runs.
impl<W: Work> Unpin for Answer<W> {}

impl<W: Work> Future for Answer<W> {
    type Output = Result<W::Output, JobError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let Some(submission) = this.submission.take() {
            this.handle = Some(JobHandle::new(submission.submit(true), true));
        }
        let Some(handle) = &mut this.handle else { panic!("polled after it had finished") };
        let result = std::task::ready!(Pin::new(handle).poll(cx));
        this.handle = None;
        Poll::Ready(result)
    }
}

impl<W: Work> fmt::Debug for Answer<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("submitted", &self.submission.is_none()).finish_non_exhaustive()
    }
}

impl<W> fmt::Debug for Submission<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submission")
            .field("key", &self.key)
            .field("deadline", &self.deadline)
            .field("place", &format_args!("{}", self.place))
            .finish_non_exhaustive()
    }
}
