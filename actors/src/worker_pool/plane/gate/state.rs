use std::collections::VecDeque;
use std::sync::Arc;

use super::keys::Keys;
use super::rings::Rings;
use super::seats::{Place, Seats};
use super::{Entry, Manner};
use crate::worker_pool::plane::job::Job;
use crate::worker_pool::plane::permits::Permits;
use crate::worker_pool::{Priority, Reject, Rejection, WorkerPoolConfig};

/// What is behind a gate's lock: every job that waits, except for those in the lane. Instants are in
/// nanoseconds since the gate was made.
///
/// # Invariants
///
/// 1. The flow of a priority without keys has a turn in the rings if it has a job. For keys see [`Keys`].
/// 2. Locks are taken gate before job. Under the gate's lock jobs are only asked how they are, and accepted; whom to
///    wake for that, and what is to be dropped, is noted, and done after it.
pub(super) struct State<J: Job + ?Sized> {
    pub(super) closed: bool,
    rings: Rings,
    /// The jobs without a key, by priority.
    plain: [Flow<J>; 3],
    keys: Keys<J>,
    pub(super) seats: Seats<J>,
    queue: usize,
}

struct Flow<J: ?Sized> {
    jobs: VecDeque<Arc<J>>,
    has_turn: bool,
}

impl<J: ?Sized> Default for Flow<J> {
    fn default() -> Self {
        Self { jobs: VecDeque::new(), has_turn: false }
    }
}

/// How many jobs stand where, for the status.
#[derive(Default)]
pub(crate) struct Depths {
    pub(crate) ready: usize,
    pub(crate) held: usize,
    pub(crate) parked: usize,
}

impl<J: Job + ?Sized> State<J> {
    pub(super) fn new(config: &WorkerPoolConfig) -> Self {
        Self {
            closed: false,
            rings: Rings::new(config.ageing),
            plain: <[Flow<J>; 3]>::default(),
            keys: Keys::new(config.per_key, config.rate),
            seats: Seats::new(config.queue, config.rejection),
            queue: config.queue,
        }
    }

    /// Lets a job in, as far as there is room beside the `free` ones that could be started at once.
    pub(super) fn enter(
        &mut self,
        job: &Arc<J>,
        manner: Manner,
        free: usize,
        now: u64,
        permits: Option<&Permits>,
    ) -> Entry {
        if self.closed {
            return Entry::Refused(Reject::Closed);
        }
        let full = Entry::Refused(Reject::Full { queue: self.queue });
        let kind = job.head().key().map_or(Place::Ready, |key| self.keys.kind(key));
        job.head().standing.set_since(now);
        let entry = if self.seats.has_room(kind, free) {
            self.seats.sit(job, kind);
            Entry::Accepted
        } else if manner == Manner::By(Rejection::CallerRuns)
            && kind == Place::Ready
            && self.start_here(job, now, permits)
        {
            return Entry::Here;
        } else {
            match manner {
                Manner::Now | Manner::By(Rejection::Fail) => return full,
                Manner::By(Rejection::Wait | Rejection::CallerRuns) => {
                    self.seats.park(job, kind);
                    Entry::Parked
                }
                Manner::By(Rejection::DropOldest | Rejection::DropLowest) => {
                    if !self.seats.displace(job, kind) {
                        return full;
                    }
                    self.seats.sit(job, kind);
                    Entry::Accepted
                }
            }
        };
        self.push(Arc::clone(job));
        entry
    }

    /// Whether a job that has no place may be started at once, by whoever brought it.
    fn start_here(&mut self, job: &Arc<J>, now: u64, permits: Option<&Permits>) -> bool {
        let class = job.head().class;
        // Asked first: a job that can't be started uses up nothing of its key's rate.
        if permits.is_some_and(|permits| !permits.is_open(class)) {
            return false;
        }
        let key = job.head().key();
        if !key.is_none_or(|key| self.keys.start_here(key)) {
            return false;
        }
        if permits.is_none_or(|permits| permits.enter(class)) {
            return true;
        }
        if let Some(key) = key {
            self.finished(key, now);
        }
        false
    }

    /// Takes over a job from the lane.
    pub(super) fn absorb(&mut self, job: Arc<J>, now: u64) {
        job.head().standing.set_since(now);
        if self.seats.sit(&job, Place::Ready) {
            self.push(job);
        } else {
            self.seats.after.graves.push(job);
        }
    }

    fn push(&mut self, job: Arc<J>) {
        self.seats.stood();
        let head = job.head();
        if let Some(key) = head.key().cloned() {
            self.keys.push(&key, job, &mut self.rings);
            return;
        }
        let level = head.priority;
        let flow = &mut self.plain[level as usize];
        if !std::mem::replace(&mut flow.has_turn, true) {
            self.rings.stand(level, None, head.standing.since());
        }
        flow.jobs.push_back(job);
    }

    /// Takes out the job whose turn it is.
    pub(super) fn serve(&mut self, now: u64) -> Option<Arc<J>> {
        while let Some((level, turn)) = self.rings.next() {
            let job = match &turn.key {
                Some(key) => self.keys.serve(key, level, now, &mut self.rings, &mut self.seats),
                None => self.serve_plain(level),
            };
            if job.is_some() {
                return job;
            }
        }
        None
    }

    fn serve_plain(&mut self, level: Priority) -> Option<Arc<J>> {
        let flow = &mut self.plain[level as usize];
        let mut started = None;
        while started.is_none()
            && let Some(first) = flow.jobs.pop_front()
        {
            started = self.seats.depart(first);
        }
        flow.has_turn = !flow.jobs.is_empty();
        if let Some(next) = flow.jobs.front() {
            self.rings.stand(level, None, next.head().standing.since());
        }
        started
    }

    pub(super) fn finished(&mut self, key: &Arc<str>, now: u64) {
        self.keys.finished(key, now, &mut self.rings);
    }

    pub(super) fn wake_keys(&mut self, now: u64) -> Option<u64> {
        self.keys.wake(now, &mut self.rings);
        self.keys.next_wake()
    }

    /// Clears away the jobs that are gone.
    pub(super) fn sweep(&mut self) {
        let seats = &mut self.seats;
        for flow in &mut self.plain {
            flow.jobs.retain(|job| seats.keep(job));
        }
        self.keys.sweep(seats);
    }

    /// Whether it is time to clear away those that are gone.
    pub(super) fn is_littered(&self) -> bool {
        self.seats.is_littered(self.keys.len())
    }

    /// How many flows have a turn.
    pub(super) fn turns(&self) -> usize {
        self.rings.len()
    }

    pub(super) fn jobs(&self) -> impl Iterator<Item = &Arc<J>> {
        self.plain.iter().flat_map(|flow| &flow.jobs).chain(self.keys.jobs())
    }

    pub(super) fn depths(&self) -> Depths {
        Depths { ready: self.seats.ready(), held: self.seats.held(), parked: self.seats.parked().count() }
    }
}
