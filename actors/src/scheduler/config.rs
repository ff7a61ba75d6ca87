use std::time::Duration;

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
/// | `grace` | `"1s"` | from asking a run to stop to dropping it |
/// | `drain_timeout` | `"30s"` | what a scheduler whose actor was stopped may take to finish what runs |
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
    /// How long a run that was asked to stop may take to do so.
    #[serde(with = "patterns_core::settings::duration")]
    pub grace: Duration,
    /// How long the scheduler may take to finish what runs, when its actor is stopped or its last handle
    /// was dropped; a [system's shutdown](crate::System::shutdown) has its own limit.
    #[serde(with = "patterns_core::settings::duration")]
    pub drain_timeout: Duration,
}

impl Default for SchedulerConfig {
    fn default() -> Self {
        Self {
            name: "scheduler".to_owned(),
            overlap_limit: 16,
            grace: Duration::from_secs(1),
            drain_timeout: Duration::from_secs(30),
        }
    }
}

impl SchedulerConfig {
    pub(super) fn validate(&self) -> Result<(), StartError> {
        if self.overlap_limit == 0 {
            return Err(StartError::Config { field: "overlap_limit", problem: "must be at least 1" });
        }
        Ok(())
    }
}
