use std::time::Duration;

use patterns_core::settings::{Findings, Validate};
use serde::{Deserialize, Serialize};

use super::PlanError;

/// How often components are checked, and how long they may take to stop.
///
/// # Defaults
///
/// A check every second, and ten times as often while a component is not ready; 5 s for a check; 10 s for
/// each phase of the shutdown and 30 s for all of it; the latest 256 events are kept.
///
/// # Examples
///
/// ```
/// use actors::coordinator::CoordinatorConfig;
/// use std::time::Duration;
///
/// let config = CoordinatorConfig::default().shutdown_timeout(Duration::from_secs(5));
/// assert_eq!(config.shutdown_timeout, Duration::from_secs(5));
/// assert_eq!(config.check_interval, Duration::from_secs(1));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct CoordinatorConfig {
    /// The pause between two checks of a component that is ready; a tenth of it, at least 1 ms, while it is not.
    #[serde(with = "patterns_core::settings::duration")]
    pub check_interval: Duration,
    /// How long a check may take; one that takes longer means "not ready".
    #[serde(with = "patterns_core::settings::duration")]
    pub check_timeout: Duration,
    /// How long each phase of the shutdown may take: the components that nobody needs any more.
    #[serde(with = "patterns_core::settings::duration")]
    pub phase_timeout: Duration,
    /// How long all phases together may take.
    #[serde(with = "patterns_core::settings::duration")]
    pub shutdown_timeout: Duration,
    /// How many events are kept for who comes late or is slow; at least 1.
    pub events: usize,
}

impl Default for CoordinatorConfig {
    fn default() -> Self {
        Self {
            check_interval: Duration::from_secs(1),
            check_timeout: Duration::from_secs(5),
            phase_timeout: Duration::from_secs(10),
            shutdown_timeout: Duration::from_secs(30),
            events: 256,
        }
    }
}

impl CoordinatorConfig {
    /// This configuration with another pause between checks.
    #[must_use]
    pub fn check_interval(mut self, interval: Duration) -> Self {
        self.check_interval = interval;
        self
    }

    /// This configuration with another limit for a check.
    #[must_use]
    pub fn check_timeout(mut self, timeout: Duration) -> Self {
        self.check_timeout = timeout;
        self
    }

    /// This configuration with another limit for each phase of the shutdown.
    #[must_use]
    pub fn phase_timeout(mut self, timeout: Duration) -> Self {
        self.phase_timeout = timeout;
        self
    }

    /// This configuration with another limit for the whole shutdown.
    #[must_use]
    pub fn shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.shutdown_timeout = timeout;
        self
    }

    /// This configuration with another number of events kept.
    #[must_use]
    pub fn events(mut self, events: usize) -> Self {
        self.events = events;
        self
    }

    /// What makes no sense, setting by setting.
    fn problems(&self) -> Vec<(&'static str, &'static str)> {
        let durations = [
            ("check_interval", self.check_interval),
            ("check_timeout", self.check_timeout),
            ("phase_timeout", self.phase_timeout),
            ("shutdown_timeout", self.shutdown_timeout),
        ];
        let zero = durations.into_iter().filter(|(_, duration)| duration.is_zero());
        let mut problems: Vec<_> = zero.map(|(field, _)| (field, "must be longer than nothing")).collect();
        if self.events == 0 {
            problems.push(("events", "must be at least 1"));
        }
        problems
    }

    pub(super) fn check(&self) -> Result<(), PlanError> {
        match self.problems().first() {
            Some(&(field, problem)) => Err(PlanError::Config { field, problem }),
            None => Ok(()),
        }
    }
}

impl Validate for CoordinatorConfig {
    fn validate(&self, findings: &mut Findings) {
        for (field, problem) in self.problems() {
            findings.refuse(field, problem);
        }
    }
}
