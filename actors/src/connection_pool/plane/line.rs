//! Who waits for a connection, first come, first served.
//!
//! A connection is *handed over*: it is put into the spot of the first in line, who is then woken.
//! Whoever is not polled in time has it taken back, and is *stalled*: passed over, until it is polled and
//! stands in line again, at its old place. So neither newcomers nor a task that forgot its future
//! can starve anyone.
//!
//! # Invariants
//!
//! 1. Exactly the spots that wait are linked, by ascending number.
//! 2. A spot is free only after its ticket was given up: whoever has a ticket finds its spot.
//! 3. While somebody waits who has no limit of its own yet, there are [rounds](Line::round).

use std::task::Waker;

use tokio::time::Instant;

/// A place in a [`Line`].
#[derive(Debug)]
pub(in crate::connection_pool) struct Ticket(usize);

pub(super) struct Line<T> {
    spots: Vec<Spot<T>>,
    free: Vec<usize>,
    first: Option<usize>,
    last: Option<usize>,
    waiting: usize,
    handed_over: usize,
    next_number: u64,
    rounds: u64,
}

struct Spot<T> {
    number: u64,
    /// In which round it was taken.
    round: u64,
    state: State<T>,
    before: Option<usize>,
    after: Option<usize>,
}

enum State<T> {
    Free,
    Waiting {
        waker: Waker,
        /// Whether it sees to its own limits, or has been told to.
        limited: bool,
    },
    /// When that was is noted [afterwards](Line::stamp).
    HandedOver(T, Option<Instant>),
    /// Had something, and didn't come for it.
    Stalled,
}

impl<T> Line<T> {
    pub(super) fn new() -> Self {
        Self {
            spots: Vec::new(),
            free: Vec::new(),
            first: None,
            last: None,
            waiting: 0,
            handed_over: 0,
            next_number: 0,
            rounds: 0,
        }
    }

    /// How many wait and have nothing.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// How many have something and have not come for it.
    pub(super) fn handed_over(&self) -> usize {
        self.handed_over
    }

    /// Whoever has a ticket, whatever became of it.
    pub(super) fn len(&self) -> usize {
        self.spots.len() - self.free.len()
    }

    /// Stands at the end of the line; `limited` if it has limits of its own already.
    pub(super) fn join(&mut self, waker: &Waker, limited: bool) -> Ticket {
        let state = State::Waiting { waker: waker.clone(), limited };
        let spot = Spot { number: self.next_number, round: self.rounds, state, before: None, after: None };
        self.next_number += 1;
        let index = match self.free.pop() {
            Some(index) => {
                self.spots[index] = spot;
                index
            }
            None => {
                self.spots.push(spot);
                self.spots.len() - 1
            }
        };
        self.link(index);
        Ticket(index)
    }

    /// Gives `value` to the first who waits, who is to be woken; gives it back if there is nobody.
    #[inline]
    pub(super) fn hand_over(&mut self, value: T) -> Result<Waker, T> {
        let Some(index) = self.first else { return Err(value) };
        self.unlink(index);
        self.handed_over += 1;
        match std::mem::replace(&mut self.spots[index].state, State::HandedOver(value, None)) {
            State::Waiting { waker, .. } => Ok(waker),
            _ => unreachable!("who is linked waits"),
        }
    }

    /// The value, if there is one; then the ticket is used up. Else the waker is kept for later, and whoever
    /// waits sees to its own limits.
    pub(super) fn poll(&mut self, ticket: &Ticket, waker: &Waker) -> Option<T> {
        let index = ticket.0;
        match &mut self.spots[index].state {
            State::Waiting { waker: known, limited } => {
                known.clone_from(waker);
                *limited = true;
                None
            }
            State::Stalled => {
                self.spots[index].state = State::Waiting { waker: waker.clone(), limited: true };
                self.link(index);
                None
            }
            State::HandedOver(..) => self.leave(ticket).0,
            State::Free => unreachable!("the ticket was given up"),
        }
    }

