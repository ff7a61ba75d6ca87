//! What can be seen.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::super::{JobFilter, JobId, JobRecord, JobState, QueueCounts, QueueLimits};
use super::queue::Queue;
use super::tables::{Now, Row, Tables};

impl Tables {
    pub(super) fn record(&self, id: JobId) -> Option<JobRecord> {
        self.jobs.get(&id).map(Row::record)
    }

    pub(super) fn list(&self, filter: &JobFilter) -> Vec<JobRecord> {
        let end = filter.before.map_or(Bound::Unbounded, Bound::Excluded);
        let rows = self.by_seq.range((Bound::Unbounded, end)).rev().filter_map(|(_, id)| self.jobs.get(id));
        let wanted = |row: &&Row| {
            filter.queue.as_ref().is_none_or(|queue| *queue == row.job.queue)
                && filter.kind.as_ref().is_none_or(|kind| *kind == row.job.kind)
                && filter.state.is_none_or(|state| state == row.state)
        };
        rows.filter(wanted).take(filter.most).map(Row::record).collect()
    }

    pub(super) fn counts(&self, now: Now) -> Vec<QueueCounts> {
        let count = |name: &str, queue: &Queue| {
            let due = queue.ready.values().flat_map(|ready| ready.range(..=(now.0, u64::MAX)));
            let (mut ready, mut oldest) = (0, None);
            for (at, _) in due {
                ready += 1;
                oldest = Some(oldest.map_or(*at, |oldest| (*at).min(oldest)));
            }
            QueueCounts {
                queue: name.to_owned(),
                ready,
                pruned: queue.pruned,
                lag: oldest.map(|oldest| now.since(oldest)),
                paused: queue.paused,
                limits: queue.limits,
                ..QueueCounts::default()
            }
        };
        let mut all: BTreeMap<&str, QueueCounts> =
            self.queues.iter().map(|(name, queue)| (&**name, count(name, queue))).collect();
        for row in self.jobs.values() {
            let Some(counts) = all.get_mut(&*row.job.queue) else { continue };
            *match row.state {
                JobState::Waiting => &mut counts.waiting,
                JobState::Running => &mut counts.running,
                JobState::Done => &mut counts.done,
                JobState::Dead => &mut counts.dead,
                JobState::Cancelled => &mut counts.cancelled,
            } += 1;
        }
        let is_there =
            |counts: &QueueCounts| counts.entered() > 0 || counts.paused || counts.limits != QueueLimits::default();
        all.into_values().filter(is_there).collect()
    }
}

impl Row {
    fn record(&self) -> JobRecord {
        JobRecord {
            id: self.job.id,
            seq: self.seq,
            queue: self.job.queue.clone(),
            kind: self.job.kind.clone(),
            payload: self.job.payload.clone(),
            key: self.job.key.clone(),
            unique: self.job.unique.as_ref().map(|unique| unique.key.clone()),
            priority: self.job.priority,
            state: self.state,
            attempt: self.attempt,
            crashes: self.crashes,
            owner: self.owner.clone(),
            entered_at: self.entered_at,
            due: self.due,
            expires: self.expires,
            taken_at: self.taken_at,
            over_at: self.over_at,
            error: self.error.clone(),
            dead: self.dead,
            output: self.output.clone(),
        }
    }
}
