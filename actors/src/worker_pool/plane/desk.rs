use std::sync::Arc;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::job::Job;
use crate::worker_pool::RunningJob;

/// Where a worker has the job that it runs, for others to see.
pub(super) struct Desk<J: Job + ?Sized> {
    current: Mutex<Option<Arc<J>>>,
}

impl<J: Job + ?Sized> Desk<J> {
    pub(super) fn new() -> Self {
        Self { current: Mutex::new(None) }
    }

    pub(super) fn put(&self, job: &Arc<J>) {
        *self.current.lock() = Some(Arc::clone(job));
    }

    /// Takes the job away; the caller drops it, as it may be the last to have it.
    #[must_use]
    pub(super) fn clear(&self) -> Option<Arc<J>> {
        self.current.lock().take()
    }

    pub(super) fn job(&self) -> Option<Arc<J>> {
        self.current.lock().clone()
    }

    /// Runs `f` if this is the job that is run here; meanwhile it is not cleared away.
    pub(super) fn if_runs(&self, job: &Arc<J>, f: impl FnOnce()) -> bool {
        let current = self.current.lock();
        let runs = current.as_ref().is_some_and(|current| Arc::ptr_eq(current, job)) && job.look().is_some();
        if runs {
            f();
        }
        runs
    }

    pub(super) fn running(&self, now: Instant) -> Option<RunningJob> {
        let job = self.job()?;
        job.look().map(|look| job.head().describe(look.since, now))
    }
}
