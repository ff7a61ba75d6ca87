//! Who is there, as the engine tells it, again and again.

use std::collections::BTreeMap;
use std::sync::Arc;

use actors::jobs::driver::JobDriver;
use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::pool_support::millis;

/// How often it looks, in milliseconds.
const PAUSE: u64 = 50;

/// An owner, as it was seen from the first to the last time.
#[derive(Clone, Debug)]
pub(super) struct Sighting {
    pub(super) instance: String,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    /// Whether it had jobs, or led, when it was last seen. Of one that is dead that does not change any more.
    pub(super) is_awaited: bool,
}

/// Looks until it is dropped.
pub(super) struct Watch {
    seen: Arc<Mutex<BTreeMap<String, Sighting>>>,
    task: JoinHandle<()>,
}

impl Watch {
    pub(super) fn start(driver: Arc<dyn JobDriver>) -> Self {
        let seen = Arc::<Mutex<BTreeMap<String, Sighting>>>::default();
        let noted = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            loop {
                let asked = Timestamp::now();
                // While the engine is away, nobody can tell.
                if let Ok(owners) = driver.owners().await {
                    let mut noted = noted.lock();
                    for seen in owners.all {
                        let leads = owners.leader.as_ref().is_some_and(|leader| leader.owner == seen.owner);
                        let instance = seen.instance.unwrap_or_default();
                        let fresh = Sighting { instance, first: asked, last: asked, is_awaited: false };
                        let sighting = noted.entry(seen.owner).or_insert(fresh);
                        (sighting.last, sighting.is_awaited) = (asked, seen.running > 0 || leads);
                    }
                }
                sleep(millis(PAUSE)).await;
            }
        });
        Self { seen, task }
    }

    /// All who were ever seen.
    pub(super) fn over(self) -> Vec<Sighting> {
        self.seen.lock().values().cloned().collect()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}
