//! How a future is made to stop: asked, given time, dropped.

use std::time::Duration;

use patterns_core::cancel::{CancelCause, CancelKind};
use patterns_core::context::Context;
use patterns_core::outcome::catch_panics;
use tokio::time::Instant;

use super::plane::contain::drop_quietly;
use super::{Expired, JobError};

/// Runs `fut` in `context`; at its cancellation or deadline asks it to stop, and after the grace drops
/// it.
pub(crate) async fn run_until_stopped<F: Future>(
    context: &Context,
    grace: Duration,
    fut: F,
) -> Result<F::Output, JobError> {
    let (token, deadline) = (context.token(), context.deadline());
    let mut fut = catch_panics(context.scope(fut));
    let why = tokio::select! {
        biased;
        result = &mut fut => return result.map_err(JobError::Panicked),
        deadline = at(deadline) => {
            token.cancel_with(CancelCause::new(CancelKind::Deadline, "the job's deadline passed"));
            JobError::Expired(Expired { deadline, started: true })
        }
        cause = token.cancelled() => match deadline {
            // The handle noticed it a moment earlier, and asked.
            Some(deadline) if deadline <= Instant::now() => {
                JobError::Expired(Expired { deadline, started: true })
            }
            _ => JobError::Cancelled(cause),
        },
    };
    if let Ok(result) = tokio::time::timeout(grace, &mut fut).await {
        return result.map_err(JobError::Panicked);
    }
    drop_quietly(fut);
    Err(why)
}

/// Waits for the deadline; for ever if there is none.
pub(crate) async fn at(deadline: Option<Instant>) -> Instant {
    match deadline {
        Some(deadline) => {
            tokio::time::sleep_until(deadline).await;
            deadline
        }
        None => std::future::pending().await,
    }
}
