//! Which jobs a take may give, and must.

use std::collections::BTreeSet;
use std::time::Duration;

use actors::jobs::JobId;
use actors::jobs::driver::{JobState, Take, Taken, TakenJob};
use actors::worker_pool::Priority;
use jiff::{SignedDuration, Timestamp};
use proptest::test_runner::{TestCaseError, TestCaseResult};

use super::book::{Book, Row, between, later};
use super::same;

impl Book {
    /// Whether nothing of its key is before it.
    fn is_first(&self, row: &Row) -> bool {
        row.record.key.is_none()
            || !self.rows.iter().any(|other| {
                (&other.record.queue, &other.record.key) == (&row.record.queue, &row.record.key)
                    && other.place < row.place
                    && !other.record.state.is_over()
            })
    }

    /// Whether it waits, is due, and is the first of its key.
    pub(super) fn is_ready(&self, row: &Row) -> bool {
        row.record.state == JobState::Waiting && row.record.due <= self.now && self.is_first(row)
    }

    pub(super) fn is_late(&self, row: &Row) -> bool {
        row.record.expires.is_some_and(|expires| expires <= self.now)
    }

    fn is_full(&self, queue: &str) -> bool {
        let is_running = |row: &&Row| row.record.queue == queue && row.record.state == JobState::Running;
        let running = self.rows.iter().filter(is_running).count() as u64;
        self.queues[queue].limits.running.is_some_and(|most| running >= most)
    }

    /// When the rate of a queue allows one; `None`: at any time.
    fn allowed(&self, queue: &str) -> Option<Timestamp> {
        let (rate, even) = (self.queues[queue].limits.rate?, self.queues[queue].even?);
        let spare = rate.spacing * (rate.burst - 1);
        Some(even - SignedDuration::try_from(spare).unwrap())
    }

    fn has_room(&self, queue: &str) -> bool {
        let is_allowed = self.allowed(queue).is_none_or(|at| at <= self.now);
        !self.queues[queue].paused && !self.is_full(queue) && is_allowed
    }

    /// What somebody could take now.
    pub(super) fn takeable(&self) -> BTreeSet<(String, JobId)> {
        let can_be = |row: &&Row| self.is_ready(row) && !self.is_late(row) && self.has_room(&row.record.queue);
        self.rows.iter().filter(can_be).map(|row| (row.record.queue.clone(), row.record.id)).collect()
    }

    /// What waits and is too late: a take may find any of these, if they are first of their key by then.
    pub(super) fn late(&self) -> Vec<JobId> {
        let is_late = |row: &&Row| row.record.state == JobState::Waiting && self.is_late(row);
        self.rows.iter().filter(is_late).map(|row| row.record.id).collect()
    }

    /// What the owner has of a take with this serial.
    pub(super) fn had(&self, take: &Take) -> Vec<JobId> {
        let is_his = |row: &&Row| row.record.owner.as_ref() == Some(&take.owner) && row.serial == take.serial;
        self.rows.iter().filter(is_his).map(|row| row.record.id).collect()
    }

    /// Those of the queues of a take that are ready, in the order in which they are to be taken.
    fn in_order(&self, take: &Take) -> Vec<JobId> {
        let is_asked = |row: &&Row| {
            take.queues.contains(&row.record.queue) && !self.queues[&row.record.queue].paused && self.is_ready(row)
        };
        let mut ready: Vec<&Row> = self.rows.iter().filter(is_asked).collect();
        ready.sort_by_key(|row| {
            let levels = match row.record.priority {
                Priority::Low => 0,
                Priority::Normal => 1,
                Priority::High => 2,
            };
            // Ageing by all levels but those that it has comes to the same order.
            (later(row.record.due, take.ageing * (2 - levels)), row.record.seq)
        });
        ready.iter().map(|row| row.record.id).collect()
    }

