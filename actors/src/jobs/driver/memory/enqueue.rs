//! Entering jobs.

use super::super::{Entered, JobState, NewJob};
use super::tables::{Holder, Now, Row, Tables};

impl Tables {
    pub(super) fn enqueue_all(&mut self, term: Option<u64>, jobs: &[NewJob], now: Now) -> Vec<Entered> {
        if term.is_some_and(|term| !self.leads(term)) {
            return vec![Entered::Deposed; jobs.len()];
        }
        jobs.iter().map(|job| self.enqueue(job, now)).collect()
    }

    pub(super) fn enqueue(&mut self, job: &NewJob, now: Now) -> Entered {
        if self.jobs.contains_key(&job.id) {
            return Entered::Known;
        }
        if let Some(unique) = &job.unique {
            let key = (job.queue.clone(), unique.key.clone());
            if let Some(holder) = self.uniques.get(&key)
                && (holder.until > now.0 || self.is_open(holder))
            {
                return Entered::Duplicate(holder.id);
            }
            let (seq, until) = (self.next_seq + 1, now.after(unique.window));
            self.uniques.insert(key, Holder { id: job.id, seq, until });
        }
        let (seq, due) = (self.next_place(), now.when(job.due));
        let row = Row {
            seq,
            place: seq,
            job: job.clone(),
            state: JobState::Waiting,
            due,
            expires: job.expires.map(|expires| now.when(expires)),
            fence: 0,
            answered: 0,
            owner: None,
            serial: 0,
            attempt: 0,
            crashes: 0,
            cancel: false,
            entered_at: now.0,
            taken_at: None,
            over_at: None,
            error: None,
            dead: None,
            output: None,
        };
        self.queues.entry(job.queue.clone()).or_default();
        self.jobs.insert(job.id, row);
        self.by_seq.insert(seq, job.id);
        self.wait(job.id, due);
        Entered::New
    }

    /// A place behind all others.
    pub(super) fn next_place(&mut self) -> u64 {
        self.next_seq += 1;
        self.next_seq
    }

    /// Whether the job of a holder is not over. Its id may be another job's by now.
    pub(super) fn is_open(&self, holder: &Holder) -> bool {
        self.jobs.get(&holder.id).is_some_and(|row| row.seq == holder.seq && !row.state.is_over())
    }
}
