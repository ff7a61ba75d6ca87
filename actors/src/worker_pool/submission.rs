use std::fmt;
use std::future::poll_fn;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Duration;

use patterns_core::cancel::{CancelCause, CancelKind};
use patterns_core::context::Context;
use tokio::time::Instant;

use super::ladder::at;
use super::plane::Plane;
use super::plane::cell::Cell;
use super::plane::gate::{Entry, Manner, Standing};
use super::plane::guests::policy_here;
use super::plane::job::{Extras, Head, Job, Waited};
use super::work::Here;
use super::{Expired, JobError, JobHandle, Priority, SubmitError, Work};

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
    priority: Priority,
    deadline: Option<Instant>,
    place: &'static Location<'static>,
}

impl<W> Submission<W> {
    pub(super) fn new(plane: &Arc<Plane>, work: W, place: &'static Location<'static>) -> Self {
        Self { plane: Arc::clone(plane), work, key: None, priority: Priority::Normal, deadline: None, place }
    }

    /// Lets it run beside at most `per_key - 1` others of its class with this key, and start no earlier than the
    /// pool's `rate` allows one more of them. Jobs with one key start in the order in which they were submitted,
    /// whatever their priorities; while they wait for each other they hold up nobody else. Between keys that
    /// have jobs that could be started, and the jobs without a key as one more, starts go round.
    pub fn key(mut self, key: impl Into<Arc<str>>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Has it started before less urgent jobs, also those that came before, as far as the pool's
    /// [`ageing`](super::WorkerPoolConfig::ageing) allows. Default: [`Priority::Normal`].
    pub fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// Gives it a deadline this far from now. Past it the job is never started; one that runs is asked
    /// to stop, and its value counts if it comes within the pool's grace. An earlier ambient deadline stays.
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

type CellOf<W> = Cell<<W as Work>::Job, <W as Work>::Output>;

impl<W: Work> Submission<W> {
    /// Submits the job, and returns its handle as soon as it is accepted.
    ///
    /// # Errors
    ///
    /// [`SubmitError`], which has the job:
    /// - [`JobError::Rejected`]: the queue is full and the [policy](super::Rejection) says so, or the pool is closed.
    /// - [`JobError::Cancelled`]: the ambient token was cancelled while it waited for a place.
    /// - [`JobError::Expired`]: the deadline passed while it waited for a place.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropping the future before it is ready cancels the job.
    pub async fn spawn(self) -> Result<JobHandle<W::Output>, SubmitError<W::Job>> {
        let (cell, entry) = self.submit(true);
        match entry {
            Entry::Accepted => return Ok(JobHandle::new(cell, false)),
            Entry::Here => {
                W::run_here(Arc::clone(&cell)).await;
                return Ok(JobHandle::new(cell, false));
            }
            Entry::Parked | Entry::Refused(_) => {}
        }
        // Cancels the job if this is dropped, even when the job has got its place meanwhile.
        let handle = JobHandle::new(Arc::clone(&cell) as Arc<dyn Waited<W::Output>>, true);
        let head = cell.head();
        let error = tokio::select! {
            biased;
            known = poll_fn(|cx| cell.poll_accepted(cx.waker())) => return handle.given(known),
            deadline = at(head.deadline()) => JobError::Expired(Expired { deadline, started: false }),
            cause = head.ambient_cancelled() => JobError::Cancelled(cause),
        };
        cell.withdraw(error);
        let known = poll_fn(|cx| cell.poll_accepted(cx.waker())).await;
        handle.given(known)
    }

    /// Submits the job if there is a place for it now, whatever the pool's policy.
    ///
    /// # Errors
    ///
    /// [`SubmitError`], which has the job: [`JobError::Rejected`], as there is no place or the pool is
    /// closed.
    pub fn try_spawn(self) -> Result<JobHandle<W::Output>, SubmitError<W::Job>> {
        let (cell, entry) = self.submit(false);
        if matches!(entry, Entry::Refused(_))
            && let Poll::Ready(Err((job, error))) = cell.poll_accepted(Waker::noop())
        {
            return Err(SubmitError { error, job });
        }
        Ok(JobHandle::new(cell, false))
    }

    fn submit(self, by_policy: bool) -> (Arc<CellOf<W>>, Entry) {
        let Self { plane, work, key, priority, deadline, place } = self;
        let ambient = Context::try_current();
        let inherited = ambient.as_ref().and_then(Context::deadline);
        let deadline = match (deadline, inherited) {
            (Some(own), Some(inherited)) => Some(own.min(inherited)),
            _ => deadline.or(inherited),
        };
        let is_bare = key.is_none() && ambient.is_none() && deadline.is_none();
        let extras = (!is_bare).then(|| Box::new(Extras { key, ambient, deadline }));
        let manner = if by_policy { Manner::By(policy_here(plane.config.rejection, W::CLASS)) } else { Manner::Now };
        let head = Head { class: W::CLASS, priority, extras, place, standing: Standing::new(), plane };
        let cell = Arc::new(Cell::new(head, work.into_job()));
        let entry = W::submit(&cell.head().plane, &cell, manner);
        (cell, entry)
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
        Answer { state: State::New(self) }
    }
}

/// The future of an awaited [`Submission`].
#[must_use = "futures do nothing unless polled"]
pub struct Answer<W: Work> {
    state: State<W>,
}

enum State<W: Work> {
    New(Submission<W>),
    /// Its submitter runs it, before it asks for the end.
    Here(Here, JobHandle<W::Output>),
    Waits(JobHandle<W::Output>),
    Over,
}

// Nothing in it is pinned: the job is moved to the pool before it runs.
impl<W: Work> Unpin for Answer<W> {}

impl<W: Work> Future for Answer<W> {
    type Output = Result<W::Output, JobError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let state = &mut self.state;
        loop {
            match std::mem::replace(state, State::Over) {
                State::New(submission) => {
                    let (cell, entry) = submission.submit(true);
                    let here = (entry == Entry::Here).then(|| W::run_here(Arc::clone(&cell)));
                    let handle = JobHandle::new(cell, true);
                    *state = match here {
                        Some(here) => State::Here(here, handle),
                        None => State::Waits(handle),
                    };
                }
                State::Here(mut here, handle) => {
                    if here.as_mut().poll(cx).is_pending() {
                        *state = State::Here(here, handle);
                        return Poll::Pending;
                    }
                    *state = State::Waits(handle);
                }
                State::Waits(mut handle) => {
                    let polled = Pin::new(&mut handle).poll(cx);
                    if polled.is_pending() {
                        *state = State::Waits(handle);
                    }
                    return polled;
                }
                State::Over => panic!("polled after it had finished"),
            }
        }
    }
}

impl<W: Work> fmt::Debug for Answer<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("submitted", &!matches!(self.state, State::New(_))).finish_non_exhaustive()
    }
}

impl<W> fmt::Debug for Submission<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submission")
            .field("key", &self.key)
            .field("priority", &self.priority)
            .field("deadline", &self.deadline)
            .field("place", &format_args!("{}", self.place))
            .finish_non_exhaustive()
    }
}
