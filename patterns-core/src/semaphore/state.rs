use std::cmp::Reverse;
use std::task::Waker;

use super::AcquireError;
use super::line::{Entry, Line, Rank};
use crate::context::Context;
use crate::waiters::Wakes;

/// Everything behind the semaphore's one lock. Its methods don't wait, call no waker, and drop nothing of
/// the user's.
///
/// # Invariants
///
/// 1. `taken` is the sum of what the holders hold, `offered` of what the offers are for; and
///    `taken + offered <= limit`, unless the limit was lowered below what was taken.
/// 2. The first in line wants more than is free (the limit less `taken` and `offered`): whatever frees
///    permits, or changes who is first, calls [`advance`](Self::advance).
/// 3. A waiter is in the line, or has an offer, or was passed over. One that was passed over holds nothing
///    but its rank; polled, it enters the line at its old place.
/// 4. While somebody is in line behind an offer, the watch runs: it revokes offers that nobody takes.
pub(super) struct State {
    limit: usize,
    taken: usize,
    offered: usize,
    line: Line,
    offers: Vec<Offer>,
    holders: Holders,
    /// Of waiters.
    next: u64,
    closed: bool,
    /// What the watch counts; an offer that has seen two ticks is stale.
    tick: u64,
    watched: bool,
    /// Offers that were revoked.
    revoked: u64,
}

struct Offer {
    entry: Entry,
    since: u64,
}

/// One who holds permits, or waits for them.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) n: usize,
    /// `None` outside of any context.
    pub(crate) who: Option<Context>,
}

/// Holders that have a name, by slot, so that giving back takes constant time.
#[derive(Default)]
struct Holders {
    slots: Vec<Option<(usize, Context)>>,
    free: Vec<usize>,
}

impl Holders {
    fn enter(&mut self, n: usize, who: Context) -> usize {
        match self.free.pop() {
            Some(slot) => {
                self.slots[slot] = Some((n, who));
                slot
            }
            None => {
                self.slots.push(Some((n, who)));
                self.slots.len() - 1
            }
        }
    }

    fn leave(&mut self, slot: usize) -> Option<Context> {
        let (_, who) = self.slots[slot].take()?;
        self.free.push(slot);
        Some(who)
    }
}

/// Which slot a holder has, if it has a name.
pub(super) type Slot = Option<usize>;

/// What a waiter that is polled finds.
pub(super) enum Turn {
    Go(Slot),
    Wait,
    Fail(AcquireError),
}

