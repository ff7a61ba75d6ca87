use std::borrow::Cow;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::{Receipt, Status};
use crate::cancel::{CancelCause, CancelKind, CancelToken};
use crate::outcome::{TaskFailed, catch_panic};
use crate::reaper::Reaper;
use crate::semaphore::Semaphore;

pub(super) type Sink = Box<dyn Fn(&TaskFailed) + Send + Sync>;

/// How many tasks that did not stop a log line names.
const NAMED: usize = 10;

/// What the handles and the tasks of one background have in common.
///
/// # Invariants
///
/// 1. The ledger's law holds whenever its lock is free.
/// 2. A task is tracked by the reaper before it is counted as live, and counted as ended before the reaper lets
///    go of it. So once nothing new gets in and the reaper is drained, the counts are final.
/// 3. A task gives its place back after it was counted as ended: never more are live than the limit.
pub(super) struct Shared {
    pub(super) name: Cow<'static, str>,
    /// Tells its failures from those of groups.
    pub(super) number: u64,
    pub(super) places: Semaphore,
    /// Nothing new, no further round.
    pub(super) closing: CancelToken,
    /// Asks every task to stop.
    pub(super) token: CancelToken,
    /// Ends those that did not.
    pub(super) forced: CancelToken,
    /// Waits for the tasks and for what they let go of.
    pub(super) reaper: Reaper,
    pub(super) runtime: Handle,
    pub(super) sink: Sink,
    pub(super) ledger: Mutex<Ledger>,
}

pub(super) struct Ledger {
    pub(super) status: Status,
    /// Only of a background that has been shut down.
    stragglers: Vec<TaskFailed>,
}

impl Ledger {
    pub(super) fn new(limit: usize) -> Self {
        Self { status: Status { limit, ..Status::default() }, stragglers: Vec::new() }
    }
}

/// How a task ended, as the ledger counts it.
#[derive(Clone, Copy)]
pub(super) enum End {
    Ok,
    Failed,
    Panicked,
    Cancelled,
}

impl Shared {
    /// Counts a task in, unless nothing new is taken.
    pub(super) fn enter(&self) -> bool {
        let mut ledger = self.ledger.lock();
        let status = &mut ledger.status;
        if status.closed {
            return false;
        }
        status.spawned += 1;
        status.live += 1;
        true
    }

    /// Counts a task out.
    pub(super) fn leave(&self, end: End) {
        let mut ledger = self.ledger.lock();
        let status = &mut ledger.status;
        status.live -= 1;
        match end {
            End::Ok => status.ok += 1,
            End::Failed => status.failed += 1,
            End::Panicked => status.panicked += 1,
            End::Cancelled => status.cancelled += 1,
        }
    }

    pub(super) fn round_failed(&self) {
        self.ledger.lock().status.failed_rounds += 1;
    }

    pub(super) fn straggled(&self, failed: TaskFailed) {
        self.ledger.lock().stragglers.push(failed);
    }

    /// Tells the sink, whatever user code does.
    pub(super) fn report(&self, failed: &TaskFailed) {
        if let Err(panic) = catch_panic(|| (self.sink)(failed)) {
            tracing::error!(task = %failed.path(), error = %failed, %panic, "taking a failed background task panicked");
        }
    }

    pub(super) fn close(&self) {
        self.ledger.lock().status.closed = true;
        self.places.close();
        self.closing.cancel_with(CancelCause::new(CancelKind::Requested, "closed"));
    }

    /// Waits until everything that was asked to stop has done so, at most for the grace, then aborts.
    ///
    /// The grace is the limit of this wait, whatever the ambient token and deadline say: it is what a shutdown
    /// waits for, and a shutdown usually begins where they have ended the rest.
    pub(super) async fn stopped(&self, grace: Duration) {
        if timeout(grace, self.reaper.drained()).await.is_err() {
            self.warn(grace);
            self.forced.cancel_with(CancelCause::new(CancelKind::Shutdown, "the grace is over"));
            self.reaper.drained().await;
        }
    }

    fn warn(&self, grace: Duration) {
        let live = self.reaper.live();
        let named = live.iter().take(NAMED).map(|task| format!("{} ({:?})", task.path, task.age));
        let named = named.collect::<Vec<_>>().join(", ");
        tracing::warn!(
            background = %self.name, tasks = live.len(), ?grace, %named,
            "aborting background tasks that did not stop when asked"
        );
    }

    pub(super) fn receipt(&self) -> Receipt {
        let ledger = self.ledger.lock();
        Receipt { status: ledger.status, stragglers: ledger.stragglers.clone() }
    }
}
