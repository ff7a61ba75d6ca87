use std::fmt;
use std::pin::pin;
use std::time::Duration;

use tokio::task::coop::unconstrained;
use tokio::time::Instant;

use crate::context::{self, Context};

/// The limit of this very [`timeout`] passed; never an outer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed {
    limit: Duration,
    deadline: Instant,
}

impl Elapsed {
    pub(crate) fn new(limit: Duration, deadline: Instant) -> Self {
        Self { limit, deadline }
    }

    /// How long the work was allowed to take.
    #[must_use]
    pub fn limit(&self) -> Duration {
        self.limit
    }

    /// The instant at which the limit passed.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.deadline
    }
}

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not finished within {:?}", self.limit)
    }
}

impl std::error::Error for Elapsed {}

/// Runs `fut` for at most `limit`, and makes that the ambient deadline of everything in it.
///
/// Nested limits only ever get shorter: where an enclosing deadline comes first, whoever set it ends the work, so
/// [`Elapsed`] always means *this* limit. Where nobody does (it was only announced, or this is the cleanup after it),
/// this limit is kept all the same.
/// At the deadline `fut` is dropped; a [`TaskGroup`](crate::task_group::TaskGroup) in it then has its
/// children asked to stop and adopted, so that their cleanup still finishes.
///
/// However, nothing pre-empts code that doesn't await: `fut` may overrun by as long as it blocks.
/// A result that is ready when the overrun is noticed is returned, not thrown away.
///
/// # Comparison to `tokio::time::timeout`
///
/// 1. The deadline is visible inside ([`context::deadline`]), so a retry starts no attempt that
///    can't fit.
/// 2. An outer timeout that fires first is never reported as an inner one.
///
/// # Errors
///
/// [`Elapsed`] when `limit` passed first.
///
/// # Panics
///
/// Outside of a tokio runtime with time enabled.
///
/// # Cancel safety
///
/// Cancel safe if `fut` is: dropping this drops `fut`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use patterns_core::cancel::timeout;
/// use patterns_core::context;
/// use tokio::time::sleep;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let quick = timeout(Duration::from_secs(2), async {
///     sleep(Duration::from_millis(500)).await;
///     context::remaining()
/// });
/// assert_eq!(quick.await, Ok(Some(Duration::from_millis(1500))));
///
/// let slow = timeout(Duration::from_secs(2), sleep(Duration::from_secs(3)));
/// assert_eq!(slow.await.unwrap_err().limit(), Duration::from_secs(2));
/// # }
/// ```
pub async fn timeout<F: Future>(limit: Duration, fut: F) -> Result<F::Output, Elapsed> {
    run(context::far_future_or(Instant::now().checked_add(limit)), limit, fut).await
}

/// [`timeout`], until an instant instead of for a duration: for several steps that share one limit.
///
/// # Errors
///
/// [`Elapsed`] when `deadline` passed first.
///
/// # Panics
///
/// As [`timeout`] does.
///
/// # Cancel safety
///
/// Cancel safe if `fut` is: dropping this drops `fut`.
///
/// # Examples
///
/// ```
/// use patterns_core::cancel::timeout_at;
/// use std::time::Duration;
/// use tokio::time::{Instant, sleep};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let deadline = Instant::now() + Duration::from_secs(3);
/// assert!(timeout_at(deadline, sleep(Duration::from_secs(2))).await.is_ok());
/// // The second step has but one second left.
/// let elapsed = timeout_at(deadline, sleep(Duration::from_secs(2))).await.unwrap_err();
/// assert_eq!((elapsed.limit(), elapsed.deadline()), (Duration::from_secs(1), deadline));
/// # }
/// ```
pub async fn timeout_at<F: Future>(deadline: Instant, fut: F) -> Result<F::Output, Elapsed> {
    run(deadline, deadline.saturating_duration_since(Instant::now()), fut).await
}

/// [`timeout`] for work that may be given up: `None` where the limit passed.
///
/// # Panics
///
/// As [`timeout`] does.
///
/// # Cancel safety
///
/// Cancel safe if `fut` is: dropping this drops `fut`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use patterns_core::cancel::move_on_after;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// assert_eq!(move_on_after(Duration::from_secs(1), async { 7 }).await, Some(7));
/// assert_eq!(move_on_after(Duration::from_secs(1), std::future::pending::<u8>()).await, None);
/// # }
/// ```
pub async fn move_on_after<F: Future>(limit: Duration, fut: F) -> Option<F::Output> {
    timeout(limit, fut).await.ok()
}

async fn run<F: Future>(deadline: Instant, limit: Duration, fut: F) -> Result<F::Output, Elapsed> {
    let outer = Context::current();
    let ours = outer.deadline().is_none_or(|outer| deadline < outer);
    let mut fut = pin!(outer.with_deadline(deadline).scope(fut));
    let passed = async {
        tokio::time::sleep_until(deadline).await;
        if !ours {
            // Whoever set the enclosing deadline has the first word, if it is still there.
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        value = &mut fut => Ok(value),
        // Its clock must be looked at also where `fut` has used up the budget, at every poll perhaps.
        () = unconstrained(passed) => Err(Elapsed { limit, deadline }),
    }
}