    /// Takes what was taken, which is not what the owner had: whether it had to be this. `ended` are those that were
    /// found too late. Whether the driver had a choice.
    pub(super) fn take(&mut self, take: &Take, taken: &Taken, ended: &[JobId]) -> Result<bool, TestCaseError> {
        let before: Vec<JobId> = self.in_order(take);
        let is_late = |id: &JobId| self.row(*id).is_some_and(|row| self.is_late(row));
        let had_choice = before.iter().any(is_late);
        self.end_late(take, ended)?;
        same("how many were too late", &taken.expired, &(ended.len() as u64))?;

        // Those behind one that was too late may come with it, or later.
        let given: BTreeSet<JobId> = taken.jobs.iter().map(|job| job.id).collect();
        let mut wanted = self.in_order(take);
        wanted.retain(|id| before.contains(id) || given.contains(id));
        wanted.retain(|id| self.row(*id).is_some_and(|row| !self.is_late(row)));
        let (mut begun, mut suspect) = (Vec::new(), take.suspect);
        for id in wanted {
            let Some(at) = self.find(id) else { continue };
            let is_suspect = self.rows[at].record.crashes > 0;
            if begun.len() == take.most || !self.has_room(&self.rows[at].record.queue) || (is_suspect && !suspect) {
                continue;
            }
            suspect &= !is_suspect;
            self.begin(at, take);
            begun.push(id);
        }
        same("the jobs", &taken.jobs.iter().map(|job| job.id).collect(), &begun)?;
        for job in &taken.jobs {
            self.is_told(job)?;
        }
        // Zero is right where there is more, and one that is too late may hide it.
        if !(had_choice && taken.next == Some(Duration::ZERO)) {
            same("how long until there is more", &taken.next, &self.next(take, suspect))?;
        }
        Ok(had_choice)
    }

    /// Ends those that were too late, each when it was the first of its key.
    fn end_late(&mut self, take: &Take, ended: &[JobId]) -> TestCaseResult {
        let mut left = ended.to_vec();
        while !left.is_empty() {
            let ready = self.in_order(take);
            let Some(found) = left.iter().position(|id| ready.contains(id)) else {
                return Err(TestCaseError::fail(format!("{left:?} could not be taken, and were found too late")));
            };
            let id = left.swap_remove(found);
            if let Some(at) = self.find(id) {
                self.expire(at);
            }
        }
        Ok(())
    }

    fn begin(&mut self, at: usize, take: &Take) {
        let now = self.now;
        let row = &mut self.rows[at];
        (row.takes, row.serial) = (row.takes + 1, take.serial);
        let record = &mut row.record;
        (record.state, record.owner, record.taken_at) = (JobState::Running, Some(take.owner.clone()), Some(now));
        (record.attempt, record.crashes) = (record.attempt + 1, record.crashes + 1);
        let name = record.queue.clone();
        let queue = self.queue(&name);
        if let Some(rate) = queue.limits.rate {
            queue.even = Some(later(queue.even.map_or(now, |even| even.max(now)), rate.spacing));
        }
    }

    /// Whether an owner is told what is true of a job that it has just been given.
    fn is_told(&self, job: &TakenJob) -> TestCaseResult {
        let Some(Row { record, .. }) = self.row(job.id) else {
            return Err(TestCaseError::fail(format!("nobody entered {job:?}")));
        };
        let expected = TakenJob {
            id: record.id,
            fence: job.fence,
            queue: record.queue.clone(),
            kind: record.kind.clone(),
            payload: record.payload.clone(),
            key: record.key.clone(),
            priority: record.priority,
            attempt: record.attempt,
            crashes: record.crashes,
            entered_at: record.entered_at,
            waited: between(record.due, self.now),
            expires_in: record.expires.map(|expires| between(self.now, expires)),
        };
        same("what its owner is told", job, &expected)
    }

    /// How long it is until there may be more as time goes by. The end of a job that fills its queue is none of that.
    fn next(&self, take: &Take, suspect: bool) -> Option<Duration> {
        let may_come = |row: &&Row| {
            let queue = &row.record.queue;
            let is_asked = take.queues.contains(queue) && !self.queues[queue].paused && !self.is_full(queue);
            let is_waiting = row.record.state == JobState::Waiting && self.is_first(row);
            is_asked && is_waiting && (suspect || row.record.crashes == 0)
        };
        let wait = |row: &Row| {
            let for_rate = self.allowed(&row.record.queue).unwrap_or(self.now);
            between(self.now, row.record.due.max(for_rate))
        };
        self.rows.iter().filter(may_come).map(wait).min()
    }
}
