use std::fmt;
use std::num::NonZeroUsize;
use std::time::Duration;

use actors::coordinator::{Cause, CoordinatorConfig, PlanError, ShutdownReport};
use actors::jobs::driver::DriverError;
use actors::jobs::{Job, JobQueue, JobQueueBuilder, JobQueueStatus, StartError};
use actors::worker_pool::{self, WorkerPool};
use actors::{Coordinator, System};
use parking_lot::Mutex;

use super::clients::{Border, Fetching};
use super::engine::{Engine, NAME};
use super::identity::Identities;
use super::part_job::PartJob;
use super::refusal::refused;
use super::wire::FetchJob;
use super::{PacedDial, fetcher, kept};
use crate::service::config::ServiceConfig;

/// How many pages wait to be read at most.
const QUEUE: usize = 8_192;

/// So many workers may go away with a job before it is put aside. More than elsewhere: fetching harms nobody, and where
/// workers come and go all the time, three of them will have gone away with an innocent one now and then, whose link would
/// be told of as broken.
const POISON: u32 = 8;

/// How long it may take to finish what is under way, when it is stopped; what takes longer is handed back.
const GRACE: Duration = Duration::from_secs(20);

/// Fetches what a queue has to be fetched, until it is stopped.
///
/// It has nothing of its own: what it is doing is somebody else's a few seconds after it was last heard of. An example is
/// at [`Lead`](super::Lead).
pub struct Worker {
    queue: JobQueue,
    coordinator: Coordinator,
    sites: Vec<String>,
}

/// How to start a [`Worker`].
///
/// # Defaults
///
/// 64 fetches at a time; as many threads that read as there are CPUs; no name; no credentials; asks whatever the jobs
/// say; the real HTTP client.
pub struct WorkerBuilder {
    queue: JobQueueBuilder,
    turns: JobQueue,
    engine: Option<Engine>,
    dial: PacedDial,
    concurrency: usize,
    threads: Option<NonZeroUsize>,
    name: Option<String>,
    identities: Identities,
    border: Border,
}

/// Why a worker can't be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// Its queue can't be.
    #[error(transparent)]
    Queue(#[from] StartError),
    /// Its threads can't be.
    #[error(transparent)]
    Workers(#[from] worker_pool::StartError),
    /// Its parts can't be brought into an order.
    #[error(transparent)]
    Plan(#[from] PlanError),
}

impl Worker {
    /// A worker of this queue. `turns` is another one on the same engine, without handlers, by which turns at hosts are
    /// had; it is stopped with the worker.
    pub fn builder(queue: JobQueueBuilder, turns: JobQueue) -> WorkerBuilder {
        WorkerBuilder {
            queue,
            turns,
            engine: None,
            dial: fetcher(),
            concurrency: 64,
            threads: None,
            name: None,
            identities: Identities::default(),
            border: Border::default(),
        }
    }

    /// A worker on an engine, which is stopped with it.
    ///
    /// # Errors
    ///
    /// [`WorkerError::Queue`]: the queue for the turns can't be started.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn on(engine: Engine, system: &System) -> Result<WorkerBuilder, WorkerError> {
        let turns = engine.queue().name("turns").start(system).await?;
        let mut builder = Self::builder(engine.queue(), turns);
        builder.engine = Some(engine);
        Ok(builder)
    }

    /// What it does, as it is now.
    #[must_use]
    pub fn status(&self) -> JobQueueStatus {
        self.queue.status()
    }

    /// Waits until its engine refuses whatever it is asked, for good, and says why: there is nothing left to do then. An
    /// engine that is away is waited for.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn refused(&self) -> DriverError {
        refused(self.queue.clone()).await
    }

    /// The sites whose credentials it has, by name.
    #[must_use]
    pub fn sites(&self) -> &[String] {
        &self.sites
    }

    /// Stops it, in order: it takes nothing more; what runs is finished within 20 s, or handed back.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it goes on stopping.
    pub async fn stop(&self, cause: Cause) -> ShutdownReport {
        self.coordinator.shutdown(cause).await
    }

    /// Ends a [`stop`](Self::stop) at once.
    pub fn force(&self) {
        self.coordinator.force();
    }
}

impl WorkerBuilder {
    /// Asks for addresses by this, instead of the HTTP client.
    #[must_use]
    pub fn dial(mut self, dial: PacedDial) -> Self {
        self.dial = dial;
        self
    }

    /// How many fetches are under way at a time, those included that wait for their turn at a host.
    #[must_use]
    pub fn concurrency(mut self, concurrency: NonZeroUsize) -> Self {
        self.concurrency = concurrency.get();
        self
    }

    /// How many threads read pages.
    #[must_use]
    pub fn threads(mut self, threads: NonZeroUsize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// What it is called in all its lives, if there are never two of them at the same time: what an earlier one was doing
    /// is then handed back as soon as this one starts.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Knows the credentials of the sites in these settings, and takes what is to be asked for with them.
    #[must_use]
    pub fn identities(mut self, config: &ServiceConfig) -> Self {
        self.identities = Identities::of(config);
        self
    }

    /// Asks no private, loopback or link-local address, but for these hosts, whatever the jobs say.
    #[must_use]
    pub fn refuse_private(mut self, hosts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.border = Border { refuse_private: true, private_hosts: hosts.into_iter().map(Into::into).collect() };
        self
    }

    /// Starts it.
    ///
    /// # Errors
    ///
    /// [`WorkerError`], a line per variant there. An engine that is away is none: it is asked again until it answers.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: what was started is stopped.
    pub async fn start(self, system: &System) -> Result<Worker, WorkerError> {
        let Self { queue, turns, engine, dial, concurrency, threads, name, identities, border } = self;
        let threads = threads.or_else(|| std::thread::available_parallelism().ok());
        let workers = WorkerPool::builder()
            .name("fetch")
            .cpu_threads(threads.map_or(2, NonZeroUsize::get))
            .io_tasks(concurrency)
            .queue(QUEUE)
            .start(system)?;
        let sites: Vec<String> = identities.sites().map(str::to_owned).collect();
        let mut queues = vec![FetchJob::queue_of(None), PartJob::QUEUE.to_owned()];
        queues.extend(sites.iter().map(|site| FetchJob::queue_of(Some(site))));
        let (open, of_queue) = (Mutex::default(), workers.clone());
        let fetching = Fetching { dial, turns: turns.clone(), workers: workers.clone(), identities, border, open };
        let mut queue = kept(queue)
            .name("fetches")
            .handle::<FetchJob>(fetching)
            .handle::<PartJob>(())
            .queues(queues)
            .concurrency(concurrency)
            .workers(of_queue)
            .poison(POISON);
        if let Some(name) = name {
            queue = queue.instance(name);
        }
        let queue = queue.start(system).await?;
        let times = CoordinatorConfig::default().phase_timeout(GRACE).shutdown_timeout(GRACE * 2);
        let plan = Coordinator::builder().config(times).add("workers", workers);
        let (plan, has_engine) = match &engine {
            Some(engine) => engine.add_to(plan),
            None => (plan, false),
        };
        let below = has_engine.then_some(NAME);
        let plan = plan.add("turns", turns).after(below);
        let plan = plan.add("fetches", queue.clone()).after(["workers", "turns"].into_iter().chain(below));
        Ok(Worker { queue, coordinator: plan.start(system)?, sites })
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("sites", &self.sites).finish_non_exhaustive()
    }
}

impl fmt::Debug for WorkerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerBuilder")
            .field("concurrency", &self.concurrency)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
