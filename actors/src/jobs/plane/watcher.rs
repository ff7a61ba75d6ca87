//! What is done about the others: who is silent is given up, and somebody leads.

use std::sync::Arc;

use tokio::time::{Instant, sleep_until};

use super::super::desk::Office;
use super::super::driver::Eviction;
use super::Plane;

impl Plane {
    /// Gives others up when their lease is over, and leads where nobody does.
    ///
    /// Not where signs of life are given: the engine may take its time for it.
    pub(super) async fn watch_others(self: &Arc<Self>) {
        loop {
            let at = self.desk.lock().next_lost();
            let lost_at = async {
                match at {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = self.closed() => return,
                () = lost_at => {}
                () = self.watch.notified() => {}
            }
            let lost = self.desk.lock().lost(Instant::now());
            for (other, beat) in lost {
                self.evict(&other, beat).await;
            }
            self.see_to_office().await;
        }
    }

    /// Gives up one who gave no sign of life since.
    async fn evict(&self, other: &str, beat: u64) {
        let eviction = self.ask(self.driver.evict(other, beat)).await.ok();
        if let Some(Eviction::Gone { handed_back, poisoned }) = eviction
            && handed_back + poisoned > 0
        {
            let queue = &*self.config.name;
            tracing::warn!(queue, owner = other, handed_back, poisoned, "gave no sign of life, and was given up");
        }
        self.desk.lock().evicted(other, eviction, Instant::now());
    }

    async fn see_to_office(self: &Arc<Self>) {
        let office = self.desk.lock().office(self.leads);
        match office {
            Some(Office::Campaign(owner)) => match self.ask(self.driver.campaign(&owner)).await {
                Ok(Some(leader)) => {
                    self.change(|desk, now, chores| desk.led_by(&owner, Some(leader), now, chores));
                }
                Ok(None) => self.be_gone(&owner),
                // With the next sign of life it is heard again that nobody leads.
                Err(_) => {}
            },
            // Somebody else is to lead before all that we have is over.
            Some(Office::Resign(own)) => {
                let resigned = self.ask(self.driver.resign(&own)).await;
                // Where it can't be told, it is told with our leave.
                let leader = resigned.is_err().then(|| own.clone());
                self.change(|desk, now, chores| desk.led_by(&own.owner, leader, now, chores));
            }
            None => {}
        }
    }
}
