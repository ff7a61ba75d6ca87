//! How fast a host is asked.
use std::time::Duration;

use patterns_core::rate_limit::{AcquireError, KeyedRateLimiter, Quota};
use tokio::time::Instant;

use super::FetchError;
use super::authority::Authority;

/// Turns per host: evenly spaced, first come, first served.
#[derive(Debug)]
pub(super) struct Pace {
    hosts: KeyedRateLimiter<Authority>,
    spacing: Duration,
}

impl Pace {
    // ANCHOR: new
    /// `rate` requests per second; 0 for no limit.
    pub(super) fn new(rate: f64) -> Self {
        let quota = if rate > 0.0 {
            // A timer's grain is a millisecond: a rate beyond that takes two such at once.
            let burst = (rate / 500.0).ceil() as u32;
            Quota::one_per(Duration::from_secs_f64(1.0 / rate).max(Duration::from_nanos(1))).burst(burst)
        } else {
            // More at once than there will ever be, but a host can still be paused or slowed down.
            Quota::one_per(Duration::from_nanos(1)).burst(u32::MAX)
        };
        // Hosts at rest are forgotten; those in use are no more than there are tasks.
        Self { hosts: KeyedRateLimiter::new(quota).max_keys(usize::MAX), spacing: quota.spacing() }
    }
    // ANCHOR_END: new

    /// Waits for this host's next turn.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub(super) async fn turn(&self, host: &Authority) -> Result<(), FetchError> {
        self.hosts.acquire(host).await.map_err(|error| match error {
            AcquireError::Interrupted(interrupt) => interrupt.into(),
            // Nothing else can be, with single units and no limit of hosts; but if it were, it is said.
            other => FetchError::Protocol(other.to_string()),
        })
    }

    /// Gives no turn at this host before `until`.
    pub(super) fn pause_until(&self, host: &Authority, until: Instant) {
        // It only fails at the limit of hosts, and there is none.
        let _ = self.hosts.pause_until(host, until);
    }

    /// Spaces the turns at this host by `spacing` at least, from its last one on.
    pub(super) fn slow_down(&self, host: &Authority, spacing: Duration) {
        if spacing > self.spacing {
            // It only fails at the limit of hosts, and there is none.
            let _ = self.hosts.set_quota(host, Quota::one_per(spacing));
            self.pause_until(host, Instant::now() + spacing);
        }
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    fn host(name: &str) -> Authority {
        Authority::of(&Url::parse(&format!("http://{name}/")).unwrap())
    }

    /// When each of the next turns comes, in milliseconds from now.
    async fn turns(pace: &Pace, host: &Authority, count: usize) -> Vec<u128> {
        let start = Instant::now();
        let mut turns = Vec::new();
        for _ in 0..count {
            pace.turn(host).await.unwrap();
            turns.push(start.elapsed().as_millis());
        }
        turns
    }

    #[tokio::test(start_paused = true)]
    async fn turns_are_evenly_spaced_per_host() {
        let pace = Pace::new(2.5);
        assert_eq!(turns(&pace, &host("a.example"), 3).await, [0, 400, 800]);
        assert_eq!(turns(&pace, &host("b.example"), 2).await, [0, 400]);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_rate_nobody_waits_except_at_a_host_that_asked_for_it() {
        let pace = Pace::new(0.0);
        let slow = host("slow.example");
        assert_eq!(turns(&pace, &slow, 1000).await, [0; 1000]);
        // Each of those is worth a nanosecond of the limiter's time; let it pass.
        tokio::time::advance(Duration::from_millis(1)).await;
        pace.slow_down(&slow, Duration::from_secs(2));
        assert_eq!(turns(&pace, &slow, 3).await, [2000, 4000, 6000]);
        pace.pause_until(&slow, Instant::now() + Duration::from_secs(30));
        assert_eq!(turns(&pace, &slow, 1).await, [30_000]);
        assert_eq!(turns(&pace, &host("quick.example"), 1000).await, [0; 1000]);
    }

    #[tokio::test(start_paused = true)]
    async fn of_two_spacings_the_longer_one_counts() {
        let pace = Pace::new(1.0);
        let host = host("a.example");
        pace.slow_down(&host, Duration::from_millis(10));
        assert_eq!(turns(&pace, &host, 2).await, [0, 1000]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_rate_beyond_the_grain_of_timers_is_reached_and_kept() {
        let host = host("a.example");
        let last = *turns(&Pace::new(20_000.0), &host, 20_000).await.last().unwrap();
        assert!((990..=1000).contains(&last), "{last}");
        assert_eq!(turns(&Pace::new(f64::MAX), &host, 3).await, [0, 0, 0]);
    }
}
