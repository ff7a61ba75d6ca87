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
mod life;
mod report;
mod takes;
mod waiting;

use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxHashMap;
use tokio::time::Instant;

use super::driver::{DriverError, Leadership};
use super::{DeliveryCounts, EngineFailure, Fence, JobId, Stop};
pub(super) use chores::Chores;
pub(super) use crowd::Crowd;
pub(super) use held::{Held, Stage};
pub(super) use letters::Parcel;
use life::Life;
pub(super) use life::Office;
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

/// Somebody who does something beside all else: one of each kind at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Errand {
    /// Writes answers.
    Answers,
    /// Puts jobs.
    Puts,
    /// Looks for the ends of jobs that somebody waits for.
    Looks,
}

impl Desk {
    pub(super) fn new(rules: Rules, owner: Arc<str>) -> Self {
        Self {
            rules,
            phase: Phase::Open,
            life: Life::first(owner),
            held: FxHashMap::default(),
            letters: letters::Letters::default(),
            counts: DeliveryCounts::default(),
            crowd: Crowd::new(rules.lease),
            leader: None,
            failing: None,
            waiting: FxHashMap::default(),
            looking: false,
        }
    }

    /// Takes nothing any more; what has not begun is handed back.
    pub(super) fn close(&mut self, chores: &mut Chores) {
        if self.phase == Phase::Open {
            self.phase = Phase::Closing;
            let buffered = self.held.values().filter(|held| held.stage == Stage::Buffered);
            buffered.for_each(|held| held.stop(Stop::Draining, chores));
            stir_all(chores);
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
        stir_all(chores);
    }

    /// Somebody went away in the middle of his errand, for ever. What he had is left for the next one.
    pub(super) fn died(&mut self, errand: Errand) {
        match errand {
            Errand::Answers => self.letters.answerer_died(),
            Errand::Puts => self.letters.putter_died(),
            Errand::Looks => {
                self.looking = false;
                // Who waits sees that the sender is gone.
                self.waiting.clear();
            }
        }
    }

    /// The engine answered.
    pub(super) fn reached(&mut self) {
        self.failing = None;
    }

    /// The engine did not; whether it did before.
    pub(super) fn failed(&mut self, error: DriverError, now: Instant) -> bool {
        let is_first = self.failing.is_none();
        let failing =
            self.failing.get_or_insert_with(|| EngineFailure { since: now, failures: 0, error: error.clone() });
        failing.failures += 1;
        failing.error = error;
        is_first
    }
}

/// Everybody is to see how far the queue is.
fn stir_all(chores: &mut Chores) {
    (chores.credit, chores.pulse, chores.watch) = (true, true, true);
    (chores.settled, chores.term) = (true, true);
}
