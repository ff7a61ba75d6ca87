use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::driver::{DeadReason, JobState};
use super::plane::Plane;
use super::{Job, JobId, JobsError};

/// A job that was put: tells how it ends, wherever it is done. Dropping it changes nothing.
///
/// A clone is the same. [`JobQueue::ticket`](super::JobQueue::ticket) makes one of an id, also in another process.
pub struct Ticket<J> {
    plane: Arc<Plane>,
    id: JobId,
    is_new: bool,
    job: PhantomData<fn() -> J>,
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended<T> {
    /// It was done, and this came of it.
    Done(T),
    /// It failed for good.
    Dead {
        /// In which way.
        reason: DeadReason,
        /// Why it failed the last time, if it did.
        error: Option<String>,
    },
    /// It was cancelled.
    Cancelled,
}

impl<J: Job> Ticket<J> {
    pub(super) fn new(plane: &Arc<Plane>, id: JobId, is_new: bool) -> Self {
        Self { plane: Arc::clone(plane), id, is_new, job: PhantomData }
    }

    /// The job's id.
    #[must_use]
    pub fn id(&self) -> JobId {
        self.id
    }

    /// Whether it was entered when this ticket was made; else there was one with its id.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// Waits for its end. While the engine fails, it waits for that, too.
    ///
    /// # Errors
    ///
    /// - [`JobsError::Unknown`]: there is no such job, or it was over for so long that it is not kept.
    /// - [`JobsError::Decode`]: its output is not what this program expects.
    /// - [`JobsError::Interrupted`]: the ambient token was cancelled, or the ambient deadline passed.
    /// - [`JobsError::Closed`]: the queue is closed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn ended(&self) -> Result<Ended<J::Output>, JobsError> {
        let id = self.id;
        let ending = self.plane.ended(id).await?;
        match ending.state {
            None => Err(JobsError::Unknown(id)),
            Some(JobState::Done) => {
                let output = serde_json::from_str(ending.output.as_deref().unwrap_or("null"));
                output.map(Ended::Done).map_err(|error| JobsError::Decode { id, problem: error.to_string() })
            }
            Some(JobState::Cancelled) => Ok(Ended::Cancelled),
            Some(_) => {
                Ok(Ended::Dead { reason: ending.dead.unwrap_or(DeadReason::Terminated), error: ending.error.clone() })
            }
        }
    }

    /// Cancels it: at once if it waits, else its process is told within a third of its lease. What became of that;
    /// `None` if there is no such job.
    ///
    /// # Errors
    ///
    /// As for [`JobQueue::cancel`](super::JobQueue::cancel).
    ///
    /// # Cancel safety
    ///
    /// Dropped, it may have been done.
    pub async fn cancel(&self) -> Result<Option<JobState>, JobsError> {
        self.plane.control(|driver| async move { driver.cancel(self.id).await }).await
    }
}

impl<J> Clone for Ticket<J> {
    fn clone(&self) -> Self {
        Self { plane: Arc::clone(&self.plane), id: self.id, is_new: self.is_new, job: PhantomData }
    }
}

impl<J> fmt::Debug for Ticket<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").field("id", &self.id).field("is_new", &self.is_new).finish_non_exhaustive()
    }
}
