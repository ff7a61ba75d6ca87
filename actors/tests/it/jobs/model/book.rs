//! What must be so, kept as plainly as it can be: lists that are searched from their beginning, and no index.
//!
//! Where the contract leaves a driver a choice, the book is told which one it made, and says whether it may.

use std::collections::BTreeMap;
use std::time::Duration;

use actors::jobs::JobId;
use actors::jobs::driver::{Accepted, Answer, DeadReason, Due, End, Entered, JobRecord, JobState, NewJob, QueueLimits};
use jiff::{SignedDuration, Timestamp};

/// All that there is. Two books are the same if nobody could tell their drivers apart.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Book {
    pub(super) now: Timestamp,
    /// In the order in which they were entered.
    pub(super) rows: Vec<Row>,
    pub(super) queues: BTreeMap<String, Queue>,
    /// By queue and unique key.
    holds: BTreeMap<(String, String), Hold>,
    pub(super) owners: BTreeMap<String, OwnerRow>,
    /// How many owners there ever were.
    pub(super) names: usize,
    /// Which term it is, counted from 1, and who leads.
    pub(super) terms: u64,
    pub(super) leader: Option<String>,
    pub(super) rates: BTreeMap<String, Timestamp>,
    places: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    /// What is to be seen of it. Its `seq` tells its life apart from all others, also of the same id.
    pub(super) record: JobRecord,
    pub(super) told: bool,
    pub(super) place: u64,
    /// How many deliveries it had, and which of them was answered last; 0 is none.
    pub(super) takes: u64,
    answered: u64,
    pub(super) serial: u64,
    pub(super) cancel: bool,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Queue {
    pub(super) paused: bool,
    pub(super) limits: QueueLimits,
    /// When the next one would begin, if they began evenly.
    pub(super) even: Option<Timestamp>,
    /// How many jobs were ever entered.
    pub(super) entered: u64,
    pub(super) pruned: u64,
}

