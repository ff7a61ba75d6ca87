//! Answering for jobs.

use jiff::Timestamp;

use super::super::{Accepted, Answer, End, JobId, JobState};
use super::tables::{Now, Row, Tables};

impl Tables {
    pub(super) fn answer(&mut self, owner: &str, answer: &Answer, now: Now) -> Accepted {
        let (id, fence) = (answer.id, answer.fence.0);
        let Some(row) = self.jobs.get_mut(&id) else { return Accepted::Stale };
        if row.answered == fence && fence > 0 {
            return Accepted::Kept;
        }
        if row.state != JobState::Running || row.fence != fence || row.owner.as_deref() != Some(owner) {
            return Accepted::Stale;
        }
        if answer.effects.is_some() {
            return Accepted::Failed("the driver in memory has no transactions for effects".to_owned());
        }
        row.answered = fence;
        row.crashes = row.crashes.saturating_sub(1);
        let (is_cancelled, due) = (row.cancel, row.due);
        self.put_down(id);
        match &answer.end {
            End::Done { output } => {
                self.note(id, |row| row.output.clone_from(output));
                self.end(id, JobState::Done, now);
            }
            End::Dead { reason, error } => {
                self.note(id, |row| (row.dead, row.error) = (Some(*reason), Some(error.clone())));
                self.end(id, JobState::Dead, now);
            }
            End::Retry { after, error } => {
                self.note(id, |row| row.error = Some(error.clone()));
                self.wait_unless(is_cancelled, id, now.after(*after), now);
            }
            End::Released { after } => {
                self.note(id, |row| row.attempt = row.attempt.saturating_sub(1));
                let due = if after.is_zero() { due } else { due.max(now.after(*after)) };
                self.wait_unless(is_cancelled, id, due, now);
            }
            End::Cancelled => self.end(id, JobState::Cancelled, now),
        }
        // After its end: it may be followed by one with the same unique key.
        for job in &answer.next {
            self.enqueue(job, now);
        }
        Accepted::Kept
    }

    /// It waits again, but not if it is to be cancelled.
    pub(super) fn wait_unless(&mut self, is_cancelled: bool, id: JobId, due: Timestamp, now: Now) {
        if is_cancelled {
            self.end(id, JobState::Cancelled, now);
        } else {
            self.wait(id, due);
        }
    }

    /// It does not run any more.
    pub(super) fn put_down(&mut self, id: JobId) {
        let Some(row) = self.jobs.get(&id) else { return };
        if let Some(owner) = row.owner.as_ref().and_then(|owner| self.owners.get_mut(owner)) {
            owner.running.remove(&row.seq);
        }
        if let Some(queue) = self.queues.get_mut(&row.job.queue) {
            let was_full = queue.limits.running.is_some_and(|most| queue.running >= most);
            queue.running = queue.running.saturating_sub(1);
            self.stirred |= was_full;
        }
    }

    fn note(&mut self, id: JobId, note: impl FnOnce(&mut Row)) {
        if let Some(row) = self.jobs.get_mut(&id) {
            note(row);
        }
    }
}
