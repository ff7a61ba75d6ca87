//! What is to be written to the store, in the order of its urgency.

use std::collections::VecDeque;
use std::collections::btree_map::{BTreeMap, Entry};

use tokio::time::Instant;

use super::super::store::{Claim, Finished, Passed, StoreError, Unclaimed};
use super::super::{StoreFailure, StoreStatus};
use super::{Effects, ScheduleId};

/// A store's batch holds at most so many items.
pub(in crate::scheduler) const BATCH: usize = 512;

/// Letters to the store. One clerk at a time takes them there.
///
/// Bounded: a schedule claims few firings at a time, and only begins what was claimed.
#[derive(Default)]
pub(in crate::scheduler) struct Outbox {
    claims: VecDeque<(ScheduleId, Claim)>,
    finished: VecDeque<Finished>,
    /// By schedule and reason: several are one.
    passed: BTreeMap<(String, Unclaimed), Passed>,
    /// A sign of life is due, and a look at what others have left behind.
    pub(super) renew: bool,
    /// A clerk is at work.
    busy: bool,
    /// What the clerk is at.
    claiming: usize,
    writing: usize,
    lost: u64,
    failing: Option<StoreFailure>,
}

/// What a clerk takes at a time.
#[derive(Default)]
pub(in crate::scheduler) struct Batch {
    pub(in crate::scheduler) claims: Vec<(ScheduleId, Claim)>,
    pub(in crate::scheduler) finished: Vec<Finished>,
    pub(in crate::scheduler) passed: Vec<Passed>,
    pub(in crate::scheduler) renew: bool,
}

impl Outbox {
    pub(super) fn post(&mut self, fx: &mut Effects) {
        self.claims.extend(fx.claims.drain(..));
        self.finished.extend(fx.finished.drain(..));
        for passed in fx.passed.drain(..) {
            match self.passed.entry((passed.schedule.clone(), passed.why)) {
                Entry::Vacant(place) => drop(place.insert(passed)),
                Entry::Occupied(mut before) => {
                    let before = before.get_mut();
                    before.count += passed.count;
                    // Not the maximum: the wall clock may have been set back.
                    before.through = passed.through;
                }
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.claims.is_empty() && self.finished.is_empty() && self.passed.is_empty() && !self.renew
    }

    /// Whether a clerk is to be sent, who from now on is at work.
    pub(in crate::scheduler) fn hire(&mut self) -> bool {
        let hired = !self.busy && !self.is_empty();
        self.busy |= hired;
        hired
    }

    /// What the clerk takes next; with nothing left he goes home.
    pub(in crate::scheduler) fn take(&mut self) -> Option<Batch> {
        (self.claiming, self.writing) = (0, 0);
        if self.is_empty() {
            self.busy = false;
            return None;
        }
        let mut passed = Vec::new();
        while passed.len() < BATCH
            && let Some((_, next)) = self.passed.pop_first()
        {
            passed.push(next);
        }
        // A claim tells the store that all before it is decided, so what passed before it comes first.
        let claims = if self.passed.is_empty() { self.claims.len().min(BATCH) } else { 0 };
        let batch = Batch {
            claims: self.claims.drain(..claims).collect(),
            finished: self.finished.drain(..self.finished.len().min(BATCH)).collect(),
            passed,
            renew: std::mem::take(&mut self.renew),
        };
        (self.claiming, self.writing) = (batch.claims.len(), batch.finished.len());
        Some(batch)
    }

    /// The clerk gives up, with so many ends unwritten.
    pub(in crate::scheduler) fn give_up(&mut self, lost: usize) -> Vec<(ScheduleId, Claim)> {
        (self.claiming, self.writing, self.busy) = (0, 0, false);
        self.lost += (lost + self.finished.len()) as u64;
        self.finished.clear();
        self.passed.clear();
        self.renew = false;
        self.withdraw_all().into()
    }

    /// Takes back the claims of a schedule that no clerk has taken yet.
    pub(super) fn withdraw(&mut self, id: ScheduleId) -> Vec<Claim> {
        let claims = self.withdraw_all().into_iter();
        let (withdrawn, kept): (VecDeque<_>, VecDeque<_>) = claims.partition(|(of, _)| *of == id);
        self.claims = kept;
        withdrawn.into_iter().map(|(_, claim)| claim).collect()
    }

    /// Takes back all claims that no clerk has taken yet.
    pub(super) fn withdraw_all(&mut self) -> VecDeque<(ScheduleId, Claim)> {
        std::mem::take(&mut self.claims)
    }

    pub(in crate::scheduler) fn answered(&mut self) {
        self.failing = None;
    }

    pub(in crate::scheduler) fn failed(&mut self, error: StoreError, now: Instant) {
        let failing = self.failing.take();
        let (since, attempts) = failing.map_or((now, 0), |failing| (failing.since, failing.attempts));
        self.failing = Some(StoreFailure { since, attempts: attempts + 1, error });
    }

    pub(super) fn status(&self) -> StoreStatus {
        StoreStatus {
            unclaimed: self.claims.len() + self.claiming,
            unwritten: self.finished.len() + self.writing,
            lost: self.lost,
            failing: self.failing.clone(),
        }
    }
}
