//! Changing a schedule.

use patterns_core::cancel::CancelToken;
use patterns_core::context::Context;

use super::super::messages::{Action, Control};
use super::super::{ScheduleError, ScheduleHandle};

impl ScheduleHandle {
    pub(in super::super) async fn control(&self, action: Action) -> Result<bool, ScheduleError> {
        let actor = self.actor.upgrade().ok_or(ScheduleError::Closed)?;
        let asked = actor.ask(Control { schedule: self.added.id, action });
        let answer = match action {
            Action::Cancel | Action::Close => undeterred(asked).await,
            _ => asked.await,
        };
        Ok(answer?)
    }

    /// Starts nothing any more, and asks what runs to stop; whether that was still to be done.
    ///
    /// A run that does not stop within the scheduler's [`grace`](super::super::SchedulerConfig::grace) is dropped.
    /// This waits for none of them: [`ended`](Self::ended) does. A run that ends its own schedule
    /// rather [closes](Self::close) it. What came and has not begun is skipped. A store still knows the schedule:
    /// [`Scheduler::forget`](super::super::Scheduler::forget) deletes it.
    ///
    /// This is not interrupted by the ambient token, so that it can be part of a cleanup.
    ///
    /// # Errors
    ///
    /// - [`ScheduleError::Closed`]: the actor has stopped, and with it everything.
    /// - [`ScheduleError::Unanswered`]: the ambient deadline or the actor's `ask_timeout` passed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropped early, the schedule is cancelled or as it was.
    pub async fn cancel(&self) -> Result<bool, ScheduleError> {
        self.control(Action::Cancel).await
    }

    /// Starts nothing any more, and lets what runs finish; whether that was still to be done. What came and has not
    /// begun is skipped.
    ///
    /// This is not interrupted by the ambient token, so that it can be part of a cleanup.
    ///
    /// # Errors
    ///
    /// - [`ScheduleError::Closed`]: the actor has stopped, and with it everything.
    /// - [`ScheduleError::Unanswered`]: the ambient deadline or the actor's `ask_timeout` passed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropped early, the schedule is closed or as it was.
    pub async fn close(&self) -> Result<bool, ScheduleError> {
        self.control(Action::Close).await
    }

    /// Starts nothing until it is [resumed](Self::resume); whether that was still to be done. What runs
    /// goes on, and so does what has come already and waits for its turn. No store is told of it.
    ///
    /// # Errors
    ///
    /// - [`ScheduleError::Closed`]: the actor has stopped, and with it everything.
    /// - [`ScheduleError::Unanswered`]: the ambient token was cancelled, or the ambient deadline or the actor's
    ///   `ask_timeout` passed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropped early, the schedule is paused or as it was.
    pub async fn pause(&self) -> Result<bool, ScheduleError> {
        self.control(Action::Pause).await
    }

    /// Ends a [pause](Self::pause); whether there was one. It keeps to its instants: those that came in
    /// between are skipped. A one-shot whose instant came in between is due now, as late as it is.
    ///
    /// # Errors
    ///
    /// - [`ScheduleError::Closed`]: the actor has stopped, and with it everything.
    /// - [`ScheduleError::Unanswered`]: the ambient token was cancelled, or the ambient deadline or the actor's
    ///   `ask_timeout` passed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropped early, the schedule is resumed or as it was.
    pub async fn resume(&self) -> Result<bool, ScheduleError> {
        self.control(Action::Resume).await
    }

    /// Starts a run now, besides those that are due, also while it is paused; whether it was started, or, where the
    /// schedule is durable or its [`Overlap`](super::super::Overlap) has it wait, was taken on.
    ///
    /// It is not where runs may not overlap and one runs (that is counted as skipped), or where the
    /// schedule has had its last run. A one-shot that was triggered has had its run.
    ///
    /// # Errors
    ///
    /// - [`ScheduleError::Closed`]: the actor has stopped, and with it everything.
    /// - [`ScheduleError::Unanswered`]: the ambient token was cancelled, or the ambient deadline or the actor's
    ///   `ask_timeout` passed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropped early, a run was started or not, and is counted if it was.
    pub async fn trigger(&self) -> Result<bool, ScheduleError> {
        self.control(Action::Trigger).await
    }
}

/// Awaits `fut` under a token of its own, and the ambient deadline.
pub(in super::super) async fn undeterred<F: Future>(fut: F) -> F::Output {
    Context::current().with_token(CancelToken::new()).scope(fut).await
}
