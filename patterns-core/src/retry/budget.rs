use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A bucket of tokens, shared by callers, that limits their retries to a fraction of their successes.
///
/// A retry takes one token, and none is made where there is none; a success puts a fraction of a token
/// back. So while most calls succeed, all failures are retried; when most fail, retries end after the
/// bucket's capacity and stay at the fraction. Clones are the same bucket. Share one among all callers
/// of the same server, and with whatever else sends requests twice.
///
/// # Comparison to a limit of attempts
///
/// With three attempts a server that fails everything gets three times its load, when it can bear it
/// least, and more with retries on several levels. With a budget it gets its load and the fraction.
/// Use both.
///
/// # Defaults
///
/// - per success: a tenth of a token
///
/// # Examples
///
/// ```
/// use patterns_core::retry::{Retry, RetryBudget, StopReason};
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let budget = RetryBudget::new(3);
/// let retry = Retry::fixed(Duration::from_millis(10)).max_attempts(100).budget(budget.clone());
///
/// let error = retry.run(async || Err::<(), _>("down")).await.unwrap_err();
/// assert_eq!(error.attempts(), 4); // the first, and three for the three tokens
/// assert!(matches!(error.reason(), StopReason::BudgetSpent));
///
/// retry.run(async || Ok::<_, &str>(())).await.unwrap();
/// assert_eq!(budget.available(), 0.1);
/// # }
/// ```
///
/// Source: the token bucket of gRPC's retry throttling (gRFC A6), without its threshold at half.
#[derive(Clone)]
pub struct RetryBudget(Arc<Bucket>);

struct Bucket {
    /// In thousandths of a token.
    tokens: AtomicU64,
    capacity: u64,
    per_success: u64,
}

const TOKEN: u64 = 1_000;

impl RetryBudget {
    /// A full bucket of this many tokens, with a tenth of a token back per success.
    #[must_use]
    pub fn new(capacity: u32) -> Self {
        Self::with_ratio(capacity, 0.1)
    }

    /// A full bucket of this many tokens, with `per_success` of a token back per success: retries are at
    /// most this fraction of successes in the long run. Counted in thousandths.
    ///
    /// # Panics
    ///
    /// Where `per_success` is negative or not finite.
    #[must_use]
    pub fn with_ratio(capacity: u32, per_success: f64) -> Self {
        assert!(per_success >= 0.0 && per_success.is_finite(), "a budget's ratio must not be {per_success}");
        let capacity = u64::from(capacity) * TOKEN;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above; saturates")]
        let per_success = (per_success * TOKEN as f64).round() as u64;
        Self(Arc::new(Bucket { tokens: AtomicU64::new(capacity), capacity, per_success }))
    }

    /// Takes a token for a retry; false where there is none.
    #[must_use]
    pub fn try_take(&self) -> bool {
        self.0.tokens.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| now.checked_sub(TOKEN)).is_ok()
    }

    /// Puts back what a success is worth.
    pub fn succeeded(&self) {
        self.put(self.0.per_success);
    }

    /// Tokens that are there now.
    #[must_use]
    pub fn available(&self) -> f64 {
        self.0.tokens.load(Ordering::Relaxed) as f64 / TOKEN as f64
    }

    fn put(&self, tokens: u64) {
        let capacity = self.0.capacity;
        // A full bucket, the usual state, is left alone: callers on many cores don't contend for it.
        let _ = self.0.tokens.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| {
            (now < capacity).then(|| now.saturating_add(tokens).min(capacity))
        });
    }

    /// Takes a token that goes back unless it is [used](Taken::used).
    pub(super) fn take(&self) -> Option<Taken<'_>> {
        self.try_take().then(|| Taken(Some(self)))
    }
}

impl fmt::Debug for RetryBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryBudget")
            .field("available", &self.available())
            .field("capacity", &(self.0.capacity / TOKEN))
            .finish_non_exhaustive()
    }
}

/// A token for a retry that has not begun: a run dropped or interrupted in its delay costs none.
pub(super) struct Taken<'a>(Option<&'a RetryBudget>);

impl Taken<'_> {
    pub(super) fn used(mut self) {
        self.0 = None;
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if let Some(budget) = self.0 {
            budget.put(TOKEN);
        }
    }
}
