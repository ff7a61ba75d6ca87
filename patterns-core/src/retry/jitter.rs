use std::time::Duration;

use rand::RngExt;
use rand::rngs::SmallRng;

/// How a delay is made random, so that callers who failed together don't come back together.
///
/// The first three are those of Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog,
/// 2015. `d` is the backoff's next delay, already cut to [`max_delay`](super::Retry::max_delay).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Jitter {
    /// Exactly `d`.
    None,
    /// Between 0 and `d`: spreads best, and waits half as long on average.
    #[default]
    Full,
    /// Between `d / 2` and `d`: never at once.
    Equal,
    /// Between the backoff's first delay and three times the last delay, at most `max_delay`. It grows
    /// by itself; of the backoff only its first delay and its length count.
    Decorrelated,
}

/// Where one run of a policy is in its delays.
pub(super) struct Jittered {
    rng: SmallRng,
    first: Option<Duration>,
    last: Duration,
}

impl Jittered {
    pub(super) fn new(rng: SmallRng) -> Self {
        Self { rng, first: None, last: Duration::ZERO }
    }

    /// The delay to sleep where the backoff says `delay`.
    pub(super) fn next(&mut self, jitter: Jitter, delay: Duration, max: Duration) -> Duration {
        let delay = delay.min(max);
        let first = *self.first.get_or_insert_with(|| {
            self.last = delay;
            delay
        });
        let slept = match jitter {
            Jitter::None => delay,
            Jitter::Full => self.between(Duration::ZERO, delay),
            Jitter::Equal => self.between(delay / 2, delay),
            Jitter::Decorrelated => self.between(first, self.last.saturating_mul(3)).min(max),
        };
        self.last = slept;
        slept
    }

    fn between(&mut self, low: Duration, high: Duration) -> Duration {
        let spread = u64::try_from(high.saturating_sub(low).as_nanos()).unwrap_or(u64::MAX);
        low.saturating_add(Duration::from_nanos(self.rng.random_range(0..=spread)))
    }
}
