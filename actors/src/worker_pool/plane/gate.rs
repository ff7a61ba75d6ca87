//! Who may start, who has a place in the queue, and who still waits for one.
//!
//! A gate has `slots` for dispatched jobs and `backlog` places for jobs that are accepted and wait for
//! a slot. For CPU jobs a slot is a thread or a place in the threads' channel, and there is no backlog;
//! for IO jobs a slot is the right to run. All other jobs are *parked*: their submitters wait, and the job itself
//! stands in line, so that it is started in its turn even if its submitter isn't polled.
//!
//! # Invariants
//!
//! 1. `used` is at most `slots`, exactly.
//! 2. `waiting` is raised before a slot is asked for in vain, and a slot is given back before `waiting`
//!    is read: whoever frees a slot sees the one who missed it (all in one total order, `SeqCst`).
//! 3. A key's `waiting` is empty unless `active` is at the limit; a key with nothing active is removed.
//! 4. Locks are taken gate before job. Under the gate's lock jobs are only asked how they are and
//!    accepted (which may call a waker); they are dispatched, refused and dropped after it.

mod keys;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::job::Job;
use crate::worker_pool::Reject;
use keys::Keys;

pub(crate) struct Gate<J: Job + ?Sized> {
    slots: usize,
    backlog: usize,
    /// The configured bound, for error messages.
    queue: usize,
    used: AtomicUsize,
    waiting: AtomicUsize,
    state: Mutex<State<J>>,
}

struct State<J: Job + ?Sized> {
    closed: bool,
    /// Jobs that may run as soon as there is a slot; the first `backlog` of them are accepted.
    line: VecDeque<Arc<J>>,
    keys: Keys<J>,
    /// Jobs that ended while they stood somewhere here, at most.
    dead: usize,
}

/// What became of a job at the gate.
pub(crate) enum Entry {
    /// It has a slot: dispatch it.
    Go,
    /// It has a place, or waits for one.
    Stay,
    /// It has neither.
    Refused(Reject),
}

/// How many jobs stand where, for the status.
pub(crate) struct Depths {
    pub(crate) used: usize,
    pub(crate) accepted: usize,
    pub(crate) held: usize,
    pub(crate) parked: usize,
}

impl<J: Job + ?Sized> Gate<J> {
    pub(crate) fn new(slots: usize, backlog: usize, queue: usize, per_key: usize) -> Self {
        Self {
            slots,
            backlog,
            queue,
            used: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            state: Mutex::new(State { closed: false, line: VecDeque::new(), keys: Keys::new(per_key, queue), dead: 0 }),
        }
    }

