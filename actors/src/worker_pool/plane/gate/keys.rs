use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use patterns_core::rate_limit::KeyedRateLimiter;
use rustc_hash::FxHashMap;

use super::rings::{Rings, nanos};
use super::seats::{Place, Seats};
use crate::worker_pool::plane::job::Job;
use crate::worker_pool::{KeyRate, Priority};

/// The running and the waiting jobs of each key.
///
/// # Invariants
///
/// 1. A key has a turn in the rings if and only if it has a job that waits, `active` is below the limit, and it does
///    not rest: then whoever comes to that turn can start the job, unless its rate says otherwise.
/// 2. A key with nothing active and nothing waiting is removed, once its turn or rest is over.
pub(super) struct Keys<J: Job + ?Sized> {
    per_key: usize,
    rate: Option<KeyedRateLimiter<Arc<str>>>,
    keys: FxHashMap<Arc<str>, Key<J>>,
    /// Until when keys wait for their rate, the first first; some are over.
    rests: BinaryHeap<Reverse<(u64, Arc<str>)>>,
}

struct Key<J: ?Sized> {
    active: usize,
    waiting: VecDeque<Arc<J>>,
    has_turn: bool,
    rests_until: Option<u64>,
    /// Since when it is neither at its limit nor rests.
    free_since: u64,
}

impl<J: Job + ?Sized> Keys<J> {
    pub(super) fn new(per_key: usize, rate: Option<KeyRate>) -> Self {
        Self {
            per_key,
            rate: rate.map(|rate| KeyedRateLimiter::new(rate.quota())),
            keys: FxHashMap::default(),
            rests: BinaryHeap::new(),
        }
    }

    /// Which kind of place one more job of this key needs.
    pub(super) fn kind(&self, key: &Arc<str>) -> Place {
        let blocks = |key: &Key<J>| key.rests_until.is_some() || key.active + key.waiting.len() >= self.per_key;
        if self.keys.get(key).is_some_and(blocks) { Place::Held } else { Place::Ready }
    }

    /// Puts a job at the end of its key's queue.
    pub(super) fn push(&mut self, key: &Arc<str>, job: Arc<J>, rings: &mut Rings) {
        self.keys.entry(Arc::clone(key)).or_insert_with(Key::new).waiting.push_back(job);
        self.line_up(key, rings);
    }

    /// Gives a key a turn if it is to have one, and forgets it if nothing is left of it.
    fn line_up(&mut self, key: &Arc<str>, rings: &mut Rings) {
        let Some(entry) = self.keys.get_mut(key) else { return };
        if entry.has_turn || entry.rests_until.is_some() || entry.active >= self.per_key {
            return;
        }
        match entry.waiting.front() {
            Some(first) => {
                let head = first.head();
                entry.has_turn = true;
                rings.stand(head.priority, Some(Arc::clone(key)), head.standing.since().max(entry.free_since));
            }
            None if entry.active == 0 => drop(self.keys.remove(key)),
            None => {}
        }
    }

    /// A key's turn has come: takes its first job out, which is active now.
    pub(super) fn serve(
        &mut self,
        key: &Arc<str>,
        level: Priority,
        now: u64,
        rings: &mut Rings,
        seats: &mut Seats<J>,
    ) -> Option<Arc<J>> {
        let entry = self.keys.get_mut(key)?;
        entry.has_turn = false;
        let mut started = None;
        while started.is_none()
            && let Some(first) = entry.waiting.front()
        {
            let alive = first.is_waiting() && first.head().standing.place() != Place::Gone;
            if alive && first.head().priority != level {
                // The one that this turn was for, the first when the turn began, has gone.
                break;
            }
            // What is late or cancelled ends when it is taken up, and uses up nothing.
            if alive
                && first.head().objection().is_none()
                && let Some(wait) = self.rate.as_ref().and_then(|rate| wait(rate, key))
            {
                let until = now.saturating_add(nanos(wait));
                entry.rests_until = Some(until);
                self.rests.push(Reverse((until, Arc::clone(key))));
                seats.after.rests = true;
                // No more than so many can have places as those that could be started.
                for job in entry.waiting.iter().take(self.per_key) {
                    seats.hold_back(job);
                }
                return None;
            }
            let Some(first) = entry.waiting.pop_front() else { break };
            started = seats.depart(first);
        }
        entry.active += usize::from(started.is_some());
        self.line_up(key, rings);
        started
    }

    /// Counts a job of this key as active that is not to be put into its queue, if that is its turn.
    pub(super) fn start_here(&mut self, key: &Arc<str>) -> bool {
        let idle = |key: &Key<J>| key.rests_until.is_none() && key.waiting.is_empty() && key.active < self.per_key;
        if !self.keys.get(key).is_none_or(idle) || self.rate.as_ref().and_then(|rate| wait(rate, key)).is_some() {
            return false;
        }
        self.keys.entry(Arc::clone(key)).or_insert_with(Key::new).active += 1;
        true
    }

    /// Counts an active job of this key as ended.
    pub(super) fn finished(&mut self, key: &Arc<str>, now: u64, rings: &mut Rings) {
        let Some(entry) = self.keys.get_mut(key) else { return };
        if entry.active == self.per_key && entry.rests_until.is_none() {
            entry.free_since = now;
        }
        entry.active -= 1;
        self.line_up(key, rings);
    }

    /// Gives turns to the keys that have rested long enough.
    pub(super) fn wake(&mut self, now: u64, rings: &mut Rings) {
        while let Some(Reverse((until, _))) = self.rests.peek()
            && *until <= now
            && let Some(Reverse((_, key))) = self.rests.pop()
        {
            if let Some(entry) = self.keys.get_mut(&key)
                && entry.rests_until.is_some_and(|until| until <= now)
            {
                entry.rests_until = None;
                entry.free_since = now;
                self.line_up(&key, rings);
            }
        }
    }

    /// When the next key has rested long enough.
    pub(super) fn next_wake(&self) -> Option<u64> {
        self.rests.peek().map(|Reverse((until, _))| *until)
    }

    /// Clears away the jobs that are gone.
    pub(super) fn sweep(&mut self, seats: &mut Seats<J>) {
        for key in self.keys.values_mut() {
            key.waiting.retain(|job| seats.keep(job));
        }
        // Others that are kept for nothing are forgotten at their turn, or at the end of their rest.
        self.keys
            .retain(|_, key| !key.waiting.is_empty() || key.active > 0 || key.has_turn || key.rests_until.is_some());
    }

    /// How many keys there are.
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn jobs(&self) -> impl Iterator<Item = &Arc<J>> {
        self.keys.values().flat_map(|key| &key.waiting)
    }
}

impl<J: ?Sized> Key<J> {
    fn new() -> Self {
        Self { active: 0, waiting: VecDeque::new(), has_turn: false, rests_until: None, free_since: 0 }
    }
}

/// Takes one unit of a key's rate, or says how long there is none.
fn wait(rate: &KeyedRateLimiter<Arc<str>>, key: &Arc<str>) -> Option<Duration> {
    /// Where more keys than can be counted are in use: nothing is started uncounted.
    const CROWDED: Duration = Duration::from_secs(1);
    rate.try_acquire(key).err().map(|error| error.wait().unwrap_or(CROWDED))
}
