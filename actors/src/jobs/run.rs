use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::time::Instant;

use super::driver::{Effects, JobDriver, NEXT, NewJob, TakenJob};
use super::stop::StopSign;
use super::{Entry, Job, JobId, NoEffects, PutError, Stop};

/// One delivery of a job, as its code sees it: which attempt it is, and what is committed with its end.
pub struct Run {
    pub(super) job: TakenJob,
    pub(super) sign: Arc<StopSign>,
    pub(super) deadline: Instant,
    /// That is the job's own, and not only this attempt's.
    pub(super) expires: bool,
    pub(super) driver: Arc<dyn JobDriver>,
    pub(super) next: Vec<NewJob>,
    pub(super) effects: Option<Effects>,
}

impl Run {
    /// The job's id.
    #[must_use]
    pub fn id(&self) -> JobId {
        self.job.id
    }

    /// Which attempt this is, from 1, without those that were handed back.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.job.attempt
    }

    /// How many processes went away with it before. With too many it is put aside; see
    /// [`poison`](super::JobQueueConfig::poison).
    #[must_use]
    pub fn crashes(&self) -> u32 {
        self.job.crashes.saturating_sub(1)
    }

    /// Its queue.
    #[must_use]
    pub fn queue(&self) -> &str {
        &self.job.queue
    }

    /// What kind of job it is.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.job.kind
    }

    /// Its key.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.job.key.as_deref()
    }

    /// When it was put.
    #[must_use]
    pub fn entered_at(&self) -> Timestamp {
        self.job.entered_at
    }

    /// Why it should stop; `None` if it need not. The ambient token is cancelled then, too. A grace later it is
    /// dropped.
    #[must_use]
    pub fn stopping(&self) -> Option<Stop> {
        self.sign.get().or_else(|| (Instant::now() >= self.deadline).then_some(Stop::Deadline))
    }

    /// Another job that is put if and only if this delivery is done and that counts; at most 128. Its id.
    ///
    /// # Errors
    ///
    /// - [`PutError::Encode`]: it can't be written as JSON.
    /// - [`PutError::TooMany`]: there are 128 already.
    pub fn then<J: Job>(&mut self, next: impl Into<Entry<J>>) -> Result<JobId, PutError> {
        if self.next.len() == NEXT {
            return Err(PutError::TooMany);
        }
        let job = next.into().into_new_job()?;
        let id = job.id;
        self.next.push(job);
        Ok(id)
    }

    /// What is done in the transaction that ends it, if and only if this delivery is done and that counts: rows of the
    /// user's, by `SqliteDriver::effects` or `PostgresDriver::effects`. A later call replaces an earlier one.
    ///
    /// If they fail, the attempt has.
    ///
    /// # Errors
    ///
    /// [`NoEffects`]: they are not this engine's.
    pub fn effects(&mut self, effects: Effects) -> Result<(), NoEffects> {
        if !self.driver.takes(&effects) {
            return Err(NoEffects);
        }
        self.effects = Some(effects);
        Ok(())
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("id", &self.job.id)
            .field("kind", &self.job.kind)
            .field("attempt", &self.job.attempt)
            .field("stopping", &self.stopping())
            .finish_non_exhaustive()
    }
}
