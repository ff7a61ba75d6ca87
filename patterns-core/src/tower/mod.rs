//! The policies as `tower` layers, for stacks that are built of services. Needs the feature `tower`.
//!
//! | layer | what is around the service |
//! |---|---|
//! | [`PolicyLayer`] | a whole [`Policy`]; clones the request for each attempt |
//! | [`OnceLayer`] | a [`Policy`] without a retry; requests needn't be `Clone` |
//! | [`retry`], [`rate_limit`], [`circuit_breaker`], [`bulkhead`], [`timeout`] | one stage |
//! | [`HedgeLayer`], [`hedge()`] | a [`Hedge`]; clones request and service for each attempt |
//!
//! Prefer one layer with a whole policy to several with a stage each: its order is checked, and its error is one
//! [`PolicyError`](crate::policy::PolicyError), not one inside of the other.
//!
//! # Readiness
//!
//! `poll_ready` is the inner service's. The instance that was made ready is the one that is called: `call` takes it,
//! and leaves a clone in its place. Before it is called again, for another attempt, it is made ready again. A
//! stage waits after that, in the future of the call: a call that is turned away, or waits for a rate limit, holds
//! what the inner service has reserved for it until it ends.
//!
//! # Comparison to `tower`'s own layers
//!
//! 1. Limiters and bulkheads are shared by clones, and waiters are served in order.
//! 2. The caller's ambient deadline and token are obeyed.
//! 3. tower's retry and hedge have policies to implement; here they are values.
//!
//! In the book: [policy](../../../book/policy.html).
mod hedge;
mod once;
mod policy;
mod slot;

use std::time::Duration;

use crate::bulkhead::Bulkhead;
use crate::circuit_breaker::CircuitBreaker;
use crate::fallback::NoFallback;
use crate::hedge::Hedge;
use crate::policy::{Policy, rank};
use crate::rate_limit::RateLimiter;
use crate::retry::Retry;

pub use self::hedge::{HedgeLayer, HedgeService};
pub use self::once::{OnceLayer, OnceService};
pub use self::policy::{PolicyLayer, PolicyService};

/// Tries again, with a clone of the request.
#[must_use]
pub fn retry<B, C>(retry: Retry<B, C>) -> PolicyLayer<Policy<rank::Retry, NoFallback, B, C>> {
    PolicyLayer::new(Policy::new().retry(retry))
}

/// Waits for a unit before each request.
#[must_use]
pub fn rate_limit(limiter: RateLimiter) -> OnceLayer<Policy<rank::RateLimit>> {
    OnceLayer::new(Policy::new().rate_limit(limiter))
}

/// Turns requests away while the service fails.
#[must_use]
pub fn circuit_breaker(breaker: CircuitBreaker) -> OnceLayer<Policy<rank::CircuitBreaker>> {
    OnceLayer::new(Policy::new().circuit_breaker(breaker))
}

/// Lets so many requests in at a time.
#[must_use]
pub fn bulkhead(bulkhead: Bulkhead) -> OnceLayer<Policy<rank::Bulkhead>> {
    OnceLayer::new(Policy::new().bulkhead(bulkhead))
}

/// Ends a request after this much time.
#[must_use]
pub fn timeout(limit: Duration) -> OnceLayer<Policy<rank::Timeout>> {
    OnceLayer::new(Policy::new().timeout(limit))
}

/// Starts another attempt, with clones of request and service, when the first takes long.
#[must_use]
pub fn hedge(hedge: Hedge) -> HedgeLayer {
    HedgeLayer::new(hedge)
}
