//! The end of a scheduler.

use std::sync::Arc;

use patterns_core::cancel::{CancelCause, CancelKind};
use tokio::time::{Instant, timeout_at};

use super::super::DrainReceipt;
use super::Plane;

impl Plane {
    /// Takes no more schedules, and begins no more runs.
    pub(in super::super) fn close(self: &Arc<Self>) {
        self.change(|table, now, fx| table.close(now, fx));
    }

    /// Whether nothing runs, and nothing is left of what ran.
    pub(in super::super) fn is_idle(&self) -> bool {
        self.context.reaper().live().is_empty()
    }

    /// Waits until nothing is left of what ran.
    pub(in super::super) async fn idle(&self) {
        self.context.reaper().drained().await;
    }

    /// Asks everything that runs to stop, now and for ever.
    pub(in super::super) fn stop(&self, why: &'static str) {
        self.context.token().cancel_with(CancelCause::new(CancelKind::Shutdown, why));
    }

    /// Finishes what runs, cancels the rest in time, and is over by the deadline.
    pub(in super::super) async fn drain(self: &Arc<Self>, deadline: Instant) -> DrainReceipt {
        let start = Instant::now();
        self.close();
        let grace = self.config.grace;
        let last_call = deadline.checked_sub(grace).unwrap_or(start);
        if timeout_at(last_call, self.idle()).await.is_err() {
            self.stop("the scheduler was drained");
            // Runs are dropped when their grace is over; twice that only if they block, or the store does not answer.
            let limit = crate::system::after(Instant::now(), grace.saturating_mul(2));
            let _ = timeout_at(limit, self.idle()).await;
        }
        DrainReceipt {
            took: start.elapsed(),
            counts: self.table.lock().counts(),
            stragglers: self.context.reaper().live(),
        }
    }
}
