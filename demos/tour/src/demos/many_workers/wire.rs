//! What machines have between them and the engine, and what can be cut.
use std::time::Duration;

use actors::jobs::JobId;
use actors::jobs::driver::{
    Accepted, Answer, Beat, DriverError, Entered, Eviction, JobDriver,
    JobFilter, JobRecord, JobState, Leadership, MemoryDriver, NewJob, Owner,
    Owners, Prune, QueueCounts, QueueLimits, Take, Taken, Turns,
};
use async_trait::async_trait;
use tokio::sync::watch;

/// The way of one machine to the engine that all share. While it is cut,
/// nothing gets through, and nobody says so.
#[derive(Clone)]
pub(super) struct Wire {
    engine: MemoryDriver,
    is_whole: watch::Receiver<bool>,
}

impl Wire {
    pub(super) fn new(
        engine: MemoryDriver,
        is_whole: watch::Receiver<bool>,
    ) -> Self {
        Self { engine, is_whole }
    }

    /// The engine, once it can be reached.
    async fn far_end(&self) -> &MemoryDriver {
        let mut is_whole = self.is_whole.clone();
        let is_gone = is_whole.wait_for(|whole| *whole).await.is_err();
        if is_gone {
            // Nobody is left who could mend it.
            std::future::pending::<()>().await;
        }
        &self.engine
    }
}

type Answered<T> = Result<T, DriverError>;

#[async_trait]
impl JobDriver for Wire {
    async fn enqueue(
        &self,
        term: Option<u64>,
        jobs: &[NewJob],
    ) -> Answered<Vec<Entered>> {
        self.far_end().await.enqueue(term, jobs).await
    }

    async fn take(&self, take: &Take) -> Answered<Option<Taken>> {
        self.far_end().await.take(take).await
    }

    async fn answer(
        &self,
        owner: &str,
        answers: &[Answer],
    ) -> Answered<Vec<Accepted>> {
        self.far_end().await.answer(owner, answers).await
    }

    async fn enter(&self, owner: &Owner) -> Answered<bool> {
        self.far_end().await.enter(owner).await
    }

    async fn beat(&self, owner: &str) -> Answered<Option<Beat>> {
        self.far_end().await.beat(owner).await
    }

    async fn owners(&self) -> Answered<Owners> {
        self.far_end().await.owners().await
    }

    async fn evict(&self, owner: &str, beat: u64) -> Answered<Eviction> {
        self.far_end().await.evict(owner, beat).await
    }

    async fn leave(&self, owner: &str) -> Answered<Eviction> {
        self.far_end().await.leave(owner).await
    }

    async fn campaign(&self, owner: &str) -> Answered<Option<Leadership>> {
        self.far_end().await.campaign(owner).await
    }

    async fn resign(&self, leadership: &Leadership) -> Answered<()> {
        self.far_end().await.resign(leadership).await
    }

    async fn turns(&self, turns: &Turns) -> Answered<Duration> {
        self.far_end().await.turns(turns).await
    }

    async fn limit(&self, queue: &str, limits: &QueueLimits) -> Answered<()> {
        self.far_end().await.limit(queue, limits).await
    }

    async fn pause(&self, queue: &str, paused: bool) -> Answered<()> {
        self.far_end().await.pause(queue, paused).await
    }

    async fn cancel(&self, job: JobId) -> Answered<Option<JobState>> {
        self.far_end().await.cancel(job).await
    }

    async fn retry(&self, job: JobId) -> Answered<Option<JobState>> {
        self.far_end().await.retry(job).await
    }

    async fn look(&self, jobs: &[JobId]) -> Answered<Vec<Option<JobRecord>>> {
        self.far_end().await.look(jobs).await
    }

    async fn list(&self, filter: &JobFilter) -> Answered<Vec<JobRecord>> {
        self.far_end().await.list(filter).await
    }

    async fn counts(&self) -> Answered<Vec<QueueCounts>> {
        self.far_end().await.counts().await
    }

    async fn prune(&self, prune: &Prune) -> Answered<u64> {
        self.far_end().await.prune(prune).await
    }

    fn mark(&self) -> u64 {
        self.engine.mark()
    }

    async fn woken(&self, queues: &[String], mark: u64) {
        self.far_end().await.woken(queues, mark).await;
        // What was said while the wire was cut is heard later.
        self.far_end().await;
    }
}
