use std::time::Duration;

use tokio::time::Instant;

use crate::cancel::CancelToken;
use crate::context::{Context, Interrupt, TaskPath};

/// What a job can learn while it runs: whether it is to stop, and by when it must be done.
///
/// The token is a child of the caller's. It is cancelled with it, when the job's
/// [handle](super::JobHandle) is cancelled or dropped, as by a timeout around it, and when a
/// [shutdown](super::BlockingPool::shutdown) has run out of time. Nothing stops a job that doesn't look.
///
/// The job runs in this context: [`context::is_cancelled`](crate::context::is_cancelled) and
/// [`Context::current`] say the same, however deep.
///
/// # Examples
///
/// ```
/// use patterns_core::blocking::BlockingPool;
/// use patterns_core::context::Interrupt;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), Box<dyn std::error::Error>> {
/// let pool = BlockingPool::builder().threads(1).build()?;
/// let job = pool.submit(|job| -> Result<u64, Interrupt> {
///     let mut rounds = 0_u64;
///     loop {
///         job.check()?;
///         rounds += 1;
///     }
/// }).await?;
/// while pool.status().running.is_empty() {
///     tokio::task::yield_now().await;
/// }
/// job.cancel("enough");
/// let interrupt = job.await?.unwrap_err(); // it has stopped, and says why
/// assert_eq!(interrupt.cause().unwrap().message(), "enough");
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct JobContext {
    context: Context,
}

impl JobContext {
    pub(super) fn new(context: Context) -> Self {
        Self { context }
    }

    /// Whether the job was asked to stop: one atomic load, for a loop's every round.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.token().is_cancelled()
    }

    /// Goes on, or says why not. Reads the clock where there is a deadline.
    ///
    /// # Errors
    ///
    /// - [`Interrupt::Cancelled`]: the job was asked to stop.
    /// - [`Interrupt::DeadlinePassed`]: its deadline passed.
    pub fn check(&self) -> Result<(), Interrupt> {
        match self.context.interrupt() {
            Some(interrupt) => Err(interrupt),
            None => Ok(()),
        }
    }

    /// The token that asks the job to stop.
    #[must_use]
    pub fn token(&self) -> &CancelToken {
        self.context.token()
    }

    /// The instant by which the job must be done, if there is one: the caller's, as it was submitted.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.context.deadline()
    }

    /// The time left until then; zero once it has passed; `None` without one.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        self.context.remaining()
    }

    /// The path of the task that submitted the job.
    #[must_use]
    pub fn path(&self) -> &TaskPath {
        self.context.path()
    }
}
