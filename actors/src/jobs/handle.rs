use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use patterns_core::context;
use tokio::time::Instant;

use super::driver::{
    BATCH, Entered, JobDriver, JobFilter, JobRecord, JobState, NewJob, Owners, QueueCounts, QueueLimits,
};
use super::plane::{FIRST_PAUSE, LONGEST_PAUSE, Pauses, Plane};
use super::{
    DrainReceipt, Entry, Job, JobId, JobQueueActor, JobQueueBuilder, JobQueueStatus, JobsError, Leader, PutError,
    SharedRate, Ticket,
};
use crate::Handle;
use crate::scheduler::Firing;

/// Puts jobs, and has them done by this process and others.
///
/// A clone is the same queue. When the last one is dropped the queue is closed: what it has is finished, for as long as
/// its [`drain_timeout`](super::JobQueueConfig::drain_timeout), and the rest is handed back. So a job's
/// [state](super::Job::State) must not hold one.
///
/// See the [module](super) for what it guarantees, and an example.
#[derive(Clone)]
pub struct JobQueue {
    owner: Arc<Owner>,
}

/// Closes the queue with its last handle. Deliveries hold the plane, but not this.
struct Owner {
    plane: Arc<Plane>,
    actor: Handle<JobQueueActor>,
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.plane.close();
        // Others may have handles of the actor, and must not keep it.
        self.actor.close();
    }
}

impl JobQueue {
    /// Settings for a queue on this engine, all at their [defaults](super::JobQueueConfig#defaults).
    pub fn builder(driver: impl JobDriver) -> JobQueueBuilder {
        JobQueueBuilder::new(Arc::new(driver))
    }

    pub(super) fn new(plane: Arc<Plane>, actor: Handle<JobQueueActor>) -> Self {
        Self { owner: Arc::new(Owner { plane, actor }) }
    }

    /// Puts a job, or an [entry](Job::entry) that says more of it. When this returns, it is there, and survives what the
    /// engine does.
    ///
    /// Jobs that are put at the same time are written together.
    ///
    /// # Errors
    ///
    /// [`PutError`], a line per variant there. It is not tried again: the engine's drivers replace connections that broke
    /// by themselves, and what fails then may do so for long. Who tries it himself gives it an [id](Entry::id).
    ///
    /// # Cancel safety
    ///
    /// Dropped, it may have been put.
    pub async fn put<J: Job>(&self, entry: impl Into<Entry<J>>) -> Result<Ticket<J>, PutError> {
        let job = entry.into().into_new_job()?;
        let id = job.id;
        let entered = self.owner.plane.put(vec![job]).await?;
        entered.first().map_or(Err(PutError::Closed), |entered| self.ticket_of(id, *entered))
    }

    /// Puts jobs, in batches of 512: each has a ticket, or [`PutError::Duplicate`], in their order. What an earlier
    /// batch has put stays where a later one fails.
    ///
    /// # Errors
    ///
    /// As for [`put`](Self::put).
    ///
    /// # Cancel safety
    ///
    /// Dropped, some may have been put.
    pub async fn put_all<J: Job>(
        &self,
        entries: impl IntoIterator<Item = Entry<J>>,
    ) -> Result<Vec<Result<Ticket<J>, PutError>>, PutError> {
        let jobs: Vec<NewJob> = entries.into_iter().map(Entry::into_new_job).collect::<Result<_, _>>()?;
        let mut tickets = Vec::with_capacity(jobs.len());
        for batch in jobs.chunks(BATCH) {
            let entered = self.owner.plane.put(batch.to_vec()).await?;
            tickets.extend(batch.iter().zip(entered).map(|(job, entered)| self.ticket_of(job.id, entered)));
        }
        Ok(tickets)
    }

    fn ticket_of<J: Job>(&self, id: JobId, entered: Entered) -> Result<Ticket<J>, PutError> {
        match entered {
            Entered::New => Ok(Ticket::new(&self.owner.plane, id, true)),
            Entered::Known => Ok(Ticket::new(&self.owner.plane, id, false)),
            Entered::Duplicate(other) => Err(PutError::Duplicate(other)),
            // Nothing is put by a leader here.
            Entered::Deposed => Err(PutError::Closed),
        }
    }

