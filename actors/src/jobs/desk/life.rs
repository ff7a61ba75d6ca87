use std::sync::Arc;

use tokio::time::Instant;

use super::super::Stop;
use super::super::driver::{Beat, Eviction, Leadership};
use super::{Chores, Crowd, Desk, Phase, Want};
use crate::system::after;

/// One life of this process, as the engine knows it.
pub(super) struct Life {
    pub(super) owner: Arc<str>,
    /// No other was before.
    is_first: bool,
    pub(super) standing: Standing,
    /// The latest take that gave jobs.
    pub(super) serial: u64,
    /// The take whose answer is to come yet.
    pub(super) asked: Option<Want>,
    /// When the latest sign of life that was answered was sent.
    pub(super) beat: Option<Instant>,
    /// All that it has was asked to stop, as it could not be sure.
    pub(super) unsure: bool,
    /// Nobody leads, as far as it has heard.
    vacant: bool,
    /// When it last heard who leads otherwise than by a sign of life.
    heard_of_leader: Option<Instant>,
}

/// Whether the engine knows a life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It was never told.
    Unknown,
    /// It is being told.
    Entering,
    /// It was told and did not answer, so it may know.
    Told,
    Entered,
    /// It is being told that it is over, and may know.
    Leaving,
}

impl Life {
    pub(super) fn first(owner: Arc<str>) -> Self {
        Self {
            owner,
            is_first: true,
            standing: Standing::Unknown,
            serial: 0,
            asked: None,
            beat: None,
            unsure: false,
            vacant: false,
            heard_of_leader: None,
        }
    }

    fn after_another(owner: Arc<str>) -> Self {
        Self { is_first: false, ..Self::first(owner) }
    }
}

/// What is to be done about who leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::jobs) enum Office {
    /// Nobody does, and we may.
    Campaign(Arc<str>),
    /// We do, and are about to go.
    Resign(Leadership),
}

impl Desk {
    /// Who we are now, and whether the engine knows.
    pub(in crate::jobs) fn owner(&self) -> (Arc<str>, bool) {
        (Arc::clone(&self.life.owner), self.life.standing == Standing::Entered)
    }

    /// Whether we never were given up.
    pub(in crate::jobs) fn is_first_life(&self) -> bool {
        self.life.is_first
    }

    /// Whether the engine may know of us.
    pub(in crate::jobs) fn may_be_known(&self) -> bool {
        self.life.standing != Standing::Unknown
    }

    pub(in crate::jobs) fn is_entering(&self) -> bool {
        self.life.standing == Standing::Entering
    }

    /// The engine is about to be told of us: by what name. `None` if it knows, or need not.
    pub(in crate::jobs) fn enter(&mut self) -> Option<Arc<str>> {
        if self.phase != Phase::Open || matches!(self.life.standing, Standing::Entering | Standing::Entered) {
            return None;
        }
        self.life.standing = Standing::Entering;
        Some(Arc::clone(&self.life.owner))
    }

    /// The engine knows us, and was told at this instant.
    pub(in crate::jobs) fn entered(&mut self, owner: &str, sent: Instant, now: Instant, chores: &mut Chores) {
        if *self.life.owner == *owner {
            self.life.standing = Standing::Entered;
            self.heard(sent, now, chores);
            chores.credit = true;
        }
    }

    /// Nobody tells the engine of us any more, whatever came of that.
    pub(in crate::jobs) fn not_entering(&mut self, owner: &str, chores: &mut Chores) {
        if *self.life.owner == *owner && self.life.standing == Standing::Entering {
            self.life.standing = Standing::Told;
        }
        chores.settled = true;
    }

    /// The engine is about to be told that we go.
    pub(in crate::jobs) fn leave(&mut self) {
        self.life.standing = Standing::Leaving;
    }

    /// We were given up: what we had is somebody else's, and we begin a new life. Who takes his leave was not.
    pub(in crate::jobs) fn gone(&mut self, owner: &str, next: Arc<str>, chores: &mut Chores) -> bool {
        if *self.life.owner != *owner || self.life.standing == Standing::Leaving {
            return false;
        }
        self.life = Life::after_another(next);
        for (_, held) in self.held.drain() {
            held.stop(Stop::Gone, chores);
            self.counts.lost += 1;
        }
        self.letters.lose_all(chores);
        self.leader = None;
        self.crowd = Crowd::new(self.rules.lease);
        (chores.credit, chores.pulse, chores.settled, chores.term) = (true, true, true, true);
        true
    }

