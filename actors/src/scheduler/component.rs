use async_trait::async_trait;
use tokio::time::Instant;

use super::{DrainReceipt, Scheduler, SchedulerState};
use crate::{Component, Readiness, Receipt};

/// A scheduler is ready while it takes schedules. It is shut down with [`Scheduler::drain`].
#[async_trait]
impl Component for Scheduler {
    async fn ready(&self) -> Readiness {
        match self.status().state {
            SchedulerState::Open => Readiness::Ready,
            SchedulerState::Draining => Readiness::NotReady("it starts nothing any more".to_owned()),
            SchedulerState::Closed => Readiness::NotReady("it is closed".to_owned()),
        }
    }

    async fn shut_down(&self, deadline: Instant) -> Receipt {
        let receipt = self.drain(deadline).await;
        let _ = self.actor().stop_by(deadline).await;
        receipt.summary(self.actor().name())
    }
}

impl DrainReceipt {
    /// Runs instead of messages; dead are those that did not end well.
    fn summary(&self, name: &str) -> Receipt {
        let counts = self.counts;
        let receipt = Receipt::new(name)
            .handled(counts.done)
            .dead(counts.failed + counts.panicked + counts.cancelled)
            .elapsed(self.took);
        if self.is_complete() { receipt } else { receipt.cut_short() }
    }
}
