//! A queue that a test makes up.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use parking_lot::Mutex;
use sitewatch::service::{
    Acted, JobAction, JobQuery, JobState, JobView, QueueAction, QueueView, WatchError, WatchJobs, WorkerView,
};

use crate::api_fake::ago;

/// The ids of its jobs: one that is dead, one that runs, and one that waits.
pub(crate) const DEAD: &str = "000000000000000000000000000000dd";
pub(crate) const RUNS: &str = "000000000000000000000000000000aa";
pub(crate) const WAITS: &str = "00000000000000000000000000000077";

/// Its queue.
pub(crate) const QUEUE: &str = "sitewatch.fetch";

/// What a queue has; a test changes it before it is shared.
#[derive(Debug)]
pub(crate) struct FakeJobs {
    pub(crate) workers: Vec<WorkerView>,
    pub(crate) queues: Vec<QueueView>,
    /// The latest first.
    pub(crate) jobs: Vec<JobView>,
    pub(crate) down: AtomicBool,
    /// Whether it never answers.
    pub(crate) hangs: AtomicBool,
    /// What was asked for: of which job or queue, and what.
    pub(crate) changed: Mutex<Vec<(String, String)>>,
    /// How jobs were asked for.
    pub(crate) queries: Mutex<Vec<JobQuery>>,
}

impl Default for FakeJobs {
    fn default() -> Self {
        let dead = JobView {
            over: Some(ago(3)),
            reason: Some("exhausted".to_owned()),
            why: Some("its last attempt failed".to_owned()),
            error: Some("the settings have no such user agent".to_owned()),
            attempts: 10,
            ..job(9, DEAD, JobState::Dead)
        };
        let runs =
            JobView { worker: Some("fetches-1".to_owned()), taken: Some(ago(1)), ..job(8, RUNS, JobState::Running) };
        let workers = vec![
            WorkerView { leads: true, running: 1, silent_ms: Some(1_500), jobs: vec![brief(&runs)], ..worker("a", 1) },
            worker("b", 2),
        ];
        Self {
            workers,
            queues: vec![queue(QUEUE)],
            jobs: vec![dead, runs, job(7, WAITS, JobState::Waiting)],
            down: AtomicBool::new(false),
            hangs: AtomicBool::new(false),
            changed: Mutex::default(),
            queries: Mutex::default(),
        }
    }
}

pub(crate) fn worker(name: &str, number: u32) -> WorkerView {
    WorkerView {
        owner: format!("fetches-{number}"),
        name: Some(name.to_owned()),
        leads: false,
        running: 0,
        beats: 12,
        silent_ms: None,
        jobs: Vec::new(),
    }
}

pub(crate) fn queue(name: &str) -> QueueView {
    QueueView {
        name: name.to_owned(),
        paused: false,
        waiting: 1_200,
        ready: 1_100,
        running: 1,
        done: 34_000,
        dead: 1,
        cancelled: 2,
        pruned: 0,
        lag_ms: Some(12_500),
    }
}

pub(crate) fn job(number: u64, id: &str, state: JobState) -> JobView {
    JobView {
        id: id.to_owned(),
        number,
        queue: QUEUE.to_owned(),
        kind: "sitewatch.fetch.1".to_owned(),
        about: Some(format!("https://example.org/docs/{number}.html")),
        state,
        attempts: 1,
        crashes: 0,
        worker: None,
        entered: ago(5),
        due: ago(5),
        taken: None,
        over: None,
        reason: None,
        why: None,
        error: None,
        payload: Some("{\n  \"want\": \"page\"\n}".to_owned()),
        output: None,
    }
}

/// As it is in a list.
pub(crate) fn brief(job: &JobView) -> JobView {
    JobView { payload: None, output: None, ..job.clone() }
}

impl FakeJobs {
    async fn up(&self) -> Result<(), WatchError> {
        if self.hangs.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        match self.down.load(Ordering::Relaxed) {
            true => Err(WatchError::QueueAway("connection refused".to_owned())),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl WatchJobs for FakeJobs {
    async fn workers(&self) -> Result<Vec<WorkerView>, WatchError> {
        self.up().await?;
        Ok(self.workers.clone())
    }

    async fn queues(&self) -> Result<Vec<QueueView>, WatchError> {
        self.up().await?;
        Ok(self.queues.clone())
    }

    async fn jobs(&self, query: &JobQuery) -> Result<Vec<JobView>, WatchError> {
        self.up().await?;
        self.queries.lock().push(query.clone());
        let wanted = self.jobs.iter().filter(|job| {
            query.state.is_none_or(|state| state == job.state)
                && query.queue.as_ref().is_none_or(|queue| *queue == job.queue)
                && query.before.is_none_or(|before| job.number < before)
        });
        Ok(wanted.take(query.most()).map(brief).collect())
    }

    async fn job(&self, id: &str) -> Result<JobView, WatchError> {
        self.up().await?;
        let job = self.jobs.iter().find(|job| job.id == id);
        job.cloned().ok_or_else(|| WatchError::NoSuchJob(id.to_owned()))
    }

    async fn change_job(&self, id: &str, action: JobAction) -> Result<Acted, WatchError> {
        self.job(id).await?;
        self.changed.lock().push((id.to_owned(), action.to_string()));
        Ok(Acted { changed: true, message: format!("{id}: {action}, as <asked>") })
    }

    async fn change_queue(&self, name: &str, action: QueueAction) -> Result<Acted, WatchError> {
        self.up().await?;
        if self.queues.iter().all(|queue| queue.name != name) {
            return Err(WatchError::NoSuchQueue(name.to_owned()));
        }
        self.changed.lock().push((name.to_owned(), action.to_string()));
        Ok(Acted { changed: true, message: format!("{name}: {action}, as <asked>") })
    }
}
