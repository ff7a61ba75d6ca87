use std::sync::Arc;
use std::task::Waker;

use super::acks::Acks;
use super::keys::Keys;
use super::put::Put;
use super::store::{Entry, Store};
use super::{Overflow, PutError, Stats};
use crate::waiters::{Place, Waiters, Wakes};

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
/// 1. `put = acked + failed + displaced + handed_back + depth + in_flight`, where `in_flight` is what was handed out
///    and neither came back nor was answered.
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
    /// How often an item was handed out.
    handed_out: u64,
    acks: Arc<Acks>,
    /// Without `acked`.
    totals: Stats,
}

impl<T> State<T> {
    pub(super) fn new(bound: usize, store: Store<T>, keys: Option<Box<dyn Keys<T>>>, acks: Arc<Acks>) -> Self {
        Self {
            getters: Waiters::default(),
            putters: Waiters::default(),
            joiners: Waiters::default(),
            store,
            keys,
            phase: Phase::Open,
            bound,
            handed_out: 0,
            acks,
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
        if !self.joiners.is_empty() && self.is_done() {
            // Its last job was acknowledged by somebody who has yet to come and say so.
            wakes.all(&mut self.joiners);
        }
        self.totals.put += 1;
        wakes.extend(self.push(entry));
        Ok(displaced.map_or(Put::Queued, |oldest| Put::Displaced(oldest.item)))
    }
    // ANCHOR_END: admit

    /// Lets an item in where there is nothing to look up and nobody to tell: open, no keys, room.
    #[inline]
    pub(super) fn admit_plain(&mut self, entry: Entry<T>) -> Result<Option<Waker>, Entry<T>> {
        let plain = self.phase == Phase::Open && self.keys.is_none() && self.joiners.is_empty();
        if !plain || !self.has_room() {
            return Err(entry);
        }
        self.totals.put += 1;
        Ok(self.push(entry))
    }

    /// Returns the getter to wake.
    #[inline]
    fn push(&mut self, entry: Entry<T>) -> Option<Waker> {
        self.store.push(entry);
        self.totals.peak_depth = self.totals.peak_depth.max(self.store.len());
        self.getters.pop()
    }

    /// A put that waited for room was turned away instead, and counts as such.
    pub(super) fn count_rejected(&mut self) {
        self.totals.rejected += 1;
    }

    /// Hands the next item out, with the putter to wake.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<(Entry<T>, Option<Waker>)> {
        let mut entry = self.store.pop()?;
        entry.attempt += 1;
        self.handed_out += 1;
        let putter = if self.has_room() { self.putters.pop() } else { None };
        Some((entry, putter))
    }

    /// Hands the next item out, or says whether one may come.
    pub(super) fn take(&mut self, wakes: &mut Wakes) -> Taken<T> {
        if let Some((entry, putter)) = self.pop() {
            wakes.extend(putter);
            return Taken::Entry(entry);
        }
        let more_may_come = match self.phase {
            Phase::Open => true,
            Phase::Draining => self.in_flight() > 0,
            Phase::Closed | Phase::Stopped => false,
        };
        if more_may_come { Taken::NothingYet } else { Taken::NothingEver }
    }

    fn in_flight(&self) -> usize {
        self.in_flight_after(self.acks.count())
    }

    /// What is out, if so many were acknowledged.
    fn in_flight_after(&self, acked: u64) -> usize {
        usize::try_from(self.handed_out - self.totals.requeued - self.totals.failed - acked).unwrap_or(usize::MAX)
    }

    // ANCHOR: finish
    /// A job ended.
    pub(super) fn finish(&mut self, answer: Answer, wakes: &mut Wakes) {
        match answer {
            Answer::Acked => _ = self.acks.add(),
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
        self.totals.requeued += 1;
        wakes.extend(self.push(entry));
        Ok(())
    }

    /// Goes on to `phase`, unless it is there or further.
    pub(super) fn advance(&mut self, phase: Phase, wakes: &mut Wakes) {
        if self.phase < phase {
            self.phase = phase;
            self.set_watched();
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
    pub(super) fn wake_if_done(&mut self, wakes: &mut Wakes) {
        if self.is_done() {
            wakes.all(&mut self.joiners);
            self.set_watched();
            if self.phase == Phase::Draining {
                wakes.all(&mut self.getters);
            }
        }
    }

    /// Whether everything that was put has been finished.
    pub(super) fn is_done(&self) -> bool {
        self.store.is_empty() && self.in_flight() == 0
    }
    // ANCHOR_END: done

    /// Whether somebody must be told of the end of the work.
    pub(super) fn set_watched(&self) {
        self.acks.set_watched(!self.joiners.is_empty() || self.phase == Phase::Draining);
    }

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
        // Once: it may grow meanwhile.
        let acked = self.acks.count();
        let in_flight = self.in_flight_after(acked);
        Stats {
            depth: self.store.len(),
            in_flight,
            unfinished: self.store.len() + in_flight,
            acked,
            keys: self.keys.as_ref().map_or(0, |keys| keys.len()),
            ..self.totals
        }
    }
}
