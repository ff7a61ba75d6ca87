//! What a call costs that succeeds at once.
use std::io;

use allocation_counter::measure;
use patterns_core::bulkhead::Bulkhead;
use patterns_core::circuit_breaker::CircuitBreaker;
use patterns_core::policy::Policy;
use patterns_core::rate_limit::{Quota, RateLimiter};
use patterns_core::retry::Retry;

use crate::support::secs;

#[test]
fn five_stages_around_a_call_that_succeeds_allocate_nothing() {
    let policy = Policy::new()
        .timeout(secs(10))
        .bulkhead(Bulkhead::new(4))
        .rate_limit(RateLimiter::new(Quota::per_second(1_000_000).burst(1_000_000)))
        .retry(Retry::fixed(secs(1)))
        .circuit_breaker(CircuitBreaker::new("search"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let call = async || policy.run(async || Ok::<_, io::Error>(7)).await.unwrap();
        // What is made once, such as a thread's first entry in a list, is not what is counted.
        call().await;
        let mut calls = Box::pin(async {
            for _ in 0..100 {
                call().await;
            }
        });
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        let counted = measure(|| assert!(calls.as_mut().poll(&mut cx).is_ready()));
        assert_eq!(counted.count_total, 0, "{counted:?}");
        assert!(measure(|| drop(std::hint::black_box(Box::new(7)))).count_total > 0, "it counts");
    });
}
