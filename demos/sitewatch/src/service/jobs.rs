//! A queue, for whoever shows it.

mod shown;

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use actors::jobs::driver::{JobFilter, JobRecord, JobState as State, Seen};
use actors::jobs::{JobId, JobQueue, JobsError};
use async_trait::async_trait;
use futures_util::future::join_all;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::view::{Acted, JobAction, JobQuery, JobView, QueueAction, QueueView, WorkerView};
use super::watch::WatchError;
use super::watch_jobs::WatchJobs;
use crate::remote::Lead;
use crate::report::text::plural;
use shown::{job, millis, queue, stalled};

/// How many of the jobs that run are looked at, to tell who has which.
const RUNNING: usize = 1_000;

/// How many of them are told of each worker.
const OF_EACH: usize = 100;

/// How many jobs are had at a time for a list: the engine gives each with all that it works on and what came of it, which
/// may be a megabyte and is not told there.
const A_LOOK: usize = 16;

/// How many dead jobs are looked at together, and how many are done again by one request: whoever asks waits for it.
const TOGETHER: usize = 64;
const AGAIN: u64 = 2_048;

/// A queue, for whoever shows it.
///
/// It asks the queue when it is asked, and costs nothing in between. So it knows of a worker's silence only what it has
/// seen itself: since when the worker is as it was when it was looked at before.
///
/// # Examples
///
/// ```
/// use actors::System;
/// use actors::jobs::JobQueue;
/// use actors::jobs::driver::MemoryDriver;
/// use sitewatch::service::{JobQuery, Jobs, WatchError, WatchJobs};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let system = System::start()?;
/// let jobs = Jobs::new(JobQueue::builder(MemoryDriver::new()).start(&system).await?);
/// assert_eq!(jobs.jobs(&JobQuery::default()).await, Ok(Vec::new()));
/// assert_eq!(jobs.job("7").await, Err(WatchError::NoSuchJob("7".to_owned())));
/// # Ok(()) }
/// ```
pub struct Jobs {
    queue: JobQueue,
    heard: Mutex<HashMap<String, Heard>>,
}

/// The latest sign of life of a worker, and since when it is known.
struct Heard {
    beat: u64,
    since: Instant,
}

impl Jobs {
    /// What this queue has.
    #[must_use]
    pub fn new(queue: JobQueue) -> Self {
        Self { queue, heard: Mutex::default() }
    }

    /// For how long each of these has given no sign of life.
    fn silences(&self, all: &[Seen]) -> Vec<Option<Duration>> {
        let (now, mut heard) = (Instant::now(), self.heard.lock());
        let mut before = std::mem::take(&mut *heard);
        let mut silences = Vec::with_capacity(all.len());
        for seen in all {
            let (since, silence) = match before.remove(&seen.owner) {
                Some(known) if known.beat == seen.beat => (known.since, Some(now.duration_since(known.since))),
                Some(_) => (now, Some(Duration::ZERO)),
                None => (now, None),
            };
            heard.insert(seen.owner.clone(), Heard { beat: seen.beat, since });
            silences.push(silence);
        }
        silences
    }

    /// Why checks don't get on, each in a sentence: their jobs wait, and nobody takes them.
    pub(super) async fn stalled(&self) -> Result<Vec<String>, WatchError> {
        Ok(self.queues().await?.iter().filter_map(stalled).collect())
    }

    /// Jobs as they are in lists, the latest first. Never more than a few are there with all that they have.
    async fn brief(&self, mut filter: JobFilter) -> Result<Vec<JobView>, WatchError> {
        let (most, mut all) = (filter.most, Vec::new());
        while all.len() < most {
            filter.most = A_LOOK.min(most - all.len());
            let some = self.queue.list(&filter).await.map_err(away)?;
            let is_last = some.len() < filter.most;
            filter.before = some.last().map(|record| record.seq);
            all.extend(some.into_iter().map(|record| job(record, false)));
            if is_last {
                break;
            }
        }
        Ok(all)
    }

    async fn record(&self, id: JobId) -> Result<JobRecord, WatchError> {
        let found = self.queue.look(&[id]).await.map_err(away)?;
        found.into_iter().next().flatten().ok_or_else(|| WatchError::NoSuchJob(id.to_string()))
    }

    async fn retry(&self, id: JobId) -> Result<Acted, WatchError> {
        let before = self.record(id).await?;
        let state = self.queue.retry(id).await.map_err(away)?;
        Ok(match state {
            None => return Err(WatchError::NoSuchJob(id.to_string())),
            Some(State::Waiting) => {
                let after = self.record(id).await?;
                if (before.state, before.due) == (after.state, after.due) {
                    acted(false, format!("job {id} waits for a worker already"))
                } else {
                    acted(true, format!("job {id} is done as soon as a worker has room for it"))
                }
            }
            Some(State::Running) => acted(false, format!("job {id} is running")),
            Some(State::Done) => acted(false, format!("job {id} was done, and is not done again")),
            Some(state @ (State::Dead | State::Cancelled)) => acted(false, format!("job {id} is {state} again")),
        })
    }

    async fn cancel(&self, id: JobId) -> Result<Acted, WatchError> {
        let before = self.record(id).await?;
        let state = self.queue.cancel(id).await.map_err(away)?;
        Ok(match state {
            None => return Err(WatchError::NoSuchJob(id.to_string())),
            Some(State::Cancelled) if before.state == State::Cancelled => {
                acted(false, format!("job {id} was cancelled before"))
            }
            Some(State::Cancelled) => acted(true, format!("job {id} is cancelled")),
            Some(State::Running) => acted(true, format!("job {id} is running, and its worker is asked to stop it")),
            Some(state) => acted(false, format!("job {id} is {state}, and stays so")),
        })
    }