    /// A ticket for a job that was put, here or elsewhere.
    #[must_use]
    pub fn ticket<J: Job>(&self, id: JobId) -> Ticket<J> {
        Ticket::new(&self.owner.plane, id, false)
    }

    /// Limits what all workers together may do of a queue, from now on. Limits that a
    /// [builder](JobQueueBuilder::limit) sets are set when it starts.
    ///
    /// # Errors
    ///
    /// [`JobsError`]: `Driver`, `Interrupted` and `Closed` are possible, as for all that follow.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it may have been done, as all that follow.
    pub async fn limit(&self, queue: &str, limits: QueueLimits) -> Result<(), JobsError> {
        self.owner.plane.control(|driver| async move { driver.limit(queue, &limits).await }).await
    }

    /// Has nothing of a queue taken any more, by anybody, until it is [resumed](Self::resume). What runs goes on.
    ///
    /// # Errors
    ///
    /// See [`limit`](Self::limit).
    pub async fn pause(&self, queue: &str) -> Result<(), JobsError> {
        self.owner.plane.control(|driver| driver.pause(queue, true)).await
    }

    /// Has a queue that was [paused](Self::pause) taken from again.
    ///
    /// # Errors
    ///
    /// See [`limit`](Self::limit).
    pub async fn resume(&self, queue: &str) -> Result<(), JobsError> {
        self.owner.plane.control(|driver| driver.pause(queue, false)).await
    }

    /// Cancels a job: at once if it waits; if it runs, its process is told within a third of its lease, and asks it to
    /// stop. Its state after that; `None` if there is no such job. What is over stays as it is.
    ///
    /// # Errors
    ///
    /// See [`limit`](Self::limit).
    pub async fn cancel(&self, job: JobId) -> Result<Option<JobState>, JobsError> {
        self.owner.plane.control(|driver| driver.cancel(job)).await
    }

    /// Has a job taken as soon as may be: one that is dead or was cancelled with all its attempts again, one that waits
    /// with those that it has left. Its state after that; `None` if there is no such job. What runs or was done stays as
    /// it is.
    ///
    /// # Errors
    ///
    /// See [`limit`](Self::limit).
    pub async fn retry(&self, job: JobId) -> Result<Option<JobState>, JobsError> {
        self.owner.plane.control(|driver| driver.retry(job)).await
    }

    /// What is known of jobs, at most 512, in their order.
    ///
    /// # Errors
    ///
    /// See [`limit`](Self::limit).
    pub async fn look(&self, jobs: &[JobId]) -> Result<Vec<Option<JobRecord>>, JobsError> {
        self.owner.plane.control(|driver| driver.look(jobs)).await
    }

    /// Jobs, the latest first.
    ///
    /// # Errors
    ///
    /// See [`limit`](Self::limit).
    pub async fn list(&self, filter: &JobFilter) -> Result<Vec<JobRecord>, JobsError> {
        self.owner.plane.control(|driver| driver.list(filter)).await
    }

    /// How many jobs there are, by queue.
    ///
    /// # Errors
    ///
    /// See [`limit`](Self::limit).
    pub async fn counts(&self) -> Result<Vec<QueueCounts>, JobsError> {
        self.owner.plane.control(|driver| driver.counts()).await
    }

    /// Who takes jobs from the same engine, and who leads.
    ///
    /// # Errors
    ///
    /// See [`limit`](Self::limit).
    pub async fn owners(&self) -> Result<Owners, JobsError> {
        self.owner.plane.control(|driver| driver.owners()).await
    }

