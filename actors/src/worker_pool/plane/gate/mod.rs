//! Who may start, who has a place in the queue, and who still waits for one.
//!
//! A class of jobs has one gate, and its workers (threads or tasks) come to it for their [next](Gate::next) job. What
//! most jobs are, of normal priority and without a key, goes through a *lane*: a bounded channel, and nothing else,
//! as long as it is open. Everything else stands behind the gate's lock, in the flows of [`Rings`](rings::Rings);
//! while any of it has a turn, the plain jobs do too, so that they compete on equal terms.
//!
//! # Invariants
//!
//! 1. `turns` and `is_open` are what the lock's state says, except while somebody has the lock. They are written
//!    before a worker is called, and a worker looks at `turns` after it has said that it is about to rest: whoever
//!    brings a job sees the worker that missed it (all in one total order, `SeqCst`).
//! 2. The lane is open while nothing behind the lock has a turn, or a place of those that could be started.
//! 3. Accepted and not started are at most `queue`, and one more for each worker that is free and can have a permit,
//!    of those that could be started, and at most `queue` of those that their key holds back. However, a job that is on
//!    its way into the lane at the very instant at which another thread takes the lock is not seen by that one.
//! 4. What a lock's holder finds in the lane came first: it is taken behind the lock before anything is decided.

mod keys;
mod rings;
mod seats;
mod state;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicUsize, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TrySendError};
use parking_lot::Mutex;
use seats::After;
use state::State;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::Plane;
use super::cell::wake_quietly;
use super::job::{Head, Job};
use super::permits::Permits;
use crate::worker_pool::{JobClass, JobError, Reject, Rejection, WorkerPoolConfig};
pub(crate) use seats::Standing;
pub(crate) use state::Depths;

pub(crate) struct Gate<J: Job + ?Sized> {
    class: JobClass,
    /// There is none where each job needs a permit.
    lane: Option<Lane<J>>,
    is_open: AtomicBool,
    turns: AtomicUsize,
    /// Workers that have nothing to do, with those that are not there because there is nothing to do.
    free: AtomicIsize,
    permits: Option<Arc<Permits>>,
    policy: Rejection,
    /// Whether keys may have to wait for their rate.
    is_rated: bool,
    epoch: Instant,
    /// Whoever wakes keys that wait for their rate.
    keeper: Arc<Notify>,
    state: Mutex<State<J>>,
}

struct Lane<J: ?Sized> {
    entrance: Sender<Arc<J>>,
    exit: Receiver<Arc<J>>,
}

/// What a submitter wants if all places are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// The job back.
    Now,
    /// What the policy says.
    By(Rejection),
}

/// What became of a job at the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// It has a place.
    Accepted,
    /// It waits for one, and may be started without.
    Parked,
    /// It counts as started: whoever brought it runs it now.
    Here,
    /// It stays outside.
    Refused(Reject),
}

/// What a worker is to its gate.
#[derive(Debug)]
pub(crate) struct Worker {
    is_free: bool,
}

impl Worker {
    /// One that is counted as free.
    pub(crate) fn new() -> Self {
        Self { is_free: true }
    }
}

impl<J: Job + ?Sized> Gate<J> {
    pub(crate) fn new(
        class: JobClass,
        config: &WorkerPoolConfig,
        permits: Option<Arc<Permits>>,
        keeper: Arc<Notify>,
    ) -> Self {
        /// A longer queue goes on behind the lock.
        const LONGEST: usize = 8_192;
        let lane = permits.is_none().then(|| {
            let (entrance, exit) = crossbeam_channel::bounded(config.queue.min(LONGEST));
            Lane { entrance, exit }
        });
        Self {
            class,
            lane,
            is_open: AtomicBool::new(true),
            turns: AtomicUsize::new(0),
            free: AtomicIsize::new(0),
            permits,
            policy: config.rejection,
            is_rated: config.rate.is_some(),
            epoch: Instant::now(),
            keeper,
            state: Mutex::new(State::new(config)),
        }
    }

    pub(crate) fn class(&self) -> JobClass {
        self.class
    }

    fn now(&self) -> u64 {
        rings::nanos(self.epoch.elapsed())
    }

    fn free(&self) -> usize {
        usize::try_from(self.free.load(Ordering::SeqCst)).unwrap_or(0)
    }

    /// How many jobs could be started at once: each is as good as one more place.
    fn room(&self) -> usize {
        let free = self.free();
        self.permits.as_ref().map_or(free, |permits| free.min(permits.left(self.class)))
    }

    /// More or fewer workers are free.
    pub(crate) fn change_free(&self, by: isize) {
        self.free.fetch_add(by, Ordering::SeqCst);
    }

    /// Lets a plain job pass through the lane if nothing else is to be asked; else it comes back.
    pub(crate) fn pass(&self, job: Arc<J>) -> Result<(), Arc<J>> {
        match &self.lane {
            Some(lane) if job.head().is_plain() && self.is_open.load(Ordering::SeqCst) => {
                lane.entrance.try_send(job).map_err(TrySendError::into_inner)
            }
            _ => Err(job),
        }
    }

