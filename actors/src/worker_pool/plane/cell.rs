//! One job: what it is, where it stands, and how it ends exactly once.

use std::task::{Poll, Waker};

use parking_lot::{Mutex, MutexGuard};
use patterns_core::cancel::{CancelCause, CancelKind, CancelToken};
use patterns_core::context::Context;
use patterns_core::outcome::catch_panic;
use tokio::time::Instant;

use super::counts::Bucket;
use super::job::{Head, Job, Look, Waited};
use super::spare::Spare;
use crate::quiet::drop_quietly;
use crate::worker_pool::{Expired, JobClass, JobError, Reject};

/// A job `J` (a closure or a future) whose value is a `T`.
#[expect(missing_debug_implementations, reason = "public in a private module only, for a sealed trait")]
pub struct Cell<J, T> {
    head: Head,
    slot: Mutex<Slot<J, T>>,
}

struct Slot<J, T> {
    stage: Stage<J, T>,
    /// Whoever waits for the place or for the end.
    waker: Option<Waker>,
}

enum Stage<J, T> {
    /// Not started. What goes through the lane never learns that it was accepted, nor does anybody ask.
    Waiting { job: J, accepted: bool },
    /// It runs.
    Running(Run),
    /// It was not taken, and is its submitter's again.
    Refused(J, Box<JobError>),
    /// It is over, and this is for whoever waits for it.
    Ended(Result<T, Box<JobError>>),
    /// It is over, and whoever waited has got everything.
    Empty,
}

struct Run {
    since: Instant,
    token: CancelToken,
    asked: Option<Box<Asked>>,
    /// Whoever waited for it got an error of this kind and left.
    given_up: Option<Bucket>,
}

struct Asked {
    at: Instant,
    why: JobError,
}

impl<J, T> Cell<J, T>
where
    J: Send + 'static,
    T: Send + 'static,
{
    pub(crate) fn new(head: Head, job: J) -> Self {
        let stage = Stage::Waiting { job, accepted: false };
        Self { head, slot: Mutex::new(Slot { stage, waker: None }) }
    }

    /// Ends a job that was not started, and returns the work.
    fn end_unstarted(&self, error: JobError) -> Option<J> {
        let mut slot = self.slot.lock();
        match slot.take() {
            Stage::Waiting { job, .. } => {
                let bucket = Bucket::from(&error);
                self.head.plane.counts.ended(bucket);
                slot.stage = Stage::Ended(Err(Box::new(error)));
                wake(slot);
                self.over_unstarted(bucket);
                Some(job)
            }
            other => {
                slot.stage = other;
                None
            }
        }
    }

    fn over_unstarted(&self, bucket: Bucket) {
        self.head.plane.died(&self.head);
        self.head.plane.after_end(bucket);
    }

    /// Takes the work out to run it, and makes what it runs in; `None` if the job is over or must not be
    /// started any more.
    pub(super) fn begin(&self, spare: &mut Spare) -> Option<(J, Context)> {
        if let Some(error) = self.head.objection() {
            drop_quietly(self.end_unstarted(error));
            return None;
        }
        let context = self.head.context(spare);
        let run = Run { since: Instant::now(), token: context.token().clone(), asked: None, given_up: None };
        let mut slot = self.slot.lock();
        match slot.take() {
            Stage::Waiting { job, .. } => {
                slot.stage = Stage::Running(run);
                Some((job, context))
            }
            other => {
                slot.stage = other;
                None
            }
        }
    }

    /// Ends a running job.
    pub(super) fn finish(&self, mut result: Result<T, JobError>) {
        let mut slot = self.slot.lock();
        let stage = slot.take();
        let mut given_up = None;
        if let Stage::Running(run) = &stage {
            given_up = run.given_up;
            // It only knows that it was cancelled, not that this was for a deadline.
            if let (Err(JobError::Cancelled(_)), Some(asked)) = (&result, &run.asked)
                && let JobError::Expired(expired) = asked.why
            {
                result = Err(JobError::Expired(Expired { started: true, ..expired }));
            }
        }
        // Counted before it is seen: whoever has awaited a job finds it in the counts.
        let bucket = given_up.unwrap_or_else(|| result.as_ref().map_or_else(Bucket::from, |_| Bucket::Done));
        self.head.plane.counts.ended(bucket);
        let unwanted = if given_up.is_some() {
            Some(result)
        } else {
            slot.stage = Stage::Ended(result.map_err(Box::new));
            None
        };
        wake(slot);
        drop(stage);
        if unwanted.is_some() {
            drop_quietly(unwanted);
        }
        self.head.plane.after_end(bucket);
    }

    /// Whether it was accepted, once that is known; the job itself and the reason if it wasn't.
    pub(crate) fn poll_accepted(&self, waker: &Waker) -> Poll<Result<(), (J, JobError)>> {
        self.poll(waker, |stage| match stage {
            Stage::Refused(job, error) => (Stage::Empty, Poll::Ready(Err((job, *error)))),
            Stage::Waiting { accepted: false, .. } => (stage, Poll::Pending),
            _ => (stage, Poll::Ready(Ok(()))),
        })
    }

    /// Has `look` decide by the stage, and what is to be the next one; registers the waker where that is `Pending`.
    ///
    /// Wakers are cloned and dropped outside of the lock.
    fn poll<R>(&self, waker: &Waker, look: impl Fn(Stage<J, T>) -> (Stage<J, T>, Poll<R>)) -> Poll<R> {
        let mut new = None;
        loop {
            let mut slot = self.slot.lock();
            let (stage, result) = look(slot.take());
            slot.stage = stage;
            if result.is_ready() || slot.waker.as_ref().is_some_and(|known| known.will_wake(waker)) {
                return result;
            }
            if let Some(new) = new.take() {
                let known = slot.waker.replace(new);
                drop(slot);
                drop(known);
                return result;
            }
            drop(slot);
            new = Some(waker.clone());
        }
    }

    /// Refuses a job that has no place, for this reason.
    pub(crate) fn withdraw(&self, error: JobError) {
        let mut slot = self.slot.lock();
        match slot.take() {
            Stage::Waiting { job, accepted: false } => {
                let bucket = Bucket::from(&error);
                self.head.plane.counts.ended(bucket);
                slot.stage = Stage::Refused(job, Box::new(error));
                wake(slot);
                self.over_unstarted(bucket);
            }
            other => slot.stage = other,
        }
    }
}

