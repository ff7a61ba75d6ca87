//! What a call holds while it is inside of a stage.

use tokio::task::coop::consume_budget;

use super::{PolicyCause, WaitedFor};
use crate::bulkhead::{self, Bulkhead, EnterError};
use crate::circuit_breaker::{Call, CircuitBreaker};
use crate::context;
use crate::coop;
use crate::rate_limit::RateLimiter;

/// A place in a bulkhead, where there is one.
pub(super) type Place<'a> = Option<bulkhead::Place<'a>>;

#[inline]
pub(super) async fn place<E>(bulkhead: Option<&Bulkhead>) -> Result<Place<'_>, PolicyCause<E>> {
    let Some(bulkhead) = bulkhead else { return Ok(None) };
    // A task that always finds a place must still let others run.
    if coop::is_due() {
        consume_budget().await;
    }
    if let Some(place) = bulkhead.try_place() {
        return Ok(Some(place));
    }
    // Boxed, as the future of a call is moved about, and hardly ever has to wait here.
    match Box::pin(bulkhead.enter()).await {
        Ok(place) => Ok(Some(place)),
        Err(EnterError::Closed { .. }) => Err(PolicyCause::BulkheadClosed),
        Err(EnterError::Interrupted(interrupt)) => {
            Err(PolicyCause::Interrupted { waited_for: WaitedFor::Bulkhead, interrupt })
        }
        Err(_) => Err(PolicyCause::BulkheadFull),
    }
}

/// Waits for a unit of a rate limit, where there is one.
#[inline]
pub(super) async fn unit<E>(limiter: Option<&RateLimiter>) -> Result<(), PolicyCause<E>> {
    let Some(limiter) = limiter else { return Ok(()) };
    if coop::is_due() {
        consume_budget().await;
    }
    if limiter.try_acquire().is_ok() {
        return Ok(());
    }
    Box::pin(limiter.acquire()).await.map_err(PolicyCause::RateLimited)
}

/// A call that a circuit breaker has let through, where there is one.
pub(super) struct Entered<'a>(Option<Call<'a>>);

#[inline]
pub(super) fn enter<E>(breaker: Option<&CircuitBreaker>) -> Result<Entered<'_>, PolicyCause<E>> {
    let Some(breaker) = breaker else { return Ok(Entered(None)) };
    match breaker.try_enter() {
        Ok(call) => Ok(Entered(Some(call))),
        Err(open) => Err(PolicyCause::CircuitOpen { retry_after: open.retry_after }),
    }
}

impl Entered<'_> {
    /// Tells the breaker how it ended. Only what the server did, or did not do in time, speaks against it.
    #[inline]
    pub(super) fn leave<T, E>(self, ended: Result<T, &PolicyCause<E>>) {
        let Some(call) = self.0 else { return };
        match ended {
            Ok(_) => call.success(),
            Err(PolicyCause::Failed(_) | PolicyCause::AttemptTimedOut(_)) => {
                // A caller that was told to stop, or has no time left, may be all that is wrong: dropped, the call
                // counts as cancelled.
                let is_cut_short = context::is_cancelled() || context::is_late();
                if is_cut_short { drop(call) } else { call.failure() }
            }
            Err(_) => call.ignore(),
        }
    }
}