    fn reserve(&self) -> bool {
        self.used
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |used| (used < self.slots).then_some(used + 1))
            .is_ok()
    }

    /// Lets a parked job in, as far as there is room; `patient` jobs stay and wait for it.
    pub(crate) fn enter(&self, job: &Arc<J>, patient: bool) -> Entry {
        let key = job.head().key.as_ref();
        if key.is_none() && self.waiting.load(Ordering::SeqCst) == 0 && self.reserve() {
            job.accept();
            return Entry::Go;
        }
        let mut state = self.state.lock();
        if state.closed {
            return Entry::Refused(Reject::Closed);
        }
        if let Some(key) = key
            && !state.keys.try_start(key)
        {
            return match state.keys.hold(key, job, patient) {
                true => Entry::Stay,
                false => Entry::Refused(Reject::Full { queue: self.queue }),
            };
        }
        let room = patient || state.line.len() < self.backlog;
        let entry = self.stand(&mut state, job, room);
        if let (Entry::Refused(_), Some(key)) = (&entry, key) {
            state.keys.give_back(key);
        }
        entry
    }

    /// Takes a slot, or stands in line if there is `room`.
    fn stand(&self, state: &mut State<J>, job: &Arc<J>, room: bool) -> Entry {
        // Announced before the attempt: invariant 2.
        self.waiting.fetch_add(1, Ordering::SeqCst);
        if state.line.is_empty() && self.reserve() {
            self.waiting.fetch_sub(1, Ordering::SeqCst);
            job.accept();
            return Entry::Go;
        }
        if !room {
            self.waiting.fetch_sub(1, Ordering::SeqCst);
            return Entry::Refused(Reject::Full { queue: self.queue });
        }
        state.line.push_back(Arc::clone(job));
        if state.line.len() <= self.backlog {
            job.accept();
        }
        Entry::Stay
    }

    /// Gives a slot back, and returns the next job, which has it now.
    #[must_use]
    pub(crate) fn release(&self) -> Option<Arc<J>> {
        self.used.fetch_sub(1, Ordering::SeqCst);
        if self.waiting.load(Ordering::SeqCst) == 0 {
            return None;
        }
        self.next(&mut self.state.lock())
    }

    /// The head of the line, if there is a slot for it.
    fn next(&self, state: &mut State<J>) -> Option<Arc<J>> {
        while !state.line.is_empty() && self.reserve() {
            if let Some(job) = self.pop(state) {
                return Some(job);
            }
            self.used.fetch_sub(1, Ordering::SeqCst);
        }
        None
    }

    /// The first in line that has not ended meanwhile.
    fn pop(&self, state: &mut State<J>) -> Option<Arc<J>> {
        while let Some(job) = state.line.pop_front() {
            self.waiting.fetch_sub(1, Ordering::SeqCst);
            if let Some(entered) = self.backlog.checked_sub(1).and_then(|last| state.line.get(last)) {
                entered.accept();
            }
            if job.accept() {
                return Some(job);
            }
            // What its end makes room for stands behind everybody else.
            if let Some(key) = &job.head().key
                && let Some(next) = state.keys.finish(key)
            {
                self.waiting.fetch_add(1, Ordering::SeqCst);
                state.line.push_back(next);
            }
        }
        None
    }

    /// Notes that a job with this key has ended, and returns the next one with the key if it has a
    /// slot.
    #[must_use]
    pub(crate) fn key_finished(&self, key: &Arc<str>) -> Option<Arc<J>> {
        let mut state = self.state.lock();
        let next = state.keys.finish(key)?;
        match self.stand(&mut state, &next, true) {
            Entry::Go => Some(next),
            Entry::Stay | Entry::Refused(_) => {
                // It had a place among those held back, and keeps one although the line is full.
                next.accept();
                None
            }
        }
    }

    /// Notes that a job ended that may stand here. Once every second one is dead, all dead are
    /// swept out: what callers gave up does not pile up, at a constant cost for each.
    #[must_use]
    pub(crate) fn died(&self) -> Vec<Arc<J>> {
        const FEW: usize = 32;
        let mut state = self.state.lock();
        state.dead += 1;
        if state.dead < FEW || state.dead * 2 < state.line.len() + state.keys.len() {
            return Vec::new();
        }
        self.sweep(&mut state)
    }

    fn sweep(&self, state: &mut State<J>) -> Vec<Arc<J>> {
        state.dead = 0;
        state.keys.sweep();
        let line = std::mem::take(&mut state.line);
        let (alive, dead): (VecDeque<_>, VecDeque<_>) = line.into_iter().partition(|job| job.is_waiting());
        self.waiting.fetch_sub(dead.len(), Ordering::SeqCst);
        state.line = alive;
        for key in dead.iter().filter_map(|job| job.head().key.as_ref()) {
            if let Some(next) = state.keys.finish(key) {
                self.waiting.fetch_add(1, Ordering::SeqCst);
                state.line.push_back(next);
            }
        }
        for job in state.line.iter().take(self.backlog) {
            job.accept();
        }
        std::iter::from_fn(|| self.next(state)).collect()
    }

    /// Takes nobody in from now on, and returns the jobs that had no place yet, to be refused.
    pub(crate) fn close(&self) -> Vec<Arc<J>> {
        let mut state = self.state.lock();
        state.closed = true;
        state.line.iter().chain(state.keys.iter()).filter(|job| job.is_parked()).cloned().collect()
    }

    /// All jobs that have no slot, to be cancelled.
    pub(crate) fn without_slot(&self) -> Vec<Arc<J>> {
        let state = self.state.lock();
        state.line.iter().chain(state.keys.iter()).cloned().collect()
    }

    pub(crate) fn depths(&self) -> Depths {
        let state = self.state.lock();
        let parked = state.line.iter().chain(state.keys.iter()).filter(|job| job.is_parked()).count();
        let ready = state.line.iter().filter(|job| job.is_waiting() && !job.is_parked()).count();
        let held = state.keys.iter().filter(|job| job.is_waiting() && !job.is_parked()).count();
        Depths { used: self.used.load(Ordering::SeqCst), accepted: ready, held, parked }
    }
}
