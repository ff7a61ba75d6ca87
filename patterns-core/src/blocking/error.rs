use std::fmt;
use std::io;

use crate::context::Interrupt;
use crate::outcome::Panic;

/// Why a job gave no value.
///
/// # Examples
///
/// ```
/// use patterns_core::blocking::{BlockingError, BlockingPool};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), Box<dyn std::error::Error>> {
/// let pool = BlockingPool::builder().threads(1).build()?;
/// let error = pool.run(|_| "x".parse::<u8>().expect("a number")).await.unwrap_err();
/// assert!(error.panic().is_some_and(|panic| panic.message().starts_with("a number: ")));
///
/// pool.close();
/// let error = pool.run(|_| 7).await.unwrap_err();
/// assert!(matches!(error, BlockingError::Closed) && error.never_started());
/// # Ok(()) }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlockingError {
    /// It panicked. The thread lives on.
    #[error("the job {0}")]
    Panicked(Panic),
    /// The ambient token was cancelled or the ambient deadline passed, or the job was cancelled by its handle,
    /// before it started: while it waited for a place, or for a thread.
    #[error("interrupted before the job started")]
    NotStarted(#[source] Interrupt),
    /// The ambient token was cancelled or the ambient deadline passed while it ran. It was asked to stop, and goes on
    /// until it looks; nobody gets its value.
    #[error("interrupted while the job ran")]
    Abandoned(#[source] Interrupt),
    /// The pool was closed before the job had a place, or was shut down or dropped before it started.
    #[error("the pool was closed before the job started")]
    Closed,
    /// The system gave the pool not a single thread.
    #[error("the pool has no thread to run the job")]
    NoThread(#[source] io::Error),
}

impl BlockingError {
    /// Whether the job certainly had no effect.
    #[must_use]
    pub fn never_started(&self) -> bool {
        matches!(self, Self::NotStarted(_) | Self::Closed | Self::NoThread(_))
    }

    /// How it panicked, if it did.
    #[must_use]
    pub fn panic(&self) -> Option<&Panic> {
        match self {
            Self::Panicked(panic) => Some(panic),
            _ => None,
        }
    }

    /// What interrupted it, before or after its start.
    #[must_use]
    pub fn interrupt(&self) -> Option<&Interrupt> {
        match self {
            Self::NotStarted(interrupt) | Self::Abandoned(interrupt) => Some(interrupt),
            _ => None,
        }
    }
}

/// Why a job was not taken; it is in here.
#[non_exhaustive]
pub enum SubmitError<F> {
    /// No place is free, or others wait for one, and `try_submit` doesn't wait.
    Full(F),
    /// The pool takes nothing any more.
    Closed(F),
    /// The wait for a place ended early, as the ambient token was cancelled or the ambient deadline passed.
    Interrupted(F, Interrupt),
    /// The system gave the pool not a single thread.
    NoThread(F, io::Error),
}

impl<F> SubmitError<F> {
    /// The closure that was not taken.
    #[must_use]
    pub fn into_inner(self) -> F {
        match self {
            Self::Full(job) | Self::Closed(job) | Self::Interrupted(job, _) | Self::NoThread(job, _) => job,
        }
    }

    /// Whether no place was free.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full(_))
    }

    /// Whether the pool takes nothing any more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed(_))
    }

    /// Whether the wait for a place was interrupted.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Interrupted(..))
    }

    /// The same for a caller who waits, and has no use for the closure.
    pub(super) fn without_job(self) -> BlockingError {
        match self {
            Self::Full(_) => unreachable!("whoever waits for a place is not turned away as there is none"),
            Self::Closed(_) => BlockingError::Closed,
            Self::Interrupted(_, interrupt) => BlockingError::NotStarted(interrupt),
            Self::NoThread(_, error) => BlockingError::NoThread(error),
        }
    }
}

/// Shows the cause, not the closure.
impl<F> fmt::Debug for SubmitError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(_) => f.write_str("Full(..)"),
            Self::Closed(_) => f.write_str("Closed(..)"),
            Self::Interrupted(_, interrupt) => write!(f, "Interrupted(.., {interrupt:?})"),
            Self::NoThread(_, error) => write!(f, "NoThread(.., {error:?})"),
        }
    }
}

impl<F> fmt::Display for SubmitError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "the pool is full",
            Self::Closed(_) => "the pool is closed",
            Self::Interrupted(..) => "interrupted while waiting for a place in the pool",
            Self::NoThread(..) => "the pool has no thread to run the job",
        })
    }
}

impl<F> std::error::Error for SubmitError<F> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Full(_) | Self::Closed(_) => None,
            Self::Interrupted(_, interrupt) => Some(interrupt),
            Self::NoThread(_, error) => Some(error),
        }
    }
}

/// Settings that make no pool.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Without a thread nothing would ever run.
    #[error("a pool needs at least 1 thread")]
    ZeroThreads,
    /// Without a place nothing would ever be taken.
    #[error("a pool needs at least 1 place in its queue")]
    ZeroQueue,
    /// The queue's memory is allocated when the pool is built.
    #[error("a pool has at most {most} places in its queue, not {asked}")]
    QueueTooLong {
        /// Places asked for.
        asked: usize,
        /// The most there may be.
        most: usize,
    },
    /// The name would be cut short where the system sees it.
    #[error("a pool's name must not contain a zero byte")]
    ZeroByteInName,
}
