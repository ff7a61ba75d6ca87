//! What becomes of owners, and what people do with jobs and see of them.

use std::time::Duration;

use actors::jobs::JobId;
use actors::jobs::driver::{DeadReason, Eviction, JobState, Owner, Prune, QueueCounts, QueueLimits, Turns};
use jiff::Timestamp;
use proptest::test_runner::{TestCaseError, TestCaseResult};

use super::book::{Book, OwnerRow, Queue, Row, between, later};
use super::same;

impl Book {
    /// Whether it was entered now. Earlier lives of the same instance are gone.
    pub(super) fn enter(&mut self, owner: &Owner) -> bool {
        if self.owners.contains_key(&owner.owner) {
            return false;
        }
        let is_earlier = |row: &OwnerRow| row.instance.is_some() && row.instance == owner.instance;
        let earlier = self.owners.iter().filter(|(_, row)| is_earlier(row)).map(|(name, _)| name.clone());
        for name in earlier.collect::<Vec<_>>() {
            self.give_up(&name);
        }
        let row = OwnerRow { instance: owner.instance.clone(), poison: owner.poison };
        self.owners.insert(owner.owner.clone(), row);
        self.names += 1;
        true
    }

    pub(super) fn give_up(&mut self, owner: &str) -> Eviction {
        let (mut handed_back, mut poisoned) = (0, 0);
        let Some(row) = self.owners.remove(owner) else { return Eviction::Gone { handed_back, poisoned } };
        for at in 0..self.rows.len() {
            let record = &self.rows[at].record;
            if record.owner.as_deref() != Some(owner) {
                continue;
            }
            if record.crashes >= row.poison && !self.rows[at].cancel {
                self.rows[at].record.dead = Some(DeadReason::Poisoned);
                self.over(at, JobState::Dead);
                poisoned += 1;
            } else {
                let due = self.rows[at].record.due;
                self.wait_again(at, due);
                handed_back += 1;
            }
        }
        if self.leader.as_deref() == Some(owner) {
            self.leader = None;
        }
        Eviction::Gone { handed_back, poisoned }
    }

    /// Which of the owner's jobs are to stop.
    pub(super) fn to_stop(&self, owner: &str) -> Vec<JobId> {
        let is_to = |row: &&Row| row.cancel && row.record.owner.as_deref() == Some(owner);
        self.rows.iter().filter(is_to).map(|row| row.record.id).collect()
    }

    pub(super) fn running(&self, owner: &str) -> u64 {
        self.rows.iter().filter(|row| row.record.owner.as_deref() == Some(owner)).count() as u64
    }

    /// Whether it leads from now on, in a new term.
    pub(super) fn campaign(&mut self, owner: &str) -> bool {
        let wins = self.leader.is_none() && self.owners.contains_key(owner);
        if wins {
            self.terms += 1;
            self.leader = Some(owner.to_owned());
        }
        wins
    }

    pub(super) fn turns(&mut self, turns: &Turns) -> Duration {
        let now = self.now;
        let next = self.rates.entry(turns.name.clone()).or_insert(now);
        let first = (*next).max(later(now, turns.pause));
        *next = later(first, turns.spacing * turns.count);
        between(now, first)
    }

    pub(super) fn limit(&mut self, queue: &str, limits: QueueLimits) {
        let now = self.now;
        let queue = self.queue(queue);
        queue.limits = limits;
        let longest = limits.rate.map(|rate| later(now, rate.spacing * rate.burst));
        queue.even = queue.even.zip(longest).map(|(even, longest)| even.min(longest));
    }

    pub(super) fn cancel(&mut self, id: JobId) -> Option<JobState> {
        let at = self.find(id)?;
        match self.rows[at].record.state {
            JobState::Waiting => self.over(at, JobState::Cancelled),
            JobState::Running => self.rows[at].cancel = true,
            JobState::Done | JobState::Dead | JobState::Cancelled => {}
        }
        Some(self.rows[at].record.state)
    }

    pub(super) fn retry(&mut self, id: JobId) -> Option<JobState> {
        let (at, now) = (self.find(id)?, self.now);
        let state = self.rows[at].record.state;
        if matches!(state, JobState::Dead | JobState::Cancelled) {
            self.hold_again(at);
            let place = self.next_place();
            self.rows[at].place = place;
            let record = &mut self.rows[at].record;
            (record.attempt, record.crashes) = (0, 0);
            (record.expires, record.over_at, record.dead) = (None, None, None);
        }
        if !matches!(state, JobState::Running | JobState::Done) {
            let due = if state == JobState::Waiting { self.rows[at].record.due.min(now) } else { now };
            self.wait_again(at, due);
        }
        Some(self.rows[at].record.state)
    }

    /// Forgets those that a driver deleted: whether these were old, and the oldest. Of equals it has the choice.
    pub(super) fn prune(&mut self, prune: &Prune, deleted: &[JobId]) -> TestCaseResult {
        let kept_for = |state| match state {
            JobState::Done | JobState::Cancelled => Some(prune.over),
            JobState::Dead => prune.dead,
            JobState::Waiting | JobState::Running => None,
        };
        let mut old = Vec::new();
        for row in &self.rows {
            if let (Some(over_at), Some(kept_for)) = (row.record.over_at, kept_for(row.record.state))
                && between(over_at, self.now) >= kept_for
            {
                old.push((over_at, row.record.id));
            }
        }
        old.sort_unstable();
        same("how many were deleted", &deleted.len(), &old.len().min(prune.most))?;
        let since = |id: &JobId| old.iter().find(|(_, old)| old == id).map(|(over_at, _)| *over_at);
        let mut since: Vec<_> = deleted.iter().map(since).collect();
        since.sort_unstable();
        let oldest = old.iter().take(prune.most).map(|(over_at, _)| Some(*over_at)).collect();
        same("since when those that were deleted had been over", &since, &oldest)?;
        for id in deleted {
            let Some(at) = self.find(*id) else {
                return Err(TestCaseError::fail(format!("{id} was deleted twice")));
            };
            let row = self.rows.remove(at);
            self.queue(&row.record.queue).pruned += 1;
        }
        Ok(())
    }

    pub(super) fn counts(&self) -> Vec<QueueCounts> {
        let count = |(name, queue): (&String, &Queue)| {
            let of = |state| {
                let is = |row: &&Row| row.record.queue == *name && row.record.state == state;
                self.rows.iter().filter(is).count() as u64
            };
            let ready = self.rows.iter().filter(|row| row.record.queue == *name && self.is_ready(row));
            let due: Vec<Timestamp> = ready.map(|row| row.record.due).collect();
            let counts = QueueCounts {
                queue: name.clone(),
                waiting: of(JobState::Waiting),
                ready: due.len() as u64,
                running: of(JobState::Running),
                done: of(JobState::Done),
                dead: of(JobState::Dead),
                cancelled: of(JobState::Cancelled),
                pruned: queue.pruned,
                lag: due.iter().min().map(|due| between(*due, self.now)),
                paused: queue.paused,
                limits: queue.limits,
            };
            assert_eq!(counts.entered(), queue.entered, "the book is wrong");
            counts
        };
        self.queues.iter().map(count).filter(is_there).collect()
    }
}

/// Whether a queue must be among those that are counted.
pub(super) fn is_there(counts: &QueueCounts) -> bool {
    counts.entered() > 0 || counts.paused || counts.limits != QueueLimits::default()
}
