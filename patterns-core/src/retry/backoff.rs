use std::time::Duration;

/// How long to wait before each further attempt: any iterator of durations that can be cloned.
///
/// Each run of a [`Retry`](super::Retry) takes a clone from the start. When the iterator ends, so do
/// the attempts. Implemented for all such iterators; there is nothing else to implement.
///
/// # Examples
///
/// ```
/// use patterns_core::retry::{Backoff, Exponential, Retry};
/// use std::time::Duration;
///
/// fn is_backoff(_: impl Backoff) {}
///
/// is_backoff(Exponential::new(Duration::from_millis(100)).factor(1.5));
/// is_backoff([1, 1, 2, 3, 5].map(Duration::from_secs).into_iter());
/// is_backoff((1..).map(Duration::from_secs));
/// ```
pub trait Backoff: Iterator<Item = Duration> + Clone {}

impl<I: Iterator<Item = Duration> + Clone> Backoff for I {}

/// The same delay for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fixed(Duration);

impl Fixed {
    /// Always `delay`.
    #[must_use]
    pub const fn new(delay: Duration) -> Self {
        Self(delay)
    }
}

impl Iterator for Fixed {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        Some(self.0)
    }
}

/// Delays that grow by a factor each time, for ever: `base`, `base * factor`, `base * factor^2`, ...
///
/// What would overflow stays at [`Duration::MAX`]; [`Retry::max_delay`](super::Retry::max_delay) cuts
/// them off long before.
///
/// # Defaults
///
/// - factor: 2
///
/// # Examples
///
/// ```
/// use patterns_core::retry::Exponential;
/// use std::time::Duration;
///
/// let delays: Vec<_> = Exponential::new(Duration::from_millis(100)).take(4).collect();
/// assert_eq!(delays, [100, 200, 400, 800].map(Duration::from_millis));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exponential {
    next: Duration,
    factor: f64,
}

impl Exponential {
    /// From `base` on, doubling.
    #[must_use]
    pub const fn new(base: Duration) -> Self {
        Self { next: base, factor: 2.0 }
    }

    /// Grows by this factor each time.
    ///
    /// # Panics
    ///
    /// Where it is less than 1 or not finite.
    #[must_use]
    pub fn factor(mut self, factor: f64) -> Self {
        assert!(factor >= 1.0 && factor.is_finite(), "a backoff's factor must be at least 1, not {factor}");
        self.factor = factor;
        self
    }
}

impl Iterator for Exponential {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let delay = self.next;
        let grown = delay.as_secs_f64() * self.factor;
        self.next = Duration::try_from_secs_f64(grown).unwrap_or(Duration::MAX);
        Some(delay)
    }
}
