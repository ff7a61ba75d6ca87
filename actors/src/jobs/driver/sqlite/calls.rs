use std::time::Duration;

use async_trait::async_trait;

use super::super::rules::{check, check_answer, check_name};
use super::super::{
    Accepted, Answer, Beat, DriverError, Effects, Entered, Eviction, JobDriver, JobFilter, JobId, JobRecord, JobState,
    Leadership, NewJob, Owner, Owners, Prune, QueueCounts, QueueLimits, Take, Taken, Turns,
};
use super::effects::SqliteEffects;
use super::{SqliteDriver, answer, control, enqueue, leader, look, owners, queues, take};

#[async_trait]
impl JobDriver for SqliteDriver {
    async fn enqueue(&self, term: Option<u64>, jobs: &[NewJob]) -> Result<Vec<Entered>, DriverError> {
        jobs.iter().try_for_each(check)?;
        if jobs.is_empty() {
            return Ok(Vec::new());
        }
        let jobs = jobs.to_vec();
        self.write(move |work| enqueue::enqueue(work, term, &jobs)).await
    }

    async fn take(&self, take: &Take) -> Result<Option<Taken>, DriverError> {
        let take = take.clone();
        self.write(move |work| take::take(work, &take)).await
    }

    async fn answer(&self, owner: &str, answers: &[Answer]) -> Result<Vec<Accepted>, DriverError> {
        answers.iter().try_for_each(check_answer)?;
        if answers.is_empty() {
            return Ok(Vec::new());
        }
        let (owner, answers) = (owner.to_owned(), answers.to_vec());
        self.write(move |work| answer::answer(work, &owner, &answers)).await
    }

    fn takes(&self, effects: &Effects) -> bool {
        effects.get::<SqliteEffects>().is_some()
    }

    async fn enter(&self, owner: &Owner) -> Result<bool, DriverError> {
        check_name("owner", &owner.owner)?;
        owner.instance.as_deref().map_or(Ok(()), |instance| check_name("instance", instance))?;
        let owner = owner.clone();
        self.write(move |work| owners::enter(work, &owner)).await
    }

    async fn beat(&self, owner: &str) -> Result<Option<Beat>, DriverError> {
        let owner = owner.to_owned();
        self.write(move |work| owners::beat_and_see(work, &owner)).await
    }

    async fn owners(&self) -> Result<Owners, DriverError> {
        self.read(|tx, _| owners::owners(tx)).await
    }

    async fn evict(&self, owner: &str, beat: u64) -> Result<Eviction, DriverError> {
        let owner = owner.to_owned();
        self.write(move |work| owners::evict(work, &owner, Some(beat))).await
    }

    async fn leave(&self, owner: &str) -> Result<Eviction, DriverError> {
        let owner = owner.to_owned();
        self.write(move |work| owners::evict(work, &owner, None)).await
    }

    async fn campaign(&self, owner: &str) -> Result<Option<Leadership>, DriverError> {
        let owner = owner.to_owned();
        self.write(move |work| leader::campaign(work, &owner)).await
    }

    async fn resign(&self, leadership: &Leadership) -> Result<(), DriverError> {
        let leadership = leadership.clone();
        self.write(move |work| leader::resign(work, &leadership)).await
    }

    async fn turns(&self, turns: &Turns) -> Result<Duration, DriverError> {
        check_name("rate", &turns.name)?;
        let turns = turns.clone();
        self.write(move |work| queues::turns(work, &turns)).await
    }

    async fn limit(&self, queue: &str, limits: &QueueLimits) -> Result<(), DriverError> {
        check_name("queue", queue)?;
        let (queue, limits) = (queue.to_owned(), *limits);
        self.write(move |work| queues::limit(work, &queue, &limits)).await
    }

    async fn pause(&self, queue: &str, paused: bool) -> Result<(), DriverError> {
        check_name("queue", queue)?;
        let queue = queue.to_owned();
        self.write(move |work| queues::pause(work, &queue, paused)).await
    }

    async fn cancel(&self, job: JobId) -> Result<Option<JobState>, DriverError> {
        self.write(move |work| control::cancel(work, job)).await
    }

    async fn retry(&self, job: JobId) -> Result<Option<JobState>, DriverError> {
        self.write(move |work| control::retry(work, job)).await
    }

    async fn look(&self, jobs: &[JobId]) -> Result<Vec<Option<JobRecord>>, DriverError> {
        let jobs = jobs.to_vec();
        self.read(move |tx, _| look::look(tx, &jobs)).await
    }

    async fn list(&self, filter: &JobFilter) -> Result<Vec<JobRecord>, DriverError> {
        let filter = filter.clone();
        self.read(move |tx, _| look::list(tx, &filter)).await
    }

    async fn counts(&self) -> Result<Vec<QueueCounts>, DriverError> {
        self.read(|tx, now| look::counts(tx, now)).await
    }

    async fn prune(&self, prune: &Prune) -> Result<u64, DriverError> {
        let prune = *prune;
        self.write(move |work| control::prune(work, &prune)).await
    }

    fn mark(&self) -> u64 {
        self.wake.mark()
    }

    async fn woken(&self, _queues: &[String], mark: u64) {
        tokio::select! {
            biased;
            () = self.wake.changed(mark) => {}
            () = self.look_out() => {}
        }
    }
}
