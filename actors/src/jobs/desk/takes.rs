use std::sync::Arc;

use patterns_core::cancel::CancelToken;
use tokio::time::Instant;

use super::super::driver::{BATCH, TakenJob};
use super::super::stop::StopSign;
use super::super::{Retries, Stop};
use super::life::Standing;
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
        if self.life.standing != Standing::Entered || self.phase == Phase::Closed {
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
        let owner = Arc::clone(&self.life.owner);
        let serial = self.life.serial + 1;
        self.life.asked = Some(Want { owner, serial, most: room, suspect: suspects == 0 });
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
            // One that found nothing leaves its number to the next: asked for twice, as the first time no answer came, it may
            // still find something the other time, and the next is told of that.
            self.life.serial = want.serial;
        }
        // A drain waits until nothing is on its way.
        chores.settled = true;
        let mut delivered = Vec::with_capacity(jobs.len());
        for job in jobs {
            // Each is begun once, whatever the engine says.
            if self.held.contains_key(&(job.id, job.fence)) {
                continue;
            }
            self.counts.taken += 1;
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
            } else if self.life.unsure {
                held.stop(Stop::Unsure, chores);
            }
            self.held.insert((job.id, job.fence), held);
            delivered.push(Delivered { job, sign, token });
        }
        delivered
    }

    /// The engine has given nothing, and never will.
    pub(in crate::jobs) fn not_taken(&mut self, want: &Want, chores: &mut Chores) {
        if self.life.asked.as_ref() == Some(want) {
            self.life.asked = None;
            chores.settled = true;
        }
    }

    /// Whether it has one that others went away with.
    pub(in crate::jobs) fn has_suspect(&self) -> bool {
        self.held.values().any(|held| held.suspect && held.stage != Stage::Answered)
    }

    /// A worker has it now; whether it is to begin. It is not if it was given up meanwhile, or is to stop.
    pub(in crate::jobs) fn begin(&mut self, key: Key) -> bool {
        let Some(held) = self.held.get_mut(&key).filter(|held| held.stage == Stage::Buffered) else { return false };
        if held.sign.get().is_some() {
            return false;
        }
        held.stage = Stage::Running;
        true
    }
}