/// The last to have a job may be anybody; what is left of it is the user's.
impl<J, T> Drop for Cell<J, T> {
    fn drop(&mut self) {
        match self.slot.get_mut().take() {
            Stage::Empty => {}
            left => drop_quietly(left),
        }
    }
}

impl<J, T> Slot<J, T> {
    /// Takes the stage out, to be put back or to be followed by another.
    fn take(&mut self) -> Stage<J, T> {
        std::mem::replace(&mut self.stage, Stage::Empty)
    }
}

/// Wakes whoever waits, after the lock.
fn wake<J, T>(mut slot: MutexGuard<'_, Slot<J, T>>) {
    let waker = slot.waker.take();
    drop(slot);
    if let Some(waker) = waker {
        wake_quietly(waker);
    }
}

/// Wakes a task. A panic in its waker harms nobody else.
pub(super) fn wake_quietly(waker: Waker) {
    drop(catch_panic(|| waker.wake()));
}

impl<J, T> Job for Cell<J, T>
where
    J: Send + 'static,
    T: Send + 'static,
{
    fn head(&self) -> &Head {
        &self.head
    }

    fn accept(&self, wakes: &mut Vec<Waker>) -> bool {
        let mut slot = self.slot.lock();
        let slot = &mut *slot;
        match &mut slot.stage {
            Stage::Waiting { accepted, .. } => {
                if !std::mem::replace(accepted, true) {
                    wakes.extend(slot.waker.take());
                }
                true
            }
            _ => false,
        }
    }

    fn is_waiting(&self) -> bool {
        matches!(self.slot.lock().stage, Stage::Waiting { .. })
    }

    fn refuse(&self, why: Reject) {
        self.withdraw(JobError::Rejected(why));
    }

    fn stop(&self, why: JobError) {
        if let Some(job) = self.end_unstarted(why.clone()) {
            drop_quietly(job);
            return;
        }
        let cause = match &why {
            JobError::Cancelled(cause) => cause.clone(),
            _ => CancelCause::new(CancelKind::Deadline, "the job's deadline passed"),
        };
        let mut slot = self.slot.lock();
        let Stage::Running(run) = &mut slot.stage else { return };
        if run.asked.is_none() {
            run.asked = Some(Box::new(Asked { at: Instant::now(), why }));
        }
        let token = run.token.clone();
        // Whoever waits for a CPU job has to know how long it makes sense to.
        wake(slot);
        token.cancel_with(cause);
        if self.head.class == JobClass::Cpu {
            self.head.plane.keeper.notify_one();
        }
    }

    fn look(&self) -> Option<Look> {
        match &self.slot.lock().stage {
            Stage::Running(run) => Some(Look { since: run.since, asked: run.asked.as_ref().map(|asked| asked.at) }),
            _ => None,
        }
    }

    fn asked(&self) -> Option<JobError> {
        match &self.slot.lock().stage {
            Stage::Running(run) => run.asked.as_ref().map(|asked| asked.why.clone()),
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
        let ended = self.poll(waker, |stage| match stage {
            Stage::Ended(result) => (Stage::Empty, Poll::Ready((None, result))),
            Stage::Refused(job, error) => (Stage::Empty, Poll::Ready((Some(job), Err(error)))),
            Stage::Empty => panic!("a job's value was polled for after it had been taken"),
            other => (other, Poll::Pending),
        });
        ended.map(|(job, result)| {
            drop_quietly(job);
            result.map_err(|error| *error)
        })
    }

    fn give_up(&self, error: JobError) -> Result<T, JobError> {
        let mut slot = self.slot.lock();
        match slot.take() {
            Stage::Ended(result) => result.map_err(|error| *error),
            mut other => {
                if let Stage::Running(run) = &mut other {
                    run.given_up = Some(Bucket::from(&error));
                }
                slot.stage = other;
                Err(error)
            }
        }
    }

    fn is_over(&self) -> bool {
        matches!(self.slot.lock().stage, Stage::Ended(_) | Stage::Empty | Stage::Refused(..))
    }
}
