//! A schedule store that also tells what was due and did not begin, and why.

use std::sync::Arc;

use actors::scheduler::store::{
    Claim, Finished, FiringOutcome, Lease, Passed, Recovered, Registered, Registration, ScheduleStore,
    StoreError as ScheduleStoreError, Unclaimed, Verdict,
};
use async_trait::async_trait;
use jiff::Timestamp;

use super::bus::Bus;
use super::meters;
use super::view::{EventKind, RunState};
use crate::store::{NotBegun, Store, StoreError};

/// Keeps schedules in another store, and notes in sitewatch's own every instant of which no check came: as a run that
/// did not begin. What somebody triggered is his own matter.
pub(crate) struct Recording<S> {
    schedules: S,
    store: Store,
    bus: Arc<Bus>,
}

impl<S> Recording<S> {
    pub(crate) fn new(schedules: S, store: Store, bus: Arc<Bus>) -> Self {
        Self { schedules, store, bus }
    }

    async fn note(&self, not_begun: Vec<NotBegun>, now: Timestamp) -> Result<(), ScheduleStoreError> {
        note(&self.store, &self.bus, not_begun, now).await.map_err(ScheduleStoreError::new)
    }

    /// What there is to be noted of a firing that has ended.
    fn of(firing: &Finished) -> Option<NotBegun> {
        if firing.triggered {
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

/// Notes that checks were due and did not begin, counts those that were not noted yet, and tells of them.
pub(super) async fn note(store: &Store, bus: &Bus, not_begun: Vec<NotBegun>, now: Timestamp) -> Result<(), StoreError> {
    if not_begun.is_empty() {
        return Ok(());
    }
    for run in store.not_begun(not_begun, now).await? {
        meters::not_begun(&run.site, run.state, run.times);
        bus.tell(EventKind::Run, Some(&run.site));
    }
    Ok(())
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
        self.schedules.claim(lease, claims).await
    }

    // Both note first: if what follows fails, all is done again, and noting it twice is noting it once.

    async fn pass(&self, now: Timestamp, all: &[Passed]) -> Result<(), ScheduleStoreError> {
        self.note(all.iter().map(passed).collect(), now).await?;
        self.schedules.pass(now, all).await
    }

    async fn finish(&self, lease: &Lease, finished: &[Finished]) -> Result<(), ScheduleStoreError> {
        let Some(last) = finished.iter().map(|firing| firing.at).max() else { return Ok(()) };
        self.note(finished.iter().filter_map(Self::of).collect(), last).await?;
        self.schedules.finish(lease, finished).await
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
