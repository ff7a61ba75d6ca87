//! One job: what it is, where it stands, and how it ends exactly once.

use std::task::{Poll, Waker};

use parking_lot::{Mutex, MutexGuard};
use patterns_core::cancel::{CancelCause, CancelKind};
use tokio::time::Instant;

use super::contain::drop_quietly;
use super::counts::Bucket;
use super::job::{Head, Job, Waited};
use crate::worker_pool::{JobError, Reject};

/// A job `J` (a closure or a future) whose value is a `T`.
#[expect(missing_debug_implementations, reason = "public in a private module only, for a sealed trait")]
pub struct Cell<J, T> {
    head: Head,
    slot: Mutex<Slot<J, T>>,
}

struct Slot<J, T> {
    stage: Stage<T>,
    /// The work, until it is started or given back.
    job: Option<J>,
    /// Whoever waits for the place or for the end.
    waker: Option<Waker>,
}

enum Stage<T> {
    /// Its submitter waits for a place.
    Parked,
    /// It has a place.
    Queued,
    /// It runs.
    Running(Instant),
    /// It runs, but whoever waited for it got an error of this kind and left.
    GivenUp(Instant, Bucket),
    /// It was not taken.
    Refused(JobError),
    /// It is over, and this is for whoever waits for it.
    Ended(Result<T, JobError>),
    /// It is over, and whoever waited has got everything.
    Empty,
}

impl<J, T> Cell<J, T>
where
    J: Send + 'static,
    T: Send + 'static,
{
    pub(crate) fn new(head: Head, job: J) -> Self {
        Self { head, slot: Mutex::new(Slot { stage: Stage::Parked, job: Some(job), waker: None }) }
    }

    /// Ends a job that was not started, and returns the work.
    fn end_unstarted(&self, error: JobError) -> Option<J> {
        let mut slot = self.slot.lock();
        if !matches!(slot.stage, Stage::Parked | Stage::Queued) {
            return None;
        }
        self.head.plane.counts.ended(Bucket::from(&error));
        slot.stage = Stage::Ended(Err(error));
        let job = slot.job.take();
        wake(slot);
        self.head.plane.after_end(&self.head);
        self.head.plane.died(self.head.class);
        job
    }

    /// Takes the work out to run it; `None` if the job is over or must not be started any more.
    pub(super) fn begin(&self) -> Option<J> {
        if let Some(error) = self.head.objection() {
            drop_quietly(self.end_unstarted(error));
            return None;
        }
        let mut slot = self.slot.lock();
        if !matches!(slot.stage, Stage::Queued) {
            return None;
        }
        slot.stage = Stage::Running(Instant::now());
        slot.job.take()
    }

    /// Ends a running job.
    pub(super) fn finish(&self, result: Result<T, JobError>) {
        let mut slot = self.slot.lock();
        // Counted before it is seen: whoever has awaited a job finds it in the counts.
        let unwanted = match slot.stage {
            Stage::GivenUp(_, bucket) => {
                self.head.plane.counts.ended(bucket);
                slot.stage = Stage::Empty;
                Some(result)
            }
            _ => {
                self.head.plane.counts.ended(result.as_ref().map_or_else(Bucket::from, |_| Bucket::Done));
                slot.stage = Stage::Ended(result);
                None
            }
        };
        wake(slot);
        drop_quietly(unwanted);
        self.head.plane.after_end(&self.head);
    }

    /// Whether it was accepted, once that is known; the job itself and the reason if it wasn't.
    pub(crate) fn poll_accepted(&self, waker: &Waker) -> Poll<Result<(), (J, JobError)>> {
        let mut slot = self.slot.lock();
        if matches!(slot.stage, Stage::Parked) {
            wait(&mut slot.waker, waker);
            return Poll::Pending;
        }
        Poll::Ready(match slot.take_refused() {
            Some(refused) => Err(refused),
            None => Ok(()),
        })
    }

    /// Refuses a job that has no place, for this reason.
    pub(crate) fn withdraw(&self, error: JobError) {
        let mut slot = self.slot.lock();
        if matches!(slot.stage, Stage::Parked) {
            self.head.plane.counts.ended(Bucket::from(&error));
            slot.stage = Stage::Refused(error);
            wake(slot);
            self.head.plane.after_end(&self.head);
            self.head.plane.died(self.head.class);
        }
    }
}

