use std::time::Duration;

/// How many units in how much time, and how many at once.
///
/// The distance between units is rounded up to whole nanoseconds: never above the quota, and below it by
/// less than one part in a million for up to 1,000 units per second.
///
/// # Defaults
///
/// - burst: 1, so that units come evenly spaced. (governor's default is a whole period's worth, which
///   doubles the first period.)
///
/// # Examples
///
/// ```
/// use patterns_core::rate_limit::Quota;
/// use std::time::Duration;
///
/// let quota = Quota::per_minute(120).burst(10);
/// assert_eq!(quota.spacing(), Duration::from_millis(500));
/// assert_eq!(quota.max_burst(), 10);
/// assert_eq!(Quota::one_per(Duration::from_secs(5)), Quota::per(12, Duration::from_secs(60)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Quota {
    /// Nanoseconds per unit.
    spacing: u64,
    burst: u32,
}

/// A full bucket may take a hundred years to empty, so that sums of instants can't overflow.
const LONGEST: u64 = 100 * 365 * 86_400 * 1_000_000_000;

impl Quota {
    /// `n` units per second.
    ///
    /// # Panics
    ///
    /// Where `n` is zero.
    #[must_use]
    pub const fn per_second(n: u32) -> Self {
        Self::per(n, Duration::from_secs(1))
    }

    /// `n` units per minute.
    ///
    /// # Panics
    ///
    /// Where `n` is zero.
    #[must_use]
    pub const fn per_minute(n: u32) -> Self {
        Self::per(n, Duration::from_secs(60))
    }

    /// One unit per `period`: what a crawl delay says.
    ///
    /// # Panics
    ///
    /// Where `period` is zero or longer than a hundred years.
    #[must_use]
    pub const fn one_per(period: Duration) -> Self {
        Self::per(1, period)
    }

    /// `n` units per `period`.
    ///
    /// # Panics
    ///
    /// Where `n` or `period` is zero, or a unit would come less than once in a hundred years.
    #[must_use]
    pub const fn per(n: u32, period: Duration) -> Self {
        assert!(n > 0, "a quota must admit at least 1 unit");
        assert!(!period.is_zero(), "a quota's period must not be zero");
        let spacing = period.as_nanos().div_ceil(n as u128);
        assert!(spacing <= LONGEST as u128, "a quota must admit a unit within a hundred years");
        #[allow(clippy::cast_possible_truncation, reason = "checked above")]
        let spacing = spacing as u64;
        Self { spacing, burst: 1 }
    }

    /// At most `n` units at once, after as much time without any; also the most that
    /// [`acquire_many`](super::RateLimiter::acquire_many) can ask for.
    ///
    /// # Panics
    ///
    /// Where `n` is zero, or so many units would take more than a hundred years.
    #[must_use]
    pub const fn burst(mut self, n: u32) -> Self {
        assert!(n > 0, "a quota's burst must be at least 1");
        assert!(self.spacing.saturating_mul(n as u64) <= LONGEST, "a quota's burst is over a hundred years' worth");
        self.burst = n;
        self
    }

    /// The time from one unit to the next once the burst is used up.
    #[must_use]
    pub const fn spacing(&self) -> Duration {
        Duration::from_nanos(self.spacing)
    }

    /// The most units at once.
    #[must_use]
    pub const fn max_burst(&self) -> u32 {
        self.burst
    }

    pub(super) const fn spacing_nanos(self) -> u64 {
        self.spacing
    }

    /// The time in which a whole burst comes back, in nanoseconds.
    pub(super) const fn capacity_nanos(self) -> u64 {
        self.spacing * self.burst as u64
    }
}
