//! A store that does not listen to who was deposed.

use std::sync::Arc;

use actors::scheduler::store::{
    Claim, Finished, Lease, Passed, Recovered, Registered, Registration, ScheduleStore, StoreError, Verdict,
};
use async_trait::async_trait;
use jiff::Timestamp;
use patterns_core::cancel::CancelToken;

/// The store of one term. When the lead is lost it fails whatever it is asked: what was claimed stays claimed, and the
/// next leader finds it when the lease of this one's scheduler is over.
pub(crate) struct Fenced {
    pub(crate) store: Arc<dyn ScheduleStore>,
    pub(crate) lost: CancelToken,
}

impl Fenced {
    fn store(&self) -> Result<&dyn ScheduleStore, StoreError> {
        if self.lost.is_cancelled() { Err(StoreError::new("the lead was lost")) } else { Ok(&*self.store) }
    }
}

#[async_trait]
impl ScheduleStore for Fenced {
    async fn register(&self, registration: &Registration) -> Result<Registered, StoreError> {
        self.store()?.register(registration).await
    }

    async fn claim(&self, lease: &Lease, claims: &[Claim]) -> Result<Vec<Verdict>, StoreError> {
        self.store()?.claim(lease, claims).await
    }

    async fn pass(&self, now: Timestamp, passed: &[Passed]) -> Result<(), StoreError> {
        self.store()?.pass(now, passed).await
    }

    async fn finish(&self, lease: &Lease, finished: &[Finished]) -> Result<(), StoreError> {
        self.store()?.finish(lease, finished).await
    }

    async fn recover(&self, lease: &Lease, now: Timestamp, schedules: &[String]) -> Result<Vec<Recovered>, StoreError> {
        self.store()?.recover(lease, now, schedules).await
    }

    async fn forget(&self, schedule: &str) -> Result<bool, StoreError> {
        self.store()?.forget(schedule).await
    }
}
