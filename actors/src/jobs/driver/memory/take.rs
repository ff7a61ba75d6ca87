//! Taking jobs.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::super::{DeadReason, Fence, JobId, JobState, Take, Taken, TakenJob, lead};
use super::tables::{Now, Tables};

impl Tables {
    pub(super) fn take(&mut self, take: &Take, now: Now) -> Option<Taken> {
        let had = self.owners.get(&take.owner)?.running.values().copied();
        let had: Vec<JobId> = had.filter(|id| self.jobs.get(id).is_some_and(|row| row.serial == take.serial)).collect();
        if !had.is_empty() {
            self.owners.entry(take.owner.clone()).and_modify(|owner| owner.beat += 1);
            let jobs = had.into_iter().filter_map(|id| self.taken(id, now)).collect();
            return Some(Taken { jobs, next: Some(Duration::ZERO), expired: 0 });
        }
        let (mut taken, mut suspect) = (Taken::default(), take.suspect);
        for id in self.candidates(take, now) {
            let Some(row) = self.jobs.get(&id) else { continue };
            if row.expires.is_some_and(|expires| expires <= now.0) {
                self.expire(id, now);
                taken.expired += 1;
                continue;
            }
            let is_suspect = row.crashes > 0;
            let room = self.queues.get(&row.job.queue).map_or(0, |queue| queue.allowance(now));
            if taken.jobs.len() >= take.most || room == 0 || (is_suspect && !suspect) {
                continue;
            }
            suspect &= !is_suspect;
            self.begin(id, take, now);
            taken.jobs.extend(self.taken(id, now));
        }
        if let Some(owner) = self.owners.get_mut(&take.owner)
            && !taken.jobs.is_empty()
        {
            owner.beat += 1;
        }
        taken.next = self.next(take, suspect, now);
        Some(taken)
    }

    /// What a take answers that changes nothing; `None`: it changes something.
    #[cfg(feature = "nats")]
    pub(super) fn peek(&self, take: &Take, now: Now) -> Option<Option<Taken>> {
        let Some(owner) = self.owners.get(&take.owner) else { return Some(None) };
        let mut had = owner.running.values().filter_map(|id| self.jobs.get(id));
        let changes = |id: JobId| {
            let Some(row) = self.jobs.get(&id) else { return false };
            let room = self.queues.get(&row.job.queue).map_or(0, |queue| queue.allowance(now));
            let can = take.most > 0 && room > 0 && (row.crashes == 0 || take.suspect);
            can || row.expires.is_some_and(|expires| expires <= now.0)
        };
        if had.any(|row| row.serial == take.serial) || self.candidates(take, now).into_iter().any(changes) {
            return None;
        }
        Some(Some(Taken { next: self.next(take, take.suspect, now), ..Taken::default() }))
    }

    /// What is due, in the order in which it is to be taken; of each priority of a queue not more than can be needed.
    fn candidates(&self, take: &Take, now: Now) -> Vec<JobId> {
        let mut due = Vec::new();
        for queue in take.queues.iter().filter_map(|name| self.queues.get(name)).filter(|queue| !queue.paused) {
            for (priority, ready) in &queue.ready {
                let lead = SignedDuration::try_from(lead(*priority, take.ageing)).unwrap_or(SignedDuration::MAX);
                let mut plain = 0;
                for (at, seq) in ready.range(..=(now.0, u64::MAX)) {
                    if plain == take.most {
                        break;
                    }
                    plain += usize::from(self.is_plain(*seq, now));
                    due.push((at.checked_sub(lead).unwrap_or(Timestamp::MIN), *seq));
                }
            }
        }
        due.sort_unstable();
        due.dedup();
        due.into_iter().filter_map(|(_, seq)| self.by_seq.get(&seq).copied()).collect()
    }

    fn begin(&mut self, id: JobId, take: &Take, now: Now) {
        self.unready(id);
        let Some(row) = self.jobs.get_mut(&id) else { return };
        row.state = JobState::Running;
        row.fence += 1;
        row.attempt += 1;
        row.crashes += 1;
        (row.serial, row.owner, row.taken_at) = (take.serial, Some(take.owner.clone()), Some(now.0));
        if let Some(owner) = self.owners.get_mut(&take.owner) {
            owner.running.insert(row.seq, id);
        }
        if let Some(queue) = self.queues.get_mut(&row.job.queue) {
            queue.begin(now);
        }
    }

    /// It is too late for it.
    fn expire(&mut self, id: JobId, now: Now) {
        if let Some(row) = self.jobs.get_mut(&id) {
            row.dead = Some(DeadReason::Expired);
        }
        self.end(id, JobState::Dead, now);
    }

    /// A job that runs, as its owner is told of it.
    fn taken(&self, id: JobId, now: Now) -> Option<TakenJob> {
        let row = self.jobs.get(&id)?;
        Some(TakenJob {
            id,
            fence: Fence(row.fence),
            queue: row.job.queue.clone(),
            kind: row.job.kind.clone(),
            payload: row.job.payload.clone(),
            key: row.job.key.clone(),
            priority: row.job.priority,
            attempt: row.attempt,
            crashes: row.crashes,
            entered_at: row.entered_at,
            waited: now.since(row.due),
            expires_in: row.expires.map(|expires| now.until(expires)),
        })
    }

    /// How long it is until there is something that could not be taken yet, as time goes by.
    fn next(&self, take: &Take, suspect: bool, now: Now) -> Option<Duration> {
        let mut next: Option<Duration> = None;
        let mut sooner = |wait: Duration| next = Some(next.map_or(wait, |next| next.min(wait)));
        for queue in take.queues.iter().filter_map(|name| self.queues.get(name)) {
            let (room, for_rate) = (queue.allowance(now), queue.wait_for_rate(now));
            if room == 0 && for_rate.is_none() {
                continue;
            }
            // Each level is in its order, and may have many.
            let firsts = queue.ready.values();
            let firsts = firsts.filter_map(|ready| ready.iter().find(|(_, seq)| suspect || !self.is_suspect(*seq)));
            if let Some((due, _)) = firsts.min() {
                sooner(now.until(*due).max(for_rate.unwrap_or(Duration::ZERO)));
            }
        }
        next
    }

    /// Whether it would be taken if there is room.
    fn is_plain(&self, seq: u64, now: Now) -> bool {
        let row = self.by_seq.get(&seq).and_then(|id| self.jobs.get(id));
        row.is_some_and(|row| row.crashes == 0 && row.expires.is_none_or(|expires| expires > now.0))
    }

    fn is_suspect(&self, seq: u64) -> bool {
        self.by_seq.get(&seq).and_then(|id| self.jobs.get(id)).is_some_and(|row| row.crashes > 0)
    }
}
