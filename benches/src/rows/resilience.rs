//! Circuit breakers that are closed, and five stages around a call that succeeds at once.

use std::hint::black_box;
use std::time::Duration;

use failsafe::futures::CircuitBreaker as _;
use patterns_core::bulkhead::Bulkhead;
use patterns_core::circuit_breaker::CircuitBreaker;
use patterns_core::policy::Policy;
use patterns_core::rate_limit::{Quota, RateLimiter};
use patterns_core::retry::Retry;
use tower::{Layer, Service, ServiceBuilder, ServiceExt};
use tower_resilience::bulkhead::BulkheadLayer;
use tower_resilience::circuitbreaker::CircuitBreakerLayer;
use tower_resilience::ratelimiter::RateLimiterLayer;
use tower_resilience::retry::RetryLayer;
use tower_resilience::timelimiter::TimeLimiterLayer;

use super::ct;
use crate::harness::{Row, Skipped, Target, ns_per_future};

/// Per second: more than a loop can ask for.
const RATE: u32 = 1_000_000_000;

pub(super) fn breaker_closed() -> Result<Row, Skipped> {
    let ours = CircuitBreaker::new("bench");
    let failsafe = failsafe::Config::new().build();
    let service = tower::service_fn(|()| async { fetch().await });
    let mut service = CircuitBreakerLayer::builder().build().expect("the defaults are in order").layer(service);
    Ok(Row::new("breaker_closed", "ns/call", Target::Absolute(50.0))
        .ours("CircuitBreaker", ns_per_future(ct(), async move || _ = black_box(ours.run(fetch).await)))
        .peer("failsafe", ns_per_future(ct(), async move || _ = black_box(failsafe.call(fetch_ready()).await)))
        .peer(
            "tower-resilience",
            ns_per_future(ct(), async move || {
                let ready = service.ready().await.expect("it is closed");
                _ = black_box(ready.call(()).await);
            }),
        )
        .limit("plain call", ns_per_future(ct(), async || _ = black_box(fetch().await))))
}

pub(super) fn policy_five_stages() -> Result<Row, Skipped> {
    let ours = Policy::new()
        .timeout(Duration::from_secs(10))
        .bulkhead(Bulkhead::new(100))
        .rate_limit(RateLimiter::new(Quota::per_second(RATE).burst(RATE)))
        .retry(Retry::exponential(Duration::from_millis(100)))
        .circuit_breaker(CircuitBreaker::new("bench"));
    let mut service = ServiceBuilder::new()
        .layer(TimeLimiterLayer::builder().timeout_duration(Duration::from_secs(10)).build())
        .layer(BulkheadLayer::builder().max_concurrent_calls(100).build().expect("so many calls are in order"))
        .layer(RateLimiterLayer::per_second(RATE as usize).build().expect("so many calls are in order"))
        .layer(RetryLayer::<(), u64, _>::builder().exponential_backoff(Duration::from_millis(100)).build())
        .layer(CircuitBreakerLayer::builder().build().expect("the defaults are in order"))
        .service(tower::service_fn(|()| async { fetch().await }));
    Ok(Row::new("policy_five_stages", "ns/call", Target::Absolute(150.0))
        .ours("Policy", ns_per_future(ct(), async move || _ = black_box(ours.run(fetch).await)))
        .peer(
            "tower-resilience",
            ns_per_future(ct(), async move || {
                let ready = service.ready().await.expect("it is closed");
                _ = black_box(ready.call(()).await.expect("nothing fails"));
            }),
        )
        .limit("plain call", ns_per_future(ct(), async || _ = black_box(fetch().await))))
}

/// The call: ready at once, and opaque to the optimizer.
async fn fetch() -> Result<u64, std::io::Error> {
    Ok(black_box(7))
}

/// The same for failsafe, whose `call` takes a future.
fn fetch_ready() -> std::future::Ready<Result<u64, std::io::Error>> {
    std::future::ready(Ok(black_box(7)))
}