#[derive(Clone, Debug, PartialEq)]
struct Hold {
    id: JobId,
    life: u64,
    until: Timestamp,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct OwnerRow {
    pub(super) instance: Option<String>,
    pub(super) poison: u32,
}

impl Book {
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            now,
            rows: Vec::new(),
            queues: BTreeMap::new(),
            holds: BTreeMap::new(),
            owners: BTreeMap::new(),
            names: 0,
            terms: 0,
            leader: None,
            rates: BTreeMap::new(),
            places: 0,
        }
    }

    pub(super) fn find(&self, id: JobId) -> Option<usize> {
        self.rows.iter().position(|row| row.record.id == id)
    }

    pub(super) fn row(&self, id: JobId) -> Option<&Row> {
        self.find(id).map(|at| &self.rows[at])
    }

    pub(super) fn queue(&mut self, name: &str) -> &mut Queue {
        self.queues.entry(name.to_owned()).or_default()
    }

    pub(super) fn enqueue(&mut self, leads: bool, jobs: &[NewJob]) -> Vec<Entered> {
        jobs.iter().map(|job| if leads { self.enter_job(job) } else { Entered::Deposed }).collect()
    }

    fn enter_job(&mut self, job: &NewJob) -> Entered {
        if self.find(job.id).is_some() {
            return Entered::Known;
        }
        let place = self.next_place();
        if let Some(unique) = &job.unique {
            let key = (job.queue.clone(), unique.key.clone());
            if let Some(holder) = self.holder(&key) {
                return Entered::Duplicate(holder);
            }
            self.holds.insert(key, Hold { id: job.id, life: place, until: later(self.now, unique.window) });
        }
        self.queue(&job.queue).entered += 1;
        let record = JobRecord {
            id: job.id,
            seq: place,
            queue: job.queue.clone(),
            kind: job.kind.clone(),
            payload: job.payload.clone(),
            key: job.key.clone(),
            unique: job.unique.as_ref().map(|unique| unique.key.clone()),
            priority: job.priority,
            state: JobState::Waiting,
            attempt: 0,
            crashes: 0,
            owner: None,
            entered_at: self.now,
            due: self.when(job.due),
            expires: job.expires.map(|expires| self.when(expires)),
            taken_at: None,
            over_at: None,
            error: None,
            dead: None,
            output: None,
        };
        self.rows.push(Row { record, told: job.told, place, takes: 0, answered: 0, serial: 0, cancel: false });
        Entered::New
    }

    pub(super) fn next_place(&mut self) -> u64 {
        self.places += 1;
        self.places
    }

    fn when(&self, due: Due) -> Timestamp {
        match due {
            Due::After(wait) => later(self.now, wait),
            Due::At(at) => at,
        }
    }

    /// Who holds a unique key: until its window is over, and while it is not.
    fn holder(&self, key: &(String, String)) -> Option<JobId> {
        let hold = self.holds.get(key)?;
        let is_open = self.rows.iter().any(|row| row.record.seq == hold.life && !row.record.state.is_over());
        (hold.until > self.now || is_open).then_some(hold.id)
    }

    /// Has one that lives again hold its unique key, if nobody does.
    pub(super) fn hold_again(&mut self, at: usize) {
        let record = &self.rows[at].record;
        let Some(unique) = &record.unique else { return };
        let (key, hold) =
            ((record.queue.clone(), unique.clone()), Hold { id: record.id, life: record.seq, until: self.now });
        if self.holder(&key).is_none() {
            self.holds.insert(key, hold);
        }
    }

    /// What comes of an answer for the delivery of this number; none has a fence that nobody got.
    pub(super) fn answer(&mut self, owner: &str, delivery: Option<u64>, answer: &Answer) -> Accepted {
        let Some(at) = self.find(answer.id) else { return Accepted::Stale };
        let row = &self.rows[at];
        if row.answered > 0 && delivery == Some(row.answered) {
            return Accepted::Kept;
        }
        let is_his = row.record.state == JobState::Running && row.record.owner.as_deref() == Some(owner);
        if !is_his || delivery != Some(row.takes) {
            return Accepted::Stale;
        }
        if answer.effects.is_some() {
            return Accepted::Failed(String::new());
        }
        let now = self.now;
        let row = &mut self.rows[at];
        row.answered = row.takes;
        row.record.crashes -= 1;
        let due = row.record.due;
        match &answer.end {
            End::Done { output } => {
                row.record.output.clone_from(output);
                self.over(at, JobState::Done);
            }
            End::Retry { after, error } => {
                row.record.error = Some(error.clone());
                self.wait_again(at, later(now, *after));
            }
            End::Dead { reason, error } => {
                (row.record.dead, row.record.error) = (Some(*reason), Some(error.clone()));
                self.over(at, JobState::Dead);
            }
            End::Cancelled => self.over(at, JobState::Cancelled),
            End::Released { after } => {
                row.record.attempt -= 1;
                self.wait_again(at, if after.is_zero() { due } else { due.max(later(now, *after)) });
            }
        }
        // It holds its unique key no more, and is out of its line.
        self.enqueue(true, &answer.next);
        Accepted::Kept
    }

    pub(super) fn over(&mut self, at: usize, state: JobState) {
        let now = self.now;
        let row = &mut self.rows[at];
        row.cancel = false;
        (row.record.state, row.record.owner, row.record.over_at) = (state, None, Some(now));
    }

    pub(super) fn expire(&mut self, at: usize) {
        self.rows[at].record.dead = Some(DeadReason::Expired);
        self.over(at, JobState::Dead);
    }

    /// It waits again, but not if it was cancelled meanwhile.
    pub(super) fn wait_again(&mut self, at: usize, due: Timestamp) {
        if self.rows[at].cancel {
            return self.over(at, JobState::Cancelled);
        }
        let record = &mut self.rows[at].record;
        (record.state, record.owner, record.due) = (JobState::Waiting, None, due);
    }
}

pub(super) fn later(at: Timestamp, wait: Duration) -> Timestamp {
    at + SignedDuration::try_from(wait).unwrap()
}

/// From one to the other; nothing where the other is earlier.
pub(super) fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or(Duration::ZERO)
}
