//! Doing jobs.

use std::sync::Arc;
use std::time::Duration;

use patterns_core::context::Context;
use tokio::time::Instant;
use tracing::{Instrument, debug_span};

use super::super::desk::{Delivered, Key, Want};
use super::super::driver::{Answer, DeadReason, End, TakenJob};
use super::super::error::too_long;
use super::super::{Delivery, Retries, Run};
use super::Plane;
use crate::JobError;

/// For how long a job is handed back for which there is no code here: some other process may have it.
const UNKNOWN: Duration = Duration::from_secs(30);

/// For how long a job is handed back that the workers did not take.
const REJECTED: Duration = Duration::from_secs(1);

impl Plane {
    /// Has jobs done that were taken.
    pub(super) fn deliver_all(self: &Arc<Self>, want: &Want, jobs: Vec<TakenJob>) {
        let retries =
            |job: &TakenJob| self.handlers.get(&job.kind).map_or(Retries::default(), |handler| handler.retries);
        let delivered =
            self.change(|desk, now, chores| desk.took(want, jobs, self.context.token(), retries, now, chores));
        for delivered in delivered {
            let context = self.context.with_token(delivered.token.clone()).named(delivered.job.kind.clone());
            let tracked = context.reaper().track(context.path().clone());
            let deliver = Arc::clone(self).deliver(delivered);
            drop(self.runtime.spawn(context.scope(async move {
                let _tracked = tracked;
                deliver.await;
            })));
        }
    }

    async fn deliver(self: Arc<Self>, delivered: Delivered) {
        let Delivered { job, sign, .. } = delivered;
        let key: Key = (job.id, job.fence);
        let Some((handler, workers)) = self.handlers.get(&job.kind).zip(self.workers.as_ref()) else {
            tracing::warn!(queue = &*self.config.name, kind = &*job.kind, job = %job.id, "nothing here does jobs of this kind");
            return self.close_delivery(key, End::Released { after: UNKNOWN });
        };
        let (timeout, expires_in, priority) = (handler.timeout, job.expires_in, job.priority);
        let limit = expires_in.map_or(timeout, |expires_in| expires_in.min(timeout));
        let deadline = crate::system::after(Instant::now(), limit);
        let span = debug_span!("job", queue = &*job.queue, kind = &*job.kind, id = %job.id, attempt = job.attempt);
        let work = {
            let (plane, handler) = (Arc::clone(&self), Arc::clone(handler));
            async move {
                plane.desk.lock().begun(key);
                let driver = Arc::clone(&plane.driver);
                let run = Run { job, sign, deadline, driver, next: Vec::new(), effects: None };
                handler.begin(Delivery::new(plane, run)).await;
            }
        };
        let result = workers.submit_io(work.instrument(span)).priority(priority).deadline_at(deadline).await;
        let end = match result {
            Ok(()) | Err(JobError::Cancelled(_)) => self.desk.lock().unanswered(key),
            Err(JobError::Panicked(panic)) => self.failure(key, panic.to_string(), None),
            Err(JobError::Expired(_)) if expires_in.is_some_and(|expires_in| expires_in <= timeout) => {
                End::Dead { reason: DeadReason::Expired, error: "its deadline passed while it ran".to_owned() }
            }
            Err(JobError::Expired(expired)) if expired.started => self.failure(key, too_long(timeout), None),
            Err(JobError::Expired(_)) => End::Released { after: Duration::ZERO },
            Err(_) => End::Released { after: REJECTED },
        };
        self.close_delivery(key, end);
    }

    /// Answers for a job, unless that has been done.
    fn close_delivery(self: &Arc<Self>, (id, fence): Key, end: End) {
        self.settle(Answer::new(id, fence, end), None);
    }

    /// What jobs inherit.
    pub(super) fn context(&self) -> &Context {
        &self.context
    }
}
