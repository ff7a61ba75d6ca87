use std::borrow::Cow;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::BlockingError;
use super::job::Job;
use super::shared::Shared;
use super::state::Left;
use crate::cancel::{CancelCause, CancelKind};
use crate::context::{Interrupt, interruptible_as};

/// A job that a [`BlockingPool`](super::BlockingPool) has taken: await it for its value.
///
/// Whoever holds the handle is the job's caller. Dropped, the caller has gone: a job that has not started never
/// does, and its closure is dropped on the spot; one that runs is asked to stop, and
/// [counted as abandoned](super::Status::abandoned) until it has ended.
///
/// Awaiting obeys the ambient token and deadline of whoever awaits, which are not always those that the job was
/// submitted under.
///
/// # Comparison to `tokio::task::JoinHandle` of `spawn_blocking`
///
/// 1. Dropping it, or a timeout around it, tells the job; there it goes on, and nobody knows.
/// 2. A panic comes with its text and place.
///
/// # Errors
///
/// [`BlockingError`]: the job panicked, or never started, or the wait was interrupted.
///
/// # Cancel safety
///
/// Not cancel safe: awaiting consumes the handle, and dropping that is dropping the handle. Use
/// [`wait`](Self::wait).
///
/// # Examples
///
/// ```
/// use patterns_core::blocking::{BlockingError, BlockingPool};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), Box<dyn std::error::Error>> {
/// let pool = BlockingPool::builder().threads(1).queue(2).build()?;
/// let (open, gate) = std::sync::mpsc::channel::<()>();
/// let first = pool.submit(move |_| gate.recv().is_err()).await?;
/// let second = pool.submit(|_| 7).await?;
/// let third = pool.submit(|_| 8).await?; // waits until a thread has taken the first
///
/// assert!(second.cancel("not needed any more"));
/// assert!(second.await.is_err_and(|error| error.never_started()));
/// drop(open);
/// assert!(first.await?);
/// assert_eq!(third.await?, 8);
/// # Ok(()) }
/// ```
#[must_use = "a job whose handle is dropped is asked to stop"]
pub struct JobHandle<T> {
    shared: Arc<Shared>,
    job: Arc<dyn Job>,
    number: u64,
    answer: oneshot::Receiver<Result<T, BlockingError>>,
}

impl<T> JobHandle<T> {
    pub(super) fn new(
        shared: Arc<Shared>,
        job: Arc<dyn Job>,
        number: u64,
        answer: oneshot::Receiver<Result<T, BlockingError>>,
    ) -> Self {
        Self { shared, job, number, answer }
    }

    /// Asks the job to stop, and stays to see what comes of it.
    ///
    /// One that has not started never does, and awaiting it gives [`BlockingError::NotStarted`]; one that runs
    /// returns what it makes of [it](super::JobContext::is_cancelled). Returns whether this was the first to cancel
    /// it; `false` also if it has ended.
    #[track_caller]
    pub fn cancel(&self, message: impl Into<Cow<'static, str>>) -> bool {
        if self.is_finished() {
            return false;
        }
        let cause = CancelCause::new(CancelKind::Requested, message);
        let token = self.job.head().token();
        let first = token.cancel_with(cause.clone());
        if self.shared.revoke(self.number) {
            let cause = token.cause().cloned().unwrap_or(cause);
            self.job.refuse(BlockingError::NotStarted(Interrupt::Cancelled(cause)));
        }
        first
    }

    /// Whether it has ended, in whatever way, or will never start.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        !self.shared.is_live(self.number)
    }

    /// Waits for the value, and leaves the handle where it is if this is dropped.
    ///
    /// # Errors
    ///
    /// - [`BlockingError::Panicked`]: the job panicked.
    /// - [`BlockingError::NotStarted`]: the job was cancelled or its deadline passed before it started; or this wait
    ///   was interrupted by then, and it never will.
    /// - [`BlockingError::Abandoned`]: this wait was interrupted while the job ran. It was asked to stop; what it
    ///   makes of that can still be waited for.
    /// - [`BlockingError::Closed`]: the pool was shut down or dropped before the job started.
    ///
    /// # Panics
    ///
    /// If it has given the job's result before.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the handle still has the job.
    pub async fn wait(&mut self) -> Result<T, BlockingError> {
        let interrupt = match interruptible_as("a blocking job", &mut self.answer).await {
            Ok(answer) => return answer.unwrap_or(Err(BlockingError::Closed)),
            Err(interrupt) => interrupt,
        };
        match self.leave(|| interrupt.clone()) {
            Left::Queued => Err(BlockingError::NotStarted(interrupt)),
            Left::Running => Err(BlockingError::Abandoned(interrupt)),
            // It has ended in this moment, and its thread is about to answer.
            Left::Over => (&mut self.answer).await.unwrap_or(Err(BlockingError::Closed)),
        }
    }

    /// The caller goes away; `why` is asked where that matters to the job.
    fn leave(&self, why: impl FnOnce() -> Interrupt) -> Left {
        let left = self.shared.leave(self.number);
        if left == Left::Over {
            return left;
        }
        let why = why();
        self.job.head().token().cancel_with(match &why {
            Interrupt::Cancelled(cause) => cause.clone(),
            Interrupt::DeadlinePassed(_) => CancelCause::new(CancelKind::Deadline, ""),
        });
        if left == Left::Queued {
            self.job.refuse(BlockingError::NotStarted(why));
        }
        left
    }

    fn why_dropped(&self) -> Interrupt {
        match self.job.head().deadline().filter(|deadline| *deadline <= Instant::now()) {
            Some(deadline) => Interrupt::DeadlinePassed(deadline),
            None => Interrupt::Cancelled(CancelCause::new(CancelKind::ScopeDropped, "its caller went away")),
        }
    }
}

impl<T: Send + 'static> IntoFuture for JobHandle<T> {
    type Output = Result<T, BlockingError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(mut self) -> Self::IntoFuture {
        Box::pin(async move { self.wait().await })
    }
}

impl<T> Drop for JobHandle<T> {
    fn drop(&mut self) {
        let left = self.leave(|| self.why_dropped());
        // So that an answer is either here by now, or refused, and then its thread reports the panic.
        self.answer.close();
        if left == Left::Over
            && let Ok(Err(BlockingError::Panicked(panic))) = self.answer.try_recv()
        {
            tracing::error!(%panic, "a blocking job panicked, and its caller went away without looking");
        }
    }
}

impl<T> fmt::Debug for JobHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobHandle")
            .field("path", self.job.head().path())
            .field("finished", &self.is_finished())
            .finish_non_exhaustive()
    }
}
