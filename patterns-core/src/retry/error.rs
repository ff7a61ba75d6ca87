use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use crate::context::Interrupt;

/// Why no further attempt was made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StopReason {
    /// All attempts that [`max_attempts`](super::Retry::max_attempts) allows were made.
    AttemptsUsedUp,
    /// The classifier said that no attempt would succeed.
    NotRetryable,
    /// The next attempt could not have begun before the ambient deadline.
    DeadlineTooClose,
    /// The next attempt could not have begun within [`max_elapsed`](super::Retry::max_elapsed).
    TimeUsedUp,
    /// The [`RetryBudget`](super::RetryBudget) had no token left.
    BudgetSpent,
    /// The [`Backoff`](super::Backoff) had no delay left.
    BackoffEnded,
    /// The ambient token was cancelled, or an ambient deadline that was moved closer passed.
    Interrupted(Interrupt),
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AttemptsUsedUp => f.write_str("all attempts used up"),
            Self::NotRetryable => f.write_str("not worth another attempt"),
            Self::DeadlineTooClose => f.write_str("no time for another attempt before the deadline"),
            Self::TimeUsedUp => f.write_str("no time for another attempt"),
            Self::BudgetSpent => f.write_str("the retry budget is spent"),
            Self::BackoffEnded => f.write_str("the backoff has ended"),
            Self::Interrupted(interrupt) => interrupt.fmt(f),
        }
    }
}

/// One attempt that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// 1 for the first.
    pub number: u32,
    /// When it began. For the first attempt this is when it first had to wait, unless the policy needed
    /// the clock before that: a call that succeeds at once costs no look at the clock.
    pub started: Instant,
    /// How long it took.
    pub elapsed: Duration,
    /// How long the pause after it was to be; `None` after the last.
    pub delay: Option<Duration>,
}

/// All attempts failed, or no further one was worth it. Holds the last error and the log.
///
/// # Examples
///
/// ```
/// use patterns_core::retry::{Jitter, Retry, StopReason};
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let retry = Retry::exponential(Duration::from_secs(1)).jitter(Jitter::None);
/// let error = retry.run(async || "x".parse::<u8>()).await.unwrap_err();
///
/// assert!(matches!(error.reason(), StopReason::AttemptsUsedUp));
/// let delays: Vec<_> = error.log().iter().map(|attempt| attempt.delay).collect();
/// assert_eq!(delays, [Some(Duration::from_secs(1)), Some(Duration::from_secs(2)), None]);
/// assert_eq!(error.to_string(), "failed after 3 attempts in 3s: all attempts used up");
/// assert_eq!(error.into_inner().unwrap().to_string(), "invalid digit found in string");
/// # }
/// ```
pub struct RetryError<E> {
    error: Option<E>,
    details: Box<Details>,
}

#[derive(Debug)]
pub(super) struct Details {
    pub(super) reason: StopReason,
    pub(super) attempts: u32,
    pub(super) elapsed: Duration,
    pub(super) log: Vec<Attempt>,
}

impl<E> RetryError<E> {
    pub(super) fn new(error: Option<E>, details: Details) -> Self {
        Self { error, details: Box::new(details) }
    }

    /// The error of the last attempt. `None` only where none was made: the ambient deadline had passed
    /// or the ambient token had been cancelled before the first.
    #[must_use]
    pub fn error(&self) -> Option<&E> {
        self.error.as_ref()
    }

    /// Takes the error of the last attempt; `None` where none was made.
    #[must_use]
    pub fn into_inner(self) -> Option<E> {
        self.error
    }

    /// Why no further attempt was made.
    #[must_use]
    pub fn reason(&self) -> &StopReason {
        &self.details.reason
    }

    /// How many attempts were made.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.details.attempts
    }

    /// From the beginning of the first attempt to the end of the last.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.details.elapsed
    }

    /// The attempts, oldest first; of a very long run the last 32.
    #[must_use]
    pub fn log(&self) -> &[Attempt] {
        &self.details.log
    }
}

/// Prints the reason and the number of attempts. The [`source`](std::error::Error::source) is the last error, but
/// for a run that was interrupted: that it is told from one that failed, the interrupt is.
impl<E> fmt::Display for RetryError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Details { reason, attempts, elapsed, .. } = &*self.details;
        match attempts {
            0 => write!(f, "not attempted: {reason}"),
            1 => write!(f, "failed after 1 attempt in {elapsed:?}: {reason}"),
            _ => write!(f, "failed after {attempts} attempts in {elapsed:?}: {reason}"),
        }
    }
}

impl<E: fmt::Debug> fmt::Debug for RetryError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryError")
            .field("error", &self.error)
            .field("reason", &self.details.reason)
            .field("attempts", &self.details.attempts)
            .field("elapsed", &self.details.elapsed)
            .field("log", &self.details.log)
            .finish()
    }
}

impl<E: std::error::Error + 'static> std::error::Error for RetryError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.details.reason {
            StopReason::Interrupted(interrupt) => Some(interrupt),
            _ => self.error.as_ref().map(|error| error as _),
        }
    }
}