impl<J, T> Slot<J, T> {
    fn take_refused(&mut self) -> Option<(J, JobError)> {
        match std::mem::replace(&mut self.stage, Stage::Empty) {
            Stage::Refused(error) => self.job.take().map(|job| (job, error)),
            other => {
                self.stage = other;
                None
            }
        }
    }
}

/// Wakes whoever waits, after the lock.
fn wake<J, T>(mut slot: MutexGuard<'_, Slot<J, T>>) {
    let waker = slot.waker.take();
    drop(slot);
    if let Some(waker) = waker {
        waker.wake();
    }
}

fn wait(place: &mut Option<Waker>, waker: &Waker) {
    match place {
        Some(known) => known.clone_from(waker),
        None => *place = Some(waker.clone()),
    }
}

impl<J, T> Job for Cell<J, T>
where
    J: Send + 'static,
    T: Send + 'static,
{
    fn head(&self) -> &Head {
        &self.head
    }

    fn accept(&self) -> bool {
        let mut slot = self.slot.lock();
        match slot.stage {
            Stage::Parked => {
                slot.stage = Stage::Queued;
                wake(slot);
                true
            }
            Stage::Queued => true,
            _ => false,
        }
    }

    fn is_parked(&self) -> bool {
        matches!(self.slot.lock().stage, Stage::Parked)
    }

    fn is_waiting(&self) -> bool {
        matches!(self.slot.lock().stage, Stage::Parked | Stage::Queued)
    }

    fn refuse(&self, why: Reject) {
        self.withdraw(JobError::Rejected(why));
    }

    fn stop(&self, why: JobError) {
        let cause = match &why {
            JobError::Cancelled(cause) => cause.clone(),
            _ => CancelCause::new(CancelKind::Deadline, "the job's deadline passed"),
        };
        match self.end_unstarted(why) {
            Some(job) => drop_quietly(job),
            None => {
                self.head.context.token().cancel_with(cause);
            }
        }
    }

    fn running_since(&self) -> Option<Instant> {
        match self.slot.lock().stage {
            Stage::Running(since) | Stage::GivenUp(since, _) => Some(since),
            _ => None,
        }
    }
}

impl<J, T> Waited<T> for Cell<J, T>
where
    J: Send + 'static,
    T: Send + 'static,
{
    fn poll_end(&self, waker: &Waker) -> Poll<Result<T, JobError>> {
        let mut slot = self.slot.lock();
        if let Some((job, error)) = slot.take_refused() {
            drop(slot);
            drop_quietly(job);
            return Poll::Ready(Err(error));
        }
        match std::mem::replace(&mut slot.stage, Stage::Empty) {
            Stage::Ended(result) => Poll::Ready(result),
            Stage::Empty => panic!("a job's value was polled for after it had been taken"),
            other => {
                slot.stage = other;
                wait(&mut slot.waker, waker);
                Poll::Pending
            }
        }
    }

    fn give_up(&self, error: JobError) -> Result<T, JobError> {
        let mut slot = self.slot.lock();
        match std::mem::replace(&mut slot.stage, Stage::Empty) {
            Stage::Running(since) => {
                slot.stage = Stage::GivenUp(since, Bucket::from(&error));
                Err(error)
            }
            Stage::Ended(result) => result,
            other => {
                slot.stage = other;
                Err(error)
            }
        }
    }

    fn is_over(&self) -> bool {
        matches!(self.slot.lock().stage, Stage::Ended(_) | Stage::Empty | Stage::Refused(_))
    }
}
