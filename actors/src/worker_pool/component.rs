use async_trait::async_trait;
use tokio::time::Instant;

use super::{DrainReceipt, PoolState, WorkerPool};
use crate::{Component, Readiness, Receipt};

/// A worker pool is ready while it takes jobs. It is shut down with [`WorkerPool::drain`].
#[async_trait]
impl Component for WorkerPool {
    async fn ready(&self) -> Readiness {
        match self.status().state {
            PoolState::Open => Readiness::Ready,
            PoolState::Draining => Readiness::NotReady("it takes no new jobs".to_owned()),
            PoolState::Closed => Readiness::NotReady("it is closed".to_owned()),
        }
    }

    async fn shut_down(&self, deadline: Instant) -> Receipt {
        let receipt = self.drain(deadline).await;
        let _ = self.actor().stop_by(deadline).await;
        receipt.summary(self.actor().name())
    }
}

impl DrainReceipt {
    /// Jobs instead of messages; dead are those that were taken and ended without a value.
    fn summary(&self, name: &str) -> Receipt {
        let counts = self.counts;
        let receipt = Receipt::new(name)
            .handled(counts.done)
            .rejected(counts.rejected)
            .dead(counts.failed + counts.panicked + counts.cancelled + counts.expired + counts.dropped)
            .elapsed(self.took);
        if self.is_complete() { receipt } else { receipt.cut_short() }
    }
}
