use std::num::NonZero;
use std::time::Duration;

use patterns_core::settings::{Findings, Validate};
use serde::{Deserialize, Serialize};

use super::{KeyRate, Rejection, StartError};

/// The settings of a [`WorkerPool`](super::WorkerPool), as a configuration file holds them.
///
/// # Defaults
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `name` | `"workers"` | names the threads and the actor |
/// | `cpu_threads` | one per core | threads for CPU jobs |
/// | `io_tasks` | 64 | IO jobs that run at the same time |
/// | `global` | none | jobs of both classes together that run at the same time |
/// | `queue` | 1,024 | jobs of one class that are accepted and not yet started |
/// | `per_key` | 1 | running jobs of one class with the same key |
/// | `rate` | none | starts of jobs of one class with the same key, per time |
/// | `ageing` | `"1s"` | how much later a more urgent turn may have begun and still go first, per level |
/// | `rejection` | `"wait"` | what becomes of a job that comes when the queue is full |
/// | `grace` | `"1s"` | from asking a job to stop to dropping it (IO) or writing its thread off (CPU) |
/// | `drain_timeout` | `"30s"` | what a pool that was stopped or forgotten may take to finish what it has |
///
/// # Examples
///
/// ```
/// use actors::worker_pool::{KeyRate, Rejection, WorkerPoolConfig};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let config: WorkerPoolConfig = serde_json::from_str(
///     r#"{ "io_tasks": 8, "grace": "250ms", "rate": { "starts": 2 }, "rejection": "drop_oldest" }"#,
/// )?;
/// assert_eq!((config.io_tasks, config.queue, config.rejection), (8, 1024, Rejection::DropOldest));
/// assert_eq!(config.rate, Some(KeyRate::per_second(2)));
///
/// assert!(serde_json::from_str::<WorkerPoolConfig>(r#"{ "io_task": 8 }"#).is_err());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct WorkerPoolConfig {
    /// Names the threads (`workers-cpu-0`) and the actor.
    pub name: String,
    /// Threads for CPU jobs; from 1 to 4,096. [`WorkerPool::resize`](super::WorkerPool::resize) changes it.
    pub cpu_threads: usize,
    /// IO jobs that run at the same time; at least 1, at most `isize::MAX`. `resize` changes it.
    pub io_tasks: usize,
    /// Jobs of both classes together that run at the same time; at least 1. The classes take turns where both
    /// want more. With it, each job is started under a lock, which costs about as much again as a plain job, and jobs
    /// that await jobs of the other class can wait for each other for ever.
    pub global: Option<usize>,
    /// Jobs of one class that are accepted and not yet started; at least 1. Those that only their
    /// key holds back have as many places of their own, so that one busy key doesn't take the others'.
    pub queue: usize,
    /// Running jobs of one class with the same key; at least 1.
    pub per_key: usize,
    /// How often jobs of one class with the same key are started. However, so many keys are counted at a time in each
    /// class: 100,000, of those that were used within their rate's time. A job of one more looks again each second.
    pub rate: Option<KeyRate>,
    /// How much later a [turn](super#turns) of the next higher [`Priority`](super::Priority) may have begun and still
    /// go first, twice as much for the one after that; zero makes priorities decide only between turns that began at
    /// the same instant.
    #[serde(with = "patterns_core::settings::duration")]
    pub ageing: Duration,
    /// What becomes of a job that comes when the queue is full.
    pub rejection: Rejection,
    /// How long a job that was asked to stop may take to do so; at least 1 ms.
    #[serde(with = "patterns_core::settings::duration")]
    pub grace: Duration,
    /// How long the pool may take to finish what it has, when its actor is stopped or its last handle
    /// was dropped; a [system's shutdown](crate::System::shutdown) has its own limit.
    #[serde(with = "patterns_core::settings::duration")]
    pub drain_timeout: Duration,
}

impl Default for WorkerPoolConfig {
    fn default() -> Self {
        Self {
            name: "workers".to_owned(),
            cpu_threads: std::thread::available_parallelism().map_or(1, NonZero::get),
            io_tasks: 64,
            global: None,
            queue: 1024,
            per_key: 1,
            rate: None,
            ageing: Duration::from_secs(1),
            rejection: Rejection::Wait,
            grace: Duration::from_secs(1),
            drain_timeout: Duration::from_secs(30),
        }
    }
}

/// More threads than this are a mistake.
pub(super) const MAX_THREADS: usize = 4096;

/// So that the workers that are free can be counted with a sign.
pub(super) const MAX_TASKS: usize = usize::MAX >> 1;

impl WorkerPoolConfig {
    /// What makes no sense, setting by setting.
    fn problems(&self) -> Vec<(&'static str, &'static str)> {
        let counts = [
            ("cpu_threads", self.cpu_threads),
            ("io_tasks", self.io_tasks),
            ("queue", self.queue),
            ("per_key", self.per_key),
            ("global", self.global.unwrap_or(1)),
        ];
        let none = counts.into_iter().filter(|(_, count)| *count == 0);
        let mut problems: Vec<_> = none.map(|(field, _)| (field, "must be at least 1")).collect();
        if self.cpu_threads > MAX_THREADS {
            problems.push(("cpu_threads", "must be at most 4096"));
        }
        if self.io_tasks > MAX_TASKS {
            problems.push(("io_tasks", "must be at most `isize::MAX`"));
        }
        if self.grace < Duration::from_millis(1) {
            problems.push(("grace", "must be at least 1 ms"));
        }
        if self.name.contains('\0') {
            problems.push(("name", "must not contain a zero character"));
        }
        problems.extend(self.rate.as_ref().and_then(KeyRate::problem));
        problems
    }

    pub(super) fn check(&self) -> Result<(), StartError> {
        match self.problems().first() {
            Some(&(field, problem)) => Err(StartError::Config { field, problem }),
            None => Ok(()),
        }
    }
}

impl Validate for WorkerPoolConfig {
    fn validate(&self, findings: &mut Findings) {
        for (field, problem) in self.problems() {
            findings.refuse(field, problem);
        }
    }
}
