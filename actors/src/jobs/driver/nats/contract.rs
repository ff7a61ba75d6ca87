use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::try_join_all;

use super::super::{
    Accepted, Answer, Beat, DriverError, Entered, Eviction, JobDriver, JobFilter, JobId, JobRecord, JobState,
    Leadership, NewJob, Owner, Owners, Prune, QueueCounts, QueueLimits, Take, Taken, Turns, rules,
};
use super::NatsDriver;
use super::command::{Command, Outcome};
use super::items::{answer_weight, cut, weight};

impl NatsDriver {
    async fn submit(&self, command: Command) -> Result<Outcome, DriverError> {
        self.shared().submit(command).await
    }
}

/// What came of a command is what comes of another.
fn odd() -> DriverError {
    DriverError::new("the jobs' log answered another question")
}

#[async_trait]
impl JobDriver for NatsDriver {
    async fn enqueue(&self, term: Option<u64>, jobs: &[NewJob]) -> Result<Vec<Entered>, DriverError> {
        jobs.iter().try_for_each(rules::check)?;
        let mut all = Vec::with_capacity(jobs.len());
        for some in cut(jobs, weight) {
            let jobs = self.written(some).await?;
            let Outcome::Entered(entered) = self.submit(Command::Enqueue { term, jobs }).await? else {
                return Err(odd());
            };
            all.extend(entered);
        }
        Ok(all)
    }

    async fn take(&self, take: &Take) -> Result<Option<Taken>, DriverError> {
        // Nothing is written where there is nothing to take. Here it may not be known yet that there is.
        if self.shared().tables.peek(take).is_some() {
            self.shared().up_to_date().await?;
            if let Some(nothing) = self.shared().tables.peek(take) {
                return Ok(nothing);
            }
        }
        let Outcome::Taken(taken) = self.submit(Command::from(take)).await? else { return Err(odd()) };
        let Some(mut taken) = taken else { return Ok(None) };
        self.with_payloads(&take.owner, &mut taken).await?;
        Ok(Some(taken))
    }

    async fn answer(&self, owner: &str, answers: &[Answer]) -> Result<Vec<Accepted>, DriverError> {
        answers.iter().try_for_each(rules::check_answer)?;
        let mut all = Vec::with_capacity(answers.len());
        for some in cut(answers, answer_weight) {
            let mut said = Vec::with_capacity(some.len());
            for (answer, is_counted) in some.iter().zip(self.counted(owner, some).await?) {
                said.push(self.said(answer, is_counted));
            }
            let answers = try_join_all(said).await?;
            let command = Command::Answer { owner: owner.to_owned(), answers };
            let Outcome::Accepted(accepted) = self.submit(command).await? else { return Err(odd()) };
            for (answer, one) in some.iter().zip(accepted) {
                all.push(match one {
                    Accepted::Failed(_) if answer.effects.is_some() => {
                        Accepted::Failed("JetStream has no transactions for effects".to_owned())
                    }
                    // It counted, and the server has lost that.
                    Accepted::Failed(_) => return Err(DriverError::new("an answer was lost: ask again")),
                    one => one,
                });
            }
        }
        Ok(all)
    }

    async fn enter(&self, owner: &Owner) -> Result<bool, DriverError> {
        rules::check_name("owner", &owner.owner)?;
        let Owner { owner, instance, poison } = owner.clone();
        let Outcome::Is(is_new) = self.submit(Command::Enter { owner, instance, poison }).await? else {
            return Err(odd());
        };
        Ok(is_new)
    }

    async fn beat(&self, owner: &str) -> Result<Option<Beat>, DriverError> {
        let command = Command::Beat { owner: owner.to_owned() };
        let Outcome::Beat(beat) = self.submit(command).await? else { return Err(odd()) };
        Ok(beat)
    }

    async fn owners(&self) -> Result<Owners, DriverError> {
        self.shared().up_to_date().await?;
        self.shared().tables.owners().await
    }

