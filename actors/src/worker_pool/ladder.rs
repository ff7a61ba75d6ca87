//! How a future is made to stop: asked, given time, dropped.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use patterns_core::cancel::{CancelCause, CancelKind};
use patterns_core::context::Context;
use patterns_core::outcome::{Panic, catch_panic};
use tokio::time::Instant;

use super::{Expired, JobError};

/// Runs `fut` in `context`; at its cancellation or deadline asks it to stop, and after the grace drops
/// it.
pub(super) async fn run_until_stopped<F: Future>(
    context: &Context,
    grace: Duration,
    fut: F,
) -> Result<F::Output, JobError> {
    let mut fut = pin!(Some(context.scope(fut)));
    let why = {
        let mut end = poll_fn(|cx| poll_contained(fut.as_mut(), cx));
        let (token, deadline) = (context.token(), context.deadline());
        let why = tokio::select! {
            biased;
            result = &mut end => return result.map_err(JobError::Panicked),
            deadline = at(deadline) => {
                token.cancel_with(CancelCause::new(CancelKind::Deadline, "the job's deadline passed"));
                JobError::Expired(Expired { deadline, started: true })
            }
            cause = token.cancelled() => JobError::Cancelled(cause),
        };
        if let Ok(result) = tokio::time::timeout(grace, &mut end).await {
            return result.map_err(JobError::Panicked);
        }
        why
    };
    // A panic in its destructor is nobody's but the job's.
    drop(catch_panic(|| fut.set(None)));
    Err(why)
}

/// Polls a future; a panic in it, or in its destructor once it has finished, is its result.
fn poll_contained<F: Future>(mut fut: Pin<&mut Option<F>>, cx: &mut TaskContext<'_>) -> Poll<Result<F::Output, Panic>> {
    let Some(running) = fut.as_mut().as_pin_mut() else { panic!("polled after it had finished") };
    let result = match catch_panic(|| running.poll(cx)) {
        Ok(Poll::Pending) => return Poll::Pending,
        Ok(Poll::Ready(value)) => Ok(value),
        Err(panic) => Err(panic),
    };
    Poll::Ready(catch_panic(|| fut.set(None)).and(result))
}

/// Waits for the deadline; for ever if there is none.
pub(super) async fn at(deadline: Option<Instant>) -> Instant {
    match deadline {
        Some(deadline) => {
            tokio::time::sleep_until(deadline).await;
            deadline
        }
        None => std::future::pending().await,
    }
}
