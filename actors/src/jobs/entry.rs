use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use jiff::Timestamp;

use super::driver::{Due, NewJob, Unique};
use super::{Job, JobId, PutError};
use crate::scheduler::Firing;
use crate::worker_pool::Priority;

/// A job that is to be put, with when, where and in which order it is to be done.
///
/// A reference to a job converts into one, with all its defaults: the job's own queue, at once, normal priority, a random
/// id.
///
/// # Examples
///
/// ```
/// # use actors::jobs::{Failure, Job, JobId, Run};
/// # use async_trait::async_trait;
/// # use serde::{Deserialize, Serialize};
/// use std::time::Duration;
///
/// # #[derive(Serialize, Deserialize)]
/// # struct Welcome { to: String }
/// # #[async_trait]
/// # impl Job for Welcome {
/// #     const KIND: &'static str = "welcome";
/// #     type Output = ();
/// #     type State = ();
/// #     async fn run(self, _: &(), _: &mut Run) -> Result<(), Failure> { Ok(()) }
/// # }
/// let job = Welcome { to: "ada".to_owned() };
/// let entry = job.entry().id(JobId::of(&["welcome", "ada"])).after(Duration::from_secs(60)).key("ada");
/// assert_eq!(entry.job_id(), JobId::of(&["welcome", "ada"]));
/// ```
#[must_use = "an entry does nothing until it is put"]
pub struct Entry<J> {
    job: NewJob,
    /// Why there is no payload.
    broken: Option<String>,
    job_type: PhantomData<fn() -> J>,
}

impl<J: Job> From<&J> for Entry<J> {
    fn from(job: &J) -> Self {
        let (payload, broken) = match serde_json::to_string(job) {
            Ok(payload) => (payload, None),
            Err(error) => (String::new(), Some(error.to_string())),
        };
        let mut job = NewJob::new(JobId::random(), J::QUEUE, J::KIND, payload);
        job.told = true;
        Self { job, broken, job_type: PhantomData }
    }
}

impl<J> Entry<J> {
    /// Gives it an id. A job is entered once under its id, whatever became of it: so who puts it again, after a crash or
    /// an error, does no harm. Make one of what it is about, by [`JobId::of`]. Default: a random one.
    pub fn id(mut self, id: JobId) -> Self {
        self.job.id = id;
        self
    }

    /// Gives it the id of an instant of a schedule, so that this puts one job, however often and by whomever it is put;
    /// see [`JobQueue::on_firing`](super::JobQueue::on_firing).
    pub fn of_firing(self, firing: &Firing) -> Self {
        self.id(JobId::of(&["firing", &firing.schedule, &firing.instant.to_string()]))
    }

    /// Puts it into this queue. Default: [`Job::QUEUE`].
    pub fn queue(mut self, queue: impl Into<String>) -> Self {
        self.job.queue = queue.into();
        self
    }

    /// Not before this time of day, on the clock of the engine.
    pub fn at(mut self, at: Timestamp) -> Self {
        self.job.due = Due::At(at);
        self
    }

    /// Not before so long is over.
    pub fn after(mut self, wait: Duration) -> Self {
        self.job.due = Due::After(wait);
        self
    }

    /// Has it taken before less urgent ones that have been due for little longer; see
    /// [`ageing`](super::JobQueueConfig::ageing). Default: [`Priority::Normal`].
    pub fn priority(mut self, priority: Priority) -> Self {
        self.job.priority = priority;
        self
    }

    /// Has it done after all of its queue that have the same key and were put before it, one after the other, whatever
    /// becomes of them.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.job.key = Some(key.into());
        self
    }

    /// Lets it in only if none of its queue that has the same unique key waits or runs.
    pub fn unique(self, key: impl Into<String>) -> Self {
        self.unique_for(key, Duration::ZERO)
    }

    /// Lets it in only if none of its queue that has the same unique key waits, runs, or was put within so long.
    pub fn unique_for(mut self, key: impl Into<String>, window: Duration) -> Self {
        self.job.unique = Some(Unique { key: key.into(), window });
        self
    }

    /// If it has not begun within so long of being put, it is dead, as
    /// [expired](super::driver::DeadReason::Expired); and an attempt is stopped then.
    pub fn deadline_in(mut self, wait: Duration) -> Self {
        self.job.expires = Some(Due::After(wait));
        self
    }

    /// Spares the engine telling of its end, where nobody waits for that; [`Ticket::ended`](super::Ticket::ended) then
    /// looks only now and then.
    pub fn untold(mut self) -> Self {
        self.job.told = false;
        self
    }

    /// The job as an engine keeps it: for whoever puts it by the engine itself, in a transaction of his own, as by
    /// `PostgresDriver::put_in` or `SqliteDriver::put_in`.
    ///
    /// # Errors
    ///
    /// [`PutError::Encode`]: it has no words in JSON.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actors::jobs::{Failure, Job, JobId, Run};
    /// # use async_trait::async_trait;
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(Serialize, Deserialize)]
    /// # struct Welcome { to: String }
    /// # #[async_trait]
    /// # impl Job for Welcome {
    /// #     const KIND: &'static str = "welcome";
    /// #     type Output = ();
    /// #     type State = ();
    /// #     async fn run(self, _: &(), _: &mut Run) -> Result<(), Failure> { Ok(()) }
    /// # }
    /// # fn main() -> Result<(), actors::jobs::PutError> {
    /// let job = Welcome { to: "ada".to_owned() }.entry().id(JobId::of(&["welcome", "ada"])).into_new_job()?;
    /// assert_eq!((&*job.kind, &*job.payload), ("welcome", r#"{"to":"ada"}"#));
    /// # Ok(()) }
    /// ```
    pub fn into_new_job(self) -> Result<NewJob, PutError> {
        match self.broken {
            None => Ok(self.job),
            Some(problem) => Err(PutError::Encode { kind: self.job.kind, problem }),
        }
    }

    /// The id that it has, or will have.
    #[must_use]
    pub fn job_id(&self) -> JobId {
        self.job.id
    }
}

impl<J> Clone for Entry<J> {
    fn clone(&self) -> Self {
        Self { job: self.job.clone(), broken: self.broken.clone(), job_type: PhantomData }
    }
}

impl<J> fmt::Debug for Entry<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.job.fmt(f)
    }
}
