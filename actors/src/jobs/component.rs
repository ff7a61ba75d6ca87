use async_trait::async_trait;
use tokio::time::Instant;

use super::{DrainReceipt, JobQueue, JobQueueState};
use crate::{Component, Readiness, Receipt};

/// A queue is ready while it takes jobs, and its engine has not failed for longer than a lease. It is shut down with
/// [`JobQueue::drain`].
#[async_trait]
impl Component for JobQueue {
    async fn ready(&self) -> Readiness {
        let status = self.status();
        match (status.state, status.failing) {
            (JobQueueState::Open, Some(failing)) if failing.since.elapsed() > self.lease() => {
                Readiness::NotReady(failing.error.to_string())
            }
            (JobQueueState::Open, _) => Readiness::Ready,
            (JobQueueState::Draining, _) => Readiness::NotReady("it takes nothing any more".to_owned()),
            (JobQueueState::Closed, _) => Readiness::NotReady("it is closed".to_owned()),
        }
    }

    async fn shut_down(&self, deadline: Instant) -> Receipt {
        let receipt = self.drain(deadline).await;
        let _ = self.actor().stop_by(deadline).await;
        receipt.summary(self.actor().name())
    }
}

impl DrainReceipt {
    /// Jobs instead of messages; dead are those that did not end well.
    fn summary(&self, name: &str) -> Receipt {
        let counts = self.counts;
        let receipt = Receipt::new(name)
            .handled(counts.done)
            .dead(counts.dead + counts.cancelled + counts.lost)
            .elapsed(self.took);
        if self.is_complete() { receipt } else { receipt.cut_short() }
    }
}
