mod control;
mod look;

use std::fmt;
use std::pin::pin;
use std::sync::Arc;

use patterns_core::context::{Interrupt, interruptible};

use super::plane::Plane;
use super::timetable::Added;
use super::{ScheduleId, ScheduleStatus, SchedulerActor};
use crate::WeakHandle;
pub(super) use control::undeterred;

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
                    return last.status.clone();
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
