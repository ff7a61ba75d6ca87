use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::super::Sighting;
use super::super::driver::{Leadership, Seen};

/// How many leases an owner may be silent who has nothing that others wait for.
const IDLE_LEASES: u32 = 10;

/// The other owners, and since when each of them has given no sign of life, on this process's own clock.
#[derive(Default)]
pub(in crate::jobs) struct Crowd {
    seen: HashMap<String, Other>,
    looked_at: Option<Instant>,
}

struct Other {
    instance: Option<String>,
    beat: u64,
    running: u64,
    since: Instant,
}

impl Crowd {
    /// Looks at all others. Who has been silent for too long, with the latest sign of life that was seen.
    ///
    /// While this process did not look, for whatever reason, nobody's silence counts: the engine may have been away, and
    /// then it was for others, too.
    pub(super) fn look(
        &mut self,
        others: Vec<Seen>,
        leader: Option<&Leadership>,
        now: Instant,
        lease: Duration,
    ) -> Vec<(String, u64)> {
        let was_blind = self.looked_at.is_none_or(|at| now.duration_since(at) > lease * 2 / 3);
        self.looked_at = Some(now);
        let mut before = std::mem::take(&mut self.seen);
        let mut silent = Vec::new();
        for Seen { owner, instance, beat, running } in others {
            let since = match before.remove(&owner) {
                Some(other) if other.beat == beat && !was_blind => other.since,
                _ => now,
            };
            let is_awaited = running > 0 || leader.is_some_and(|leader| leader.owner == owner);
            let limit = if is_awaited { lease } else { lease.saturating_mul(IDLE_LEASES) };
            if now.duration_since(since) >= limit {
                silent.push((owner.clone(), beat));
            }
            self.seen.insert(owner, Other { instance, beat, running, since });
        }
        silent
    }

    /// Others than we, in the order of their names.
    pub(in crate::jobs) fn sightings(&self, now: Instant) -> Vec<Sighting> {
        let seen = self.seen.iter().map(|(owner, other)| Sighting {
            owner: owner.clone(),
            instance: other.instance.clone(),
            running: other.running,
            silent: now.duration_since(other.since),
        });
        let mut seen: Vec<_> = seen.collect();
        seen.sort_by(|a, b| a.owner.cmp(&b.owner));
        seen
    }
}
