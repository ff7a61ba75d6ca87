//! Finding schedules, and ending them.

use std::sync::Arc;

use patterns_core::context::interruptible;

use super::super::messages::{Action, CancelAll};
use super::super::schedule_handle::undeterred;
use super::super::{ScheduleError, ScheduleHandle, Scheduler};

impl Scheduler {
    /// The schedule of that name, unless it has ended.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<ScheduleHandle> {
        let added = self.owner.plane.table.lock().find(name)?;
        Some(ScheduleHandle::new(Arc::clone(&self.owner.plane), self.owner.actor.downgrade(), added))
    }

    /// Cancels the schedule of that name, as [`ScheduleHandle::cancel`] does; whether there was one that
    /// had not been cancelled.
    ///
    /// # Errors
    ///
    /// Those of [`ScheduleHandle::cancel`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropped early, the schedule is cancelled or as it was.
    pub async fn cancel(&self, name: &str) -> Result<bool, ScheduleError> {
        match self.find(name) {
            Some(schedule) => schedule.control(Action::Cancel).await,
            None => Ok(false),
        }
    }

    /// Cancels the schedule of that name, if there is one, and deletes it from the store with all of its firings;
    /// whether the store knew it. Made again, it begins anew.
    ///
    /// [Cancelling](Self::cancel) alone leaves it in the store: made again, it goes on where it was.
    ///
    /// # Errors
    ///
    /// Those of [`ScheduleHandle::cancel`], and
    ///
    /// - [`ScheduleError::NoStore`]: the scheduler has none.
    /// - [`ScheduleError::Store`]: the store failed; it was asked once.
    /// - [`ScheduleError::Interrupted`]: the ambient token was cancelled, or the ambient deadline passed, while the
    ///   store was asked. It may be deleted yet.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropped early, it is as it was, or cancelled, or cancelled and deleted.
    pub async fn forget(&self, name: &str) -> Result<bool, ScheduleError> {
        let plane = &self.owner.plane;
        if plane.store.is_none() {
            return Err(ScheduleError::NoStore { name: name.into() });
        }
        self.cancel(name).await?;
        let forgotten = interruptible(plane.forget(name.to_owned())).await.map_err(ScheduleError::Interrupted)?;
        let forgotten = forgotten.ok_or(ScheduleError::Closed)?;
        forgotten.map_err(|source| ScheduleError::Store { name: name.into(), source })
    }

    /// Cancels every schedule, as [`ScheduleHandle::cancel`] does; how many there were.
    ///
    /// The scheduler stays open. This is not interrupted by the ambient token, so that it can be part
    /// of a cleanup.
    ///
    /// # Errors
    ///
    /// - [`ScheduleError::Closed`]: the actor has stopped, and with it everything.
    /// - [`ScheduleError::Unanswered`]: the ambient deadline or the actor's `ask_timeout` passed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropped early, all schedules are cancelled or all as they were.
    pub async fn cancel_all(&self) -> Result<usize, ScheduleError> {
        Ok(undeterred(self.owner.actor.ask(CancelAll)).await?)
    }
}
