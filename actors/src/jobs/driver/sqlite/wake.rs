use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// How often somebody looks for what other connections did, while somebody waits.
const LOOK: Duration = Duration::from_secs(1);

/// Wakes those who wait for jobs, or for their ends.
///
/// Of what this driver does they hear at once, when it was committed. What others do, in this process or another, is
/// seen by a number in the file that grows with it, and only with what somebody may wait for: a sign of life does not
/// count.
#[derive(Debug)]
pub(super) struct Wake {
    /// How often something happened, as far as it is known here. That has nothing to do with the number in the file.
    events: watch::Sender<u64>,
    /// The greatest number in the file that was told of.
    seen: AtomicI64,
    next_look: Mutex<Option<Instant>>,
}

impl Wake {
    pub(super) fn new(seen: i64) -> Self {
        Self { events: watch::Sender::new(0), seen: AtomicI64::new(seen), next_look: Mutex::new(None) }
    }

    pub(super) fn mark(&self) -> u64 {
        *self.events.borrow()
    }

    /// Ends when something has happened since the mark.
    pub(super) async fn changed(&self, mark: u64) {
        let mut events = self.events.subscribe();
        // It fails where the sender is gone, and we have it.
        let _ = events.wait_for(|events| *events != mark).await;
    }

    /// The number in the file is this.
    pub(super) fn found(&self, stir: i64) {
        if self.seen.fetch_max(stir, SeqCst) < stir {
            self.wake();
        }
    }

    fn wake(&self) {
        self.events.send_modify(|events| *events += 1);
    }

    /// Ends when it is time to look, for one of those who wait. If that one goes away instead, another does it a little
    /// later.
    pub(super) async fn time_to_look(&self) {
        while let Some(at) = self.not_before() {
            sleep_until(at).await;
        }
    }

    fn not_before(&self) -> Option<Instant> {
        let mut next = self.next_look.lock();
        let now = Instant::now();
        let at = next.filter(|at| *at > now);
        if at.is_none() {
            *next = Some(now + LOOK);
        }
        at
    }
}

/// That something happened in a transaction. It wakes when it is dropped, which is after the commit or the rollback,
/// whether somebody still waits for the call's answer or not.
#[derive(Debug)]
pub(super) struct Stir {
    wake: Arc<Wake>,
    stir: i64,
}

impl Stir {
    /// `stir` is the number in the file, if it is committed.
    pub(super) fn new(wake: Arc<Wake>, stir: i64) -> Self {
        Self { wake, stir }
    }

    /// It was committed: nobody needs to find it in the file any more.
    pub(super) fn committed(self) {
        self.wake.seen.fetch_max(self.stir, SeqCst);
    }
}

impl Drop for Stir {
    fn drop(&mut self) {
        self.wake.wake();
    }
}
