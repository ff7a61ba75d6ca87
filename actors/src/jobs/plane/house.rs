//! What the leader does for all: it deletes what was over for long, and tells how much there is.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::super::desk::Phase;
use super::super::driver::{BATCH, Prune};
use super::Plane;

/// How often the jobs are counted.
const COUNT: Duration = Duration::from_secs(15);

/// How often old ones are deleted.
const PRUNE: Duration = Duration::from_secs(60);

impl Plane {
    pub(super) async fn keep_house(self: &Arc<Self>) {
        if !self.leads {
            return;
        }
        let mut terms = self.term.subscribe();
        let mut pruned = None::<Instant>;
        loop {
            tokio::select! {
                // It fails where the sender is gone, and we have it.
                led = terms.wait_for(Option::is_some) => drop(led),
                () = self.closed() => return,
            }
            if pruned.is_none_or(|at| at.elapsed() >= PRUNE) {
                pruned = Some(Instant::now());
                self.prune().await;
            }
            if let Ok(counts) = self.ask(self.driver.counts()).await {
                self.meters.gauge(&counts);
            }
            tokio::select! {
                () = sleep(COUNT) => {}
                () = self.closed() => return,
            }
        }
    }

    /// Deletes all that need not be kept, a little at a time.
    async fn prune(&self) {
        let prune = Prune { over: self.config.keep, dead: self.config.keep_dead, most: BATCH };
        // Somebody else does if we lead no more.
        while self.phase() == Phase::Open && self.term.borrow().is_some() {
            match self.ask(self.driver.prune(&prune)).await {
                Ok(deleted) if deleted >= BATCH as u64 => {}
                Ok(_) | Err(_) => return,
            }
        }
    }
}
