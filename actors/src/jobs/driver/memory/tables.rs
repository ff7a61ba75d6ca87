//! The relations, and what holds between them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::super::{DeadReason, Due, JobId, JobState, Leadership, NewJob};
use super::queue::Queue;
use crate::worker_pool::Priority;

/// All that is kept.
///
/// # Invariants
///
/// 1. A job is in `by_seq`; in `ready` of its queue if and only if it waits and nothing of its key is before it; in
///    `running` of its owner if and only if it runs, and that owner is there.
/// 2. A job with a key is in `lines` if and only if it is not over.
#[derive(Default)]
pub(super) struct Tables {
    pub(super) jobs: HashMap<JobId, Row>,
    pub(super) by_seq: BTreeMap<u64, JobId>,
    pub(super) next_seq: u64,
    pub(super) queues: BTreeMap<String, Queue>,
    /// By queue and key, the jobs that are not over, in their order.
    pub(super) lines: HashMap<(String, String), BTreeMap<u64, JobId>>,
    /// By queue and unique key, who holds it.
    pub(super) uniques: HashMap<(String, String), Holder>,
    pub(super) owners: BTreeMap<String, OwnerRow>,
    pub(super) leader: Option<Leadership>,
    pub(super) term: u64,
    /// When the next turn of each rate is.
    pub(super) rates: HashMap<String, Timestamp>,
    /// Something happened for which somebody may wait.
    pub(super) stirred: bool,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Row {
    /// Its place in the order in which jobs were entered.
    pub(super) seq: u64,
    /// Its place in the line of its key, which is another after it was dead or cancelled.
    pub(super) place: u64,
    pub(super) job: NewJob,
    pub(super) state: JobState,
    pub(super) due: Timestamp,
    pub(super) expires: Option<Timestamp>,
    pub(super) fence: u64,
    /// The fence of the latest answer that was accepted; 0 before the first.
    pub(super) answered: u64,
    pub(super) owner: Option<String>,
    pub(super) serial: u64,
    pub(super) attempt: u32,
    pub(super) crashes: u32,
    /// Whether it is to be cancelled, while it runs.
    pub(super) cancel: bool,
    pub(super) entered_at: Timestamp,
    pub(super) taken_at: Option<Timestamp>,
    pub(super) over_at: Option<Timestamp>,
    pub(super) error: Option<String>,
    pub(super) dead: Option<DeadReason>,
    pub(super) output: Option<String>,
}

/// Who holds a unique key, and until when after the job is over.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Holder {
    pub(super) id: JobId,
    pub(super) seq: u64,
    pub(super) until: Timestamp,
}

pub(super) struct OwnerRow {
    pub(super) instance: Option<String>,
    pub(super) poison: u32,
    pub(super) beat: u64,
    /// What it runs, by `seq`.
    pub(super) running: BTreeMap<u64, JobId>,
}

/// Jobs that could be taken when they are due, by priority, in their order.
pub(super) type Ready = BTreeMap<Priority, BTreeSet<(Timestamp, u64)>>;

impl Tables {
    /// Has a job wait, due then. It is behind those of its key that are before it.
    pub(super) fn wait(&mut self, id: JobId, due: Timestamp) {
        let Some(row) = self.jobs.get_mut(&id) else { return };
        (row.state, row.due, row.owner, row.cancel) = (JobState::Waiting, due, None, false);
        let key = row.line();
        let first = match key {
            None => Some(id),
            Some(key) => {
                let place = row.place;
                let line = self.lines.entry(key).or_default();
                line.insert(place, id);
                line.values().next().copied()
            }
        };
        if first == Some(id) {
            self.make_ready(id);
        }
    }

    /// A job is over: who is behind it may be taken, and its unique key is held only until its window is over.
    pub(super) fn end(&mut self, id: JobId, state: JobState, now: Now) {
        self.unready(id);
        let Some(row) = self.jobs.get_mut(&id) else { return };
        (row.state, row.over_at, row.owner, row.cancel) = (state, Some(now.0), None, false);
        let (seq, place, key, told) = (row.seq, row.place, row.line(), row.job.told);
        let unique = row.job.unique.as_ref().map(|unique| (row.job.queue.clone(), unique.key.clone()));
        if let Some(unique) = unique
            && self.uniques.get(&unique).is_some_and(|holder| holder.seq == seq && holder.until <= now.0)
        {
            self.uniques.remove(&unique);
        }
        self.stirred |= told;
        let Some(key) = key else { return };
        let Some(line) = self.lines.get_mut(&key) else { return };
        line.remove(&place);
        match line.values().next().copied() {
            Some(next) => self.make_ready(next),
            None => drop(self.lines.remove(&key)),
        }
    }

    /// Has it among those that can be taken, if it waits. Again is the same as once.
    fn make_ready(&mut self, id: JobId) {
        let Some(row) = self.jobs.get(&id) else { return };
        if row.state == JobState::Waiting {
            let queue = self.queues.entry(row.job.queue.clone()).or_default();
            queue.ready.entry(row.job.priority).or_default().insert((row.due, row.seq));
            self.stirred = true;
        }
    }

    /// It can't be taken, for now.
    pub(super) fn unready(&mut self, id: JobId) {
        let Some(row) = self.jobs.get(&id) else { return };
        if let Some(queue) = self.queues.get_mut(&row.job.queue)
            && let Some(ready) = queue.ready.get_mut(&row.job.priority)
        {
            ready.remove(&(row.due, row.seq));
        }
    }
}

impl Row {
    /// The line that it stands in.
    pub(super) fn line(&self) -> Option<(String, String)> {
        self.job.key.as_ref().map(|key| (self.job.queue.clone(), key.clone()))
    }
}

/// What the driver's clock reads.
#[derive(Clone, Copy)]
pub(super) struct Now(pub(super) Timestamp);

impl Now {
    /// So much later, as far as there is time.
    pub(super) fn after(self, wait: Duration) -> Timestamp {
        later(self.0, wait)
    }

    /// How long that is from now; nothing if it has passed.
    pub(super) fn until(self, at: Timestamp) -> Duration {
        between(self.0, at)
    }

    /// How long ago that was; nothing if it is to come.
    pub(super) fn since(self, at: Timestamp) -> Duration {
        between(at, self.0)
    }

    pub(super) fn when(self, due: Due) -> Timestamp {
        match due {
            Due::After(wait) => self.after(wait),
            Due::At(at) => at,
        }
    }
}

pub(super) fn later(at: Timestamp, wait: Duration) -> Timestamp {
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    at.checked_add(wait).unwrap_or(Timestamp::MAX)
}

fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or(Duration::ZERO)
}
