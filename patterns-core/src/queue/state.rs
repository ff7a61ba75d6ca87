use super::keys::Keys;
use super::put::Put;
use super::store::{Entry, Store};
use crate::waiters::{Place, Waiters, Wakes};
use super::{Overflow, PutError, Stats};

/// How far the queue is on its way to the end; it never goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Open,
    /// Nothing from outside; getters leave once no item waits.
    Closed,
    /// Nothing from outside; getters stay as long as a job may still put.
    Draining,
    /// Nothing at all.
    Stopped,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Outside,
    Job,
}

/// How a job ended, other than by going back.
pub(super) enum Answer {
    Acked,
    Failed,
}

pub(super) enum Taken<T> {
    Entry(Entry<T>),
    NothingYet,
    NothingEver,
}

/// Everything behind the queue's one lock. Its methods don't wait, call no waker, and drop no item.
///
/// # Invariants
///
/// 1. `put = acked + failed + displaced + handed_back + depth + in_flight`.
/// 2. Where a getter is in its list, no more items wait than getters were woken and have not been
///    polled since. So every item that could be taken has somebody who will look, and nobody needs to
///    be woken when one is taken. The same holds for putters and free places.
/// 3. A getter enters the list only when there is nothing to take, a putter only when there is no room.
pub(super) struct State<T> {
    pub(super) getters: Waiters,
    pub(super) putters: Waiters,
    pub(super) joiners: Waiters,
    store: Store<T>,
    keys: Option<Box<dyn Keys<T>>>,
    phase: Phase,
    bound: usize,
    in_flight: usize,
    totals: Stats,
}

impl<T> State<T> {
    pub(super) fn new(bound: usize, store: Store<T>, keys: Option<Box<dyn Keys<T>>>) -> Self {
        Self {
            getters: Waiters::default(),
            putters: Waiters::default(),
            joiners: Waiters::default(),
            store,
            keys,
            phase: Phase::Open,
            bound,
            in_flight: 0,
            totals: Stats::default(),
        }
    }

    // ANCHOR: admit
    /// Lets an item in, or gives it back. The check of its key and the enqueue are this one step.
    pub(super) fn admit(
        &mut self,
        entry: Entry<T>,
        source: Source,
        overflow: Overflow,
        wakes: &mut Wakes,
    ) -> Result<Put<T>, PutError<Entry<T>>> {
        let refuse_from = if source == Source::Job { Phase::Stopped } else { Phase::Closed };
        if self.phase >= refuse_from {
            self.totals.rejected += 1;
            return Err(PutError::Closed(entry));
        }
        let mut displaced = None;
        if source == Source::Outside && !self.has_room() {
            if self.keys.as_ref().is_some_and(|keys| keys.contains(&entry.item)) {
                self.totals.duplicates += 1;
                return Ok(Put::Duplicate(entry.item));
            }
            if overflow == Overflow::DropOldest {
                displaced = self.store.displace_for(entry.priority);
            }
            let Some(oldest) = &displaced else {
                if overflow != Overflow::Wait {
                    self.totals.rejected += 1;
                }
                return Err(PutError::Full(entry));
            };
            self.totals.displaced += 1;
            if let Some(keys) = &mut self.keys {
                // It was never worked on, so whoever gets it back may put it again.
                keys.remove(&oldest.item);
            }
        }
        if let Some(keys) = &mut self.keys
            && !keys.insert(&entry.item)
        {
            self.totals.duplicates += 1;
            return Ok(Put::Duplicate(entry.item));
        }
        self.totals.put += 1;
        self.push(entry, wakes);
        Ok(displaced.map_or(Put::Queued, |oldest| Put::Displaced(oldest.item)))
    }
    // ANCHOR_END: admit

    fn push(&mut self, entry: Entry<T>, wakes: &mut Wakes) {
        self.store.push(entry);
        self.totals.peak_depth = self.totals.peak_depth.max(self.store.len());
        wakes.one(&mut self.getters);
    }

