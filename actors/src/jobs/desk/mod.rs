//! What a process knows of its jobs: plain state, which reads no clock and awaits nothing.
//!
//! # Invariants
//!
//! 1. `taken = done + retried + dead + cancelled + released + lost + held`, and as many are in `held`.
//! 2. What is in `held` was taken by the life that there is; with the next life all of it is lost.
//! 3. Of what is held, exactly those that are [answered](Stage::Answered) have a letter: in the outbox, or with the clerk.

mod chores;
mod crowd;
mod held;
mod letters;
mod report;
mod takes;
mod waiting;

use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxHashMap;
use tokio::time::Instant;

use super::driver::{Beat, DriverError, Leadership};
use super::{DeliveryCounts, EngineFailure, Fence, JobId, Stop};
pub(super) use chores::Chores;
pub(super) use crowd::Crowd;
pub(super) use held::{Held, Stage};
pub(super) use letters::Parcel;
pub(super) use takes::{Delivered, Want};
pub(super) use waiting::Ending;

/// One delivery.
pub(super) type Key = (JobId, Fence);

/// How far a queue is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Open,
    /// Nothing is taken any more.
    Closing,
    /// The engine is asked nothing any more.
    Closed,
}

/// What of the settings the desk goes by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) concurrency: usize,
    pub(super) lease: Duration,
    pub(super) grace: Duration,
}

pub(super) struct Desk {
    rules: Rules,
    pub(super) phase: Phase,
    life: Life,
    held: FxHashMap<Key, Held>,
    pub(super) letters: letters::Letters,
    counts: DeliveryCounts,
    pub(super) crowd: Crowd,
    leader: Option<Leadership>,
    failing: Option<EngineFailure>,
    /// Who waits for the end of which jobs.
    waiting: FxHashMap<JobId, waiting::Waiting>,
    /// Somebody is at looking for ends.
    looking: bool,
}

/// One life of this process, as the engine knows it.
struct Life {
    owner: Arc<str>,
    /// It was entered.
    entered: bool,
    /// The latest take, and whether its answer is to come yet.
    serial: u64,
    asked: Option<Want>,
    /// When the latest sign of life that was answered was sent.
    beat: Option<Instant>,
    /// All that it has was asked to stop, as it could not be sure.
    unsure: bool,
}

impl Life {
    fn new(owner: Arc<str>) -> Self {
        Self { owner, entered: false, serial: 0, asked: None, beat: None, unsure: false }
    }
}

impl Desk {
    pub(super) fn new(rules: Rules, owner: Arc<str>) -> Self {
        Self {
            rules,
            phase: Phase::Open,
            life: Life::new(owner),
            held: FxHashMap::default(),
            letters: letters::Letters::default(),
            counts: DeliveryCounts::default(),
            crowd: Crowd::default(),
            leader: None,
            failing: None,
            waiting: FxHashMap::default(),
            looking: false,
        }
    }

    /// Who we are now, and whether the engine knows.
    pub(super) fn owner(&self) -> (Arc<str>, bool) {
        (Arc::clone(&self.life.owner), self.life.entered)
    }

    /// The engine knows us, since this instant.
    pub(super) fn entered(&mut self, owner: &str, sent: Instant, chores: &mut Chores) {
        if *self.life.owner == *owner {
            self.life.entered = true;
            self.life.beat = Some(sent);
            chores.credit = true;
        }
    }

    /// We were given up: what we had is somebody else's, and we begin a new life.
    pub(super) fn gone(&mut self, owner: &str, next: Arc<str>, chores: &mut Chores) -> bool {
        if *self.life.owner != *owner {
            return false;
        }
        self.life = Life::new(next);
        for (_, held) in self.held.drain() {
            held.stop(Stop::Gone, chores);
            self.counts.lost += 1;
        }
        self.letters.lose_all(chores);
        self.leader = None;
        self.crowd = Crowd::default();
        chores.deposed = true;
        chores.pulse = true;
        chores.settled = true;
        true
    }

    /// A sign of life that was sent at this instant was answered. Whom we give up.
    pub(super) fn beaten(
        &mut self,
        owner: &str,
        beat: Beat,
        sent: Instant,
        now: Instant,
        chores: &mut Chores,
    ) -> Heard {
        if *self.life.owner != *owner {
            return Heard::default();
        }
        self.life.beat = Some(sent);
        // Who was in doubt took nothing.
        chores.credit |= std::mem::take(&mut self.life.unsure);
        for key in beat.cancelled {
            if let Some(held) = self.held.get(&key) {
                held.stop(Stop::Cancelled, chores);
            }
        }
        let leads = beat.leader.as_ref().is_some_and(|leader| *leader.owner == *owner);
        let silent = self.crowd.look(beat.others, beat.leader.as_ref(), now, self.rules.lease);
        self.leader = beat.leader;
        Heard { silent, vacant: self.leader.is_none(), term: self.leader.as_ref().filter(|_| leads).map(|l| l.term) }
    }

    /// When we must take it that we may have been given up, unless a sign of life is answered before.
    pub(super) fn doubts_at(&self) -> Option<Instant> {
        let sure_for = self.rules.lease.saturating_sub(self.rules.grace).max(self.rules.lease / 2);
        self.life.beat.filter(|_| !self.life.unsure).map(|beat| crate::system::after(beat, sure_for))
    }

    /// Asks all that we have to stop, if it is time for that.
    pub(super) fn doubt(&mut self, now: Instant, chores: &mut Chores) {
        if self.doubts_at().is_none_or(|at| now < at) {
            return;
        }
        self.life.unsure = true;
        self.held.values().for_each(|held| held.stop(Stop::Unsure, chores));
        chores.deposed = true;
    }

    /// Takes nothing any more; what has not begun is handed back.
    pub(super) fn close(&mut self, chores: &mut Chores) {
        if self.phase == Phase::Open {
            self.phase = Phase::Closing;
            let buffered = self.held.values().filter(|held| held.stage == Stage::Buffered);
            buffered.for_each(|held| held.stop(Stop::Draining, chores));
            (chores.credit, chores.pulse, chores.settled, chores.deposed) = (true, true, true, true);
        }
    }

    /// Asks all that we have to stop.
    pub(super) fn stop(&mut self, stop: Stop, chores: &mut Chores) {
        self.held.values().for_each(|held| held.stop(stop, chores));
    }

    /// The engine is asked nothing any more.
    pub(super) fn shut(&mut self, chores: &mut Chores) {
        self.phase = Phase::Closed;
        self.letters.give_up(chores);
        self.waiting.clear();
        (chores.credit, chores.pulse, chores.settled, chores.deposed) = (true, true, true, true);
    }

    /// The engine answered.
    pub(super) fn reached(&mut self) {
        self.failing = None;
    }

    /// The engine did not.
    pub(super) fn failed(&mut self, error: DriverError, now: Instant) {
        let failing =
            self.failing.get_or_insert_with(|| EngineFailure { since: now, failures: 0, error: error.clone() });
        failing.failures += 1;
        failing.error = error;
    }
}

/// What comes of a sign of life.
#[derive(Default)]
pub(super) struct Heard {
    /// Who gave none for too long, with the latest that he gave.
    pub(super) silent: Vec<(String, u64)>,
    /// Nobody leads.
    pub(super) vacant: bool,
    /// We lead, in this term.
    pub(super) term: Option<u64>,
}
