use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::core::{Config, Core};
use super::{BreakerError, Builder, Call, Open, State, Status};
use crate::context;

/// Turns calls away while most would fail, and finds out by a few probes when they don't any more.
///
/// Half open, exactly as many calls get in as are needed for a verdict. A call counts in the period in which it began.
/// Callers who give up don't count against the other side ([why](super)). Clones are the same breaker: share it
/// among all who call the same thing.
///
/// However, it knows only of calls that go through it, in this process; and it limits no time: put a
/// [`timeout`](crate::cancel::timeout) inside, whose error is a failure then.
///
/// # Comparison to `failsafe` and `tower-resilience`
///
/// 1. failsafe lets everybody in when it is half open.
/// 2. Time is tokio's: it works under a paused clock.
/// 3. While it is closed a call costs one load and one short lock: no clock, no allocation.
///
/// # Defaults
///
/// Those of the [`Builder`].
///
/// # Examples
///
/// ```
/// use patterns_core::circuit_breaker::{CircuitBreaker, State};
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), Box<dyn std::error::Error>> {
/// let breaker = CircuitBreaker::builder("search").consecutive_failures(2).jitter(0.0).probes(1).build()?;
/// for _ in 0..2 {
///     assert!(breaker.run(async || Err::<(), _>("down")).await.is_err());
/// }
/// // Turned away without a call.
/// let turned_away = breaker.run(async || Ok::<_, &str>("up again")).await.unwrap_err();
/// assert!(turned_away.is_open());
///
/// tokio::time::sleep(Duration::from_secs(5)).await;
/// assert_eq!(breaker.run(async || Ok::<_, &str>("up again")).await.unwrap(), "up again");
/// assert_eq!(breaker.state(), State::Closed);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct CircuitBreaker(Arc<Core>);

impl CircuitBreaker {
    /// One of this name with the defaults.
    ///
    /// # Panics
    ///
    /// Never: the defaults are in order.
    #[must_use]
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self::builder(name).build().expect("the defaults are in order")
    }

    /// Builds one of this name.
    pub fn builder(name: impl Into<Cow<'static, str>>) -> Builder {
        Builder::new(name.into())
    }

    pub(super) fn from_config(config: Config) -> Self {
        Self(Arc::new(Core::new(config)))
    }

    /// Lets a call through, or says why not. For code of another shape than [`run`](Self::run)'s.
    ///
    /// # Errors
    ///
    /// [`Open`]: it is open, or half open with all its probes out.
    #[inline]
    pub fn try_enter(&self) -> Result<Call<'_>, Open> {
        Ok(Call::new(&self.0, self.0.enter()?))
    }

    /// Makes a call if it is let through. Each error counts as a failure.
    ///
    /// # Errors
    ///
    /// - [`BreakerError::Open`]: it was not made.
    /// - [`BreakerError::Inner`]: it was made, and failed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe if the call is: dropping this drops it, which counts as [`OnCancel`](super::OnCancel) says.
    pub async fn run<T, E, Fut>(&self, op: impl FnOnce() -> Fut) -> Result<T, BreakerError<E>>
    where
        Fut: Future<Output = Result<T, E>>,
    {
        self.run_if(op, |_| true).await
    }

    /// [`run`](Self::run), where only errors count as failures for which `is_failure` holds. The others say
    /// nothing about the other side.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe if the call is: dropping this drops it, which counts as [`OnCancel`](super::OnCancel) says.
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::circuit_breaker::{CircuitBreaker, State};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let breaker = CircuitBreaker::builder("search").consecutive_failures(1).build().unwrap();
    /// let not_found = breaker.run_if(async || Err::<(), _>(404), |status| *status >= 500).await;
    /// assert_eq!(not_found.unwrap_err().into_inner(), Some(404));
    /// assert_eq!(breaker.state(), State::Closed);
    /// # }
    /// ```
    pub async fn run_if<T, E, Fut>(
        &self,
        op: impl FnOnce() -> Fut,
        is_failure: impl FnOnce(&E) -> bool,
    ) -> Result<T, BreakerError<E>>
    where
        Fut: Future<Output = Result<T, E>>,
    {
        let call = self.try_enter().map_err(BreakerError::Open)?;
        match op().await {
            Ok(value) => {
                call.success();
                Ok(value)
            }
            Err(error) => {
                if context::is_cancelled() || context::is_late() {
                    // It may have failed only because it was told to stop, or had no time left.
                    drop(call);
                } else if is_failure(&error) {
                    call.failure();
                } else {
                    call.ignore();
                }
                Err(BreakerError::Inner(error))
            }
        }
    }

    /// Turns every call away, until [`force_close`](Self::force_close). For maintenance.
    pub fn force_open(&self) {
        self.0.force(true);
    }

    /// Closes it, with an empty window.
    pub fn force_close(&self) {
        self.0.force(false);
    }

    /// What it does with calls now; see [`Status::state`].
    #[must_use]
    pub fn state(&self) -> State {
        self.status().state
    }

    /// How it is.
    #[must_use]
    pub fn status(&self) -> Status {
        self.0.status()
    }
}

impl fmt::Debug for CircuitBreaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreaker").field("status", &self.status()).finish_non_exhaustive()
    }
}
