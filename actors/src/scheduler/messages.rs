//! What a [`SchedulerActor`](super::SchedulerActor) understands.
use std::fmt;
use std::sync::Arc;

use actix::Message;
use tokio::time::Instant;

use super::job::Job;
use super::timetable::{Added, Plan};
use super::{DrainReceipt, ScheduleError, ScheduleId, SchedulerStatus};

/// Enters a schedule into the timetable. It is made and sent by [`Every::run`](super::Every::run),
/// [`Cron::run`](super::Cron::run) and [`Once::run`](super::Once::run).
///
/// Its answer takes the schedule out again if nobody receives it.
#[derive(Message)]
#[rtype(result = "Result<Entered, ScheduleError>")]
pub struct Add {
    pub(super) name: Arc<str>,
    pub(super) plan: Plan,
    pub(super) job: Arc<Job>,
}

impl fmt::Debug for Add {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Add").field("name", &self.name).field("plan", &self.plan).finish_non_exhaustive()
    }
}

/// The answer to [`Add`]: a schedule that is cancelled again when this is dropped, unless it is kept.
#[must_use = "dropping it cancels the schedule"]
pub struct Entered {
    pub(super) added: Added,
    pub(super) undo: Option<Box<dyn FnOnce(ScheduleId) + Send>>,
}

impl Entered {
    /// Lets the schedule stay.
    pub(super) fn keep(mut self) -> Added {
        self.undo = None;
        self.added.clone()
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        if let Some(undo) = self.undo.take() {
            undo(self.added.id);
        }
    }
}

impl fmt::Debug for Entered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entered").field("schedule", &self.added.id).finish_non_exhaustive()
    }
}

/// Changes a schedule. The answer says whether that changed anything.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "bool")]
pub struct Control {
    /// The schedule, as [`ScheduleHandle::id`](super::ScheduleHandle::id) tells it.
    pub schedule: ScheduleId,
    /// What is to be done with it.
    pub action: Action,
}

/// What can be done with a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// See [`ScheduleHandle::cancel`](super::ScheduleHandle::cancel).
    Cancel,
    /// See [`ScheduleHandle::close`](super::ScheduleHandle::close).
    Close,
    /// See [`ScheduleHandle::pause`](super::ScheduleHandle::pause).
    Pause,
    /// See [`ScheduleHandle::resume`](super::ScheduleHandle::resume).
    Resume,
    /// See [`ScheduleHandle::trigger`](super::ScheduleHandle::trigger).
    Trigger,
}

/// Cancels every schedule; see [`Scheduler::cancel_all`](super::Scheduler::cancel_all). The answer says
/// how many there were.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "usize")]
pub struct CancelAll;

/// Asks a [`SchedulerActor`](super::SchedulerActor) for a snapshot.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "SchedulerStatus")]
pub struct GetStatus;

/// Has the scheduler start nothing any more; see [`Scheduler::close`](super::Scheduler::close).
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Close;

/// Has the scheduler finish what runs, by the deadline; see [`Scheduler::drain`](super::Scheduler::drain).
///
/// The answer can take as long as that: ask with the actor's `ask_timeout` in mind, which is at least the
/// scheduler's [`drain_timeout`](super::SchedulerConfig::drain_timeout).
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "DrainReceipt")]
pub struct Drain {
    /// When everything must be over.
    pub deadline: Instant,
}