    /// What a schedule runs to put a job at each of its instants: one for each, as its [id](Entry::of_firing) is made of
    /// the schedule's name and the instant. While the engine is away the run goes on, and puts it again and again.
    ///
    /// Where the schedule is [durable](crate::scheduler::Every::durable) and
    /// [runs again](crate::scheduler::OnInterrupted::RunAgain) what a crash cut off, no instant is lost and none puts two
    /// jobs, also if several processes have the same schedule in the same store. If only one of them is to fire, start
    /// its scheduler while it [leads](super::Leader::lead): the next one goes on from the last instant that the store
    /// has.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actors::jobs::driver::MemoryDriver;
    /// # use actors::jobs::{Failure, Job, JobQueue, Run};
    /// # use actors::{Scheduler, System};
    /// # use async_trait::async_trait;
    /// # use serde::{Deserialize, Serialize};
    /// use std::time::Duration;
    ///
    /// #[derive(Serialize, Deserialize)]
    /// struct Report {
    ///     day: String,
    /// }
    /// # #[async_trait]
    /// # impl Job for Report {
    /// #     const KIND: &'static str = "report";
    /// #     type Output = ();
    /// #     type State = ();
    /// #     async fn run(self, _: &(), _: &mut Run) -> Result<(), Failure> { Ok(()) }
    /// # }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// # let system = System::start()?;
    /// let queue = JobQueue::builder(MemoryDriver::new()).handle::<Report>(()).start(&system).await?;
    /// let scheduler = Scheduler::builder().start(&system)?;
    /// let report = queue.on_firing(|firing| Report { day: firing.instant.to_string() }.entry());
    /// scheduler.every("report", Duration::from_secs(3600)).times(3).run(report).await?;
    ///
    /// tokio::time::sleep(Duration::from_secs(4 * 3600)).await;
    /// assert_eq!(queue.counts().await?[0].done, 3);
    /// # Ok(()) }
    /// ```
    pub fn on_firing<J: Job>(
        &self,
        mut make: impl FnMut(&Firing) -> Entry<J> + Send + 'static,
    ) -> impl FnMut() -> BoxFuture<'static, Result<(), PutError>> + Send + 'static {
        let queue = self.clone();
        move || {
            // Only a scheduler calls it, and then there is one.
            let entry = Firing::current().map(|firing| make(&firing).of_firing(&firing));
            let queue = queue.clone();
            Box::pin(async move {
                match entry {
                    Some(entry) => queue.insist(entry).await,
                    None => Ok(()),
                }
            })
        }
    }

    /// Puts it, also if the engine is away for a while: an instant that was claimed does not come again.
    async fn insist<J: Job>(&self, entry: Entry<J>) -> Result<(), PutError> {
        let mut pauses = Pauses::new(FIRST_PAUSE, LONGEST_PAUSE);
        loop {
            match self.put(entry.clone()).await {
                Err(PutError::Driver(error)) if !error.is_final() => {
                    context::sleep(pauses.next()).await.map_err(PutError::Interrupted)?;
                }
                put => return put.map(drop),
            }
        }
    }

    /// Turns that all processes on this engine share, one `spacing` after the other. Each has to say the same spacing:
    /// whoever says a shorter one takes his turns faster. All of one name in this process stand in one line.
    #[must_use]
    pub fn shared_rate(&self, name: impl Into<String>, spacing: Duration) -> SharedRate {
        SharedRate::new(&self.owner.plane, name.into(), spacing)
    }

    /// Whether this process leads.
    #[must_use]
    pub fn leader(&self) -> Leader {
        Leader::new(&self.owner.plane)
    }

    /// A snapshot of what this process does.
    #[must_use]
    pub fn status(&self) -> JobQueueStatus {
        self.owner.plane.status()
    }

    /// Has this process take nothing any more. What it has goes on, but for what has not begun, which is handed back;
    /// and jobs can be put until it is [drained](Self::drain).
    pub fn close(&self) {
        self.owner.plane.close();
    }

    /// Closes the queue, waits for what this process has, hands back the rest, and tells the engine that it is gone. Its
    /// own workers end with it.
    ///
    /// A [grace](super::JobQueueConfig::grace) before the deadline what still runs is asked to stop, and dropped at the
    /// deadline if it has not. What is handed back has had no attempt, and others take it at once. What was dropped has
    /// still to be told to the engine: where that takes time, or a job blocks its thread, the deadline is overrun by at most
    /// two graces; and one that is nearer than a grace by at most three.
    ///
    /// This is not interrupted by the ambient token or deadline: it is what a shutdown waits for.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropped before its deadline it leaves the queue closed and what runs running, and it can be called
    /// again, also by several tasks.
    pub async fn drain(&self, deadline: Instant) -> DrainReceipt {
        self.owner.plane.drain(deadline).await
    }

    pub(super) fn lease(&self) -> Duration {
        self.owner.plane.config.lease
    }

    /// The actor that owns the queue's life, for who would rather send it [messages](super::messages).
    #[must_use]
    pub fn actor(&self) -> &Handle<JobQueueActor> {
        &self.owner.actor
    }
}

impl fmt::Debug for JobQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobQueue").field("status", &self.status()).finish()
    }
}