    /// Lets a job in, or refuses it. Where it stays, a worker is to be called.
    pub(crate) fn enter(&self, job: &Arc<J>, manner: Manner) -> Entry {
        let entry = self.locked(|state, now| state.enter(job, manner, self.room(), now, self.permits.as_deref()));
        if let Entry::Refused(why) = entry {
            job.refuse(why);
        }
        entry
    }

    /// The job that this worker is to run now. It has a permit, and is active for its key.
    pub(crate) fn next(&self, worker: &mut Worker, plane: &Arc<Plane>) -> Option<Arc<J>> {
        if self.turns.load(Ordering::SeqCst) > 0
            && let Some(job) = self.pull(worker, plane)
        {
            return Some(job);
        }
        let lane = self.lane.as_ref()?;
        // Before the job leaves the lane: never does a place seem free too early.
        self.mark_busy(worker);
        lane.exit.try_recv().ok()
    }

    fn pull(&self, worker: &mut Worker, plane: &Arc<Plane>) -> Option<Arc<J>> {
        if self.permits.as_ref().is_some_and(|permits| !permits.enter(self.class)) {
            return None;
        }
        let job = self.locked(|state, now| {
            let job = state.serve(now);
            if job.is_some() {
                self.mark_busy(worker);
            }
            job
        });
        if job.is_none() {
            plane.permit_back(self.class);
        }
        job
    }

    /// The worker has something to do, or is no more.
    pub(crate) fn mark_busy(&self, worker: &mut Worker) {
        if std::mem::take(&mut worker.is_free) {
            self.change_free(-1);
        }
    }

    /// The worker has nothing to do.
    pub(crate) fn mark_free(&self, worker: &mut Worker) {
        if !std::mem::replace(&mut worker.is_free, true) {
            self.change_free(1);
        }
    }

    /// Whether [`next`](Self::next) might have a job.
    pub(crate) fn has_work(&self) -> bool {
        if self.turns.load(Ordering::SeqCst) > 0 {
            return self.permits.as_ref().is_none_or(|permits| permits.is_open(self.class));
        }
        self.lane.as_ref().is_some_and(|lane| !lane.exit.is_empty())
    }

    /// Whether a job could be started by a worker that is free, if it had a permit.
    pub(crate) fn can_start(&self) -> bool {
        self.turns.load(Ordering::SeqCst) > 0 && self.free() > 0
    }

    /// A job with this key that was started has ended.
    pub(crate) fn finished(&self, key: &Arc<str>) {
        self.locked(|state, now| state.finished(key, now));
    }

    /// A job has ended that may stand here.
    pub(crate) fn died(&self, head: &Head) {
        self.locked(|state, _| {
            state.seats.died(head);
            if state.is_littered() {
                state.sweep();
            }
        });
    }

    /// Clears away whatever has ended.
    pub(crate) fn sweep(&self) {
        self.locked(|state, _| state.sweep());
    }

    /// Gives turns to the keys whose rate allows it again, and says when to call this again.
    pub(crate) fn wake_keys(&self) -> Option<Instant> {
        if !self.is_rated {
            return None;
        }
        let next = self.locked(|state, now| state.wake_keys(now))?;
        self.epoch.checked_add(Duration::from_nanos(next))
    }

    /// Takes nobody in from now on, and returns the jobs that had no place yet, to be refused.
    pub(crate) fn close(&self) -> Vec<Arc<J>> {
        self.locked(|state, _| {
            state.closed = true;
            state.seats.parked().cloned().collect()
        })
    }

    /// All jobs that wait, to be cancelled.
    pub(crate) fn jobs(&self) -> Vec<Arc<J>> {
        self.locked(|state, _| state.jobs().cloned().collect())
    }

    pub(crate) fn depths(&self) -> Depths {
        let mut depths = self.state.lock().depths();
        depths.ready += self.lane.as_ref().map_or(0, |lane| lane.exit.len());
        depths
    }

    /// Does something under the lock, and afterwards what came of it.
    fn locked<R>(&self, act: impl FnOnce(&mut State<J>, u64) -> R) -> R {
        let now = self.now();
        let mut state = self.state.lock();
        if let Some(lane) = &self.lane {
            // What comes meanwhile waits for the lock, so that this has an end.
            self.is_open.store(false, Ordering::SeqCst);
            while let Ok(job) = lane.exit.try_recv() {
                state.absorb(job, now);
            }
        }
        let result = act(&mut state, now);
        state.seats.fill(self.room());
        let turns = state.turns();
        self.turns.store(turns, Ordering::SeqCst);
        self.is_open.store(turns == 0 && state.seats.ready() == 0, Ordering::SeqCst);
        let after = std::mem::take(&mut state.seats.after);
        drop(state);
        self.settle(after);
        result
    }

    fn settle(&self, after: After<J>) {
        let After { wakes, graves, dropped, rests } = after;
        if rests {
            self.keeper.notify_one();
        }
        wakes.into_iter().for_each(wake_quietly);
        drop(graves);
        for victim in dropped {
            victim.stop(JobError::Rejected(Reject::Dropped { policy: self.policy }));
        }
    }
}
