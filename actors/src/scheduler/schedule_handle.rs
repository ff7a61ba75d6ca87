use std::fmt;
use std::pin::pin;
use std::sync::Arc;

use patterns_core::cancel::CancelToken;
use patterns_core::context::{Context, Interrupt, interruptible};
use tokio::time::Instant;

use super::messages::{Action, Control};
use super::plane::Plane;
use super::timetable::Added;
use super::{ScheduleError, ScheduleId, ScheduleStatus, SchedulerActor};
use crate::WeakHandle;

/// One schedule of a [`Scheduler`](super::Scheduler).
///
/// A clone is the same schedule. Dropping it changes nothing, and it does not keep the scheduler alive, so
/// that a job may own a handle of its own schedule.
///
/// # Examples
///
/// ```
/// use actors::{Scheduler, System};
/// use std::time::Duration;
/// use tokio::time::sleep;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), Box<dyn std::error::Error>> {
/// let system = System::start()?;
/// let scheduler = Scheduler::builder().start(&system)?;
/// let beat = scheduler.every("beat", Duration::from_secs(1)).run(async || {}).await?;
///
/// sleep(Duration::from_millis(2500)).await;
/// assert!(beat.pause().await?);
/// sleep(Duration::from_secs(2)).await;
/// assert!(beat.resume().await?);
/// assert_eq!(beat.status().counts.to_string(), "4 due: 2 done, 2 skipped");
/// assert_eq!(beat.status().last_skip.unwrap().to_string(), "skipped: the schedule was paused");
///
/// assert!(beat.cancel().await?);
/// assert!(!beat.cancel().await?);
/// assert!(scheduler.find("beat").is_none());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct ScheduleHandle {
    plane: Arc<Plane>,
    actor: WeakHandle<SchedulerActor>,
    added: Added,
}

impl ScheduleHandle {
    pub(super) fn new(plane: Arc<Plane>, actor: WeakHandle<SchedulerActor>, added: Added) -> Self {
        Self { plane, actor, added }
    }

    /// The schedule's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.added.name
    }

    /// What the scheduler's [messages](super::messages) call it.
    #[must_use]
    pub fn id(&self) -> ScheduleId {
        self.added.id
    }

    pub(super) async fn control(&self, action: Action) -> Result<bool, ScheduleError> {
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
    /// A run that does not stop within the scheduler's [`grace`](super::SchedulerConfig::grace) is dropped.
    /// This waits for none of them: [`ended`](Self::ended) does. A run that ends its own schedule
    /// rather [closes](Self::close) it.
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

    /// Starts nothing any more, and lets what runs finish; whether that was still to be done.
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
    /// goes on.
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
    /// between are skipped. A one-shot whose instant came in between runs now.
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

    /// Starts a run now, besides those that are due, also while it is paused; whether it was started.
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

    /// A snapshot; after its end, the last one.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "a schedule is in the timetable until its last status is set")]
    pub fn status(&self) -> ScheduleStatus {
        let fate = &self.added.fate;
        let live = || self.plane.table.lock().status_of(self.added.id, Instant::now());
        // It leaves the timetable and gets its last status in one step.
        fate.last.get().cloned().or_else(live).or_else(|| fate.last.get().cloned()).expect("in the timetable, or ended")
    }

    /// Waits until it has had its last run, or was cancelled or closed, and nothing of it runs.
    ///
    /// # Errors
    ///
    /// - [`Interrupt::Cancelled`]: the ambient token was cancelled.
    /// - [`Interrupt::DeadlinePassed`]: the ambient deadline passed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn ended(&self) -> Result<ScheduleStatus, Interrupt> {
        let fate = &self.added.fate;
        interruptible(async {
            loop {
                let mut over = pin!(fate.over.notified());
                over.as_mut().enable();
                if let Some(last) = fate.last.get() {
                    return last.clone();
                }
                over.await;
            }
        })
        .await
    }
}

impl fmt::Debug for ScheduleHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScheduleHandle").field("id", &self.added.id).field("status", &self.status()).finish()
    }
}

/// Awaits `fut` under a token of its own, and the ambient deadline.
pub(super) async fn undeterred<F: Future>(fut: F) -> F::Output {
    Context::current().with_token(CancelToken::new()).scope(fut).await
}
