use std::fmt;
use std::pin::pin;
use std::time::Duration;

use super::classify::ByCause;
use super::guards::{Entered, Place, enter, place, unit};
use super::limited::Limited;
use super::{PolicyCause, PolicyError};
use crate::bulkhead::Bulkhead;
use crate::circuit_breaker::CircuitBreaker;
use crate::rate_limit::RateLimiter;
use crate::retry::{Backoff, Classify, Retry, RetryAll};

/// The backoff of a policy that has no retry: it has ended before it began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoRetry;

impl Iterator for NoRetry {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        None
    }
}

/// The stages of a policy, outermost first, but for the fallback. Each has its field, and their nesting is written
/// out: so the future of a call is one plain type, `Send` wherever the operation's is.
#[derive(Clone)]
pub(super) struct Stages<B, C> {
    pub(super) timeout: Option<Duration>,
    pub(super) bulkhead: Option<Bulkhead>,
    pub(super) rate_limit: Option<RateLimiter>,
    pub(super) call_breaker: Option<CircuitBreaker>,
    pub(super) retry: Option<Retry<B, ByCause<C>>>,
    pub(super) attempt_bulkhead: Option<Bulkhead>,
    pub(super) attempt_rate_limit: Option<RateLimiter>,
    pub(super) breaker: Option<CircuitBreaker>,
    pub(super) attempt_timeout: Option<Duration>,
}

impl Stages<NoRetry, RetryAll> {
    pub(super) fn new() -> Self {
        Self {
            timeout: None,
            bulkhead: None,
            rate_limit: None,
            call_breaker: None,
            retry: None,
            attempt_bulkhead: None,
            attempt_rate_limit: None,
            breaker: None,
            attempt_timeout: None,
        }
    }
}

impl<B, C> Stages<B, C> {
    pub(super) fn with_retry<B2, C2>(self, retry: Retry<B2, ByCause<C2>>) -> Stages<B2, C2> {
        Stages {
            timeout: self.timeout,
            bulkhead: self.bulkhead,
            rate_limit: self.rate_limit,
            call_breaker: self.call_breaker,
            retry: Some(retry),
            attempt_bulkhead: self.attempt_bulkhead,
            attempt_rate_limit: self.attempt_rate_limit,
            breaker: self.breaker,
            attempt_timeout: self.attempt_timeout,
        }
    }
}

impl<B: Backoff, C> Stages<B, C> {
    pub(super) async fn run<T, E, F, Fut>(&self, operation: &F) -> Result<T, PolicyError<E>>
    where
        C: Classify<E>,
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let call = pin!(self.call(operation));
        match self.timeout {
            None => call.await,
            Some(limit) => match Limited::new(limit, call).await {
                Ok(result) => result,
                Err(elapsed) => Err(PolicyCause::TimedOut(elapsed).into()),
            },
        }
    }

    /// Everything under the limit of the call.
    async fn call<T, E, F, Fut>(&self, operation: &F) -> Result<T, PolicyError<E>>
    where
        C: Classify<E>,
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let _place: Place<'_> = place(self.bulkhead.as_ref()).await?;
        unit(self.rate_limit.as_ref()).await?;
        let entered: Entered<'_> = enter(self.call_breaker.as_ref())?;
        let result = match &self.retry {
            None => self.attempt(operation).await.map_err(PolicyError::from),
            Some(retry) => retry.run(|| self.attempt(operation)).await.map_err(PolicyError::from_retry),
        };
        entered.leave(result.as_ref().map_err(PolicyError::cause));
        result
    }

    /// Everything inside of the retry.
    async fn attempt<T, E, F, Fut>(&self, operation: &F) -> Result<T, PolicyCause<E>>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let _place: Place<'_> = place(self.attempt_bulkhead.as_ref()).await?;
        unit(self.attempt_rate_limit.as_ref()).await?;
        let entered: Entered<'_> = enter(self.breaker.as_ref())?;
        // Called inside of the limit, so that what it does before it returns its future sees it too.
        let attempt = pin!(async { operation().await });
        let result = match self.attempt_timeout {
            None => attempt.await.map_err(PolicyCause::Failed),
            Some(limit) => match Limited::new(limit, attempt).await {
                Ok(result) => result.map_err(PolicyCause::Failed),
                Err(elapsed) => Err(PolicyCause::AttemptTimedOut(elapsed)),
            },
        };
        entered.leave(result.as_ref());
        result
    }
}

impl<B: fmt::Debug, C> fmt::Debug for Stages<B, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut stages = f.debug_struct("Stages");
        macro_rules! fields {
            ($($field:ident)*) => {
                $(if let Some(stage) = &self.$field {
                    stages.field(stringify!($field), stage);
                })*
            };
        }
        fields! {
            timeout bulkhead rate_limit call_breaker retry attempt_bulkhead attempt_rate_limit breaker attempt_timeout
        }
        stages.finish()
    }
}
