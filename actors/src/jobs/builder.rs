use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::driver::{JobDriver, QueueLimits};
use super::handler::{Handler, Handlers};
use super::plane::{Parts, Plane, Workers};
use super::{Delivery, Job, JobQueue, JobQueueActor, JobQueueConfig, StartError};
use crate::asked::within;
use crate::worker_pool::PoolState;
use crate::{ActorConfig, System, WorkerPool};

/// Settings for a [`JobQueue`]; [`start`](Self::start) checks them and starts it.
#[must_use = "a builder does nothing until it is started"]
pub struct JobQueueBuilder {
    driver: Arc<dyn JobDriver>,
    config: JobQueueConfig,
    handlers: Handlers,
    /// A kind that was given twice.
    twice: Option<String>,
    queues: Option<Vec<String>>,
    limits: BTreeMap<String, QueueLimits>,
    workers: Option<WorkerPool>,
    leads: Option<bool>,
}

impl JobQueueBuilder {
    pub(super) fn new(driver: Arc<dyn JobDriver>) -> Self {
        Self {
            driver,
            config: JobQueueConfig::default(),
            handlers: Handlers::new(),
            twice: None,
            queues: None,
            limits: BTreeMap::new(),
            workers: None,
            leads: None,
        }
    }

    /// All settings at once, as they come from a configuration file.
    pub fn config(mut self, config: JobQueueConfig) -> Self {
        self.config = config;
        self
    }

