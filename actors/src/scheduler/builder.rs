use std::sync::Arc;
use std::time::Duration;

use super::plane::Plane;
use super::{Scheduler, SchedulerActor, SchedulerConfig, StartError};
use crate::{ActorConfig, System};

/// Settings for a [`Scheduler`]; [`start`](Self::start) checks them and starts it.
#[derive(Clone, Debug, Default)]
#[must_use = "a builder does nothing until it is started"]
pub struct SchedulerBuilder {
    config: SchedulerConfig,
}

impl SchedulerBuilder {
    /// All settings at once, as they come from a configuration file.
    pub fn config(mut self, config: SchedulerConfig) -> Self {
        self.config = config;
        self
    }

    /// The name of the actor, which is also in the paths of the jobs. Default: `scheduler`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.config.name = name.into();
        self
    }

    /// How many runs of one schedule may overlap, where it [allows](super::Overlap::Allow) that. Default: 16.
    pub fn overlap_limit(mut self, runs: usize) -> Self {
        self.config.overlap_limit = runs;
        self
    }

    /// From asking a run to stop to dropping it. Default: 1 s.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.config.grace = grace;
        self
    }

    /// How long a scheduler whose actor was stopped may take to finish what runs. Default: 30 s.
    pub fn drain_timeout(mut self, timeout: Duration) -> Self {
        self.config.drain_timeout = timeout;
        self
    }

    /// Starts the actor, and remembers the current runtime for the jobs.
    ///
    /// # Errors
    ///
    /// - [`StartError::Config`]: a setting makes no sense.
    /// - [`StartError::NoRuntime`]: no tokio runtime is current.
    pub fn start(self, system: &System) -> Result<Scheduler, StartError> {
        let plane = Plane::new(self.config, system.name().to_owned())?;
        // The actor's own limit comes after that of the drain in its `stopping`, which ends in order.
        let whole = plane.config.drain_timeout.saturating_add(plane.config.grace);
        let defaults = ActorConfig::named(plane.config.name.as_str());
        let ask_timeout = defaults.ask_timeout.max(whole);
        let config = defaults.ask_timeout(ask_timeout).stop_timeout(whole);
        let actor = system.spawn(config, {
            let plane = Arc::clone(&plane);
            move || SchedulerActor::new(Arc::clone(&plane))
        });
        Ok(Scheduler::new(plane, actor))
    }
}
