mod answer;
mod control;
#[cfg(feature = "nats")]
mod dump;
mod enqueue;
mod look;
mod owners;
mod queue;
mod tables;
mod take;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use tokio::sync::watch;

use super::{
    Accepted, Answer, Beat, DriverError, Entered, Eviction, JobDriver, JobFilter, JobId, JobRecord, JobState,
    Leadership, NewJob, Owner, Owners, Prune, QueueCounts, QueueLimits, Take, Taken, Turns,
};
use crate::scheduler::{SystemClock, WallClock};
use tables::{Now, Tables};

#[cfg(feature = "nats")]
pub(super) use dump::Dump;

/// A driver in memory: for tests, and for workers of one process. A clone is the same one.
///
/// It survives its workers, but not the process.
///
/// # Examples
///
/// ```
/// use actors::jobs::JobId;
/// use actors::jobs::driver::{Accepted, Answer, End, Entered, JobDriver, MemoryDriver, NewJob, Owner, Take};
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), Box<dyn std::error::Error>> {
/// let driver = MemoryDriver::new();
/// driver.enter(&Owner { owner: "a".to_owned(), instance: None, poison: 3 }).await?;
/// let job = NewJob::new(JobId::random(), "mail", "welcome", r#"{"to":"ada"}"#);
/// assert_eq!(driver.enqueue(None, std::slice::from_ref(&job)).await?, [Entered::New]);
/// assert_eq!(driver.enqueue(None, &[job]).await?, [Entered::Known]);
///
/// let queues = vec!["mail".to_owned()];
/// let ageing = Duration::from_secs(60);
/// let take = Take { owner: "a".to_owned(), serial: 1, queues, most: 10, suspect: true, ageing };
/// let taken = driver.take(&take).await?.expect("the owner was entered").jobs.remove(0);
/// let end = End::Done { output: None };
/// let answer = Answer::new(taken.id, taken.fence, end);
/// assert_eq!(driver.answer("b", std::slice::from_ref(&answer)).await?, [Accepted::Stale]);
/// assert_eq!(driver.answer("a", &[answer]).await?, [Accepted::Kept]);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct MemoryDriver(Arc<Inner>);

struct Inner {
    clock: Arc<dyn WallClock>,
    tables: Mutex<Tables>,
    /// How often something happened for which somebody may wait.
    events: watch::Sender<u64>,
}

impl Default for MemoryDriver {
    fn default() -> Self {
        Self::with_clock(SystemClock)
    }
}

impl MemoryDriver {
    /// An empty one, on the system's clock.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty one, on this clock.
    #[must_use]
    pub fn with_clock(clock: impl WallClock) -> Self {
        let (clock, tables) = (Arc::new(clock), Mutex::new(Tables::default()));
        Self(Arc::new(Inner { clock, tables, events: watch::Sender::new(0) }))
    }

    /// Does something with the tables, and wakes those who wait if there may be something for them.
    fn with<T>(&self, f: impl FnOnce(&mut Tables, Now) -> T) -> T {
        let (done, stirred) = {
            let mut tables = self.0.tables.lock();
            let now = Now(self.0.clock.now());
            (f(&mut tables, now), std::mem::take(&mut tables.stirred))
        };
        // It wakes others, who would find the tables locked.
        if stirred {
            self.0.events.send_modify(|events| *events += 1);
        }
        done
    }
}

/// What a driver needs that keeps a copy of the tables.
#[cfg(feature = "nats")]
impl MemoryDriver {
    /// What a take answers that changes nothing; `None`: it changes something.
    pub(super) fn peek(&self, take: &Take) -> Option<Option<Taken>> {
        self.with(|tables, now| tables.peek(take, now))
    }

    /// All that is kept.
    pub(super) fn dump(&self) -> Dump {
        self.with(|tables, _| tables.dump())
    }

    /// Has it keep what was dumped, and nothing else. Whoever waits is woken.
    pub(super) fn restore(&self, dump: Dump) {
        self.with(|tables, _| *tables = Tables::restore(dump));
    }
}

#[async_trait]
impl JobDriver for MemoryDriver {
    async fn enqueue(&self, term: Option<u64>, jobs: &[NewJob]) -> Result<Vec<Entered>, DriverError> {
        Ok(self.with(|tables, now| tables.enqueue_all(term, jobs, now)))
    }

    async fn take(&self, take: &Take) -> Result<Option<Taken>, DriverError> {
        Ok(self.with(|tables, now| tables.take(take, now)))
    }

    async fn answer(&self, owner: &str, answers: &[Answer]) -> Result<Vec<Accepted>, DriverError> {
        Ok(self.with(|tables, now| answers.iter().map(|answer| tables.answer(owner, answer, now)).collect()))
    }

    async fn enter(&self, owner: &Owner) -> Result<bool, DriverError> {
        Ok(self.with(|tables, now| tables.enter_owner(owner, now)))
    }

    async fn beat(&self, owner: &str) -> Result<Option<Beat>, DriverError> {
        Ok(self.with(|tables, _| tables.beat(owner)))
    }

    async fn owners(&self) -> Result<Owners, DriverError> {
        Ok(self.with(|tables, _| tables.everybody()))
    }

    async fn evict(&self, owner: &str, beat: u64) -> Result<Eviction, DriverError> {
        Ok(self.with(|tables, now| tables.evict(owner, Some(beat), now)))
    }

    async fn leave(&self, owner: &str) -> Result<Eviction, DriverError> {
        Ok(self.with(|tables, now| tables.evict(owner, None, now)))
    }

    async fn campaign(&self, owner: &str) -> Result<Option<Leadership>, DriverError> {
        Ok(self.with(|tables, _| tables.campaign(owner)))
    }

    async fn resign(&self, leadership: &Leadership) -> Result<(), DriverError> {
        self.with(|tables, _| tables.resign(leadership));
        Ok(())
    }

    async fn turns(&self, turns: &Turns) -> Result<Duration, DriverError> {
        Ok(self.with(|tables, now| tables.turns(turns, now)))
    }

    async fn limit(&self, queue: &str, limits: &QueueLimits) -> Result<(), DriverError> {
        self.with(|tables, now| tables.limit(queue, *limits, now));
        Ok(())
    }

    async fn pause(&self, queue: &str, paused: bool) -> Result<(), DriverError> {
        self.with(|tables, _| tables.pause(queue, paused));
        Ok(())
    }

    async fn cancel(&self, job: JobId) -> Result<Option<JobState>, DriverError> {
        Ok(self.with(|tables, now| tables.cancel(job, now)))
    }

    async fn retry(&self, job: JobId) -> Result<Option<JobState>, DriverError> {
        Ok(self.with(|tables, now| tables.retry(job, now)))
    }

    async fn look(&self, jobs: &[JobId]) -> Result<Vec<Option<JobRecord>>, DriverError> {
        Ok(self.with(|tables, _| jobs.iter().map(|id| tables.record(*id)).collect()))
    }

    async fn list(&self, filter: &JobFilter) -> Result<Vec<JobRecord>, DriverError> {
        Ok(self.with(|tables, _| tables.list(filter)))
    }

    async fn counts(&self) -> Result<Vec<QueueCounts>, DriverError> {
        Ok(self.with(|tables, now| tables.counts(now)))
    }

    async fn prune(&self, prune: &Prune) -> Result<u64, DriverError> {
        Ok(self.with(|tables, now| tables.prune(prune, now)))
    }

    fn mark(&self) -> u64 {
        *self.0.events.borrow()
    }

    async fn woken(&self, _queues: &[String], mark: u64) {
        let mut events = self.0.events.subscribe();
        // It fails where the sender is gone, and we have it.
        let _ = events.wait_for(|events| *events != mark).await;
    }
}

impl fmt::Debug for MemoryDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryDriver").field("jobs", &self.0.tables.lock().jobs.len()).finish_non_exhaustive()
    }
}
