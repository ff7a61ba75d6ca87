//! Who is alive, and who leads.

use std::collections::BTreeMap;

use super::super::{Beat, DeadReason, Eviction, Fence, JobState, Leadership, Owner, Owners, Seen};
use super::tables::{Now, OwnerRow, Tables};

impl Tables {
    pub(super) fn enter_owner(&mut self, owner: &Owner, now: Now) -> bool {
        if self.owners.contains_key(&owner.owner) {
            return false;
        }
        let same = |row: &OwnerRow| row.instance.is_some() && row.instance == owner.instance;
        let earlier = self.owners.iter().filter(|(_, row)| same(row)).map(|(name, _)| name.clone());
        for name in earlier.collect::<Vec<_>>() {
            self.evict(&name, None, now);
        }
        let (instance, poison) = (owner.instance.clone(), owner.poison.max(1));
        let row = OwnerRow { instance, poison, beat: 0, running: BTreeMap::new() };
        self.owners.insert(owner.owner.clone(), row);
        true
    }

    pub(super) fn beat(&mut self, owner: &str) -> Option<Beat> {
        let row = self.owners.get_mut(owner)?;
        row.beat += 1;
        let running = row.running.values().filter_map(|id| Some((*id, self.jobs.get(id)?)));
        let cancelled = running.filter(|(_, row)| row.cancel).map(|(id, row)| (id, Fence(row.fence))).collect();
        let Owners { all: mut others, leader } = self.everybody();
        others.retain(|other| other.owner != owner);
        Some(Beat { others, cancelled, leader })
    }

    pub(super) fn everybody(&self) -> Owners {
        let all = self.owners.iter().map(|(name, row)| Seen {
            owner: name.clone(),
            instance: row.instance.clone(),
            beat: row.beat,
            running: row.running.len() as u64,
        });
        Owners { all: all.collect(), leader: self.leader().cloned() }
    }

    /// Gives up an owner; `None` for whichever beat it has.
    pub(super) fn evict(&mut self, owner: &str, beat: Option<u64>, now: Now) -> Eviction {
        let (mut handed_back, mut poisoned) = (0, 0);
        if self.owners.get(owner).is_some_and(|row| beat.is_some_and(|beat| row.beat != beat)) {
            return Eviction::Alive;
        }
        let poison = self.owners.get(owner).map_or(u32::MAX, |row| row.poison);
        let running = self.owners.get(owner).map(|row| row.running.values().copied().collect::<Vec<_>>());
        for id in running.unwrap_or_default() {
            self.put_down(id);
            let Some(row) = self.jobs.get_mut(&id) else { continue };
            if row.crashes >= poison && !row.cancel {
                row.dead = Some(DeadReason::Poisoned);
                self.end(id, JobState::Dead, now);
                poisoned += 1;
            } else {
                let (is_cancelled, due) = (row.cancel, row.due);
                self.wait_unless(is_cancelled, id, due, now);
                handed_back += 1;
            }
        }
        if self.owners.remove(owner).is_some() {
            // Somebody else may lead now.
            self.stirred = true;
        }
        Eviction::Gone { handed_back, poisoned }
    }

    pub(super) fn campaign(&mut self, owner: &str) -> Option<Leadership> {
        if !self.owners.contains_key(owner) {
            return None;
        }
        if self.leader().is_none() {
            self.term += 1;
            self.leader = Some(Leadership { term: self.term, owner: owner.to_owned() });
        }
        self.leader.clone()
    }

    pub(super) fn resign(&mut self, leadership: &Leadership) {
        if self.leader.as_ref() == Some(leadership) {
            self.leader = None;
            self.stirred = true;
        }
    }

    /// Whether the leader of this term still leads.
    pub(super) fn leads(&self, term: u64) -> bool {
        self.leader().is_some_and(|leader| leader.term == term)
    }

    fn leader(&self) -> Option<&Leadership> {
        self.leader.as_ref().filter(|leader| self.owners.contains_key(&leader.owner))
    }
}