    /// Has all dead jobs of a queue done again.
    async fn replay(&self, queue: &str) -> Result<Acted, WatchError> {
        let mut filter = JobFilter { most: TOGETHER, ..JobFilter::default() };
        (filter.queue, filter.state) = (Some(queue.to_owned()), Some(State::Dead));
        let mut again = 0;
        while again < AGAIN {
            let dead = self.queue.list(&filter).await.map_err(away)?;
            let Some(last) = dead.last() else { break };
            // Not those again that die again meanwhile.
            filter.before = Some(last.seq);
            let mut asked = Vec::with_capacity(dead.len());
            for job in &dead {
                asked.push(self.queue.retry(job.id));
            }
            for state in join_all(asked).await {
                let waits = matches!(state.map_err(away)?, Some(State::Waiting | State::Running));
                again += u64::from(waits);
            }
        }
        let jobs = plural(again, "job", "jobs");
        Ok(match again {
            0 => acted(false, format!("no job of {queue} is dead")),
            AGAIN.. => acted(true, format!("{jobs} of {queue} are done again; ask once more for the rest")),
            1 => acted(true, format!("{jobs} of {queue} is done again")),
            _ => acted(true, format!("{jobs} of {queue} are done again")),
        })
    }
}

#[async_trait]
impl WatchJobs for Jobs {
    async fn workers(&self) -> Result<Vec<WorkerView>, WatchError> {
        let mut owners = self.queue.owners().await.map_err(away)?;
        owners.all.retain(|seen| !Lead::is_one(&seen.owner));
        let leader = owners.leader.map(|leader| leader.owner);
        let mut running: HashMap<String, Vec<JobView>> = HashMap::new();
        if owners.all.iter().any(|seen| seen.running > 0) {
            let filter = JobFilter { state: Some(State::Running), most: RUNNING, ..JobFilter::default() };
            for job in self.brief(filter).await? {
                let Some(owner) = job.worker.clone() else { continue };
                let jobs = running.entry(owner).or_default();
                if jobs.len() < OF_EACH {
                    jobs.push(job);
                }
            }
        }
        let silences = self.silences(&owners.all);
        let mut workers = Vec::with_capacity(owners.all.len());
        for (Seen { owner, instance, beat, running: count }, silence) in owners.all.into_iter().zip(silences) {
            workers.push(WorkerView {
                leads: leader.as_ref() == Some(&owner),
                name: instance,
                running: count,
                beats: beat,
                silent_ms: silence.map(millis),
                jobs: running.remove(&owner).unwrap_or_default(),
                owner,
            });
        }
        workers.sort_by(|a, b| (a.shown(), &a.owner).cmp(&(b.shown(), &b.owner)));
        Ok(workers)
    }

    async fn queues(&self) -> Result<Vec<QueueView>, WatchError> {
        Ok(self.queue.counts().await.map_err(away)?.into_iter().map(queue).collect())
    }

    async fn jobs(&self, query: &JobQuery) -> Result<Vec<JobView>, WatchError> {
        // No queue has such a name, and not every engine can be asked for it.
        if query.queue.as_ref().is_some_and(|queue| queue.contains('\0')) {
            return Ok(Vec::new());
        }
        let (queue, state) = (query.queue.clone(), query.state.map(State::from));
        self.brief(JobFilter { queue, kind: None, state, before: query.before, most: query.most() }).await
    }

    async fn job(&self, id: &str) -> Result<JobView, WatchError> {
        self.record(parsed(id)?).await.map(|record| job(record, true))
    }

    async fn change_job(&self, id: &str, action: JobAction) -> Result<Acted, WatchError> {
        let id = parsed(id)?;
        match action {
            JobAction::Retry => self.retry(id).await,
            JobAction::Cancel => self.cancel(id).await,
        }
    }

    async fn change_queue(&self, name: &str, action: QueueAction) -> Result<Acted, WatchError> {
        let all = self.queue.counts().await.map_err(away)?;
        // To pause one that is misspelt would look as if it had helped.
        let known = all.into_iter().find(|counts| counts.queue == name);
        let known = known.ok_or_else(|| WatchError::NoSuchQueue(name.to_owned()))?;
        match action {
            QueueAction::Pause if known.paused => Ok(acted(false, format!("{name} is paused already"))),
            QueueAction::Pause => {
                self.queue.pause(name).await.map_err(away)?;
                Ok(acted(true, format!("{name} is paused; what runs goes on")))
            }
            QueueAction::Resume if !known.paused => Ok(acted(false, format!("{name} is not paused"))),
            QueueAction::Resume => {
                self.queue.resume(name).await.map_err(away)?;
                Ok(acted(true, format!("{name} goes on")))
            }
            QueueAction::Retry => self.replay(name).await,
        }
    }
}

impl fmt::Debug for Jobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jobs").finish_non_exhaustive()
    }
}

fn acted(changed: bool, message: String) -> Acted {
    Acted { changed, message }
}

fn away(error: JobsError) -> WatchError {
    WatchError::QueueAway(error.to_string())
}

/// What is no id is no job's.
fn parsed(id: &str) -> Result<JobId, WatchError> {
    id.parse().map_err(|_| WatchError::NoSuchJob(id.to_owned()))
}
