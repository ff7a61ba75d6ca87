use std::sync::Arc;
use std::time::Duration;

use super::plane::Plane;
use super::{KeyRate, Rejection, StartError, WorkerPool, WorkerPoolActor, WorkerPoolConfig};
use crate::{ActorConfig, System};

/// Settings for a [`WorkerPool`]; [`start`](Self::start) checks them and starts it.
#[derive(Clone, Debug, Default)]
#[must_use = "a builder does nothing until it is started"]
pub struct WorkerPoolBuilder {
    config: WorkerPoolConfig,
}

impl WorkerPoolBuilder {
    /// All settings at once, as they come from a configuration file.
    pub fn config(mut self, config: WorkerPoolConfig) -> Self {
        self.config = config;
        self
    }

    /// The name of the actor and the prefix of its threads' names. Default: `workers`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.config.name = name.into();
        self
    }

    /// How many threads run CPU jobs. Default: one per core.
    pub fn cpu_threads(mut self, threads: usize) -> Self {
        self.config.cpu_threads = threads;
        self
    }

    /// How many IO jobs run at the same time. Default: 64.
    pub fn io_tasks(mut self, tasks: usize) -> Self {
        self.config.io_tasks = tasks;
        self
    }

    /// How many jobs of one class may be accepted and not yet started. Default: 1,024.
    pub fn queue(mut self, jobs: usize) -> Self {
        self.config.queue = jobs;
        self
    }

    /// How many jobs of one class with the same key may run at the same time. Default: 1.
    pub fn per_key(mut self, jobs: usize) -> Self {
        self.config.per_key = jobs;
        self
    }

    /// How many jobs of both classes together run at the same time. Default: no such limit.
    pub fn global(mut self, jobs: usize) -> Self {
        self.config.global = Some(jobs);
        self
    }

    /// How often jobs of one class with the same key are started. Default: no such limit.
    pub fn rate(mut self, rate: KeyRate) -> Self {
        self.config.rate = Some(rate);
        self
    }

    /// How much later a more urgent [turn](super#turns) may have begun and still go first, per level of
    /// [`Priority`](super::Priority). Default: 1 s.
    pub fn ageing(mut self, ageing: Duration) -> Self {
        self.config.ageing = ageing;
        self
    }

    /// What becomes of a job that comes when the queue is full. Default: its submitter waits.
    pub fn rejection(mut self, rejection: Rejection) -> Self {
        self.config.rejection = rejection;
        self
    }

    /// From asking a job to stop to dropping it (IO) or writing its thread off (CPU); at least 1 ms. Default: 1 s.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.config.grace = grace;
        self
    }

    /// How long a pool that was stopped or forgotten may take to finish what it has. Default: 30 s.
    pub fn drain_timeout(mut self, timeout: Duration) -> Self {
        self.config.drain_timeout = timeout;
        self
    }

    /// Starts the threads and the actor, and remembers the current runtime for IO jobs.
    ///
    /// # Errors
    ///
    /// - [`StartError::Config`]: a setting makes no sense.
    /// - [`StartError::NoRuntime`]: no tokio runtime is current.
    /// - [`StartError::Thread`]: the operating system gave no thread.
    /// - [`StartError::SystemStopped`]: the system has been shut down.
    pub fn start(self, system: &System) -> Result<WorkerPool, StartError> {
        let plane = Plane::start(self.config)?;
        let config = ActorConfig::named(plane.config.name.as_str())
            .ask_timeout(plane.config.drain_timeout)
            .stop_timeout(plane.config.drain_timeout);
        let actor = system.spawn(config, {
            let plane = Arc::clone(&plane);
            move || WorkerPoolActor::new(Arc::clone(&plane))
        });
        if actor.stop_reason().is_some() {
            plane.give_up();
            return Err(StartError::SystemStopped);
        }
        Ok(WorkerPool::new(plane, actor))
    }
}
