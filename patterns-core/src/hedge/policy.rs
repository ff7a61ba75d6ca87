use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use super::latencies::Latencies;
use crate::retry::RetryBudget;

/// A policy that starts another attempt when the first has not answered after a delay; the first success wins.
///
/// The delay is [fixed](Self::after), or a [percentile](Self::percentile) of how long recent calls took. Each
/// further attempt starts a delay after the one before. The [module](super) says when none is started, and why.
///
/// The losers are owned: [`run`](Self::run) runs each attempt as a child of a
/// [`TaskGroup`](crate::task_group::TaskGroup), under a cancel token of its own below the caller's. Once there is
/// an answer, the others are asked to stop and handed over to the enclosing group or root, which waits for
/// their cleanup; after the [grace](Self::grace) they are aborted and named. The answer doesn't wait for that.
/// The same happens to all attempts when the call itself is dropped. For attempts that borrow there is
/// [`run_borrowing`](Self::run_borrowing), which drops them instead.
///
/// Clones are the same policy: they share the latencies and the counts.
///
/// # Comparison to tower's `hedge` and Polly's hedging
///
/// 1. The losers are asked to stop and awaited; those drop them, so that nothing after their await runs.
/// 2. Hedges take tokens of the [budget](Self::budget) that retries take theirs of.
/// 3. An attempt that the deadline leaves no time for is not started.
/// 4. The error has every attempt, and a panic is one of them.
///
/// # Defaults
///
/// - at most 2 attempts
/// - a grace of 5 s for losers
/// - no budget
///
/// # Examples
///
/// ```
/// use patterns_core::context;
/// use patterns_core::hedge::Hedge;
/// use std::time::Duration;
/// use tokio::time::Instant;
///
/// async fn fetch(replica: u32) -> Result<&'static str, context::Interrupt> {
///     // The first replica has a bad day.
///     let slow = replica == 1;
///     context::sleep(Duration::from_millis(if slow { 2_000 } else { 20 })).await?;
///     Ok("page")
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let hedge = Hedge::after(Duration::from_millis(50));
/// let start = Instant::now();
/// assert_eq!(hedge.run(fetch).await.unwrap(), "page");
/// assert_eq!(start.elapsed(), Duration::from_millis(70));
/// assert_eq!((hedge.status().hedges, hedge.status().hedge_wins), (1, 1));
///
/// // A failure is not hedged.
/// let error = hedge.run(async |_| Err::<(), _>("not found")).await.unwrap_err();
/// assert_eq!(error.attempts().len(), 1);
/// assert_eq!(error.into_inner(), Some("not found"));
/// # }
/// ```
#[derive(Clone)]
pub struct Hedge {
    pub(super) delay: Delay,
    pub(super) max_attempts: u32,
    pub(super) budget: Option<RetryBudget>,
    pub(super) grace: Duration,
    pub(super) shared: Arc<Shared>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Delay {
    Fixed(Duration),
    Percentile { per_mille: usize, initial: Duration },
}

/// What the clones of a policy share.
pub(super) struct Shared {
    pub(super) latencies: Mutex<Latencies>,
    pub(super) calls: AtomicU64,
    pub(super) hedges: AtomicU64,
    pub(super) hedge_wins: AtomicU64,
    pub(super) refused: AtomicU64,
}

/// What a policy has done so far, and the delay that the next call would have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// The delay before another attempt.
    pub delay: Duration,
    /// Calls that started an attempt.
    pub calls: u64,
    /// Attempts that were started besides the first of a call.
    pub hedges: u64,
    /// Calls that were won by such an attempt.
    pub hedge_wins: u64,
    /// Attempts that were not started, as the budget had no token.
    pub refused: u64,
}

/// Timers don't resolve less.
const SHORTEST: Duration = Duration::from_millis(1);
const GRACE: Duration = Duration::from_secs(5);

impl Hedge {
    /// Another attempt `delay` after the last one was started.
    #[must_use]
    pub fn after(delay: Duration) -> Self {
        Self::new(Delay::Fixed(delay))
    }

    /// Another attempt when the last has taken longer than this fraction of recent calls: 0.95 hedges about one
    /// call in twenty.
    ///
    /// The latest 128 calls that succeeded count, each with the time from its first attempt to its answer; a call
    /// that a hedge has shortened is among the slow ones all the same, so hedging doesn't drive its own delay
    /// down. Until 16 are known the delay is `initial`. It is never below 1 ms, the resolution of timers.
    /// Accurate to a thousandth.
    ///
    /// # Panics
    ///
    /// Where `percentile` is not between 0.001 and 0.999.
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::context;
    /// use patterns_core::hedge::Hedge;
    /// use std::time::Duration;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let hedge = Hedge::percentile(0.9, Duration::from_secs(1));
    /// assert_eq!(hedge.status().delay, Duration::from_secs(1));
    /// for millis in 1..=100 {
    ///     hedge.run(move |_| context::sleep(Duration::from_millis(millis))).await.unwrap();
    /// }
    /// assert_eq!(hedge.status().delay, Duration::from_millis(90));
    /// # }
    /// ```
    #[must_use]
    pub fn percentile(percentile: f64, initial: Duration) -> Self {
        assert!(
            (0.001..=0.999).contains(&percentile),
            "a hedge's percentile must be between 0.001 and 0.999, not {percentile}"
        );
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
        let per_mille = (percentile * 1_000.0).round() as usize;
        Self::new(Delay::Percentile { per_mille, initial })
    }

    fn new(delay: Delay) -> Self {
        let shared = Shared {
            latencies: Mutex::new(Latencies::new()),
            calls: AtomicU64::new(0),
            hedges: AtomicU64::new(0),
            hedge_wins: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        };
        Self { delay, max_attempts: 2, budget: None, grace: GRACE, shared: Arc::new(shared) }
    }

    /// At most this many attempts per call, the first included.
    ///
    /// # Panics
    ///
    /// Where it is zero.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        assert!(attempts > 0, "a hedge needs at least 1 attempt");
        self.max_attempts = attempts;
        self
    }

    /// Takes a token of this budget for each attempt besides the first of a call, and starts none without; a
    /// success puts back what one is worth. Share it with the retries of the same server.
    #[must_use]
    pub fn budget(mut self, budget: RetryBudget) -> Self {
        self.budget = Some(budget);
        self
    }

    /// How long a loser that was asked to stop may go on before it is aborted. Zero aborts at once: no async
    /// cleanup then.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// The delay of the next call, and what was done so far.
    #[must_use]
    pub fn status(&self) -> Status {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Status {
            delay: self.next_delay(),
            calls: count(&self.shared.calls),
            hedges: count(&self.shared.hedges),
            hedge_wins: count(&self.shared.hedge_wins),
            refused: count(&self.shared.refused),
        }
    }

    pub(super) fn next_delay(&self) -> Duration {
        match self.delay {
            Delay::Fixed(delay) => delay,
            Delay::Percentile { per_mille, initial } => {
                let known = self.shared.latencies.lock().percentile(per_mille);
                known.map_or(initial, |delay| delay.max(SHORTEST))
            }
        }
    }

    /// What half of the calls take; zero where that is not known.
    pub(super) fn typical_latency(&self) -> Duration {
        self.shared.latencies.lock().percentile(500).unwrap_or(Duration::ZERO)
    }
}

impl fmt::Debug for Hedge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hedge")
            .field("delay", &self.delay)
            .field("max_attempts", &self.max_attempts)
            .field("budget", &self.budget)
            .field("grace", &self.grace)
            .field("status", &self.status())
            .finish()
    }
}
