use std::fmt;
use std::time::Duration;

use super::classify::{RetryAll, RetryIf};
use super::{Backoff, Exponential, Fixed, Jitter, RetryBudget, Verdict};

/// A policy for trying again: how often, after which delays, which errors, and until when.
///
/// Reusable and cheap to clone. A call that succeeds at once costs a few nanoseconds: nothing is
/// allocated, and without an ambient deadline no clock is read before the first wait or failure.
///
/// What ends the attempts, whichever comes first: success, an error that is not worth it, the number of
/// attempts, the ambient deadline or token, [`max_elapsed`](Self::max_elapsed), the
/// [budget](Self::budget), the end of the [`Backoff`]. The [`RetryError`](super::RetryError) says which.
///
/// A running attempt is never cut short: limit it with [`timeout`](crate::cancel::timeout) inside the
/// operation, or all together with one around [`run`](Self::run).
///
/// # Comparison to `backon` and `tokio-retry2`
///
/// 1. They know nothing of a deadline, and sleep past it.
/// 2. [`max_elapsed`](Self::max_elapsed) is time on the clock. backon's total delay sums up the sleeps
///    alone, so 5 s of it with attempts of 10 s run 65 s.
/// 3. The error keeps the log of attempts; a budget can be shared.
/// 4. Time is tokio's: it works under a paused clock.
///
/// # Defaults
///
/// - at most 3 attempts, the first included
/// - delays of at most 30 s
/// - [`Jitter::Full`] for [`exponential`](Self::exponential), [`Jitter::None`] for the others
/// - every error is retried; no budget, no limit of elapsed time
///
/// # Examples
///
/// ```
/// use patterns_core::retry::{Retry, StopReason, Verdict};
/// use std::sync::atomic::{AtomicU32, Ordering};
/// use std::time::Duration;
///
/// #[derive(Debug)]
/// enum FetchError { Busy { retry_after: Duration }, Reset, NotFound }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let retry = Retry::exponential(Duration::from_millis(100)).max_attempts(5).classify(|error: &FetchError| {
///     match error {
///         FetchError::Busy { retry_after } => Verdict::RetryAfter(*retry_after),
///         FetchError::Reset => Verdict::Retry,
///         FetchError::NotFound => Verdict::Stop,
///     }
/// });
///
/// let calls = AtomicU32::new(0);
/// let page = retry
///     .run(async || match calls.fetch_add(1, Ordering::Relaxed) {
///         0 => Err(FetchError::Reset),
///         1 => Err(FetchError::Busy { retry_after: Duration::from_secs(2) }),
///         _ => Ok("<html>"),
///     })
///     .await;
/// assert_eq!(page.unwrap(), "<html>");
///
/// let error = retry.run(async || Err::<(), _>(FetchError::NotFound)).await.unwrap_err();
/// assert_eq!(error.attempts(), 1);
/// assert!(matches!(error.reason(), StopReason::NotRetryable));
/// # }
/// ```
#[derive(Clone)]
pub struct Retry<B = Exponential, C = RetryAll> {
    pub(super) backoff: B,
    pub(super) classify: C,
    pub(super) jitter: Jitter,
    pub(super) max_attempts: u32,
    pub(super) max_delay: Duration,
    pub(super) max_elapsed: Option<Duration>,
    pub(super) budget: Option<RetryBudget>,
    pub(super) seed: Option<u64>,
}

impl Retry {
    /// Delays that double, from `base` on, with [`Jitter::Full`].
    #[must_use]
    pub fn exponential(base: Duration) -> Self {
        Self { jitter: Jitter::Full, ..Retry::new(Exponential::new(base)) }
    }
}

impl Retry<Fixed> {
    /// The same delay each time, without jitter.
    #[must_use]
    pub fn fixed(delay: Duration) -> Self {
        Retry::new(Fixed::new(delay))
    }
}

impl<B: Backoff> Retry<B> {
    /// The delays of any [`Backoff`], without jitter. When it ends, so do the attempts.
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::retry::{Retry, StopReason};
    /// use std::time::Duration;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let retry = Retry::new([1, 5, 30].map(Duration::from_secs).into_iter()).max_attempts(u32::MAX);
    /// let error = retry.run(async || Err::<(), _>("down")).await.unwrap_err();
    /// assert_eq!((error.attempts(), error.elapsed()), (4, Duration::from_secs(36)));
    /// assert!(matches!(error.reason(), StopReason::BackoffEnded));
    /// # }
    /// ```
    #[must_use]
    pub fn new(backoff: B) -> Self {
        Self {
            backoff,
            classify: RetryAll,
            jitter: Jitter::None,
            max_attempts: 3,
            max_delay: Duration::from_secs(30),
            max_elapsed: None,
            budget: None,
            seed: None,
        }
    }
}

impl<B, C> Retry<B, C> {
    /// At most this many attempts, the first included.
    ///
    /// # Panics
    ///
    /// Where it is zero.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        assert!(attempts > 0, "a retry needs at least 1 attempt");
        self.max_attempts = attempts;
        self
    }

    /// No delay of the backoff is longer than this. (Longer ones are asked for by
    /// [`Verdict::RetryAfter`] alone.)
    #[must_use]
    pub fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// No attempt begins later than this after the first one did: time on the clock, attempts and delays
    /// together.
    #[must_use]
    pub fn max_elapsed(mut self, elapsed: Duration) -> Self {
        self.max_elapsed = Some(elapsed);
        self
    }

    /// How delays are made random.
    #[must_use]
    pub fn jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = jitter;
        self
    }

    /// Makes the jitter of every run the same sequence, for tests.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Takes a token of this budget for each further attempt.
    #[must_use]
    pub fn budget(mut self, budget: RetryBudget) -> Self {
        self.budget = Some(budget);
        self
    }

    /// Tells errors that are worth another attempt from others, and when.
    #[must_use]
    pub fn classify<E, F: Fn(&E) -> Verdict>(self, classify: F) -> Retry<B, F> {
        self.classify_by(classify)
    }

    /// Retries only errors for which this holds.
    #[must_use]
    pub fn retry_if<E, F: Fn(&E) -> bool>(self, predicate: F) -> Retry<B, RetryIf<F>> {
        self.classify_by(RetryIf(predicate))
    }

    /// [`classify`](Self::classify) by a type of your own, which may know several kinds of errors.
    #[must_use]
    pub fn classify_by<D>(self, classify: D) -> Retry<B, D> {
        self.map_classify(|_| classify)
    }

    /// The same policy with what `f` makes of its classifier.
    pub(crate) fn map_classify<D>(self, f: impl FnOnce(C) -> D) -> Retry<B, D> {
        let Self { backoff, classify, jitter, max_attempts, max_delay, max_elapsed, budget, seed } = self;
        Retry { backoff, classify: f(classify), jitter, max_attempts, max_delay, max_elapsed, budget, seed }
    }
}

impl<B: fmt::Debug, C> fmt::Debug for Retry<B, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry")
            .field("backoff", &self.backoff)
            .field("jitter", &self.jitter)
            .field("max_attempts", &self.max_attempts)
            .field("max_delay", &self.max_delay)
            .field("max_elapsed", &self.max_elapsed)
            .field("budget", &self.budget)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}
