use std::time::Duration;

use patterns_core::retry::Exponential;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::JobId;

/// How often a job is tried, and how long it waits in between: longer each time, up to a limit, and less by a random
/// part, so that jobs that failed together don't come back together.
///
/// # Defaults
///
/// 10 attempts; 1 s after the first, twice as long after each other, at most 1 h; between half of that and all of it.
///
/// # Examples
///
/// ```
/// use actors::jobs::{JobId, Retries};
/// use std::time::Duration;
///
/// let retries = Retries::new(3).delay(Duration::from_secs(10)).longest(Duration::from_secs(15));
/// let id = JobId::of(&["an example"]);
/// let second = retries.after(1, id).unwrap();
/// assert!(Duration::from_secs(5) <= second && second <= Duration::from_secs(10));
/// assert_eq!(retries.after(1, id), Some(second), "the same for the same attempt of the same job");
/// assert!(retries.after(2, id).unwrap() <= Duration::from_secs(15));
/// assert_eq!(retries.after(3, id), None, "the third was the last");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    attempts: u32,
    delay: Duration,
    longest: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self { attempts: 10, delay: Duration::from_secs(1), longest: Duration::from_secs(3600) }
    }
}

impl Retries {
    /// So many attempts in all, at least one.
    #[must_use]
    pub fn new(attempts: u32) -> Self {
        Self { attempts: attempts.max(1), ..Self::default() }
    }

    /// One attempt, and no other.
    #[must_use]
    pub fn never() -> Self {
        Self::new(1)
    }

    /// The longest pause after the first attempt; it doubles with each other.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// No pause is longer than this.
    #[must_use]
    pub fn longest(mut self, longest: Duration) -> Self {
        self.longest = longest;
        self
    }

    /// How long the job waits after this attempt, counted from 1; `None` if it was the last. It is the same wherever it
    /// is asked for.
    #[must_use]
    pub fn after(&self, attempt: u32, job: JobId) -> Option<Duration> {
        if attempt >= self.attempts {
            return None;
        }
        // Of an attempt beyond this all pauses are the longest.
        let nth = usize::try_from(attempt.saturating_sub(1).min(64)).unwrap_or(0);
        let pause = Exponential::new(self.delay).nth(nth).unwrap_or(self.longest).min(self.longest);
        let mut rng = SmallRng::seed_from_u64(job.seed() ^ u64::from(attempt));
        let (half, spread) = (pause / 2, u64::try_from((pause - pause / 2).as_nanos()).unwrap_or(u64::MAX));
        Some(half.saturating_add(Duration::from_nanos(rng.random_range(0..=spread))))
    }
}
