//! Who revokes offers that nobody takes: a task, as neither the waiter that isn't polled nor those who sleep
//! behind it can.

use std::sync::{Arc, Weak};

use tokio::runtime::Handle;
use tokio::time::sleep;

use super::shared::Shared;
use crate::context::TaskPath;
use crate::reaper::Reaper;
use crate::waiters::Wakes;

/// Starts the watch, which the caller has announced. It ends by itself within two graces after the last offer.
pub(super) fn start(shared: &Arc<Shared>) {
    let running = Running(Some(Arc::downgrade(shared)));
    let Some(handle) = Handle::try_current().ok().or_else(|| shared.runtime.get().cloned()) else { return };
    let path = TaskPath::root().join(shared.name.clone()).join("watch");
    drop(Reaper::global().adopt(&handle, path, watch(running, shared.grace)));
}

async fn watch(mut running: Running, grace: std::time::Duration) {
    loop {
        sleep(grace).await;
        let Some(shared) = running.shared() else { return };
        let mut wakes = Wakes::default();
        let (passed_over, go_on) = shared.state.lock().tick(&mut wakes);
        wakes.fire();
        for entry in &passed_over {
            let waiter = entry.who.as_ref().map(|who| who.path().to_string()).unwrap_or_default();
            tracing::warn!(
                semaphore = %shared.name, %waiter, permits = entry.wants,
                "a waiter is not being polled, and was passed over: is its future kept while something else is awaited?"
            );
        }
        if !go_on {
            running.0 = None;
            return;
        }
    }
}

/// That the watch runs. Taken away where the watch itself has said that it ends; left where it is dropped by
/// the end of its runtime.
struct Running(Option<Weak<Shared>>);

impl Running {
    fn shared(&self) -> Option<Arc<Shared>> {
        self.0.as_ref()?.upgrade()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(shared) = self.shared() else { return };
        shared.state.lock().unwatched();
    }
}
