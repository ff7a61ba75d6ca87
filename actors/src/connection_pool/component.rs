use async_trait::async_trait;
use tokio::time::Instant;

use super::{ConnectionManager, ConnectionPool, DrainReceipt};
use crate::{Component, Readiness, Receipt};

/// A connection pool is ready while it is open and its last attempt to connect did not fail. It is
/// shut down with [`ConnectionPool::drain`].
#[async_trait]
impl<M: ConnectionManager> Component for ConnectionPool<M> {
    async fn ready(&self) -> Readiness {
        let status = self.status();
        match status.last_failure {
            _ if !status.is_open => Readiness::NotReady("it is closed".to_owned()),
            Some(failure) => Readiness::NotReady(failure.to_string()),
            None => Readiness::Ready,
        }
    }

    async fn shut_down(&self, deadline: Instant) -> Receipt {
        let receipt = self.drain(deadline).await;
        let _ = self.actor().stop_by(deadline).await;
        receipt.summary(self.actor().name())
    }
}

impl DrainReceipt {
    /// Checkouts instead of messages.
    fn summary(&self, name: &str) -> Receipt {
        let receipt = Receipt::new(name).handled(self.counts.acquired).rejected(self.counts.gave_up).elapsed(self.took);
        if self.is_complete() { receipt } else { receipt.cut_short() }
    }
}
