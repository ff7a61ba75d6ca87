use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::task::Task;
use crate::context::far_future_or;
use crate::outcome::{BoxError, Why, catch_panics};

/// Runs a round at each multiple of `period` from now on, until it is told to stop.
pub(super) async fn rounds<O, Fut, T, E>(task: Arc<Task>, period: Duration, mut op: O) -> Result<(), BoxError>
where
    O: FnMut() -> Fut,
    Fut: Future<Output = Result<T, E>>,
    E: Into<BoxError>,
{
    let mut due = Instant::now();
    loop {
        tokio::select! {
            biased;
            _ = task.token.cancelled() => return Ok(()),
            _ = task.shared.closing.cancelled() => return Ok(()),
            () = sleep_until(due) => {}
        }
        let begun = Instant::now();
        // The call is a part of the round: a panic of `op` itself is caught too.
        let round = catch_panics(async { boxed(op()).await });
        match task.judge(round.await) {
            Ok(()) => {}
            Err(Why::Cancelled(cause)) => return Err(cause.into()),
            Err(why) => {
                task.shared.report(&task.failed(begun, why));
                task.shared.round_failed();
            }
        }
        due = next(due, period, Instant::now());
    }
}

/// The work with any error, and without its value.
pub(super) async fn boxed<T, E: Into<BoxError>>(work: impl Future<Output = Result<T, E>>) -> Result<(), BoxError> {
    match work.await {
        Ok(_) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The first instant after `last`, by multiples of `period`, that has not been missed.
fn next(last: Instant, period: Duration, now: Instant) -> Instant {
    let next = far_future_or(last.checked_add(period));
    let late = now.saturating_duration_since(next).as_nanos() % period.as_nanos();
    if late == 0 {
        return next.max(now);
    }
    // Less than a period, so it fits wherever a period does.
    let late = Duration::from_nanos(u64::try_from(late).unwrap_or(u64::MAX));
    far_future_or(now.checked_add(period.saturating_sub(late)))
}
