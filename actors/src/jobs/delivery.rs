use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use patterns_core::cancel::CancelCause;
use patterns_core::context::Interrupt;
use tokio::sync::oneshot;

use super::driver::{Answer, DeadReason, End};
use super::plane::{Plane, dead_as_expired};
use super::{AnswerError, Fence, JobId, Run, Stop};

/// Whoever hands a job back, or fails it, for less than that has it back after so long: it is not asked of the engine again
/// and again at once.
pub(super) const LEAST_PAUSE: Duration = Duration::from_millis(100);

/// A job that was taken and was not answered for, for who would rather do without the types of [`Job`](super::Job).
///
/// It is this process's as long as the process gives signs of life, which it does by itself. What was not answered for
/// when the function that [was given it](super::JobQueueBuilder::deliver) returns, or is dropped as it did not stop in
/// time, is handed back, which is no attempt: for a second, unless it was asked to stop. If the function panics or takes too
/// long, the job has failed.
pub struct Delivery {
    plane: Arc<Plane>,
    run: Run,
}

impl Delivery {
    pub(super) fn new(plane: Arc<Plane>, run: Run) -> Self {
        Self { plane, run }
    }

    /// What it works on, as JSON.
    #[must_use]
    pub fn payload(&self) -> &str {
        &self.run.job.payload
    }

    /// Tells this delivery from all others of its job. Whoever is given it can refuse those who have an older one.
    #[must_use]
    pub fn fence(&self) -> Fence {
        self.run.job.fence
    }

    /// Which job and attempt it is, and what is committed with its end.
    pub fn run(&mut self) -> &mut Run {
        &mut self.run
    }

    /// The job is done, and this came of it, as JSON; with what [`run`](Self::run) was told to commit with it.
    ///
    /// # Errors
    ///
    /// [`AnswerError`], a line per variant there.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the answer is written all the same.
    pub async fn ack(self, output: Option<String>) -> Result<(), AnswerError> {
        self.answer(End::Done { output }).await
    }

    /// The job has failed, and is to be tried again after so long, at least 100 ms, however often it was tried before.
    ///
    /// # Errors
    ///
    /// As for [`ack`](Self::ack).
    ///
    /// # Cancel safety
    ///
    /// As for [`ack`](Self::ack).
    pub async fn nak(self, after: Duration, error: impl Into<String>) -> Result<(), AnswerError> {
        self.answer(End::Retry { after: after.max(LEAST_PAUSE), error: error.into() }).await
    }

    /// The job has failed, and is not tried again.
    ///
    /// # Errors
    ///
    /// As for [`ack`](Self::ack).
    ///
    /// # Cancel safety
    ///
    /// As for [`ack`](Self::ack).
    pub async fn term(self, reason: impl Into<String>) -> Result<(), AnswerError> {
        self.answer(End::Dead { reason: DeadReason::Terminated, error: reason.into() }).await
    }

    /// The job is handed back, and not taken again before so long is over, at least 100 ms. This was no attempt.
    ///
    /// # Errors
    ///
    /// As for [`ack`](Self::ack).
    ///
    /// # Cancel safety
    ///
    /// As for [`ack`](Self::ack).
    pub async fn release(self, after: Duration) -> Result<(), AnswerError> {
        self.answer(End::Released { after: after.max(LEAST_PAUSE) }).await
    }

    async fn answer(self, end: End) -> Result<(), AnswerError> {
        let (reply, answered) = oneshot::channel();
        self.write(end, Some(reply));
        answered.await.unwrap_or(Err(AnswerError::Unanswered))
    }

    /// Answers, and does not wait for the answer to count.
    pub(super) fn settle(self, end: End) {
        self.write(end, None);
    }

    fn write(self, end: End, reply: Option<oneshot::Sender<Result<(), AnswerError>>>) {
        let Self { plane, run: Run { job, next, effects, .. } } = self;
        let is_done = matches!(end, End::Done { .. });
        let (next, effects) = if is_done { (next, effects) } else { (Vec::new(), None) };
        plane.settle(Answer { id: job.id, fence: job.fence, end, next, effects }, reply);
    }

    /// What becomes of it as it has failed.
    pub(super) fn failure(&self, error: String, after: Option<Duration>) -> End {
        self.plane.failure(self.key(), error, after)
    }

    /// What becomes of it, if that is an error by which it obeyed who asked it to stop.
    pub(super) fn obeyed(&self, error: &(dyn Error + 'static)) -> Option<End> {
        let mut error = Some(error);
        let mut obeyed = false;
        while let Some(one) = error {
            obeyed |= one.is::<CancelCause>() || one.is::<Interrupt>();
            error = one.source();
        }
        match self.run.stopping().filter(|_| obeyed)? {
            Stop::Cancelled => Some(End::Cancelled),
            Stop::Draining | Stop::Unsure | Stop::Gone => Some(End::Released { after: Duration::ZERO }),
            Stop::Deadline => self.run.expires.then(dead_as_expired),
        }
    }

    fn key(&self) -> (JobId, Fence) {
        (self.run.job.id, self.run.job.fence)
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").field("run", &self.run).field("fence", &self.fence()).finish_non_exhaustive()
    }
}