    /// Names the actor, the owner in the engine, and the paths of the jobs. Default: `jobs`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.config.name = name.into();
        self
    }

    /// What this process is called in all its lives; see [`JobQueueConfig::instance`]. Default: nothing.
    pub fn instance(mut self, instance: impl Into<String>) -> Self {
        self.config.instance = Some(instance.into());
        self
    }

    /// Does jobs of this type here, with this state. Without any a process only puts and looks.
    pub fn handle<J: Job>(self, state: J::State) -> Self {
        self.handler(J::KIND.to_owned(), Handler::of::<J>(state))
    }

    /// Gives jobs of this kind to a function, as they are; it goes to this queue for them. An attempt may take so long.
    pub fn deliver<F, Fut>(self, kind: impl Into<String>, queue: impl Into<String>, timeout: Duration, f: F) -> Self
    where
        F: Fn(Delivery) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.handler(kind.into(), Handler::raw(queue.into(), timeout, f))
    }

    fn handler(mut self, kind: String, handler: Handler) -> Self {
        if self.handlers.insert(kind.clone(), Arc::new(handler)).is_some() {
            self.twice = Some(kind);
        }
        self
    }

    /// The queues that it takes from. Default: those of the kinds that it does. Where a queue has jobs of kinds that this
    /// process does not know, it hands them back for 30 s each time.
    pub fn queues(mut self, queues: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.queues = Some(queues.into_iter().map(Into::into).collect());
        self
    }

    /// Limits what all workers together may do of a queue. The process that starts last has its way.
    pub fn limit(mut self, queue: impl Into<String>, limits: QueueLimits) -> Self {
        self.limits.insert(queue.into(), limits);
        self
    }

    /// The pool whose IO tasks do the jobs. Default: one of its own, as wide as the
    /// [`concurrency`](JobQueueConfig::concurrency), that ends with the queue.
    ///
    /// A job that was asked to stop is dropped when the [`grace`](JobQueueConfig::grace) is over, or the pool's own if that
    /// is shorter. If the pool is closed the queue is, too.
    pub fn workers(mut self, workers: WorkerPool) -> Self {
        self.workers = Some(workers);
        self
    }

    /// Jobs that it has at the same time. Default: 64.
    pub fn concurrency(mut self, jobs: usize) -> Self {
        self.config.concurrency = jobs;
        self
    }

    /// After so long without a sign of life others do its jobs. Default: 15 s.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.config.lease = lease;
        self
    }

    /// So many processes may go away with a job before it is put aside. Default: 3.
    pub fn poison(mut self, processes: u32) -> Self {
        self.config.poison = processes;
        self
    }

    /// How much longer a less urgent job must have been due to go first, per level. Default: 1 min.
    pub fn ageing(mut self, ageing: Duration) -> Self {
        self.config.ageing = ageing;
        self
    }

    /// How often it looks for jobs of which it was not told. Default: 5 s.
    pub fn poll(mut self, period: Duration) -> Self {
        self.config.poll = period;
        self
    }

    /// From asking a job to stop to dropping it, if its [workers](Self::workers) leave it as long. Default: 5 s.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.config.grace = grace;
        self
    }

    /// What it may take to finish what it has when its actor is stopped. Default: 30 s.
    pub fn drain_timeout(mut self, timeout: Duration) -> Self {
        self.config.drain_timeout = timeout;
        self
    }

    /// What one call of the engine may take. Default: 10 s.
    pub fn driver_timeout(mut self, timeout: Duration) -> Self {
        self.config.driver_timeout = timeout;
        self
    }

    /// How long jobs are kept: those that were done or cancelled, and those that are dead (`None`: for ever). Default:
    /// one day, and thirty.
    pub fn keep(mut self, over: Duration, dead: Option<Duration>) -> Self {
        (self.config.keep, self.config.keep_dead) = (over, dead);
        self
    }

    /// Whether it would lead. One that leads deletes what need not be kept, and sets the gauges. Default: if it does any
    /// jobs.
    pub fn leads(mut self, leads: bool) -> Self {
        self.leads = Some(leads);
        self
    }

    /// Starts the actor, and remembers the current runtime for the jobs and the engine. It returns before the engine was
    /// reached, unless there are limits to be set.
    ///
    /// # Errors
    ///
    /// [`StartError`], a line per variant there.
    ///
    /// # Cancel safety
    ///
    /// Dropped, limits may have been set.
    pub async fn start(self, system: &System) -> Result<JobQueue, StartError> {
        let Self { driver, config, handlers, twice, queues, limits, workers, leads } = self;
        config.check()?;
        if let Some(kind) = twice {
            return Err(StartError::SameKind { kind });
        }
        tokio::runtime::Handle::try_current().map_err(|_| StartError::NoRuntime)?;
        for (queue, limits) in &limits {
            within(config.driver_timeout, driver.limit(queue, limits)).await.map_err(StartError::Driver)?;
        }
        let of_kinds: BTreeSet<String> = handlers.values().map(|handler| handler.queue.clone()).collect();
        let queues = queues.unwrap_or_else(|| of_kinds.into_iter().collect());
        let (does_any, leads) = (!handlers.is_empty(), leads.unwrap_or(!handlers.is_empty()));
        let workers = match workers {
            _ if !does_any => None,
            Some(pool) if pool.status().state != PoolState::Open => return Err(StartError::WorkersClosed),
            Some(pool) => Some(Workers { pool, is_own: false }),
            None => Some(Workers { pool: own_workers(&config, system)?, is_own: true }),
        };
        let plane = Plane::new(Parts { config, driver, handlers, queues, leads, workers }, system.name().to_owned())?;
        // The actor's own limit comes after that of the drain in its `stopping`, which ends in order: a drain may take three
        // graces more.
        let whole = plane.config.drain_timeout.saturating_add(plane.config.grace.saturating_mul(3));
        let defaults = ActorConfig::named(plane.config.name.as_str());
        let ask_timeout = defaults.ask_timeout.max(whole);
        let actor = system.spawn(defaults.ask_timeout(ask_timeout).stop_timeout(whole), {
            let plane = Arc::clone(&plane);
            move || JobQueueActor::new(Arc::clone(&plane))
        });
        if plane.is_owner() && actor.stop_reason().is_some() {
            plane.stop("its system has been shut down");
            return Err(StartError::SystemStopped);
        }
        Ok(JobQueue::new(plane, actor))
    }
}

fn own_workers(config: &JobQueueConfig, system: &System) -> Result<WorkerPool, StartError> {
    let pool = WorkerPool::builder().name(format!("{}-workers", config.name)).cpu_threads(1);
    let pool = pool.io_tasks(config.concurrency).queue(config.concurrency.saturating_mul(2)).grace(config.grace);
    pool.start(system).map_err(StartError::Workers)
}

impl fmt::Debug for JobQueueBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobQueueBuilder")
            .field("config", &self.config)
            .field("kinds", &self.handlers.keys().collect::<BTreeSet<_>>())
            .field("queues", &self.queues)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
