//! One run of a job, as a task.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use patterns_core::cancel::{CancelCause, CancelToken};
use patterns_core::context::Context;
use patterns_core::outcome::{BoxError, Panic, catch_panic};
use patterns_core::reaper::Tracked;
use tokio::time::timeout;
use tracing::{Instrument, debug_span};

use super::job::{Job, RunFuture};
use super::plane::Plane;
use super::timetable::{Begun, End};
use super::{FailureKind, Firing, ScheduleId};
use crate::chain::chain;
use crate::quiet::drop_quietly;

/// A run that was begun. However it is given up, it is accounted for.
pub(super) struct Run {
    job: Arc<Job>,
    context: Context,
    account: Account,
}

/// What the timetable and the reaper know of a run.
struct Account {
    plane: Arc<Plane>,
    schedule: ScheduleId,
    firing: Firing,
    /// `None` until it has ended.
    end: Option<End>,
    /// Dropped last: whoever waits for it finds the run counted.
    _tracked: Tracked,
}

impl Run {
    pub(super) fn new(plane: &Arc<Plane>, context: &Context, begun: Begun) -> Self {
        let Begun { schedule, job, token, firing } = begun;
        let context = context.with_token(token).named(firing.schedule.to_string());
        let tracked = context.reaper().track(context.path().clone());
        let account = Account { plane: Arc::clone(plane), schedule, firing, end: None, _tracked: tracked };
        Self { job, context, account }
    }

    /// Runs it to its end.
    pub(super) fn drive(self) -> impl Future<Output = ()> + Send {
        let Self { job, context, account } = self;
        let token = context.token().clone();
        let firing = account.firing.clone();
        let Firing { schedule, instant, run: number, .. } = &firing;
        let scheduler = &*account.plane.config.name;
        let span = debug_span!("run", scheduler, schedule = &**schedule, %instant, number);
        let run = async move {
            let end = firing.scope(ladder(&account.plane, job, &token)).await;
            if let End::Failed(kind) = &end {
                tracing::warn!(schedule = &*account.firing.schedule, "a scheduled job failed: {kind}");
            }
            account.close(end);
        };
        context.scope(run.instrument(span))
    }
}

impl Account {
    fn close(mut self, end: End) {
        self.end = Some(end);
    }
}

impl Drop for Account {
    /// A run without an end was lost with its runtime.
    fn drop(&mut self) {
        let end = self.end.take().unwrap_or(End::Cancelled);
        self.plane.change(|table, now, fx| table.ended(self.schedule, self.firing.run, end, now, fx));
    }
}

/// Makes the run and drives it; when it is cancelled it is asked to stop, and after the grace dropped.
async fn ladder(plane: &Plane, job: Arc<Job>, token: &CancelToken) -> End {
    let begun = if token.is_cancelled() { None } else { Some(job.begin()) };
    // Not kept any longer than it is needed: with its last run a schedule's closure is dropped.
    drop_quietly(job);
    let mut run = match begun {
        None => return End::Cancelled,
        Some(Err(panic)) => return End::Failed(FailureKind::Panic(panic)),
        Some(Ok(run)) => run,
    };
    let result = tokio::select! {
        biased;
        result = poll_contained(&mut run) => Some(result),
        _ = token.cancelled() => timeout(plane.config.grace, poll_contained(&mut run)).await.ok(),
    };
    let dropped = catch_panic(|| drop(run));
    match result {
        None => End::Cancelled,
        Some(Err(panic)) => End::Failed(FailureKind::Panic(panic)),
        Some(Ok(Err(error))) => of_error(error, token),
        Some(Ok(Ok(()))) => dropped.map_or_else(|panic| End::Failed(FailureKind::Panic(panic)), |()| End::Done),
    }
}

async fn poll_contained(run: &mut RunFuture) -> Result<Result<(), BoxError>, Panic> {
    poll_fn(|cx| match catch_panic(|| run.as_mut().poll(cx)) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(result)) => Poll::Ready(Ok(result)),
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
}

/// What an error means: that the run obeyed its cancellation, or that it failed.
fn of_error(error: BoxError, token: &CancelToken) -> End {
    let read = catch_panic(|| {
        let text = chain(&*error);
        let mut obeyed = error.is::<CancelCause>();
        let mut source = error.source();
        while let Some(error) = source {
            obeyed |= error.is::<CancelCause>();
            source = error.source();
        }
        drop(error);
        (obeyed, text)
    });
    match read {
        Ok((true, _)) if token.is_cancelled() => End::Cancelled,
        Ok((_, text)) => End::Failed(FailureKind::Error(text)),
        Err(panic) => End::Failed(FailureKind::Panic(panic)),
    }
}
