use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use super::PolicyError;
use super::classify::ByCause;
use super::rank::{self, Encloses};
use super::stages::{NoRetry, Stages};
use crate::bulkhead::Bulkhead;
use crate::circuit_breaker::CircuitBreaker;
use crate::fallback::{Fallback, NoFallback, Recover};
use crate::rate_limit::RateLimiter;
use crate::retry::{Backoff, Classify, Retry, RetryAll};

/// Policies around a call, built from the outside in; an order that makes no sense does not compile.
///
/// Reusable, and cheap to clone; clones share the bulkheads, limiters and breakers. Which stage goes where, and
/// why, is in the [module](super).
///
/// `R` is the [rank] of the last stage, `D` the fallback, `B` and `C` are the retry's backoff and classifier: a
/// policy without fallback and retry whose last stage is a timeout is a `Policy<rank::Timeout>`.
///
/// # Comparison to tower's `ServiceBuilder` and Polly's pipelines
///
/// 1. They take any order.
/// 2. The operation is a closure that returns a future, which may borrow; there is no `Service` to implement.
/// 3. Limits are visible inside, so a retry starts no attempt that can't fit; and the caller's own deadline and
///    cancellation are obeyed by every stage that waits.
/// 4. Errors are one flat enum, not one per stage inside of the other.
/// 5. A call that succeeds at once allocates nothing.
///
/// # Defaults
///
/// No stage.
///
/// # Examples
///
/// ```
/// use patterns_core::fallback::Fallback;
/// use patterns_core::policy::{Policy, PolicyCause, PolicyError};
/// use patterns_core::rate_limit::{Quota, RateLimiter};
/// use patterns_core::retry::Retry;
/// use std::io;
/// use std::sync::atomic::{AtomicU32, Ordering};
/// use std::time::Duration;
/// use tokio::time::{Instant, sleep};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), PolicyError<io::Error>> {
/// let policy = Policy::new()
///     .timeout(Duration::from_secs(5))
///     .rate_limit(RateLimiter::new(Quota::per_second(10)))
///     .retry(Retry::fixed(Duration::from_millis(100)).max_attempts(3))
///     .attempt_timeout(Duration::from_secs(1));
///
/// let (start, calls) = (Instant::now(), AtomicU32::new(0));
/// let page = policy
///     .run(async || {
///         match calls.fetch_add(1, Ordering::Relaxed) {
///             0 => sleep(Duration::from_secs(60)).await, // ended by the attempt's limit
///             1 => return Err(io::Error::other("reset")),
///             _ => {}
///         }
///         Ok("<html>")
///     })
///     .await?;
/// assert_eq!((page, start.elapsed()), ("<html>", Duration::from_millis(1_200)));
///
/// let error = policy.run(async || Err::<(), _>(io::Error::other("down"))).await.unwrap_err();
/// assert!(matches!(error.cause(), PolicyCause::Failed(_)));
/// assert_eq!(error.log().len(), 3);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Policy<R = rank::Start, D = NoFallback, B = NoRetry, C = RetryAll> {
    fallback: D,
    stages: Stages<B, C>,
    rank: PhantomData<fn() -> R>,
}

impl Policy {
    /// No stage: the operation as it is.
    #[must_use]
    pub fn new() -> Self {
        Self { fallback: NoFallback, stages: Stages::new(), rank: PhantomData }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::new()
    }
}

impl<R, D, B, C> Policy<R, D, B, C> {
    /// Gives a default instead of the error that the call ended with, whatever the cause, except for a
    /// cancellation. The operation's error must be an [`Error`](std::error::Error) or a
    /// [`BoxError`](crate::outcome::BoxError).
    ///
    /// It also answers for calls that a full bulkhead or an open breaker turned away, so that the caller doesn't see
    /// them: count them with [`on_fallback`](Fallback::on_fallback), or read the warnings in the log.
    #[must_use]
    pub fn fallback<K, M>(self, fallback: Fallback<K, M>) -> Policy<rank::Fallback, Fallback<K, M>, B, C>
    where
        R: Encloses<rank::Fallback>,
    {
        Policy { fallback, stages: self.stages, rank: PhantomData }
    }

    /// Ends the call after this much time: waits, attempts and pauses together.
    ///
    /// What the call has done until then is not in the error: of a call that was cut there is no log of attempts.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Policy<rank::Timeout, D, B, C>
    where
        R: Encloses<rank::Timeout>,
    {
        self.stages.timeout = Some(limit);
        self.ranked()
    }

