use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::core::{Config, Listener};
use super::window::Span;
use super::{BuildError, Change, CircuitBreaker};

/// What a call says about the other side that is dropped before its end, or returns an error after the ambient token
/// was cancelled or the ambient deadline passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnCancel {
    /// Nothing: the caller gave up, for reasons of its own.
    #[default]
    Ignore,
    /// It failed: where callers only ever give up because the other side does not answer.
    Failure,
}

/// Builds a [`CircuitBreaker`]. Made by [`CircuitBreaker::builder`].
///
/// # Defaults
///
/// - opens when half of the last 100 calls failed, of at least 20
/// - no number of consecutive failures, and no slowness, opens it
/// - open for 5 s, then twice as long each time it opens again, up to 2 min, each with up to 10 % on top
/// - 3 probes, all of which must succeed, each within 30 s
/// - calls that are dropped are ignored
///
/// # Examples
///
/// ```
/// use patterns_core::circuit_breaker::{BuildError, CircuitBreaker};
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), BuildError> {
/// let breaker = CircuitBreaker::builder("search")
///     .window_time(Duration::from_secs(30))
///     .failure_rate(0.25)
///     .slow_calls(Duration::from_secs(2), 0.8)
///     .build()?;
/// assert_eq!(breaker.status().calls, 0);
/// assert_eq!(CircuitBreaker::builder("search").probes(0).build().unwrap_err(), BuildError::Zero("probes"));
/// # Ok(()) }
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct Builder(Config);

impl Builder {
    pub(super) fn new(name: Cow<'static, str>) -> Self {
        Self(Config {
            name,
            span: Span::Calls(100),
            min_calls: 20,
            failure_rate: 0.5,
            consecutive: None,
            slow: None,
            open_for: Duration::from_secs(5),
            max_open: Duration::from_secs(120),
            jitter: 0.1,
            probes: 3,
            probe_limit: Duration::from_secs(30),
            on_cancel: OnCancel::Ignore,
            listener: None,
        })
    }

    /// Judges by the last so many calls.
    pub fn window_calls(mut self, calls: usize) -> Self {
        self.0.span = Span::Calls(calls);
        self
    }

    /// Judges by the calls that ended in the last stretch of time of this length, to a tenth of it. Each call then reads the clock
    /// once.
    pub fn window_time(mut self, time: Duration) -> Self {
        self.0.span = Span::Time(time);
        self
    }

    /// Gives no verdict on fewer calls than this.
    pub fn min_calls(mut self, calls: usize) -> Self {
        self.0.min_calls = calls;
        self
    }

    /// Opens when this share of the calls in the window failed.
    pub fn failure_rate(mut self, share: f64) -> Self {
        self.0.failure_rate = share;
        self
    }

    /// Opens also after so many failures in a row, however few calls there were.
    pub fn consecutive_failures(mut self, failures: u32) -> Self {
        self.0.consecutive = Some(failures);
        self
    }

    /// Opens also when this share of the calls in the window took longer than `limit`. Each call then reads the clock
    /// twice.
    pub fn slow_calls(mut self, limit: Duration, share: f64) -> Self {
        self.0.slow = Some((limit, share));
        self
    }

    /// How long it stays open at first.
    pub fn open_for(mut self, time: Duration) -> Self {
        self.0.open_for = time;
        self
    }

    /// How long it stays open at most, without the jitter: the time doubles each time it opens again without having closed.
    pub fn max_open(mut self, time: Duration) -> Self {
        self.0.max_open = time;
        self
    }

    /// Up to this share of the time is added to it, so that many callers don't probe at the same moment.
    pub fn jitter(mut self, share: f64) -> Self {
        self.0.jitter = share;
        self
    }

    /// How many calls are let through when it is half open; all must succeed for it to close.
    pub fn probes(mut self, probes: u32) -> Self {
        self.0.probes = probes;
        self
    }

    /// A probe that has not ended after this time has failed, though nobody ends it: put a timeout into the call for that.
    pub fn probe_limit(mut self, limit: Duration) -> Self {
        self.0.probe_limit = limit;
        self
    }

    /// What a call that is dropped before its end says.
    pub fn on_cancel(mut self, on_cancel: OnCancel) -> Self {
        self.0.on_cancel = on_cancel;
        self
    }

    /// Is told of each change of state, under no lock, by whoever's call brought it about. A panic in it is logged
    /// and goes no further.
    pub fn on_change(mut self, listener: impl Fn(&Change) + Send + Sync + 'static) -> Self {
        self.0.listener = Some(Arc::new(listener) as Listener);
        self
    }

    /// Builds the breaker.
    ///
    /// # Errors
    ///
    /// - [`BuildError::Zero`]: the window, the number of calls for a verdict, of failures in a row, of probes, or the
    ///   time to be open is zero.
    /// - [`BuildError::NoShare`]: a share is not more than 0 and at most 1 (the jitter may be 0).
    /// - [`BuildError::WindowTooSmall`]: more calls are needed for a verdict than the window holds.
    pub fn build(self) -> Result<CircuitBreaker, BuildError> {
        let config = self.0;
        let share = |name, value: f64| match value > 0.0 && value <= 1.0 {
            true => Ok(()),
            false => Err(BuildError::NoShare { name, value: value.to_string() }),
        };
        let not_zero = |name, zero: bool| if zero { Err(BuildError::Zero(name)) } else { Ok(()) };
        match config.span {
            Span::Calls(calls) => {
                not_zero("window", calls == 0)?;
                if calls < config.min_calls {
                    return Err(BuildError::WindowTooSmall { window: calls, min_calls: config.min_calls });
                }
            }
            Span::Time(time) => not_zero("window", time.is_zero())?,
        }
        not_zero("minimum of calls", config.min_calls == 0)?;
        not_zero("consecutive failures", config.consecutive == Some(0))?;
        not_zero("probes", config.probes == 0)?;
        not_zero("open time", config.open_for.is_zero())?;
        not_zero("probe limit", config.probe_limit.is_zero())?;
        share("failure rate", config.failure_rate)?;
        if let Some((_, rate)) = config.slow {
            share("rate of slow calls", rate)?;
        }
        if config.jitter != 0.0 {
            share("jitter", config.jitter)?;
        }
        Ok(CircuitBreaker::from_config(config))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