    /// A put that waited for room was turned away instead, and counts as such.
    pub(super) fn count_rejected(&mut self) {
        self.totals.rejected += 1;
    }

    /// Hands the next item out.
    pub(super) fn take(&mut self, wakes: &mut Wakes) -> Taken<T> {
        let Some(mut entry) = self.store.pop() else {
            let more_may_come = match self.phase {
                Phase::Open => true,
                Phase::Draining => self.in_flight > 0,
                Phase::Closed | Phase::Stopped => false,
            };
            return if more_may_come { Taken::NothingYet } else { Taken::NothingEver };
        };
        entry.attempt += 1;
        self.in_flight += 1;
        if self.has_room() {
            wakes.one(&mut self.putters);
        }
        Taken::Entry(entry)
    }

    // ANCHOR: finish
    /// A job ended.
    pub(super) fn finish(&mut self, answer: Answer, wakes: &mut Wakes) {
        self.in_flight -= 1;
        match answer {
            Answer::Acked => self.totals.acked += 1,
            Answer::Failed => self.totals.failed += 1,
        }
        self.wake_if_done(wakes);
    }
    // ANCHOR_END: finish

    /// A job goes back into the queue as if put now; given back where that is stopped, still in flight.
    pub(super) fn requeue(&mut self, entry: Entry<T>, wakes: &mut Wakes) -> Result<(), Entry<T>> {
        if self.phase == Phase::Stopped {
            return Err(entry);
        }
        self.in_flight -= 1;
        self.totals.requeued += 1;
        self.push(entry, wakes);
        Ok(())
    }

    /// Goes on to `phase`, unless it is there or further.
    pub(super) fn advance(&mut self, phase: Phase, wakes: &mut Wakes) {
        if self.phase < phase {
            self.phase = phase;
            wakes.all(&mut self.putters);
            wakes.all(&mut self.getters);
        }
    }

    /// Ends everything but the jobs that are out; what waited is handed back.
    pub(super) fn stop(&mut self, wakes: &mut Wakes) -> Vec<T> {
        self.advance(Phase::Stopped, wakes);
        let items = self.store.drain();
        self.totals.handed_back += items.len() as u64;
        self.wake_if_done(wakes);
        items
    }

    // ANCHOR: done
    fn wake_if_done(&mut self, wakes: &mut Wakes) {
        if self.is_done() {
            wakes.all(&mut self.joiners);
            if self.phase == Phase::Draining {
                wakes.all(&mut self.getters);
            }
        }
    }

    /// Whether everything that was put has been finished.
    pub(super) fn is_done(&self) -> bool {
        self.in_flight == 0 && self.store.is_empty()
    }
    // ANCHOR_END: done

    fn has_room(&self) -> bool {
        self.store.len() < self.bound
    }

    pub(super) fn is_closed(&self) -> bool {
        self.phase > Phase::Open
    }

    /// A getter went without an item: if it had been woken for one, somebody else looks.
    pub(super) fn getter_left(&mut self, place: Place, wakes: &mut Wakes) {
        if !self.getters.remove(place) && place.is_some() && !self.store.is_empty() {
            wakes.one(&mut self.getters);
        }
    }

    /// A putter went without using a free place: if it had been woken for one, somebody else looks.
    pub(super) fn putter_left(&mut self, place: Place, wakes: &mut Wakes) {
        if !self.putters.remove(place) && place.is_some() && self.has_room() {
            wakes.one(&mut self.putters);
        }
    }

    pub(super) fn keys_mut(&mut self) -> Option<&mut (dyn Keys<T> + 'static)> {
        self.keys.as_deref_mut()
    }

    pub(super) fn stats(&self) -> Stats {
        Stats {
            depth: self.store.len(),
            in_flight: self.in_flight,
            unfinished: self.store.len() + self.in_flight,
            keys: self.keys.as_ref().map_or(0, |keys| keys.len()),
            ..self.totals
        }
    }
}
