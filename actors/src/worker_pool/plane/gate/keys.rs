use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rustc_hash::FxHashMap;

use crate::worker_pool::plane::job::Job;

/// The running and the held-back jobs of each key.
pub(super) struct Keys<J: Job + ?Sized> {
    per_key: usize,
    /// How many jobs may be held back with a place.
    bound: usize,
    held: usize,
    /// Jobs of all keys, with and without a place.
    len: usize,
    keys: FxHashMap<Arc<str>, Key<J>>,
    /// Those that wait for a place, of all keys, in the order in which they came. Some have moved on
    /// since.
    parked: VecDeque<Arc<J>>,
}

struct Key<J: ?Sized> {
    active: usize,
    waiting: VecDeque<Arc<J>>,
}

impl<J: Job + ?Sized> Keys<J> {
    pub(super) fn new(per_key: usize, bound: usize) -> Self {
        Self { per_key, bound, held: 0, len: 0, keys: FxHashMap::default(), parked: VecDeque::new() }
    }

    /// Counts one more job of this key as active, unless that would be too many.
    pub(super) fn try_start(&mut self, key: &Arc<str>) -> bool {
        if let Some(entry) = self.keys.get_mut(key) {
            let free = entry.active < self.per_key;
            entry.active += usize::from(free);
            return free;
        }
        self.keys.insert(Arc::clone(key), Key { active: 1, waiting: VecDeque::new() });
        true
    }

    /// Undoes `try_start`; nobody has begun to wait meanwhile.
    pub(super) fn give_back(&mut self, key: &Arc<str>) {
        let next = self.finish(key);
        debug_assert!(next.is_none(), "nobody waits for a key below its limit");
    }

    /// Holds a job back until its key, which is at its limit, is free: with a place if there is one, else if `patient`
    /// without.
    pub(super) fn hold(&mut self, key: &Arc<str>, job: &Arc<J>, patient: bool) -> bool {
        let Some(entry) = self.keys.get_mut(key) else { return false };
        if self.held < self.bound {
            self.held += 1;
            job.head().holds_place.store(true, Ordering::Relaxed);
            job.accept();
        } else if patient {
            // At most `len` of them still wait: what has moved on does not pile up.
            if self.parked.len() > 32 + 2 * self.len {
                self.parked.retain(|job| job.is_parked());
            }
            self.parked.push_back(Arc::clone(job));
        } else {
            return false;
        }
        entry.waiting.push_back(Arc::clone(job));
        self.len += 1;
        true
    }

    /// Counts a job of this key as ended, and returns the next one, which is active now.
    pub(super) fn finish(&mut self, key: &Arc<str>) -> Option<Arc<J>> {
        let entry = self.keys.get_mut(key)?;
        let mut places = 0;
        let mut next = None;
        while let Some(job) = entry.waiting.pop_front() {
            self.len -= 1;
            places += usize::from(job.head().holds_place.swap(false, Ordering::Relaxed));
            if job.accept() {
                next = Some(job);
                break;
            }
        }
        if next.is_none() {
            entry.active -= 1;
            if entry.active == 0 {
                self.keys.remove(key);
            }
        }
        self.held -= places;
        self.fill_places();
        next
    }

    /// Gives free places to those who have waited longest for one.
    fn fill_places(&mut self) {
        while self.held < self.bound {
            let Some(job) = self.parked.pop_front() else { return };
            if job.is_parked() && job.accept() {
                job.head().holds_place.store(true, Ordering::Relaxed);
                self.held += 1;
            }
        }
    }

    /// Forgets the jobs that have ended.
    pub(super) fn sweep(&mut self) {
        let (held, len) = (&mut self.held, &mut self.len);
        for key in self.keys.values_mut() {
            key.waiting.retain(|job| {
                let alive = job.is_waiting();
                if !alive {
                    *len -= 1;
                    *held -= usize::from(job.head().holds_place.swap(false, Ordering::Relaxed));
                }
                alive
            });
        }
        self.parked.retain(|job| job.is_parked());
        self.fill_places();
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<J>> {
        self.keys.values().flat_map(|key| &key.waiting)
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }
}
