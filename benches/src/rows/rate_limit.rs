//! Rate limiters: a check that is always allowed.

use std::hint::black_box;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use patterns_core::rate_limit::{Quota, RateLimiter};

use crate::harness::{Row, Skipped, Target, ns_per_call};

/// Per second: twenty times what a loop can ask for.
const RATE: u32 = 1_000_000_000;

pub(super) fn check() -> Result<Row, Skipped> {
    let ours = RateLimiter::new(Quota::per_second(RATE).burst(RATE));
    let rate = NonZeroU32::new(RATE).expect("it is not zero");
    let governor = governor::RateLimiter::direct(governor::Quota::per_second(rate).allow_burst(rate));
    let rate = RATE as usize;
    let mut bucket = leaky_bucket::RateLimiter::builder();
    let bucket = bucket.max(rate).initial(rate).refill(rate).interval(Duration::from_secs(1)).build();
    Ok(Row::new("rate_limit_check", "ns/check", Target::Ratio(1.1))
        .ours("RateLimiter::try_acquire", ns_per_call(move || ours.try_acquire().expect("always allowed")))
        .peer("governor", ns_per_call(move || governor.check().expect("always allowed")))
        .peer("leaky-bucket", ns_per_call(move || assert!(bucket.try_acquire(1), "always allowed")))
        .limit("Instant::now", ns_per_call(|| _ = black_box(Instant::now()))))
}