    /// Takes a place in this bulkhead for the whole call, its pauses included; fails with
    /// [`BulkheadFull`](super::PolicyCause::BulkheadFull) where its line is full too, or takes too long.
    #[must_use]
    pub fn bulkhead(mut self, bulkhead: Bulkhead) -> Policy<rank::Bulkhead, D, B, C>
    where
        R: Encloses<rank::Bulkhead>,
    {
        self.stages.bulkhead = Some(bulkhead);
        self.ranked()
    }

    /// Waits for a unit of this limiter before the call goes on; its retries take none.
    #[must_use]
    pub fn rate_limit(mut self, limiter: RateLimiter) -> Policy<rank::RateLimit, D, B, C>
    where
        R: Encloses<rank::RateLimit>,
    {
        self.stages.rate_limit = Some(limiter);
        self.ranked()
    }

    /// Asks this breaker once for the call, and tells it what became of it after all attempts.
    ///
    /// It opens later than [`circuit_breaker`](Self::circuit_breaker), as calls that a retry has saved are successes to
    /// it.
    #[must_use]
    pub fn call_circuit_breaker(mut self, breaker: CircuitBreaker) -> Policy<rank::CallCircuitBreaker, D, B, C>
    where
        R: Encloses<rank::CallCircuitBreaker>,
    {
        self.stages.call_breaker = Some(breaker);
        self.ranked()
    }

    /// Tries again, as this policy says; the [module](super) says what it makes of errors of the stages inside.
    #[must_use]
    pub fn retry<B2, C2>(self, retry: Retry<B2, C2>) -> Policy<rank::Retry, D, B2, C2>
    where
        R: Encloses<rank::Retry>,
    {
        let stages = self.stages.with_retry(retry.map_classify(ByCause));
        Policy { fallback: self.fallback, stages, rank: PhantomData }
    }

    /// Takes a place in this bulkhead for each attempt.
    #[must_use]
    pub fn attempt_bulkhead(mut self, bulkhead: Bulkhead) -> Policy<rank::AttemptBulkhead, D, B, C>
    where
        R: Encloses<rank::AttemptBulkhead>,
    {
        self.stages.attempt_bulkhead = Some(bulkhead);
        self.ranked()
    }

    /// Waits for a unit of this limiter before each attempt.
    #[must_use]
    pub fn attempt_rate_limit(mut self, limiter: RateLimiter) -> Policy<rank::AttemptRateLimit, D, B, C>
    where
        R: Encloses<rank::AttemptRateLimit>,
    {
        self.stages.attempt_rate_limit = Some(limiter);
        self.ranked()
    }

    /// Asks this breaker before each attempt, and tells it what became of it.
    #[must_use]
    pub fn circuit_breaker(mut self, breaker: CircuitBreaker) -> Policy<rank::CircuitBreaker, D, B, C>
    where
        R: Encloses<rank::CircuitBreaker>,
    {
        self.stages.breaker = Some(breaker);
        self.ranked()
    }

    /// Ends each attempt after this much time.
    #[must_use]
    pub fn attempt_timeout(mut self, limit: Duration) -> Policy<rank::AttemptTimeout, D, B, C>
    where
        R: Encloses<rank::AttemptTimeout>,
    {
        self.stages.attempt_timeout = Some(limit);
        self.ranked()
    }

    fn ranked<R2>(self) -> Policy<R2, D, B, C> {
        Policy { fallback: self.fallback, stages: self.stages, rank: PhantomData }
    }
}

impl<R, D, B: Backoff, C> Policy<R, D, B, C> {
    /// Runs `operation` under the policy. It is called once for each attempt, when all stages have let it pass.
    ///
    /// # Errors
    ///
    /// [`PolicyError`] with the [cause](super::PolicyCause), and the log of attempts where there was a retry. With a fallback:
    /// only a cancellation. Where the operation's error is a [`BoxError`](crate::outcome::BoxError),
    /// [`boxed`](PolicyError::boxed) makes an error of it that `?` takes.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe if the futures of `operation` are: dropping this drops the one that runs, leaves every line and
    /// gives every place back. A unit of a rate limit that was taken stays used.
    pub async fn run<T, E, F, Fut, P>(&self, operation: F) -> Result<T, PolicyError<E>>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        C: Classify<E>,
        D: Recover<T, PolicyError<E>, Future = P>,
        P: Future<Output = Result<T, PolicyError<E>>>,
    {
        match self.stages.run(&operation).await {
            Ok(value) => Ok(value),
            Err(error) => self.fallback.recover(error).await,
        }
    }
}

impl<R, D: fmt::Debug, B: fmt::Debug, C> fmt::Debug for Policy<R, D, B, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy").field("fallback", &self.fallback).field("stages", &self.stages).finish()
    }
}
