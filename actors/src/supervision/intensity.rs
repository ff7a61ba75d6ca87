use std::collections::VecDeque;
use std::time::Duration;

use rand::RngExt;
use tokio::time::Instant;

use super::RestartConfig;

/// Counts the panics of one actor and says what follows.
#[derive(Debug, Default)]
pub(crate) struct Intensity {
    /// The panics that still count, oldest first; never more than `max_restarts`.
    recent: VecDeque<Instant>,
}

/// The actor has failed too often.
#[derive(Debug)]
pub(crate) struct Exhausted;

impl Intensity {
    /// Notes a panic at `now`; returns the pause before the restart.
    pub(crate) fn panicked(&mut self, config: &RestartConfig, now: Instant) -> Result<Duration, Exhausted> {
        while self.recent.front().is_some_and(|at| now.saturating_duration_since(*at) >= config.window) {
            self.recent.pop_front();
        }
        if self.recent.len() >= config.max_restarts as usize {
            return Err(Exhausted);
        }
        let doublings = u32::try_from(self.recent.len()).unwrap_or(u32::MAX).min(31);
        self.recent.push_back(now);
        let pause = config.backoff.saturating_mul(1 << doublings).min(config.max_backoff);
        Ok(pause.mul_f64(1.0 - rand::rng().random_range(0.0..0.5)))
    }
}
