use std::time::Duration;

use patterns_core::rate_limit::Quota;
use serde::{Deserialize, Serialize};

/// How often jobs with the same key are started: a [`Quota`], as a configuration file holds it.
///
/// # Defaults
///
/// One start per second, one at a time.
///
/// # Examples
///
/// ```
/// use actors::worker_pool::KeyRate;
/// use std::time::Duration;
///
/// let rate: KeyRate = serde_json::from_str(r#"{ "starts": 30, "per": "1m", "burst": 5 }"#).unwrap();
/// assert_eq!(rate, KeyRate::new(30, Duration::from_secs(60)).burst(5));
/// assert!(serde_json::from_str::<KeyRate>(r#"{ "start": 30 }"#).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct KeyRate {
    /// How many starts; at least 1.
    pub starts: u32,
    /// In how much time; from 1 ns to a year.
    #[serde(with = "patterns_core::settings::duration")]
    pub per: Duration,
    /// How many of them at once, after as much time without any; at least 1, and within a hundred years.
    pub burst: u32,
}

impl KeyRate {
    /// So many starts in so much time, evenly spaced.
    #[must_use]
    pub const fn new(starts: u32, per: Duration) -> Self {
        Self { starts, per, burst: 1 }
    }

    /// So many starts per second, evenly spaced.
    #[must_use]
    pub const fn per_second(starts: u32) -> Self {
        Self::new(starts, Duration::from_secs(1))
    }

    /// So many starts at once, after as much time without any.
    #[must_use]
    pub const fn burst(mut self, burst: u32) -> Self {
        self.burst = burst;
        self
    }

    /// What makes no sense about it.
    pub(super) fn problem(&self) -> Option<(&'static str, &'static str)> {
        const YEAR: Duration = Duration::from_secs(365 * 86_400);
        if self.starts == 0 {
            return Some(("rate.starts", "must be at least 1"));
        }
        if self.per.is_zero() || self.per > YEAR {
            return Some(("rate.per", "must be from 1 ns to a year"));
        }
        let spacing = self.per.as_nanos().div_ceil(u128::from(self.starts));
        let whole = spacing * u128::from(self.burst);
        if self.burst == 0 || whole > 100 * YEAR.as_nanos() {
            return Some(("rate.burst", "must be at least 1, and within a hundred years"));
        }
        None
    }

    /// For numbers that make sense.
    pub(super) fn quota(&self) -> Quota {
        Quota::per(self.starts, self.per).burst(self.burst)
    }
}

impl Default for KeyRate {
    fn default() -> Self {
        Self::per_second(1)
    }
}
