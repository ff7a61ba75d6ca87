//! Deciding on a batch of claims, one after the other, with what the database has of them.

use std::collections::{BTreeMap, HashMap};

use super::super::rules::{Decision, State, decide, nanos};
use super::super::{Claim, ClaimKind, StoreError, Verdict};
use super::schedules::Locked;

/// A schedule's key, and an instant.
pub(super) type Key = (i64, i64);

/// What the database has of the firings that are claimed, and what is to become of them.
pub(super) struct Ledger {
    locked: HashMap<String, Locked>,
    firings: HashMap<Key, (State, String)>,
    /// Those that are to be made, with the time of their claims, and whether they were triggered.
    pub(super) made: BTreeMap<Key, (i64, bool)>,
    /// Those that are to be claimed again by their owner.
    pub(super) resumed: Vec<Key>,
}

impl Ledger {
    pub(super) fn new(locked: HashMap<String, Locked>) -> Self {
        Self { locked, firings: HashMap::new(), made: BTreeMap::new(), resumed: Vec::new() }
    }

    /// The key of a claim's firing, if its schedule is known.
    pub(super) fn key(&self, claim: &Claim) -> Result<Option<Key>, StoreError> {
        let instant = nanos(claim.instant)?;
        Ok(self.locked.get(&claim.schedule).map(|schedule| (schedule.id, instant)))
    }

    /// Takes note of a firing that there is.
    pub(super) fn enter(&mut self, key: Key, state: State, owner: String) {
        self.firings.insert(key, (state, owner));
    }

    /// Decides on the next claim of the batch.
    pub(super) fn decide(&mut self, owner: &str, claim: &Claim) -> Result<Verdict, StoreError> {
        let (Some(key), Some(schedule)) = (self.key(claim)?, self.locked.get_mut(&claim.schedule)) else {
            return Ok(Verdict::Unknown);
        };
        let firing = self.firings.get(&key).map(|(state, owner)| (*state, owner.as_str()));
        match decide(owner, claim, firing, schedule.runs, schedule.floor)? {
            Decision::Answer(verdict) => return Ok(verdict),
            Decision::Keep(State::Interrupted) => self.resumed.push(key),
            Decision::Keep(_) => return Ok(Verdict::New),
            Decision::Make => {
                schedule.runs += 1;
                self.made.insert(key, (nanos(claim.at)?, claim.kind == ClaimKind::Trigger));
            }
        }
        self.firings.insert(key, (State::Claimed, owner.to_owned()));
        Ok(Verdict::New)
    }

    /// How many runs each schedule has now of which firings are to be made.
    pub(super) fn runs(&self) -> BTreeMap<i64, i64> {
        let made = |schedule: &&Locked| self.made.range((schedule.id, i64::MIN)..=(schedule.id, i64::MAX)).count() > 0;
        self.locked.values().filter(made).map(|schedule| (schedule.id, schedule.runs)).collect()
    }
}
