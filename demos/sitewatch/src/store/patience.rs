//! Waiting for a database that is away.

use std::time::Duration;

use patterns_core::context::{Context, Interrupt};
use patterns_core::retry::{Jitter, Retry, StopReason};
use tokio::time::Instant;

use super::StoreError;

/// How long to wait before it is tried again, the first time and at most.
pub(crate) const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// Does something with the store, again and again while that is away, for as long as we are not to stop.
pub(crate) async fn patiently<T, F>(what: impl FnMut() -> F) -> Result<Result<T, StoreError>, Interrupt>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let (first, longest) = PAUSES;
    let retry = Retry::exponential(first).max_delay(longest).jitter(Jitter::None).max_attempts(u32::MAX);
    let stopped = match retry.retry_if(StoreError::is_temporary).run(what).await {
        Ok(value) => return Ok(Ok(value)),
        Err(stopped) => stopped,
    };
    if let StopReason::Interrupted(interrupt) = stopped.reason() {
        return Err(interrupt.clone());
    }
    // There was no attempt where there is no time for one.
    stopped
        .into_inner()
        .map(Err)
        .ok_or_else(|| Interrupt::DeadlinePassed(Context::current().deadline().unwrap_or_else(Instant::now)))
}
