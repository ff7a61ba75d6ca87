//! Each call, as it goes wrong or not.

use std::time::Duration;

use actors::jobs::JobId;
use actors::jobs::driver::{
    Accepted, Answer, Beat, DriverError, Effects, End, Entered, Eviction, JobDriver, JobFilter, JobRecord, JobState,
    Leadership, NewJob, Owner, Owners, Prune, QueueCounts, QueueLimits, Take, Taken, Turns,
};
use async_trait::async_trait;
use tokio::time::sleep;

use super::{Broken, Call, Flaky, How};

impl Flaky {
    fn refuses(&self, job: JobId) -> bool {
        self.0.state.lock().refused.contains(&job)
    }

    async fn answer_all(&self, owner: &str, answers: &[Answer]) -> Result<Vec<Accepted>, DriverError> {
        if answers.iter().any(|answer| matches!(answer.end, End::Done { .. }) && self.refuses(answer.id)) {
            return Err(DriverError::refused("output: 2000000 bytes, expected at most 1048576"));
        }
        let pause = { self.0.state.lock().each_answer };
        if !pause.is_zero() {
            sleep(pause * u32::try_from(answers.len()).unwrap_or(u32::MAX)).await;
        }
        let mut accepted = Vec::with_capacity(answers.len());
        for answer in answers {
            if answer.effects.as_ref().is_some_and(|effects| effects.get::<Broken>().is_some()) {
                accepted.push(Accepted::Failed("there is no such table".to_owned()));
            } else {
                accepted.extend(self.0.memory.answer(owner, std::slice::from_ref(answer)).await?);
            }
        }
        Ok(accepted)
    }

    async fn enqueue_all(&self, term: Option<u64>, jobs: &[NewJob]) -> Result<Vec<Entered>, DriverError> {
        if jobs.iter().any(|job| self.refuses(job.id)) {
            return Err(DriverError::refused("payload: 2000000 bytes, expected at most 1048576"));
        }
        self.0.memory.enqueue(term, jobs).await
    }
}

#[async_trait]
impl JobDriver for Flaky {
    async fn enqueue(&self, term: Option<u64>, jobs: &[NewJob]) -> Result<Vec<Entered>, DriverError> {
        self.call(Call::Enqueue, self.enqueue_all(term, jobs)).await
    }

    async fn take(&self, take: &Take) -> Result<Option<Taken>, DriverError> {
        self.call(Call::Take, self.0.memory.take(take)).await
    }

    async fn answer(&self, owner: &str, answers: &[Answer]) -> Result<Vec<Accepted>, DriverError> {
        self.call(Call::Answer, self.answer_all(owner, answers)).await
    }

    fn takes(&self, effects: &Effects) -> bool {
        effects.get::<Broken>().is_some()
    }

    async fn enter(&self, owner: &Owner) -> Result<bool, DriverError> {
        self.call(Call::Enter, self.0.memory.enter(owner)).await
    }

    async fn beat(&self, owner: &str) -> Result<Option<Beat>, DriverError> {
        self.call(Call::Beat, self.0.memory.beat(owner)).await
    }

    async fn owners(&self) -> Result<Owners, DriverError> {
        self.call(Call::Owners, self.0.memory.owners()).await
    }

    async fn evict(&self, owner: &str, beat: u64) -> Result<Eviction, DriverError> {
        self.call(Call::Evict, self.0.memory.evict(owner, beat)).await
    }

    async fn leave(&self, owner: &str) -> Result<Eviction, DriverError> {
        self.call(Call::Leave, self.0.memory.leave(owner)).await
    }

    async fn campaign(&self, owner: &str) -> Result<Option<Leadership>, DriverError> {
        self.call(Call::Campaign, self.0.memory.campaign(owner)).await
    }

    async fn resign(&self, leadership: &Leadership) -> Result<(), DriverError> {
        self.call(Call::Resign, self.0.memory.resign(leadership)).await
    }

    async fn turns(&self, turns: &Turns) -> Result<Duration, DriverError> {
        self.call(Call::Turns, self.0.memory.turns(turns)).await
    }

    async fn limit(&self, queue: &str, limits: &QueueLimits) -> Result<(), DriverError> {
        self.call(Call::Limit, self.0.memory.limit(queue, limits)).await
    }

    async fn pause(&self, queue: &str, paused: bool) -> Result<(), DriverError> {
        self.call(Call::Pause, self.0.memory.pause(queue, paused)).await
    }

    async fn cancel(&self, job: JobId) -> Result<Option<JobState>, DriverError> {
        self.call(Call::Cancel, self.0.memory.cancel(job)).await
    }

    async fn retry(&self, job: JobId) -> Result<Option<JobState>, DriverError> {
        self.call(Call::Retry, self.0.memory.retry(job)).await
    }

    async fn look(&self, jobs: &[JobId]) -> Result<Vec<Option<JobRecord>>, DriverError> {
        self.call(Call::Look, self.0.memory.look(jobs)).await
    }

    async fn list(&self, filter: &JobFilter) -> Result<Vec<JobRecord>, DriverError> {
        self.call(Call::List, self.0.memory.list(filter)).await
    }

    async fn counts(&self) -> Result<Vec<QueueCounts>, DriverError> {
        self.call(Call::Counts, self.0.memory.counts()).await
    }

    async fn prune(&self, prune: &Prune) -> Result<u64, DriverError> {
        self.call(Call::Prune, self.0.memory.prune(prune)).await
    }

    fn mark(&self) -> u64 {
        self.0.memory.mark()
    }

    async fn woken(&self, queues: &[String], mark: u64) {
        match self.begin(Call::Woken) {
            Some(How::Panic) => panic!("the driver has panicked, as it was told to"),
            Some(How::Slow(pause)) => sleep(pause).await,
            // For no reason, which it may.
            Some(How::Lose) => {}
            Some(_) => std::future::pending().await,
            None => self.0.memory.woken(queues, mark).await,
        }
    }
}
