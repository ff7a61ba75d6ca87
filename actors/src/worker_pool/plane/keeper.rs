//! What a pool does when an instant has come: wake keys that waited for their rate, ask jobs to stop at their deadline,
//! write off threads that don't.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use patterns_core::cancel::{CancelCause, CancelKind};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::Plane;
use super::job::{Head, Job};
use super::threads::{CpuJob, Member};
use crate::worker_pool::ladder::at;
use crate::worker_pool::{Expired, JobClass, JobError};

/// When the keeper looks next.
pub(super) struct Watch {
    epoch: Instant,
    /// In nanoseconds since the epoch.
    next: AtomicU64,
}

impl Watch {
    pub(super) fn new() -> Self {
        Self { epoch: Instant::now(), next: AtomicU64::new(u64::MAX) }
    }

    fn nanos(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.epoch).as_nanos()).unwrap_or(u64::MAX)
    }

    fn set(&self, at: Option<Instant>) {
        self.next.store(at.map_or(u64::MAX, |at| self.nanos(at)), Ordering::SeqCst);
    }

    fn is_later_than(&self, at: Instant) -> bool {
        self.next.load(Ordering::SeqCst) > self.nanos(at)
    }
}

impl Plane {
    /// A CPU job has begun that has a deadline, or a submitter that may be cancelled: it is seen to in time.
    ///
    /// Nobody is told as long as the keeper looks early enough anyway, so this costs one look at the clock.
    pub(super) fn keeper_looks_after(&self, head: &Head) {
        let latest = later(Instant::now(), self.config.grace);
        let latest = head.deadline().map_or(latest, |deadline| deadline.min(latest));
        if self.watch.is_later_than(latest) {
            self.keeper.notify_one();
        }
    }

    /// Sees to everything that is due; when to do so again.
    fn see_to(self: &Arc<Self>) -> Option<Instant> {
        let now = Instant::now();
        let next_key = earliest(self.cpu.wake_keys(), self.io.wake_keys());
        for class in [JobClass::Cpu, JobClass::Io] {
            self.call(class);
        }
        let mut next = next_key;
        for member in self.threads.members() {
            if let Some(job) = member.job() {
                next = earliest(next, self.see_to_job(&member, &job, now));
            }
        }
        // An IO job sees to itself.
        for job in self.guests.jobs().iter().filter(|job| job.head().class == JobClass::Cpu) {
            if job.look().is_some_and(|look| look.asked.is_none()) {
                next = earliest(next, self.ask(&**job, now));
            }
        }
        self.threads.join_ended();
        if !self.threads.is_complete(self) {
            next = earliest(next, Some(now + Duration::from_secs(1)));
        }
        next
    }

    /// Takes a CPU job one rung down the ladder if it is time.
    fn see_to_job(self: &Arc<Self>, member: &Member, job: &Arc<dyn CpuJob>, now: Instant) -> Option<Instant> {
        let Some(asked) = job.look()?.asked else { return self.ask(&**job, now) };
        let last = later(asked, self.config.grace);
        if last > now {
            return Some(last);
        }
        if self.threads.quarantine(self, member, job) {
            // From here on nobody counts on it.
            self.permit_back(job.head().class);
        }
        None
    }

    /// Asks a running job to stop if it is time; when to see to it again.
    fn ask(&self, job: &dyn Job, now: Instant) -> Option<Instant> {
        let grace = self.config.grace;
        let head = job.head();
        let why = match (head.deadline(), head.ambient_cause()) {
            (Some(deadline), _) if deadline <= now => JobError::Expired(Expired { deadline, started: true }),
            (_, Some(cause)) => JobError::Cancelled(cause.clone()),
            (Some(deadline), None) => return Some(deadline.min(later(now, grace))),
            (None, None) if head.is_bare() => return None,
            (None, None) => return Some(later(now, grace)),
        };
        job.stop(why);
        Some(later(now, grace))
    }
}

/// Runs for as long as anything of the pool is left.
pub(super) async fn keep(plane: Arc<Plane>, keeper: Arc<Notify>) {
    let mut ward = Ward { plane: Some(plane) };
    while let Some(plane) = &ward.plane {
        if plane.is_drained() {
            ward.plane = None;
            break;
        }
        // Whoever needs it before this is set finds it far away, and tells.
        plane.watch.set(None);
        let next = plane.see_to();
        plane.watch.set(next);
        tokio::select! {
            biased;
            () = keeper.notified() => {}
            _ = at(next) => {}
        }
    }
}

/// Notices that the runtime was shut down.
struct Ward {
    plane: Option<Arc<Plane>>,
}

impl Drop for Ward {
    fn drop(&mut self) {
        if let Some(plane) = self.plane.take() {
            plane.close();
            plane.cancel_all(&CancelCause::new(CancelKind::Shutdown, "the worker pool's runtime was shut down"));
        }
    }
}

pub(super) fn later(at: Instant, by: Duration) -> Instant {
    // As good as never.
    at.checked_add(by).unwrap_or_else(|| at + Duration::from_secs(30 * 365 * 86_400))
}

fn earliest(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        _ => a.or(b),
    }
}
