use std::sync::Arc;

use patterns_core::cancel::CancelToken;
use tokio::time::Instant;

use super::super::driver::{BATCH, TakenJob};
use super::super::stop::StopSign;
use super::super::{Retries, Stop};
use super::{Chores, Desk, Held, Key, Phase, Stage};

/// With more answers than this to be written, nothing more is taken.
const UNWRITTEN: usize = 8 * BATCH;

/// A take that is to be asked for; again and again the same, until it is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::jobs) struct Want {
    pub(in crate::jobs) owner: Arc<str>,
    pub(in crate::jobs) serial: u64,
    pub(in crate::jobs) most: usize,
    pub(in crate::jobs) suspect: bool,
}

/// A job that was taken, with what is needed to do it.
pub(in crate::jobs) struct Delivered {
    pub(in crate::jobs) job: TakenJob,
    pub(in crate::jobs) sign: Arc<StopSign>,
    pub(in crate::jobs) token: CancelToken,
}

impl Desk {
    /// What is to be taken now; `None` if there is no room, or nobody who could.
    pub(in crate::jobs) fn want(&mut self) -> Option<Want> {
        if !self.life.entered {
            return None;
        }
        if self.life.asked.is_some() {
            // Also while it closes: what the engine has given must be known, to be handed back.
            return self.life.asked.clone();
        }
        if self.phase != Phase::Open || self.life.unsure || self.letters.len() >= UNWRITTEN {
            return None;
        }
        let active = self.held.values().filter(|held| held.stage != Stage::Answered);
        let (active, suspects) = active.fold((0, 0), |(n, s), held| (n + 1, s + usize::from(held.suspect)));
        let room = self.rules.concurrency.saturating_sub(active).min(BATCH);
        if room == 0 {
            return None;
        }
        self.life.serial += 1;
        let owner = Arc::clone(&self.life.owner);
        self.life.asked = Some(Want { owner, serial: self.life.serial, most: room, suspect: suspects == 0 });
        self.life.asked.clone()
    }

    /// A take was answered; what is to be begun.
    pub(in crate::jobs) fn took(
        &mut self,
        want: &Want,
        jobs: Vec<TakenJob>,
        parent: &CancelToken,
        retries: impl Fn(&TakenJob) -> Retries,
        now: Instant,
        chores: &mut Chores,
    ) -> Vec<Delivered> {
        if self.life.asked.as_ref() != Some(want) {
            // It is of an earlier life, which has been given up with all that it had.
            return Vec::new();
        }
        self.life.asked = None;
        if !jobs.is_empty() {
            self.counts.taken += jobs.len() as u64;
        }
        let mut delivered = Vec::with_capacity(jobs.len());
        for job in jobs {
            let (sign, token) = (Arc::new(StopSign::default()), parent.child());
            let held = Held {
                kind: job.kind.clone(),
                key: job.key.clone(),
                attempt: job.attempt,
                suspect: job.crashes > 1,
                retries: retries(&job),
                since: now,
                stage: Stage::Buffered,
                sign: Arc::clone(&sign),
                token: token.clone(),
            };
            if self.phase != Phase::Open {
                held.stop(Stop::Draining, chores);
            }
            self.held.insert((job.id, job.fence), held);
            delivered.push(Delivered { job, sign, token });
        }
        delivered
    }

    /// Whether it has one that others went away with.
    pub(in crate::jobs) fn has_suspect(&self) -> bool {
        self.held.values().any(|held| held.suspect && held.stage != Stage::Answered)
    }

    /// A worker has it now.
    pub(in crate::jobs) fn begun(&mut self, key: Key) {
        if let Some(held) = self.held.get_mut(&key)
            && held.stage == Stage::Buffered
        {
            held.stage = Stage::Running;
        }
    }
}