    /// Gives a ticket up; what had been handed over to it comes back, or its waker, which is to be dropped
    /// outside of the lock.
    pub(super) fn leave(&mut self, ticket: &Ticket) -> (Option<T>, Option<Waker>) {
        let index = ticket.0;
        if matches!(self.spots[index].state, State::Waiting { .. }) {
            self.unlink(index);
        }
        self.free.push(index);
        match std::mem::replace(&mut self.spots[index].state, State::Free) {
            State::HandedOver(value, _) => {
                self.handed_over -= 1;
                (Some(value), None)
            }
            State::Waiting { waker, .. } => (None, Some(waker)),
            State::Stalled | State::Free => (None, None),
        }
    }

    /// Notes when those had something handed over of whom that is not known yet: now at the latest.
    pub(super) fn stamp(&mut self, now: Instant) {
        if self.handed_over == 0 {
            return;
        }
        for spot in &mut self.spots {
            if let State::HandedOver(_, at) = &mut spot.state {
                at.get_or_insert(now);
            }
        }
    }

    /// Takes back what was handed over at `limit` or before.
    pub(super) fn take_back(&mut self, limit: Instant) -> Vec<T> {
        let mut taken = Vec::new();
        if self.handed_over == 0 {
            return taken;
        }
        for spot in &mut self.spots {
            if !matches!(&spot.state, State::HandedOver(_, Some(at)) if *at <= limit) {
                continue;
            }
            // It was woken when it got the value. It brings a new waker if it ever comes.
            if let State::HandedOver(value, _) = std::mem::replace(&mut spot.state, State::Stalled) {
                self.handed_over -= 1;
                taken.push(value);
            }
        }
        taken
    }

    /// When the oldest thing that nobody came for was handed over, as far as that is noted.
    pub(super) fn oldest(&self) -> Option<Instant> {
        if self.handed_over == 0 {
            return None;
        }
        let handed_over = |spot: &Spot<T>| match spot.state {
            State::HandedOver(_, at) => at,
            _ => None,
        };
        self.spots.iter().filter_map(handed_over).min()
    }

    /// Wakers of all who have nothing.
    pub(super) fn wakers(&self) -> Vec<Waker> {
        let waits = |spot: &Spot<T>| match &spot.state {
            State::Waiting { waker, .. } => Some(waker.clone()),
            _ => None,
        };
        self.spots.iter().filter_map(waits).collect()
    }

    /// Begins another round. Gives the wakers of those who have waited for a whole one without a limit of their
    /// own, and whether there are others without one.
    pub(super) fn round(&mut self) -> (Vec<Waker>, bool) {
        self.rounds += 1;
        let (mut due, mut more) = (Vec::new(), false);
        for spot in &mut self.spots {
            let State::Waiting { waker, limited } = &mut spot.state else { continue };
            if *limited {
                continue;
            }
            if spot.round + 2 <= self.rounds {
                *limited = true;
                due.push(waker.clone());
            } else {
                more = true;
            }
        }
        (due, more)
    }

    /// Puts a spot into the line, by its number: at the end for a new one, near the front for one that
    /// was stalled.
    fn link(&mut self, index: usize) {
        self.waiting += 1;
        let number = self.spots[index].number;
        let newest = self.last.is_none_or(|last| self.spots[last].number < number);
        let mut after = if newest { None } else { self.first };
        while let Some(other) = after
            && self.spots[other].number < number
        {
            after = self.spots[other].after;
        }
        let before = match after {
            Some(after) => self.spots[after].before,
            None => self.last,
        };
        self.spots[index].before = before;
        self.spots[index].after = after;
        self.join_ends(before, Some(index));
        self.join_ends(Some(index), after);
    }

    fn unlink(&mut self, index: usize) {
        self.waiting -= 1;
        let Spot { before, after, .. } = self.spots[index];
        self.join_ends(before, after);
    }

    /// Makes two neighbours; the end of the line stands for a missing one.
    fn join_ends(&mut self, before: Option<usize>, after: Option<usize>) {
        match before {
            Some(before) => self.spots[before].after = after,
            None => self.first = after,
        }
        match after {
            Some(after) => self.spots[after].before = before,
            None => self.last = before,
        }
    }
}
