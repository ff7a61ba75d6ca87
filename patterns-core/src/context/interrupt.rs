use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use tokio::task::coop::unconstrained;
use tokio::time::{Instant, sleep_until};

use super::{Context, deadline, far_future_or, is_cancelled};
use crate::cancel::CancelCause;

/// Why a wait ended before what it waited for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Interrupt {
    /// The ambient token was cancelled.
    Cancelled(CancelCause),
    /// The ambient deadline passed.
    DeadlinePassed(Instant),
}

impl Interrupt {
    /// The cause, where it was a cancellation.
    #[must_use]
    pub fn cause(&self) -> Option<&CancelCause> {
        match self {
            Self::Cancelled(cause) => Some(cause),
            Self::DeadlinePassed(_) => None,
        }
    }

    /// Whether a deadline ended the wait.
    #[must_use]
    pub fn is_deadline(&self) -> bool {
        matches!(self, Self::DeadlinePassed(_))
    }
}

impl fmt::Display for Interrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled(cause) => cause.fmt(f),
            Self::DeadlinePassed(_) => f.write_str("deadline passed"),
        }
    }
}

impl std::error::Error for Interrupt {
    // An error type that wraps this one transparently shows only its source, and a task group must
    // still be able to tell that the task was cancelled.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(match self {
            Self::Cancelled(cause) => cause,
            Self::DeadlinePassed(_) => &DeadlinePassed,
        })
    }
}

/// What is left of [`Interrupt::DeadlinePassed`] in the chain of an error that wraps it transparently.
#[derive(Debug, thiserror::Error)]
#[error("deadline passed")]
pub(crate) struct DeadlinePassed;

/// Awaits `fut`, unless the ambient token is cancelled or the ambient deadline passes first.
///
/// `fut` is polled first: what is ready is never thrown away. At the deadline, whoever set it gets the
/// first word: under a [`timeout`](crate::cancel::timeout) that is due, this never returns, so that
/// the limit is reported once, by its owner.
///
/// # Errors
///
/// - [`Interrupt::Cancelled`]: the ambient token was cancelled.
/// - [`Interrupt::DeadlinePassed`]: the ambient deadline passed.
///
/// # Cancel safety
///
/// Cancel safe if `fut` is: dropping or interrupting this drops `fut`.
pub async fn interruptible<F: Future>(fut: F) -> Result<F::Output, Interrupt> {
    let Some(context) = Context::try_current() else { return Ok(fut.await) };
    let deadline = context.deadline();
    tokio::select! {
        biased;
        value = fut => return Ok(value),
        // In a block, so that a task whose waits are all ready never gets a token of its own.
        cause = async { context.token().cancelled().await } => return Err(Interrupt::Cancelled(cause)),
        // Unconstrained: `fut` may have used up the budget.
        () = async { unconstrained(sleep_until(far_future_or(deadline))).await }, if deadline.is_some() => {}
    }
    tokio::task::yield_now().await;
    Err(Interrupt::DeadlinePassed(far_future_or(deadline)))
}

impl Context {
    /// Why a wait in it would be interrupted at once, if it would.
    pub(crate) fn interrupt(&self) -> Option<Interrupt> {
        if self.is_cancelled() {
            return self.token().cause().cloned().map(Interrupt::Cancelled);
        }
        late(self.deadline())
    }
}

/// Why a wait would be interrupted at once here, if it would. Where nothing speaks for it, this makes no context.
pub(crate) fn interrupted() -> Option<Interrupt> {
    if is_cancelled() { Context::current().interrupt() } else { late(deadline()) }
}

fn late(deadline: Option<Instant>) -> Option<Interrupt> {
    deadline.filter(|deadline| *deadline <= Instant::now()).map(Interrupt::DeadlinePassed)
}

/// [`interruptible`] under a name that the tree of tasks shows while `fut` is pending.
pub(crate) fn interruptible_as<F: Future>(
    name: impl Into<Cow<'static, str>>,
    fut: F,
) -> impl Future<Output = Result<F::Output, Interrupt>> {
    #[cfg(feature = "inspect")]
    let fut = crate::inspect::label(name, fut);
    #[cfg(not(feature = "inspect"))]
    let _ = name;
    interruptible(fut)
}

/// Sleeps for `duration`, obeying the ambient token and deadline.
///
/// # Errors
///
/// - [`Interrupt::Cancelled`]: the ambient token was cancelled.
/// - [`Interrupt::DeadlinePassed`]: the ambient deadline passed.
///
/// # Cancel safety
///
/// Cancel safe.
pub async fn sleep(duration: Duration) -> Result<(), Interrupt> {
    interruptible_as("a sleep", tokio::time::sleep(duration)).await
}
