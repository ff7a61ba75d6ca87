use std::error::Error;
use std::fmt;
use std::time::Duration;

use patterns_core::cancel::CancelCause;
use patterns_core::outcome::Panic;
use thiserror::Error;

use super::{ConnectFailure, Holder};

/// Why there is no connection.
///
/// Those that waited tell what they saw: how long, who has the connections, and what became of the last
/// attempt to open one.
///
/// # Examples
///
/// ```
/// # use actors::connection_pool::{ConnectionManager, ConnectionPool};
/// # use async_trait::async_trait;
/// # struct Mine;
/// # #[async_trait]
/// # impl ConnectionManager for Mine {
/// #     type Connection = ();
/// #     type Error = std::io::Error;
/// #     async fn connect(&self) -> Result<(), std::io::Error> { Ok(()) }
/// #     async fn check(&self, _: &mut ()) -> Result<(), std::io::Error> { Ok(()) }
/// # }
/// use actors::System;
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), Box<dyn std::error::Error>> {
/// let system = System::start()?;
/// let pool = ConnectionPool::builder(Mine).max_size(1).acquire_timeout(Duration::from_secs(3)).start(&system).await?;
/// let held = pool.acquire().await?;
/// let error = pool.acquire().await.unwrap_err();
/// assert!(error.is_timeout());
/// let report = error.report().unwrap();
/// assert_eq!((report.waited, report.holders.len()), (Duration::from_secs(3), 1));
/// assert!(error.to_string().starts_with("no connection within 3s: 1 of 1 in use, longest by "));
/// # drop(held);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum AcquireError {
    /// The pool's `acquire_timeout` passed.
    TimedOut(Box<AcquireReport>),
    /// The ambient deadline passed.
    DeadlinePassed(Box<AcquireReport>),
    /// The ambient token was cancelled.
    Cancelled(CancelCause, Box<AcquireReport>),
    /// There is none ready, and the caller did not want to wait.
    Exhausted(Box<AcquireReport>),
    /// There is none, and none can be opened: what the last attempt met with can't be helped by waiting, or
    /// connecting has failed for the pool's `fail_after`, or is tried again only after the caller's deadline.
    ConnectFailed(Box<AcquireReport>),
    /// The pool is closed.
    Closed,
}

impl AcquireError {
    /// Whether time ran out: the pool's or the caller's.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::TimedOut(_) | Self::DeadlinePassed(_))
    }

    /// Whether the pool is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed)
    }

    /// Whether there is no connection because none can be opened.
    #[must_use]
    pub fn is_connect_failed(&self) -> bool {
        matches!(self, Self::ConnectFailed(_))
    }

    /// What the pool looked like when the wait ended.
    #[must_use]
    pub fn report(&self) -> Option<&AcquireReport> {
        match self {
            Self::TimedOut(report)
            | Self::DeadlinePassed(report)
            | Self::Cancelled(_, report)
            | Self::Exhausted(report)
            | Self::ConnectFailed(report) => Some(report),
            Self::Closed => None,
        }
    }
}

impl fmt::Display for AcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut(report) => write!(f, "no connection within {:?}: {report}", report.waited),
            Self::DeadlinePassed(report) => {
                write!(f, "no connection before the deadline, after {:?}: {report}", report.waited)
            }
            Self::Cancelled(cause, report) => {
                write!(f, "no connection after {:?}, as the wait was {cause}: {report}", report.waited)
            }
            Self::Exhausted(report) => write!(f, "no connection ready: {report}"),
            Self::ConnectFailed(report) => write!(f, "no connection, and none can be opened: {report}"),
            Self::Closed => f.write_str("the connection pool is closed"),
        }
    }
}

impl Error for AcquireError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let failure = self.report()?.last_failure.as_ref()?;
        Some(&*failure.error)
    }
}

/// What a pool looked like when somebody got no connection.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AcquireReport {
    /// How long it was waited for.
    pub waited: Duration,
    /// The most connections that there may be.
    pub max_size: usize,
    /// Connections that users hold.
    pub in_use: usize,
    /// Connections being opened, checked or closed.
    pub busy: usize,
    /// Others who wait.
    pub queue: usize,
    /// The three who have held a connection for the longest.
    pub holders: Vec<Holder>,
    /// The last failed attempt to connect, unless one has succeeded since.
    pub last_failure: Option<ConnectFailure>,
}

impl fmt::Display for AcquireReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} in use", self.in_use, self.max_size)?;
        if self.busy > 0 {
            write!(f, ", {} being opened, checked or closed", self.busy)?;
        }
        if self.queue > 0 {
            write!(f, ", {} others waiting", self.queue)?;
        }
        for (n, holder) in self.holders.iter().enumerate() {
            write!(f, "{}{holder}", if n == 0 { ", longest by " } else { ", then by " })?;
        }
        match &self.last_failure {
            Some(failure) => write!(f, "; last connect failed: {failure}"),
            None => Ok(()),
        }
    }
}

/// Why a connection could not be opened.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The manager said so.
    #[error(transparent)]
    Failed(Box<dyn Error + Send + Sync>),
    /// It took longer than the pool's `connect_timeout`.
    #[error("not connected within {0:?}")]
    TimedOut(Duration),
    /// The manager panicked.
    #[error("connecting {0}")]
    Panicked(Panic),
    /// The runtime that the pool was started on is gone.
    #[error("connecting was cut off: the runtime was shut down")]
    CutOff,
}

/// Why a pool keeps the limits that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ResizeError {
    /// A pool without connections would let everybody wait in vain.
    #[error("a connection pool needs at least one connection")]
    Zero,
    /// More were to be kept ready than there may be.
    #[error("can't keep {min_idle} connections ready when there are at most {max_size}")]
    MinAboveMax {
        /// Connections to be kept ready.
        min_idle: usize,
        /// The most that there may be.
        max_size: usize,
    },
}

/// Why a pool was not started.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// A setting makes no sense.
    #[error("connection pool: `{field}` {problem}")]
    Config {
        /// The setting's name.
        field: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// No tokio runtime is current; connections would have nowhere to be opened.
    #[error("connection pool: not started inside of a tokio runtime")]
    NoRuntime,
    /// The first connection could not be made.
    #[error("connection pool: cannot connect: {0}")]
    Connect(ConnectFailure),
    /// The ambient token was cancelled, or the ambient deadline passed, before there was a connection.
    #[error("connection pool: not started: {0}")]
    Interrupted(patterns_core::context::Interrupt),
}