    async fn evict(&self, owner: &str, beat: u64) -> Result<Eviction, DriverError> {
        let command = Command::Evict { owner: owner.to_owned(), beat };
        let Outcome::Evicted(eviction) = self.submit(command).await? else { return Err(odd()) };
        Ok(eviction)
    }

    async fn leave(&self, owner: &str) -> Result<Eviction, DriverError> {
        let command = Command::Leave { owner: owner.to_owned() };
        let Outcome::Evicted(eviction) = self.submit(command).await? else { return Err(odd()) };
        Ok(eviction)
    }

    async fn campaign(&self, owner: &str) -> Result<Option<Leadership>, DriverError> {
        // It is asked for with every sign of life, and nearly always there is a leader.
        let Owners { all, leader } = self.owners().await?;
        if leader.is_some() && all.iter().any(|seen| seen.owner == owner) {
            return Ok(leader);
        }
        let command = Command::Campaign { owner: owner.to_owned() };
        let Outcome::Leads(leader) = self.submit(command).await? else { return Err(odd()) };
        Ok(leader)
    }

    async fn resign(&self, leadership: &Leadership) -> Result<(), DriverError> {
        let Leadership { term, owner } = leadership.clone();
        self.submit(Command::Resign { term, owner }).await?;
        Ok(())
    }

    async fn turns(&self, turns: &Turns) -> Result<Duration, DriverError> {
        rules::check_name("rate", &turns.name)?;
        let Turns { name, count, spacing, pause } = turns.clone();
        let command = Command::Turns { name, count, spacing, pause };
        let Outcome::Wait(wait) = self.submit(command).await? else { return Err(odd()) };
        Ok(wait)
    }

    async fn limit(&self, queue: &str, limits: &QueueLimits) -> Result<(), DriverError> {
        rules::check_name("queue", queue)?;
        self.submit(Command::Limit { queue: queue.to_owned(), limits: *limits }).await?;
        Ok(())
    }

    async fn pause(&self, queue: &str, paused: bool) -> Result<(), DriverError> {
        rules::check_name("queue", queue)?;
        self.submit(Command::Pause { queue: queue.to_owned(), paused }).await?;
        Ok(())
    }

    async fn cancel(&self, job: JobId) -> Result<Option<JobState>, DriverError> {
        let Outcome::State(state) = self.submit(Command::Cancel { job }).await? else { return Err(odd()) };
        Ok(state)
    }

    async fn retry(&self, job: JobId) -> Result<Option<JobState>, DriverError> {
        let Outcome::State(state) = self.submit(Command::Retry { job }).await? else { return Err(odd()) };
        Ok(state)
    }

    async fn look(&self, jobs: &[JobId]) -> Result<Vec<Option<JobRecord>>, DriverError> {
        self.shared().up_to_date().await?;
        let mut records = self.shared().tables.look(jobs).await?;
        self.with_texts(records.iter_mut().flatten().collect()).await?;
        Ok(records)
    }

    async fn list(&self, filter: &JobFilter) -> Result<Vec<JobRecord>, DriverError> {
        self.shared().up_to_date().await?;
        let mut records = self.shared().tables.list(filter).await?;
        self.with_texts(records.iter_mut().collect()).await?;
        Ok(records)
    }

    async fn counts(&self) -> Result<Vec<QueueCounts>, DriverError> {
        self.shared().up_to_date().await?;
        self.shared().tables.counts().await
    }

    async fn prune(&self, prune: &Prune) -> Result<u64, DriverError> {
        let Prune { over, dead, most } = *prune;
        let command = Command::Prune { over, dead, most: most as u64 };
        let Outcome::Count(pruned) = self.submit(command).await? else { return Err(odd()) };
        Ok(pruned)
    }

    fn mark(&self) -> u64 {
        self.shared().tables.mark()
    }

    async fn woken(&self, queues: &[String], mark: u64) {
        self.shared().tables.woken(queues, mark).await;
    }
}