    /// A sign of life that was sent at this instant was answered.
    pub(in crate::jobs) fn beaten(
        &mut self,
        owner: &str,
        beat: Beat,
        sent: Instant,
        now: Instant,
        chores: &mut Chores,
    ) {
        if *self.life.owner != *owner {
            return;
        }
        self.heard(sent, now, chores);
        for key in beat.cancelled {
            if let Some(held) = self.held.get(&key) {
                held.stop(Stop::Cancelled, chores);
            }
        }
        // What was asked for later is known better.
        if self.life.heard_of_leader.is_none_or(|at| at < sent) {
            self.life.vacant = beat.leader.is_none();
            self.leader = beat.leader;
        }
        self.crowd.look(beat.others, self.leader.as_ref(), now);
        (chores.term, chores.watch) = (true, true);
    }

    /// The engine knew us at this instant, or later.
    fn heard(&mut self, sent: Instant, now: Instant, chores: &mut Chores) {
        self.life.beat = Some(self.life.beat.map_or(sent, |beat| beat.max(sent)));
        let was_unsure = std::mem::take(&mut self.life.unsure);
        // It may have taken so long to say so that nothing is sure again.
        self.doubt(now, chores);
        // Who was in doubt took nothing.
        chores.credit |= was_unsure && !self.life.unsure;
    }

    /// When we must take it that we may have been given up, unless a sign of life is answered before.
    pub(in crate::jobs) fn doubts_at(&self) -> Option<Instant> {
        let sure_for = self.rules.lease.saturating_sub(self.rules.grace);
        self.life.beat.filter(|_| !self.life.unsure).map(|beat| after(beat, sure_for))
    }

    /// Asks all that we have to stop, if it is time for that: it has a grace for it, and is dropped when the lease ends.
    pub(in crate::jobs) fn doubt(&mut self, now: Instant, chores: &mut Chores) {
        if self.doubts_at().is_none_or(|at| now < at) {
            return;
        }
        self.life.unsure = true;
        self.held.values().for_each(|held| held.stop(Stop::Unsure, chores));
        chores.term = true;
    }

    /// The term in which we lead, as long as that is sure.
    pub(in crate::jobs) fn term(&self) -> Option<u64> {
        let may_lead = self.phase == Phase::Open && !self.life.unsure;
        self.leader.as_ref().filter(|leader| may_lead && self.is_own(leader)).map(|leader| leader.term)
    }

    fn is_own(&self, leader: &Leadership) -> bool {
        *leader.owner == *self.life.owner
    }

    /// When somebody is to be given up; see [`lost`](Self::lost).
    pub(in crate::jobs) fn next_lost(&self) -> Option<Instant> {
        self.crowd.next_lost()
    }

    /// Who is to be given up, with the latest sign of life that was seen.
    pub(in crate::jobs) fn lost(&self, now: Instant) -> Vec<(String, u64)> {
        self.crowd.lost(now)
    }

    /// The engine was to give somebody up; `None`: it failed.
    pub(in crate::jobs) fn evicted(&mut self, other: &str, eviction: Option<Eviction>, now: Instant) {
        self.crowd.evicted(other, eviction, now);
        // It may have led.
        self.life.vacant |= matches!(eviction, Some(Eviction::Gone { .. }));
    }

    /// What is to be done about who leads, once for each time that this was heard of.
    pub(in crate::jobs) fn office(&mut self, would_lead: bool) -> Option<Office> {
        let is_open = self.phase == Phase::Open;
        let vacant = std::mem::take(&mut self.life.vacant);
        if is_open && would_lead && vacant && !self.life.unsure {
            return Some(Office::Campaign(Arc::clone(&self.life.owner)));
        }
        let goes = self.phase == Phase::Closing;
        let own = self.leader.as_ref().filter(|leader| goes && self.is_own(leader));
        own.cloned().map(Office::Resign)
    }

    /// Somebody leads, as we would have; `None`: nobody does, as we do no more.
    pub(in crate::jobs) fn led_by(
        &mut self,
        owner: &str,
        leader: Option<Leadership>,
        now: Instant,
        chores: &mut Chores,
    ) {
        if *self.life.owner == *owner {
            self.leader = leader;
            self.life.heard_of_leader = Some(now);
            chores.term = true;
        }
    }
}
