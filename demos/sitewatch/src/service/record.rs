//! A schedule store that also tells what was due and did not begin, and why.

use std::sync::Arc;

use actors::scheduler::store::{
    Claim, Finished, FiringOutcome, Lease, Passed, Recovered, Registered, Registration, ScheduleStore,
    StoreError as ScheduleStoreError, Verdict,
};
use async_trait::async_trait;
use jiff::Timestamp;

use super::bus::Bus;
use super::view::{EventKind, RunState};
use crate::store::{NotBegun, Store};

/// Keeps schedules in another store, and notes in sitewatch's own every firing that was skipped, as a run that did not
/// begin.
pub(crate) struct Recording<S> {
    schedules: S,
    store: Store,
    bus: Arc<Bus>,
}

impl<S> Recording<S> {
    pub(crate) fn new(schedules: S, store: Store, bus: Arc<Bus>) -> Self {
        Self { schedules, store, bus }
    }
}

#[async_trait]
impl<S: ScheduleStore> ScheduleStore for Recording<S> {
    async fn register(&self, registration: &Registration) -> Result<Registered, ScheduleStoreError> {
        self.schedules.register(registration).await
    }

    async fn claim(&self, lease: &Lease, claims: &[Claim]) -> Result<Vec<Verdict>, ScheduleStoreError> {
        self.schedules.claim(lease, claims).await
    }

    async fn pass(&self, now: Timestamp, passed: &[Passed]) -> Result<(), ScheduleStoreError> {
        self.schedules.pass(now, passed).await
    }

    async fn finish(&self, lease: &Lease, finished: &[Finished]) -> Result<(), ScheduleStoreError> {
        let skipped = finished.iter().filter_map(|firing| match &firing.outcome {
            FiringOutcome::Skipped(reason) => Some(NotBegun {
                site: firing.schedule.clone(),
                due: firing.instant,
                times: 1,
                state: RunState::Skipped,
                why: reason.clone(),
            }),
            _ => None,
        });
        let skipped: Vec<NotBegun> = skipped.collect();
        if let Some(last) = finished.iter().map(|firing| firing.at).max().filter(|_| !skipped.is_empty()) {
            let sites: Vec<String> = skipped.iter().map(|run| run.site.clone()).collect();
            // Noted first: if that fails, all is done again, and noting it twice is noting it once.
            self.store.not_begun(skipped, last).await.map_err(ScheduleStoreError::new)?;
            sites.iter().for_each(|site| self.bus.tell(EventKind::Run, Some(site)));
        }
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
