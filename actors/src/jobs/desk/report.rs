use tokio::time::Instant;

use super::super::{DeliveryCounts, JobQueueState, JobQueueStatus, RunningJob};
use super::life::Standing;
use super::{Desk, Phase, Stage};

impl Desk {
    /// What became of all that was taken.
    pub(in crate::jobs) fn counts(&self) -> DeliveryCounts {
        DeliveryCounts { held: self.held.len() as u64, ..self.counts }
    }

    /// Whether nothing is left to be done or to be written.
    pub(in crate::jobs) fn is_settled(&self) -> bool {
        self.held.is_empty() && self.life.asked.is_none() && self.letters.is_empty()
    }

    /// Whether nothing runs, or might.
    pub(in crate::jobs) fn is_quiet(&self) -> bool {
        self.life.asked.is_none() && self.held.values().all(|held| held.stage == Stage::Answered)
    }

    pub(in crate::jobs) fn status(&self, now: Instant) -> JobQueueStatus {
        let mut running: Vec<_> = self.held.iter().filter(|(_, held)| held.stage != Stage::Answered).collect();
        running.sort_by_key(|((id, _), held)| (held.since, *id));
        let running = running.into_iter().map(|((id, _), held)| RunningJob {
            id: *id,
            kind: held.kind.clone(),
            key: held.key.clone(),
            attempt: held.attempt,
            age: now.saturating_duration_since(held.since),
            begun: held.stage == Stage::Running,
            stopping: held.sign.get(),
        });
        JobQueueStatus {
            state: match self.phase {
                Phase::Open => JobQueueState::Open,
                Phase::Closing => JobQueueState::Draining,
                Phase::Closed => JobQueueState::Closed,
            },
            owner: (self.life.standing == Standing::Entered).then(|| self.life.owner.to_string()),
            last_beat: self.life.beat,
            running: running.collect(),
            deliveries: self.counts(),
            unwritten: self.letters.len(),
            failing: self.failing.clone(),
            others: self.crowd.sightings(now),
            leader: self.leader.clone(),
        }
    }
}
