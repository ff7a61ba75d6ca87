//! What belongs to the user, and how it is kept from doing harm.

use std::pin::Pin;

use parking_lot::Mutex;
use patterns_core::outcome::{BoxError, Panic, catch_panic};

/// What a job may return: nothing, or a `Result` with nothing in it.
///
/// # Examples
///
/// ```
/// use actors::scheduler::JobOutput;
///
/// assert!(().into_result().is_ok());
/// let failed: Result<(), std::num::ParseIntError> = "seven".parse::<u8>().map(drop);
/// assert_eq!(failed.into_result().unwrap_err().to_string(), "invalid digit found in string");
/// ```
pub trait JobOutput {
    /// What counts as done or as failed.
    ///
    /// # Errors
    ///
    /// The job's own.
    fn into_result(self) -> Result<(), BoxError>;
}

impl JobOutput for () {
    fn into_result(self) -> Result<(), BoxError> {
        Ok(())
    }
}

impl<E: Into<BoxError>> JobOutput for Result<(), E> {
    fn into_result(self) -> Result<(), BoxError> {
        self.map_err(Into::into)
    }
}

/// One run of a job.
pub(super) type RunFuture = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;

/// What makes the runs of a schedule. Runs that overlap take turns to make theirs.
pub(super) struct Job(Mutex<Box<dyn FnMut() -> RunFuture + Send>>);

impl Job {
    pub(super) fn repeated<F, R>(mut job: F) -> Self
    where
        F: FnMut() -> R + Send + 'static,
        R: Future<Output: JobOutput> + Send + 'static,
    {
        Self(Mutex::new(Box::new(move || {
            let run = job();
            Box::pin(async move { run.await.into_result() })
        })))
    }

    pub(super) fn once<F, R>(job: F) -> Self
    where
        F: FnOnce() -> R + Send + 'static,
        R: Future<Output: JobOutput> + Send + 'static,
    {
        let mut job = Some(job);
        Self(Mutex::new(Box::new(move || {
            let run = job.take().expect("the timetable begins a one-shot once")();
            Box::pin(async move { run.await.into_result() })
        })))
    }

    /// Makes a run.
    pub(super) fn begin(&self) -> Result<RunFuture, Panic> {
        catch_panic(|| (self.0.lock())())
    }
}
