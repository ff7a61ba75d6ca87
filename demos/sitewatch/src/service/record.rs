//! A schedule store that also tells what was due and did not begin, and why.

use std::collections::HashSet;
use std::sync::Arc;

use actors::scheduler::store::{
    Claim, ClaimKind, Finished, FiringOutcome, Lease, Passed, Recovered, Registered, Registration, ScheduleStore,
    StoreError as ScheduleStoreError, Unclaimed, Verdict,
};
use async_trait::async_trait;
use jiff::Timestamp;
use parking_lot::Mutex;

use super::bus::Bus;
use super::meters;
use super::view::{EventKind, RunState};
use crate::store::{NotBegun, Store};

/// Keeps schedules in another store, and notes in sitewatch's own every instant of which no check came: as a run that
/// did not begin. What somebody triggered is his own matter.
pub(crate) struct Recording<S> {
    schedules: S,
    store: Store,
    bus: Arc<Bus>,
    /// The firings that were triggered, from claim to end.
    triggered: Mutex<HashSet<(String, Timestamp)>>,
}

impl<S> Recording<S> {
    pub(crate) fn new(schedules: S, store: Store, bus: Arc<Bus>) -> Self {
        Self { schedules, store, bus, triggered: Mutex::default() }
    }

    async fn note(&self, not_begun: Vec<NotBegun>, now: Timestamp) -> Result<Vec<NotBegun>, ScheduleStoreError> {
        if not_begun.is_empty() {
            return Ok(not_begun);
        }
        self.store.not_begun(not_begun, now).await.map_err(ScheduleStoreError::new)
    }

    fn tell(&self, noted: Vec<NotBegun>) {
        for run in noted {
            meters::not_begun(&run.site, run.state, run.times);
            self.bus.tell(EventKind::Run, Some(&run.site));
        }
    }

    /// Nothing more comes of these firings.
    fn over<'a>(&self, firings: impl Iterator<Item = (&'a String, Timestamp)>) {
        let mut triggered = self.triggered.lock();
        for (schedule, instant) in firings {
            triggered.remove(&(schedule.clone(), instant));
        }
    }

    /// What there is to be noted of a firing that has ended.
    fn of(&self, firing: &Finished) -> Option<NotBegun> {
        if self.triggered.lock().contains(&(firing.schedule.clone(), firing.instant)) {
            return None;
        }
        let why = match &firing.outcome {
            FiringOutcome::Done | FiringOutcome::Released => return None,
            FiringOutcome::Skipped(reason) => reason.clone(),
            // Most have begun a check, which says more about it; then this is not noted.
            other => format!("it ended before its check began: {other}"),
        };
        let (site, due) = (firing.schedule.clone(), firing.instant);
        Some(NotBegun { site, due, times: 1, state: RunState::Skipped, why })
    }
}

/// What there is to be noted of instants that passed.
fn passed(passed: &Passed) -> NotBegun {
    let (state, during) = match passed.why {
        Unclaimed::Missed => (RunState::Missed, "sitewatch was not there to begin it"),
        Unclaimed::Paused => (RunState::Skipped, "the site was paused"),
    };
    let why = match passed.count {
        1 => format!("it was due while {during}"),
        many => format!("{many} were due while {during}"),
    };
    NotBegun { site: passed.schedule.clone(), due: passed.first, times: passed.count, state, why }
}

#[async_trait]
impl<S: ScheduleStore> ScheduleStore for Recording<S> {
    async fn register(&self, registration: &Registration) -> Result<Registered, ScheduleStoreError> {
        self.schedules.register(registration).await
    }

    async fn claim(&self, lease: &Lease, claims: &[Claim]) -> Result<Vec<Verdict>, ScheduleStoreError> {
        let triggers = claims.iter().filter(|claim| claim.kind == ClaimKind::Trigger);
        self.triggered.lock().extend(triggers.map(|claim| (claim.schedule.clone(), claim.instant)));
        let verdicts = self.schedules.claim(lease, claims).await?;
        let refused = claims.iter().zip(&verdicts).filter(|(_, verdict)| **verdict != Verdict::New);
        self.over(refused.map(|(claim, _)| (&claim.schedule, claim.instant)));
        Ok(verdicts)
    }

    // Both note first: if what follows fails, all is done again, and noting it twice is noting it once.

    async fn pass(&self, now: Timestamp, all: &[Passed]) -> Result<(), ScheduleStoreError> {
        let noted = self.note(all.iter().map(passed).collect(), now).await?;
        self.schedules.pass(now, all).await?;
        self.tell(noted);
        Ok(())
    }

    async fn finish(&self, lease: &Lease, finished: &[Finished]) -> Result<(), ScheduleStoreError> {
        let Some(last) = finished.iter().map(|firing| firing.at).max() else { return Ok(()) };
        let noted = self.note(finished.iter().filter_map(|firing| self.of(firing)).collect(), last).await?;
        self.schedules.finish(lease, finished).await?;
        self.tell(noted);
        self.over(finished.iter().map(|firing| (&firing.schedule, firing.instant)));
        Ok(())
    }

    async fn recover(
        &self,
        lease: &Lease,
        now: Timestamp,
        schedules: &[String],
    ) -> Result<Vec<Recovered>, ScheduleStoreError> {
        self.schedules.recover(lease, now, schedules).await
    }

    async fn forget(&self, schedule: &str) -> Result<bool, ScheduleStoreError> {
        self.schedules.forget(schedule).await
    }
}
