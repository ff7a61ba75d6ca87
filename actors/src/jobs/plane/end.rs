//! The end of a queue.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use patterns_core::cancel::{CancelCause, CancelKind};
use tokio::time::{Instant, sleep, timeout_at};

use super::super::desk::{Desk, Phase};
use super::super::driver::DriverError;
use super::super::{DrainReceipt, Stop};
use super::{FIRST_PAUSE, LONGEST_PAUSE, Pauses, Plane};

impl Plane {
    /// Takes nothing any more.
    pub(in crate::jobs) fn close(self: &Arc<Self>) {
        self.change(|desk, _, chores| desk.close(chores));
    }

    /// Whether nothing is left of it.
    pub(in crate::jobs) fn is_over(&self) -> bool {
        self.phase() == Phase::Closed && self.context().reaper().live().is_empty()
    }

    /// Asks everything to stop, now and for ever.
    pub(in crate::jobs) fn stop(self: &Arc<Self>, why: &'static str) {
        self.change(|desk, _, chores| {
            desk.close(chores);
            desk.shut(chores);
        });
        self.context().token().cancel_with(CancelCause::new(CancelKind::Shutdown, why));
        if let Some(workers) = self.workers.as_ref().filter(|workers| workers.is_own) {
            workers.pool.close();
            workers.pool.actor().close();
        }
    }

    /// Waits until nothing is left of what ran.
    pub(in crate::jobs) async fn idle(&self) {
        self.context().reaper().drained().await;
    }

    /// Finishes what it has, hands back the rest in time, takes its leave, and is over by the deadline; or, where jobs
    /// block or the engine does not answer, at most two graces later.
    pub(in crate::jobs) async fn drain(self: &Arc<Self>, deadline: Instant) -> DrainReceipt {
        let start = Instant::now();
        self.close();
        let grace = self.config.grace;
        let last_call = deadline.checked_sub(grace).unwrap_or(start);
        if timeout_at(last_call, self.until(Desk::is_quiet)).await.is_err() {
            self.change(|desk, _, chores| desk.stop(Stop::Draining, chores));
        }
        // Jobs are dropped when their grace is over; twice that only if they block, or the engine does not answer.
        let limit = deadline.max(crate::system::after(Instant::now(), grace.saturating_mul(2)));
        let settled = timeout_at(limit, self.until(Desk::is_settled)).await;
        if settled.is_err() {
            tracing::warn!(queue = &*self.config.name, "its jobs are not all answered for, and will be done again");
        }
        let limit = limit.max(crate::system::after(Instant::now(), grace));
        self.take_leave(limit).await;
        self.stop("the queue of jobs was drained");
        let _ = timeout_at(limit, self.idle()).await;
        if let Some(workers) = self.workers.as_ref().filter(|workers| workers.is_own) {
            let _ = timeout_at(limit, workers.pool.drain(limit)).await;
        }
        DrainReceipt {
            took: start.elapsed(),
            counts: self.desk.lock().counts(),
            left: self.left.load(Ordering::Acquire) || !self.is_owner(),
            stragglers: self.context().reaper().live(),
        }
    }

    /// Tells the engine that we are gone, so that nobody need wait for that. Whoever leads is gone with it.
    async fn take_leave(self: &Arc<Self>, limit: Instant) {
        // Nobody is entered any more, but somebody may be at it: he would come after us.
        let _ = timeout_at(limit, self.until(|desk| !desk.is_entering())).await;
        let (owner, may_be_known, phase) = {
            let desk = self.desk.lock();
            (desk.owner().0, desk.may_be_known(), desk.phase)
        };
        // Otherwise it was told before.
        if phase == Phase::Closed {
            return;
        }
        self.desk.lock().leave();
        // After a lease others know it anyway.
        let limit = limit.min(crate::system::after(Instant::now(), self.config.lease));
        if !may_be_known || timeout_at(limit, self.insist_on_leaving(&owner)).await == Ok(true) {
            self.left.store(true, Ordering::Release);
        }
    }

    /// Tells the engine until it knows; whether it does.
    async fn insist_on_leaving(&self, owner: &str) -> bool {
        let mut pauses = Pauses::new(FIRST_PAUSE, LONGEST_PAUSE);
        loop {
            match self.leave(owner).await {
                Ok(()) => return true,
                Err(error) if error.is_final() => return false,
                Err(_) => sleep(pauses.next()).await,
            }
        }
    }

    /// Tells the engine once that we are gone.
    pub(super) async fn leave(&self, owner: &str) -> Result<(), DriverError> {
        self.ask(self.driver.leave(owner)).await.map(drop)
    }

    /// Waits until that holds of the desk.
    pub(super) async fn until(&self, holds: impl Fn(&Desk) -> bool) {
        loop {
            let mut notified = pin!(self.settled.notified());
            notified.as_mut().enable();
            if holds(&self.desk.lock()) {
                return;
            }
            notified.await;
        }
    }
}
