//! What whoever shows a queue may ask of it.

use async_trait::async_trait;

use super::view::{Acted, JobAction, JobQuery, JobView, QueueAction, QueueView, WorkerView};
use super::watch::WatchError;

/// What whoever shows a queue may ask of it: by way of [the service](super::Watch::queue) that has it, or
/// [itself](super::Jobs).
#[async_trait]
pub trait WatchJobs: Send + Sync {
    /// The workers that are there, by name, with what each has.
    ///
    /// # Errors
    ///
    /// [`WatchError::QueueAway`].
    async fn workers(&self) -> Result<Vec<WorkerView>, WatchError>;

    /// All queues that ever had a job, by name.
    ///
    /// # Errors
    ///
    /// [`WatchError::QueueAway`].
    async fn queues(&self) -> Result<Vec<QueueView>, WatchError>;

    /// Jobs, the latest first. Their payloads and outputs are left out.
    ///
    /// # Errors
    ///
    /// [`WatchError::QueueAway`].
    async fn jobs(&self, query: &JobQuery) -> Result<Vec<JobView>, WatchError>;

    /// One job, with what it works on and what came of it.
    ///
    /// # Errors
    ///
    /// [`WatchError::NoSuchJob`], [`WatchError::QueueAway`].
    async fn job(&self, id: &str) -> Result<JobView, WatchError>;

    /// Does something about a job.
    ///
    /// # Errors
    ///
    /// [`WatchError::NoSuchJob`], [`WatchError::QueueAway`].
    async fn change_job(&self, id: &str, action: JobAction) -> Result<Acted, WatchError>;

    /// Does something about a queue.
    ///
    /// # Errors
    ///
    /// [`WatchError::NoSuchQueue`], [`WatchError::QueueAway`].
    async fn change_queue(&self, name: &str, action: QueueAction) -> Result<Acted, WatchError>;
}