impl State {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            taken: 0,
            offered: 0,
            line: Line::default(),
            offers: Vec::new(),
            holders: Holders::default(),
            next: 0,
            closed: false,
            tick: 0,
            watched: false,
            revoked: 0,
        }
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    pub(super) fn free(&self) -> usize {
        self.limit.saturating_sub(self.taken + self.offered)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    fn check(&self, wants: usize) -> Result<(), AcquireError> {
        if self.closed {
            Err(AcquireError::Closed)
        } else if wants > self.limit {
            Err(AcquireError::ExceedsLimit { asked: wants, limit: self.limit })
        } else {
            Ok(())
        }
    }

    /// Takes permits for a newcomer, where nobody is in line and enough are free.
    #[inline]
    pub(super) fn take_free(&mut self, wants: usize) -> Option<Slot> {
        let plain = self.line.is_empty() && !self.closed;
        (plain && wants <= self.free()).then(|| self.take(wants, Context::try_here()))
    }

    /// Takes permits for a newcomer, unless that takes waiting.
    pub(super) fn try_take(&mut self, wants: usize, priority: i32) -> Result<Slot, AcquireError> {
        self.check(wants)?;
        // The first in line wants more than is free; only one that ranks above it may go first.
        let overtakes = self.line.first().is_none_or(|first| first.rank.0 > Reverse(priority));
        if overtakes && wants <= self.free() {
            return Ok(self.take(wants, Context::try_here()));
        }
        Err(AcquireError::NoPermits)
    }

    #[inline]
    fn take(&mut self, n: usize, who: Option<Context>) -> Slot {
        self.taken += n;
        who.map(|who| self.holders.enter(n, who))
    }

    /// A waiter is polled: it takes what it was offered, or (again) its place in line.
    pub(super) fn turn(
        &mut self,
        rank: &mut Option<Rank>,
        wants: usize,
        priority: i32,
        waker: &Waker,
        wakes: &mut Wakes,
    ) -> Turn {
        if let Err(error) = self.check(wants) {
            self.leave(rank.take(), wakes);
            return Turn::Fail(error);
        }
        if let Some(rank) = *rank {
            if let Some(at) = self.find_offer(rank) {
                let Offer { entry, .. } = self.offers.swap_remove(at);
                self.offered -= entry.wants;
                return Turn::Go(self.take(entry.wants, entry.who));
            }
            if let Some(entry) = self.line.get_mut(rank) {
                match &mut entry.waker {
                    Some(known) => known.clone_from(waker),
                    none => *none = Some(waker.clone()),
                }
                return Turn::Wait;
            }
        }
        // A newcomer, or one that was passed over.
        let rank = *rank.get_or_insert_with(|| {
            self.next += 1;
            (Reverse(priority), self.next)
        });
        if self.line.first().is_none_or(|first| first.rank > rank) && wants <= self.free() {
            return Turn::Go(self.take(wants, Context::try_here()));
        }
        self.line.insert(Entry { rank, wants, waker: Some(waker.clone()), who: Context::try_here() });
        Turn::Wait
    }

    fn find_offer(&self, rank: Rank) -> Option<usize> {
        self.offers.iter().position(|offer| offer.entry.rank == rank)
    }

    /// A waiter goes without permits.
    pub(super) fn leave(&mut self, rank: Option<Rank>, wakes: &mut Wakes) -> Option<Entry> {
        let rank = rank?;
        let gone = match self.find_offer(rank) {
            Some(at) => {
                let Offer { entry, .. } = self.offers.swap_remove(at);
                self.offered -= entry.wants;
                Some(entry)
            }
            None => self.line.remove(rank),
        };
        self.advance(wakes);
        gone
    }

    /// A holder gives back what it holds.
    ///
    /// Where somebody [waits for it](Self::is_waited_for), [`advance`](Self::advance) is due.
    #[inline]
    pub(super) fn give_back(&mut self, n: usize, slot: Slot) -> Option<Context> {
        self.taken -= n;
        self.holders.leave(slot?)
    }

    #[inline]
    pub(super) fn is_waited_for(&self) -> bool {
        !self.line.is_empty()
    }

    /// Offers what is free to the first in line, as long as it is enough.
    pub(super) fn advance(&mut self, wakes: &mut Wakes) {
        while let Some(first) = self.line.first()
            && first.wants <= self.free()
        {
            let Some(mut entry) = self.line.pop_first() else { return };
            self.offered += entry.wants;
            wakes.extend(entry.waker.take());
            self.offers.push(Offer { entry, since: self.tick });
        }
    }

    /// Whether somebody is in line behind an offer and nobody watches yet. From now on somebody does.
    pub(super) fn start_watch(&mut self) -> bool {
        let start = !self.watched && self.needs_watch();
        self.watched |= start;
        start
    }

    fn needs_watch(&self) -> bool {
        !self.offers.is_empty() && !self.line.is_empty()
    }

    /// The watch has ended, or could not begin.
    pub(super) fn unwatched(&mut self) {
        self.watched = false;
    }

    /// The watch looks: stale offers are revoked and those behind get theirs. Returns who was passed over, and
    /// whether to go on.
    pub(super) fn tick(&mut self, wakes: &mut Wakes) -> (Vec<Entry>, bool) {
        self.tick += 1;
        let mut passed_over = Vec::new();
        if !self.line.is_empty() {
            let mut at = 0;
            while let Some(offer) = self.offers.get(at) {
                if self.tick < offer.since + 2 {
                    at += 1;
                    continue;
                }
                let Offer { entry, .. } = self.offers.remove(at);
                self.offered -= entry.wants;
                passed_over.push(entry);
            }
            self.revoked += passed_over.len() as u64;
            self.advance(wakes);
        }
        self.watched = self.needs_watch();
        (passed_over, self.watched)
    }

    /// Changes the limit. Those who want more than that are told, and offers beyond it are taken back.
    pub(super) fn resize(&mut self, limit: usize, wakes: &mut Wakes) -> Vec<Entry> {
        self.limit = limit;
        // Latest first: the earlier ones keep theirs.
        while self.taken + self.offered > limit
            && let Some(at) = (0..self.offers.len()).max_by_key(|at| self.offers[*at].entry.rank)
        {
            let Offer { entry, .. } = self.offers.swap_remove(at);
            self.offered -= entry.wants;
            self.line.insert(entry);
        }
        let mut out = self.line.extract(|entry| entry.wants > limit);
        wakes.extend(out.iter_mut().filter_map(|entry| entry.waker.take()));
        self.advance(wakes);
        out
    }

    /// Admits nobody any more.
    pub(super) fn close(&mut self, wakes: &mut Wakes) -> Vec<Entry> {
        self.closed = true;
        self.offered = 0;
        let mut out = self.line.extract(|_| true);
        out.extend(self.offers.drain(..).map(|offer| offer.entry));
        wakes.extend(out.iter_mut().filter_map(|entry| entry.waker.take()));
        out
    }

    pub(super) fn taken(&self) -> usize {
        self.taken
    }

    pub(super) fn revoked(&self) -> u64 {
        self.revoked
    }

    /// Who holds permits; those without a name together, and last.
    pub(super) fn holders(&self) -> Vec<Claim> {
        let named = self.holders.slots.iter().flatten();
        let mut claims: Vec<_> = named.map(|(n, who)| Claim { n: *n, who: Some(who.clone()) }).collect();
        let nameless = self.taken - claims.iter().map(|claim| claim.n).sum::<usize>();
        if nameless > 0 {
            claims.push(Claim { n: nameless, who: None });
        }
        claims
    }

    /// Who waits, those with an offer first: what each wants, and whether it has an offer.
    pub(super) fn waiters(&self) -> impl Iterator<Item = (Claim, bool)> {
        let claim = |entry: &Entry| Claim { n: entry.wants, who: entry.who.clone() };
        let offers = self.offers.iter().map(move |offer| (claim(&offer.entry), true));
        offers.chain(self.line.iter().map(move |entry| (claim(entry), false)))
    }
}
