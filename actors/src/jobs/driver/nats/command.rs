//! What is written into the log, and what it does to the tables.

use std::time::Duration;

use futures_util::FutureExt;
use serde::{Deserialize, Serialize};

use super::super::{
    Accepted, Answer, Beat, DriverError, Entered, Eviction, JobDriver, JobId, JobState, Leadership, MemoryDriver,
    NewJob, Owner, Prune, QueueLimits, Take, Taken, Turns,
};
use super::said::{Ended, Said};

/// One of the entries' items.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Item {
    Do(Command),
    /// It is too large for the log, and is kept as a [text](super::texts).
    Kept(String),
}

/// A change of the tables. Texts are written as [`texts`](super::texts) says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Command {
    Enqueue {
        term: Option<u64>,
        jobs: Vec<NewJob>,
    },
    Take {
        owner: String,
        serial: u64,
        queues: Vec<String>,
        most: u64,
        suspect: bool,
        ageing: Duration,
    },
    Answer {
        owner: String,
        answers: Vec<Said>,
    },
    Enter {
        owner: String,
        instance: Option<String>,
        poison: u32,
    },
    Beat {
        owner: String,
    },
    Evict {
        owner: String,
        beat: u64,
    },
    Leave {
        owner: String,
    },
    Campaign {
        owner: String,
    },
    Resign {
        term: u64,
        owner: String,
    },
    Turns {
        name: String,
        count: u32,
        spacing: Duration,
        pause: Duration,
    },
    Limit {
        queue: String,
        limits: QueueLimits,
    },
    Pause {
        queue: String,
        paused: bool,
    },
    Cancel {
        job: JobId,
    },
    Retry {
        job: JobId,
    },
    Prune {
        over: Duration,
        dead: Option<Duration>,
        most: u64,
    },
    /// Somebody would make a copy of the tables.
    Claim {
        by: u64,
    },
    /// Somebody has made one, of so many bytes.
    Copied {
        by: u64,
        bytes: u64,
    },
}

/// What came of a command.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    Entered(Vec<Entered>),
    Taken(Option<Taken>),
    Accepted(Vec<Accepted>),
    Is(bool),
    Beat(Option<Beat>),
    Evicted(Eviction),
    Leads(Option<Leadership>),
    Wait(Duration),
    State(Option<JobState>),
    Count(u64),
    Nothing,
}

impl From<&Take> for Command {
    fn from(take: &Take) -> Self {
        Self::Take {
            owner: take.owner.clone(),
            serial: take.serial,
            queues: take.queues.clone(),
            most: take.most as u64,
            suspect: take.suspect,
            ageing: take.ageing,
        }
    }
}

impl Command {
    /// The texts that it brings.
    pub(super) fn texts(&self) -> Vec<&str> {
        match self {
            Self::Enqueue { jobs, .. } => jobs.iter().map(|job| &*job.payload).collect(),
            Self::Answer { answers, .. } => {
                let mut texts = Vec::new();
                for said in answers {
                    texts.extend(said.next.iter().map(|job| &*job.payload));
                    if let Ended::Done { output: Some(output) } = &said.end {
                        texts.push(&**output);
                    }
                }
                texts
            }
            _ => Vec::new(),
        }
    }

    /// Does it.
    pub(super) fn apply(self, tables: &MemoryDriver) -> Result<Outcome, DriverError> {
        let size = |most: u64| usize::try_from(most).unwrap_or(usize::MAX);
        Ok(match self {
            Self::Enqueue { term, jobs } => Outcome::Entered(at_once(tables.enqueue(term, &jobs))?),
            Self::Take { owner, serial, queues, most, suspect, ageing } => {
                let take = Take { owner, serial, queues, most: size(most), suspect, ageing };
                Outcome::Taken(at_once(tables.take(&take))?)
            }
            Self::Answer { owner, answers } => {
                let answers: Vec<Answer> = answers.into_iter().map(Answer::from).collect();
                Outcome::Accepted(at_once(tables.answer(&owner, &answers))?)
            }
            Self::Enter { owner, instance, poison } => {
                Outcome::Is(at_once(tables.enter(&Owner { owner, instance, poison }))?)
            }
            Self::Beat { owner } => Outcome::Beat(at_once(tables.beat(&owner))?),
            Self::Evict { owner, beat } => Outcome::Evicted(at_once(tables.evict(&owner, beat))?),
            Self::Leave { owner } => Outcome::Evicted(at_once(tables.leave(&owner))?),
            Self::Campaign { owner } => Outcome::Leads(at_once(tables.campaign(&owner))?),
            Self::Resign { term, owner } => {
                at_once(tables.resign(&Leadership { term, owner }))?;
                Outcome::Nothing
            }
            Self::Turns { name, count, spacing, pause } => {
                Outcome::Wait(at_once(tables.turns(&Turns { name, count, spacing, pause }))?)
            }
            Self::Limit { queue, limits } => {
                at_once(tables.limit(&queue, &limits))?;
                Outcome::Nothing
            }
            Self::Pause { queue, paused } => {
                at_once(tables.pause(&queue, paused))?;
                Outcome::Nothing
            }
            Self::Cancel { job } => Outcome::State(at_once(tables.cancel(job))?),
            Self::Retry { job } => Outcome::State(at_once(tables.retry(job))?),
            Self::Prune { over, dead, most } => {
                Outcome::Count(at_once(tables.prune(&Prune { over, dead, most: size(most) }))?)
            }
            // What the machine does by itself.
            Self::Claim { .. } | Self::Copied { .. } => Outcome::Nothing,
        })
    }
}

/// The answer of a driver that never waits.
pub(super) fn at_once<T>(asked: impl Future<Output = Result<T, DriverError>>) -> Result<T, DriverError> {
    asked.now_or_never().unwrap_or_else(|| Err(DriverError::new("the tables in memory did not answer at once")))
}
