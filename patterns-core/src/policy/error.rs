use std::error::Error;
use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use super::{PolicyCause, WaitedFor};
use crate::context::{self, Interrupt};
use crate::fallback::{AsError, Boxed};
use crate::outcome::BoxError;
use crate::retry::{Attempt, RetryError, StopReason};

/// A call under a [`Policy`](super::Policy) failed: the [cause](PolicyCause), and where there was a retry, what it did.
///
/// # Examples
///
/// ```
/// use patterns_core::policy::{Policy, PolicyCause};
/// use patterns_core::retry::Retry;
/// use std::io;
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let policy = Policy::new().retry(Retry::fixed(Duration::from_secs(1))).attempt_timeout(Duration::from_secs(2));
/// let error = policy.run(async || std::future::pending::<io::Result<()>>().await).await.unwrap_err();
/// assert!(error.is_timeout());
/// assert_eq!(error.log().len(), 3);
/// assert_eq!(
///     error.to_string(),
///     "the attempt timed out: not finished within 2s (after 3 attempts in 8s: all attempts used up)",
/// );
///
/// let error = policy.run(async || Err::<(), _>(io::Error::other("down"))).await.unwrap_err();
/// assert_eq!(error.into_inner().unwrap().to_string(), "down");
/// # }
/// ```
pub struct PolicyError<E> {
    cause: PolicyCause<E>,
    retried: Option<Box<Retried<E>>>,
}

/// What the retry did.
struct Retried<E> {
    reason: StopReason,
    attempts: u32,
    elapsed: Duration,
    log: Vec<Attempt>,
    /// Of a retry that was interrupted: why the last attempt had failed.
    last: Option<PolicyCause<E>>,
}

impl<E> PolicyError<E> {
    pub(super) fn from_retry(error: RetryError<PolicyCause<E>>) -> Self {
        let reason = error.reason().clone();
        let (attempts, elapsed, log) = (error.attempts(), error.elapsed(), error.log().to_vec());
        let interrupted = |interrupt| PolicyCause::Interrupted { waited_for: WaitedFor::Attempt, interrupt };
        let (cause, last) = match (&reason, error.into_inner()) {
            (StopReason::Interrupted(interrupt), last) => (interrupted(interrupt.clone()), last),
            (_, Some(cause)) => (cause, None),
            // There was no time for the first attempt.
            (_, None) => {
                let deadline = context::deadline().unwrap_or_else(Instant::now);
                (interrupted(Interrupt::DeadlinePassed(deadline)), None)
            }
        };
        Self { cause, retried: Some(Box::new(Retried { reason, attempts, elapsed, log, last })) }
    }

    /// Why the call failed.
    #[must_use]
    pub fn cause(&self) -> &PolicyCause<E> {
        &self.cause
    }

    /// Takes the cause.
    #[must_use]
    pub fn into_cause(self) -> PolicyCause<E> {
        self.cause
    }

    /// The operation's own error, if its last attempt returned one; also where the retry was interrupted after that.
    #[must_use]
    pub fn error(&self) -> Option<&E> {
        let last = self.retried.as_ref().and_then(|retried| retried.last.as_ref());
        match last.unwrap_or(&self.cause) {
            PolicyCause::Failed(error) => Some(error),
            _ => None,
        }
    }

    /// Takes the operation's own error, as [`error`](Self::error) shows it.
    #[must_use]
    pub fn into_inner(self) -> Option<E> {
        match self.retried.and_then(|retried| retried.last).unwrap_or(self.cause) {
            PolicyCause::Failed(error) => Some(error),
            _ => None,
        }
    }

    /// Whether a limit passed, of the call or of its last attempt.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.cause, PolicyCause::TimedOut(_) | PolicyCause::AttemptTimedOut(_))
    }

    /// Whether a circuit breaker is open.
    #[must_use]
    pub fn is_circuit_open(&self) -> bool {
        matches!(self.cause, PolicyCause::CircuitOpen { .. })
    }

    /// Whether a bulkhead had no place.
    #[must_use]
    pub fn is_bulkhead_full(&self) -> bool {
        matches!(self.cause, PolicyCause::BulkheadFull)
    }

    /// Whether a wait was interrupted: the caller was cancelled, or has no time left.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        self.interrupt().is_some()
    }

    /// What interrupted a wait, if anything did.
    #[must_use]
    pub fn interrupt(&self) -> Option<&Interrupt> {
        self.cause.interrupt()
    }

    /// When the circuit breaker may let somebody pass again, if it is why the call failed.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self.cause {
            PolicyCause::CircuitOpen { retry_after } => Some(retry_after),
            _ => None,
        }
    }

    /// Why the retry made no further attempt; `None` where the call has not come to a retry.
    #[must_use]
    pub fn stop_reason(&self) -> Option<&StopReason> {
        self.retried.as_ref().map(|retried| &retried.reason)
    }

    /// The attempts, oldest first; of a very long run the last 32. Empty where the call has not come to a retry.
    #[must_use]
    pub fn log(&self) -> &[Attempt] {
        self.retried.as_ref().map_or(&[], |retried| &retried.log)
    }
}

impl PolicyError<BoxError> {
    /// This as an error, for `?`: a boxed error is none itself, so neither is this.
    ///
    /// Its [`source`](Error::source) is what was in the box.
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::outcome::BoxError;
    /// use patterns_core::policy::{Policy, PolicyError};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let call = async || {
    ///     let answer = Policy::new().run(async || Err::<u8, _>(BoxError::from("down"))).await.map_err(PolicyError::boxed)?;
    ///     Ok::<_, BoxError>(answer)
    /// };
    /// let error = call().await.unwrap_err();
    /// assert_eq!(error.source().unwrap().to_string(), "down");
    /// # }
    /// ```
    #[must_use]
    pub fn boxed(self) -> BoxError {
        Box::new(Unboxed(self))
    }
}

/// A [`PolicyError`] around a box, as an error.
#[derive(Debug)]
struct Unboxed(PolicyError<BoxError>);

impl fmt::Display for Unboxed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Unboxed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.0.cause.unboxed())
    }
}

impl<E> From<PolicyCause<E>> for PolicyError<E> {
    fn from(cause: PolicyCause<E>) -> Self {
        Self { cause, retried: None }
    }
}

/// Prints the cause and what the retry did; the operation's own error is the [`source`](Error::source).
impl<E> fmt::Display for PolicyError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)?;
        let Some(Retried { reason, attempts, elapsed, .. }) = self.retried.as_deref() else { return Ok(()) };
        match attempts {
            0 => write!(f, " (not attempted: {reason})"),
            1 => write!(f, " (after 1 attempt in {elapsed:?}: {reason})"),
            _ => write!(f, " (after {attempts} attempts in {elapsed:?}: {reason})"),
        }
    }
}

impl<E: fmt::Debug> fmt::Debug for PolicyError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("PolicyError");
        text.field("cause", &self.cause);
        if let Some(retried) = &self.retried {
            text.field("last", &retried.last)
                .field("reason", &retried.reason)
                .field("attempts", &retried.attempts)
                .field("elapsed", &retried.elapsed)
                .field("log", &retried.log);
        }
        text.finish()
    }
}

impl<E: Error + 'static> Error for PolicyError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.source()
    }
}

/// So that a policy around an operation whose error is boxed may have a fallback.
impl AsError<Boxed> for PolicyError<BoxError> {
    fn as_error(&self) -> &(dyn Error + 'static) {
        self.cause.unboxed()
    }
}
