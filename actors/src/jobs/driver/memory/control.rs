//! What people do with jobs.

use super::super::{JobId, JobState, Prune};
use super::tables::{Holder, Now, Tables};

impl Tables {
    pub(super) fn cancel(&mut self, id: JobId, now: Now) -> Option<JobState> {
        let row = self.jobs.get_mut(&id)?;
        match row.state {
            JobState::Waiting => self.end(id, JobState::Cancelled, now),
            JobState::Running => {
                row.cancel = true;
                self.stirred = true;
            }
            JobState::Done | JobState::Dead | JobState::Cancelled => {}
        }
        self.jobs.get(&id).map(|row| row.state)
    }

    pub(super) fn retry(&mut self, id: JobId, now: Now) -> Option<JobState> {
        let state = self.jobs.get(&id)?.state;
        match state {
            JobState::Waiting => {
                self.unready(id);
                let due = self.jobs.get(&id).map_or(now.0, |row| row.due.min(now.0));
                self.wait(id, due);
            }
            JobState::Dead | JobState::Cancelled => {
                let place = self.next_place();
                if let Some(row) = self.jobs.get_mut(&id) {
                    (row.attempt, row.crashes, row.expires, row.over_at, row.dead) = (0, 0, None, None, None);
                    row.place = place;
                }
                self.hold_again(id, now);
                self.wait(id, now.0);
            }
            JobState::Running | JobState::Done => {}
        }
        self.jobs.get(&id).map(|row| row.state)
    }

    /// It holds its unique key again, if nobody else does.
    fn hold_again(&mut self, id: JobId, now: Now) {
        let Some(row) = self.jobs.get(&id) else { return };
        let Some(unique) = &row.job.unique else { return };
        let key = (row.job.queue.clone(), unique.key.clone());
        if self.uniques.get(&key).is_none_or(|holder| holder.until <= now.0 && !self.is_open(holder)) {
            self.uniques.insert(key, Holder { id, seq: row.seq, until: now.0 });
        }
    }

    pub(super) fn prune(&mut self, prune: &Prune, now: Now) -> u64 {
        let kept_for = |state| match state {
            JobState::Done | JobState::Cancelled => Some(prune.over),
            JobState::Dead => prune.dead,
            JobState::Waiting | JobState::Running => None,
        };
        let mut old = Vec::new();
        for (id, row) in &self.jobs {
            if let (Some(kept_for), Some(over_at)) = (kept_for(row.state), row.over_at)
                && now.since(over_at) >= kept_for
            {
                old.push((over_at, row.seq, *id));
            }
        }
        old.sort_unstable();
        old.truncate(prune.most);
        for (_, seq, id) in &old {
            self.by_seq.remove(seq);
            if let Some(row) = self.jobs.remove(id)
                && let Some(queue) = self.queues.get_mut(&row.job.queue)
            {
                queue.pruned += 1;
            }
        }
        let Self { jobs, uniques, rates, .. } = self;
        let is_open =
            |holder: &Holder| jobs.get(&holder.id).is_some_and(|row| row.seq == holder.seq && !row.state.is_over());
        uniques.retain(|_, holder| holder.until > now.0 || is_open(holder));
        rates.retain(|_, next| *next > now.0);
        old.len() as u64
    }
}
