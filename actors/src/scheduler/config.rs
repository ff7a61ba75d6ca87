use std::time::Duration;

use patterns_core::settings::{Findings, Validate};
use serde::{Deserialize, Serialize};

use super::StartError;

/// The settings of a [`Scheduler`](super::Scheduler), as a configuration file holds them.
///
/// # Defaults
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `name` | `"scheduler"` | names the actor, and the paths of the jobs |
/// | `overlap_limit` | 16 | runs of one schedule at the same time, with [`Overlap::Allow`](super::Overlap::Allow) |
/// | `tolerance` | `"1s"` | how long after its instant a run is late |
/// | `history` | 32 | what happened at so many instants of each schedule can be explained |
/// | `clock_poll` | `"1s"` | how often the wall clock is looked at, while a schedule goes by it |
/// | `grace` | `"1s"` | from asking a run to stop to dropping it |
/// | `drain_timeout` | `"30s"` | what a scheduler whose actor was stopped may take to finish what runs |
/// | `store_timeout` | `"10s"` | what one call of the store may take |
/// | `lease` | `"30s"` | after so long without a sign of life, another scheduler takes over what this one left unfinished |
///
/// # Examples
///
/// ```
/// use actors::scheduler::SchedulerConfig;
/// use std::time::Duration;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let config: SchedulerConfig = serde_json::from_str(r#"{ "grace": "250ms" }"#)?;
/// assert_eq!((config.grace, config.overlap_limit), (Duration::from_millis(250), 16));
///
/// assert!(serde_json::from_str::<SchedulerConfig>(r#"{ "gracee": "250ms" }"#).is_err());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct SchedulerConfig {
    /// Names the actor, and the paths of the jobs.
    pub name: String,
    /// Runs of one schedule at the same time, where it allows that they overlap; at least 1.
    pub overlap_limit: usize,
    /// A run that begins longer after its instant than this is counted as late; with
    /// [`CatchUp::Skip`](super::CatchUp::Skip) it does not begin at all.
    #[serde(with = "patterns_core::settings::duration")]
    pub tolerance: Duration,
    /// For so many of its instants each schedule remembers what happened; at least 1. A store keeps as many.
    pub history: usize,
    /// How often the wall clock is looked at while a schedule goes by it, so that nobody sets it unnoticed; at least 1
    /// ms. After the machine was asleep, this is how late those that were due meanwhile begin.
    #[serde(with = "patterns_core::settings::duration")]
    pub clock_poll: Duration,
    /// How long a run that was asked to stop may take to do so.
    #[serde(with = "patterns_core::settings::duration")]
    pub grace: Duration,
    /// How long the scheduler may take to finish what runs, when its actor is stopped or its last handle
    /// was dropped; a [system's shutdown](crate::System::shutdown) has its own limit.
    #[serde(with = "patterns_core::settings::duration")]
    pub drain_timeout: Duration,
    /// How long the store may take to answer; after that it has failed, and is asked again. More than zero.
    #[serde(with = "patterns_core::settings::duration")]
    pub store_timeout: Duration,
    /// For how long the store believes that this scheduler is alive, after each of its signs of life, which come three
    /// times as often; at least 1 s. Where the schedulers of several machines share a store, it must be longer than
    /// their wall clocks are apart.
    #[serde(with = "patterns_core::settings::duration")]
    pub lease: Duration,
}

impl Default for SchedulerConfig {
    fn default() -> Self {
        Self {
            name: "scheduler".to_owned(),
            overlap_limit: 16,
            tolerance: Duration::from_secs(1),
            history: 32,
            clock_poll: Duration::from_secs(1),
            grace: Duration::from_secs(1),
            drain_timeout: Duration::from_secs(30),
            store_timeout: Duration::from_secs(10),
            lease: Duration::from_secs(30),
        }
    }
}

impl SchedulerConfig {
    /// What makes no sense, setting by setting.
    fn problems(&self) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
        let problems = [
            (self.name.contains('\0'), "name", "must not have a NUL in it"),
            (self.name.len() > 1_000, "name", "must not be longer than 1,000 bytes"),
            (self.overlap_limit == 0, "overlap_limit", "must be at least 1"),
            (self.history == 0, "history", "must be at least 1"),
            (self.clock_poll < Duration::from_millis(1), "clock_poll", "must be at least 1 ms"),
            (self.store_timeout.is_zero(), "store_timeout", "must be more than zero"),
            (self.lease < Duration::from_secs(1), "lease", "must be at least 1 s"),
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

impl Validate for SchedulerConfig {
    fn validate(&self, findings: &mut Findings) {
        for (field, problem) in self.problems() {
            findings.refuse(field, problem);
        }
    }
}
