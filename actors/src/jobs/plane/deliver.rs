//! Doing jobs.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use patterns_core::context::Context;
use tokio::time::{Instant, timeout};
use tracing::{Instrument, debug_span};

use super::super::desk::{Delivered, Key, Phase, Want};
use super::super::driver::{Answer, DeadReason, End, TakenJob};
use super::super::error::too_long;
use super::super::handler::Handler;
use super::super::{Delivery, Retries, Run};
use super::Plane;
use crate::JobError;
use crate::worker_pool::Reject;

/// For how long a job is handed back for which there is no code here: some other process may have it.
const UNKNOWN: Duration = Duration::from_secs(30);

/// For how long a job is handed back that the workers did not take.
const REJECTED: Duration = Duration::from_secs(1);

/// For how long a job is handed back of whose end nothing was said, and nobody had asked for it: the next time may be no
/// better.
const DROPPED: Duration = Duration::from_secs(1);

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
            let answered = Answered { plane: Arc::clone(self), key: (delivered.job.id, delivered.job.fence) };
            let deliver = Arc::clone(self).deliver(delivered);
            drop(self.runtime.spawn(context.scope(async move {
                let _tracked = tracked;
                let _answered = answered;
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
        let (limit, priority) = (handler.timeout, job.priority);
        let expires_in = job.expires_in.filter(|expires_in| *expires_in <= limit);
        let expires = expires_in.is_some();
        let deadline = crate::system::after(Instant::now(), expires_in.unwrap_or(limit));
        let span = debug_span!("job", queue = &*job.queue, kind = &*job.kind, id = %job.id, attempt = job.attempt);
        let asked = Arc::clone(&sign);
        let driver = Arc::clone(&self.driver);
        let run = Run { job, sign, deadline, expires, driver, next: Vec::new(), effects: None };
        let work = Arc::clone(&self).work(Arc::clone(handler), run).instrument(span);
        let result = workers.pool.submit_io(work).priority(priority).deadline_at(deadline).await;
        let too_late = |begun: bool| match (expires, begun) {
            (true, true) => dead_as_expired(),
            (true, false) => expired("its deadline passed before a worker had it"),
            (false, true) => self.failure(key, too_long(limit), None),
            (false, false) => End::Released { after: REJECTED },
        };
        let end = match result {
            // It obeyed, or was dropped a grace later.
            Ok(()) if asked.get().is_none() && Instant::now() >= deadline => too_late(true),
            Ok(()) | Err(JobError::Cancelled(_)) => self.desk.lock().unanswered(key, DROPPED),
            Err(JobError::Panicked(panic)) => self.failure(key, panic.to_string(), None),
            Err(JobError::Expired(expired)) => too_late(expired.started),
            Err(JobError::Rejected(Reject::Closed) | JobError::Lost) => {
                self.give_up_work();
                End::Released { after: Duration::ZERO }
            }
            Err(_) => End::Released { after: REJECTED },
        };
        self.close_delivery(key, end);
    }

    /// What a worker does: it begins the job if that is still to be done.
    async fn work(self: Arc<Self>, handler: Arc<Handler>, run: Run) {
        let key = (run.job.id, run.job.fence);
        let begins = self.change(|desk, now, chores| {
            // It may have waited for long, and this process with it.
            desk.doubt(now, chores);
            desk.begin(key)
        });
        if begins {
            let grace = self.config.grace;
            stop_in_time(grace, handler.begin(Delivery::new(self, run))).await;
        }
    }

    /// The workers take no jobs any more, so others are to have them.
    fn give_up_work(self: &Arc<Self>) {
        if self.phase() == Phase::Open {
            tracing::error!(queue = &*self.config.name, "its workers are closed, so it takes no jobs any more");
            self.close();
        }
    }

    /// Answers for a job, unless that has been done.
    fn close_delivery(self: &Arc<Self>, key: Key, end: End) {
        if self.desk.lock().is_unanswered(key) {
            self.settle(Answer::new(key.0, key.1, end), None);
        }
    }

    /// What jobs inherit.
    pub(super) fn context(&self) -> &Context {
        &self.context
    }
}

/// Sees to it that a delivery is answered for, also where what delivers it panics or is dropped.
struct Answered {
    plane: Arc<Plane>,
    key: Key,
}

impl Drop for Answered {
    fn drop(&mut self) {
        let end = self.plane.desk.lock().unanswered(self.key, DROPPED);
        self.plane.close_delivery(self.key, end);
    }
}

/// Awaits a job; a grace after it was asked to stop it is dropped, however much time the workers would leave it: others may
/// have it then.
async fn stop_in_time(grace: Duration, mut job: Pin<Box<dyn Future<Output = ()> + Send>>) {
    let token = Context::current().token().clone();
    tokio::select! {
        biased;
        () = &mut job => return,
        _ = token.cancelled() => {}
    }
    // If it is not over, nothing was said of its end.
    let _ = timeout(grace, job).await;
}

/// Its deadline passed while it ran.
pub(in crate::jobs) fn dead_as_expired() -> End {
    expired("its deadline passed while it ran")
}

fn expired(error: &str) -> End {
    End::Dead { reason: DeadReason::Expired, error: error.to_owned() }
}
