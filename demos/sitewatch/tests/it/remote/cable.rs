//! An engine that can be cut off, as for a program that was killed: nobody hears of it any more. Or that is away for a
//! while, or refuses everything.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::time::Duration;

use actors::jobs::JobId;
use actors::jobs::driver::{
    Accepted, Answer, Beat, DriverError, Entered, Eviction, JobDriver, JobFilter, JobRecord, JobState, Leadership,
    MemoryDriver, NewJob, Owner, Owners, Prune, QueueCounts, QueueLimits, Take, Taken, Turns,
};
use async_trait::async_trait;

/// Whether a program is there, and the engine is for it; and how many jobs it was given in one list at most.
#[derive(Clone, Debug, Default)]
pub(super) struct Life(Arc<AtomicU8>, Arc<AtomicUsize>);

const THERE: u8 = 0;
const OVER: u8 = 1;
const AWAY: u8 = 2;
const REFUSING: u8 = 3;

impl Life {
    /// Nothing that it says from now on is heard, and nothing that it does is done.
    pub(super) fn end(&self) {
        self.0.store(OVER, Ordering::Relaxed);
    }

    pub(super) fn is_over(&self) -> bool {
        self.0.load(Ordering::Relaxed) == OVER
    }

    /// The engine can't be reached, or can again.
    pub(super) fn set_away(&self, away: bool) {
        self.0.store(if away { AWAY } else { THERE }, Ordering::Relaxed);
    }

    pub(super) fn longest_list(&self) -> usize {
        self.1.load(Ordering::Relaxed)
    }

    /// The engine refuses whatever it is asked, for good.
    pub(super) fn refuse(&self) {
        self.0.store(REFUSING, Ordering::Relaxed);
    }
}

/// The way of one program to the engine that all share.
pub(super) struct Cable {
    engine: MemoryDriver,
    life: Life,
}

impl Cable {
    pub(super) fn new(engine: MemoryDriver, life: Life) -> Self {
        Self { engine, life }
    }

    fn engine(&self) -> Result<&MemoryDriver, DriverError> {
        match self.life.0.load(Ordering::Relaxed) {
            THERE => Ok(&self.engine),
            REFUSING => Err(DriverError::refused("a later version has written this")),
            _ => Err(DriverError::new("nobody is there")),
        }
    }
}

#[async_trait]
impl JobDriver for Cable {
    async fn enqueue(&self, term: Option<u64>, jobs: &[NewJob]) -> Result<Vec<Entered>, DriverError> {
        self.engine()?.enqueue(term, jobs).await
    }

    async fn take(&self, take: &Take) -> Result<Option<Taken>, DriverError> {
        self.engine()?.take(take).await
    }

    async fn answer(&self, owner: &str, answers: &[Answer]) -> Result<Vec<Accepted>, DriverError> {
        self.engine()?.answer(owner, answers).await
    }

    async fn enter(&self, owner: &Owner) -> Result<bool, DriverError> {
        self.engine()?.enter(owner).await
    }

    async fn beat(&self, owner: &str) -> Result<Option<Beat>, DriverError> {
        self.engine()?.beat(owner).await
    }

    async fn owners(&self) -> Result<Owners, DriverError> {
        self.engine()?.owners().await
    }

    async fn evict(&self, owner: &str, beat: u64) -> Result<Eviction, DriverError> {
        self.engine()?.evict(owner, beat).await
    }

    async fn leave(&self, owner: &str) -> Result<Eviction, DriverError> {
        self.engine()?.leave(owner).await
    }

    async fn campaign(&self, owner: &str) -> Result<Option<Leadership>, DriverError> {
        self.engine()?.campaign(owner).await
    }

    async fn resign(&self, leadership: &Leadership) -> Result<(), DriverError> {
        self.engine()?.resign(leadership).await
    }

    async fn turns(&self, turns: &Turns) -> Result<Duration, DriverError> {
        self.engine()?.turns(turns).await
    }

    async fn limit(&self, queue: &str, limits: &QueueLimits) -> Result<(), DriverError> {
        self.engine()?.limit(queue, limits).await
    }

    async fn pause(&self, queue: &str, paused: bool) -> Result<(), DriverError> {
        self.engine()?.pause(queue, paused).await
    }

    async fn cancel(&self, job: JobId) -> Result<Option<JobState>, DriverError> {
        self.engine()?.cancel(job).await
    }

    async fn retry(&self, job: JobId) -> Result<Option<JobState>, DriverError> {
        self.engine()?.retry(job).await
    }

    async fn look(&self, jobs: &[JobId]) -> Result<Vec<Option<JobRecord>>, DriverError> {
        self.engine()?.look(jobs).await
    }

    async fn list(&self, filter: &JobFilter) -> Result<Vec<JobRecord>, DriverError> {
        let found = self.engine()?.list(filter).await?;
        self.life.1.fetch_max(found.len(), Ordering::Relaxed);
        Ok(found)
    }

    async fn counts(&self) -> Result<Vec<QueueCounts>, DriverError> {
        self.engine()?.counts().await
    }

    async fn prune(&self, prune: &Prune) -> Result<u64, DriverError> {
        self.engine()?.prune(prune).await
    }

    fn mark(&self) -> u64 {
        self.engine.mark()
    }

    async fn woken(&self, queues: &[String], mark: u64) {
        if self.life.is_over() {
            std::future::pending::<()>().await;
        }
        self.engine.woken(queues, mark).await;
    }
}
