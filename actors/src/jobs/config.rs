use std::time::Duration;

use patterns_core::settings::{Findings, Validate};
use serde::{Deserialize, Serialize};

use super::StartError;

/// More jobs than this at the same time are asked for by mistake.
const MOST_AT_ONCE: usize = 1_000_000;

/// The settings of a [`JobQueue`](super::JobQueue), as a configuration file holds them.
///
/// # Defaults
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `name` | `"jobs"` | names the actor, the owner in the engine, and the paths of the jobs |
/// | `instance` | none | what this process is called in all its lives |
/// | `concurrency` | 64 | jobs that it has at the same time |
/// | `lease` | `"15s"` | after so long without a sign of life others do its jobs |
/// | `poison` | 3 | so many processes may go away with a job before it is put aside |
/// | `ageing` | `"1m"` | how much longer a less urgent job must have been due to go first, per level |
/// | `poll` | `"5s"` | how often it looks for jobs of which it was not told |
/// | `grace` | `"5s"` | from asking a job to stop to dropping it, if its workers leave it as long |
/// | `drain_timeout` | `"30s"` | what it may take to finish what it has when its actor is stopped |
/// | `driver_timeout` | `"10s"` | what one call of the engine may take |
/// | `keep` | `"1d"` | how long jobs are kept that were done or cancelled |
/// | `keep_dead` | `"30d"` | how long jobs are kept that are dead; `null` for ever |
///
/// # Examples
///
/// ```
/// use actors::jobs::JobQueueConfig;
/// use std::time::Duration;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let config: JobQueueConfig = serde_json::from_str(r#"{ "lease": "30s", "instance": "web-1" }"#)?;
/// assert_eq!((config.lease, config.concurrency), (Duration::from_secs(30), 64));
///
/// assert!(serde_json::from_str::<JobQueueConfig>(r#"{ "leese": "30s" }"#).is_err());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct JobQueueConfig {
    /// Names the actor, the owner in the engine, and the paths of the jobs.
    pub name: String,
    /// What this process is called in all its lives, if there are never two of them at the same time, like the host's
    /// name in a set of numbered hosts. When it starts, what its earlier life left is handed back at once, and not after
    /// a lease.
    ///
    /// One that finds, after it was given up, that another process has its name goes on without one.
    pub instance: Option<String>,
    /// Jobs that it has at the same time, at least 1 and at most a million. So many are taken, and no more in advance: others may be free.
    pub concurrency: usize,
    /// After so long without a sign of life others take over its jobs; at least 300 ms. A sign is given three times as
    /// often, and none is waited for so long that it keeps the next one back. What a dead process had is done again
    /// after `lease`, and a third of it at most.
    #[serde(with = "patterns_core::settings::duration")]
    pub lease: Duration,
    /// So many processes may go away with a job before it is put aside as poisoned; at least 1. Some may have gone away
    /// for another reason, so it should not be 1.
    pub poison: u32,
    /// How much longer a job must have been due to go before one of the next higher [`Priority`](crate::worker_pool::Priority).
    #[serde(with = "patterns_core::settings::duration")]
    pub ageing: Duration,
    /// How often it looks for jobs of which it was not told, as the engine was away, or can't tell; at least 10 ms.
    #[serde(with = "patterns_core::settings::duration")]
    pub poll: Duration,
    /// How long a job that was asked to stop may take to do so; at least 1 ms, and at most half of the lease. Then it is
    /// dropped. A [pool](super::JobQueueBuilder::workers) that it was given may drop it earlier, by its own grace, but does
    /// not keep it longer.
    ///
    /// So much before the lease is over a process that could give no sign of life asks its jobs to stop.
    #[serde(with = "patterns_core::settings::duration")]
    pub grace: Duration,
    /// How long it may take to finish what it has, when its actor is stopped or its last handle was dropped; see
    /// [`drain`](super::JobQueue::drain). A [system's shutdown](crate::System::shutdown) has its own limit.
    #[serde(with = "patterns_core::settings::duration")]
    pub drain_timeout: Duration,
    /// How long the engine may take to answer; after that it has failed, and is asked again. More than zero. A sign of life
    /// may take two ninths of the lease at most.
    #[serde(with = "patterns_core::settings::duration")]
    pub driver_timeout: Duration,
    /// How long jobs are kept that were done or cancelled.
    #[serde(with = "patterns_core::settings::duration")]
    pub keep: Duration,
    /// How long jobs are kept that are dead; `None` for ever.
    #[serde(with = "patterns_core::settings::duration")]
    pub keep_dead: Option<Duration>,
}

impl Default for JobQueueConfig {
    fn default() -> Self {
        Self {
            name: "jobs".to_owned(),
            instance: None,
            concurrency: 64,
            lease: Duration::from_secs(15),
            poison: 3,
            ageing: Duration::from_secs(60),
            poll: Duration::from_secs(5),
            grace: Duration::from_secs(5),
            drain_timeout: Duration::from_secs(30),
            driver_timeout: Duration::from_secs(10),
            keep: Duration::from_secs(86_400),
            keep_dead: Some(Duration::from_secs(30 * 86_400)),
        }
    }
}

impl JobQueueConfig {
    /// What makes no sense, setting by setting.
    fn problems(&self) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
        let instance = self.instance.as_deref().unwrap_or_default();
        let is_brief = self.lease < Duration::from_millis(300);
        let problems = [
            (self.name.contains('\0'), "name", "must not have a NUL in it"),
            (self.name.len() > 1_000, "name", "must not be longer than 1,000 bytes"),
            (instance.contains('\0'), "instance", "must not have a NUL in it"),
            (instance.len() > 2_000, "instance", "must not be longer than 2,000 bytes"),
            (self.concurrency == 0, "concurrency", "must be at least 1"),
            (self.concurrency > MOST_AT_ONCE, "concurrency", "must be at most 1,000,000"),
            (is_brief, "lease", "must be at least 300 ms"),
            (self.poison == 0, "poison", "must be at least 1"),
            (self.poll < Duration::from_millis(10), "poll", "must be at least 10 ms"),
            (self.grace < Duration::from_millis(1), "grace", "must be at least 1 ms"),
            (!is_brief && self.grace > self.lease / 2, "grace", "must be at most half of the lease"),
            (self.driver_timeout.is_zero(), "driver_timeout", "must be more than zero"),
        ];
        problems.into_iter().filter(|(wrong, ..)| *wrong).map(|(_, field, problem)| (field, problem))
    }

    pub(super) fn check(&self) -> Result<(), StartError> {
        match self.problems().next() {
            Some((field, problem)) => Err(StartError::Config { field, problem }),
            None => Ok(()),
        }
    }
}

impl Validate for JobQueueConfig {
    fn validate(&self, findings: &mut Findings) {
        for (field, problem) in self.problems() {
            findings.refuse(field, problem);
        }
    }
}
