use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::super::Sighting;
use super::super::driver::{Eviction, Leadership, Seen};
use crate::system::after;

/// How many leases an owner may be silent who has nothing that others wait for.
const IDLE_LEASES: u32 = 10;

/// The other owners, and since when each of them has given no sign of life, on this process's own clock.
///
/// Only what this process has looked at counts: while the engine is away it is so for others, too.
pub(in crate::jobs) struct Crowd {
    lease: Duration,
    seen: HashMap<String, Other>,
    looked_at: Option<Instant>,
}

struct Other {
    instance: Option<String>,
    beat: u64,
    running: u64,
    since: Instant,
    /// How long it may be silent.
    limit: Duration,
    /// The engine was asked to give it up, and failed: not before this again.
    again: Option<Instant>,
}

impl Other {
    /// When it is to be given up.
    fn lost_at(&self) -> Instant {
        let lost_at = after(self.since, self.limit);
        self.again.map_or(lost_at, |again| again.max(lost_at))
    }
}

impl Crowd {
    pub(super) fn new(lease: Duration) -> Self {
        Self { lease, seen: HashMap::new(), looked_at: None }
    }

    /// The time from one look to the next.
    fn period(&self) -> Duration {
        self.lease / 3
    }

    /// Looks at all others. How much longer than it should be the time since the last look was is added to nobody's
    /// silence.
    pub(super) fn look(&mut self, others: Vec<Seen>, leader: Option<&Leadership>, now: Instant) {
        let gap = self.looked_at.replace(now).map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        let unseen = gap.saturating_sub(self.period());
        let mut before = std::mem::take(&mut self.seen);
        for Seen { owner, instance, beat, running } in others {
            let same = before.remove(&owner).filter(|other| other.beat == beat);
            let (since, again) = same.map_or((now, None), |other| (after(other.since, unseen).min(now), other.again));
            let is_awaited = running > 0 || leader.is_some_and(|leader| leader.owner == owner);
            let limit = if is_awaited { self.lease } else { self.lease.saturating_mul(IDLE_LEASES) };
            self.seen.insert(owner, Other { instance, beat, running, since, limit, again });
        }
    }

    /// When the first of them is to be given up; `None` if another look comes before.
    pub(super) fn next_lost(&self) -> Option<Instant> {
        self.seen.values().map(Other::lost_at).filter(|at| self.can_tell(*at)).min()
    }

    /// Who is to be given up now, with the latest sign of life that was seen: the engine knows if there was another.
    pub(super) fn lost(&self, now: Instant) -> Vec<(String, u64)> {
        let is_lost = |other: &Other| other.lost_at() <= now && self.can_tell(other.lost_at());
        let lost = self.seen.iter().filter(|(_, other)| is_lost(other));
        lost.map(|(owner, other)| (owner.clone(), other.beat)).collect()
    }

    /// Whether the last look tells enough of that instant: the next one may be a little late.
    fn can_tell(&self, at: Instant) -> bool {
        let late = self.period() / 4;
        self.looked_at.is_some_and(|looked_at| at <= after(looked_at, self.period().saturating_add(late)))
    }

    /// The engine was to give somebody up; `None`: it failed.
    pub(super) fn evicted(&mut self, owner: &str, eviction: Option<Eviction>, now: Instant) {
        if matches!(eviction, Some(Eviction::Gone { .. })) {
            self.seen.remove(owner);
            return;
        }
        let again = after(now, self.period() / 2);
        let Some(other) = self.seen.get_mut(owner) else { return };
        match eviction {
            Some(_) => (other.since, other.again) = (now, None),
            None => other.again = Some(again),
        }
    }

    /// Others than we, in the order of their names.
    pub(in crate::jobs) fn sightings(&self, now: Instant) -> Vec<Sighting> {
        let seen = self.seen.iter().map(|(owner, other)| Sighting {
            owner: owner.clone(),
            instance: other.instance.clone(),
            running: other.running,
            silent: now.saturating_duration_since(other.since),
        });
        let mut seen: Vec<_> = seen.collect();
        seen.sort_by(|a, b| a.owner.cmp(&b.owner));
        seen
    }
}
