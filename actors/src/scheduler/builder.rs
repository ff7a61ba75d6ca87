use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::clock::{SystemClock, WallClock};
use super::plane::Plane;
use super::store::ScheduleStore;
use super::{Scheduler, SchedulerActor, SchedulerConfig, StartError};
use crate::{ActorConfig, System};

/// Settings for a [`Scheduler`]; [`start`](Self::start) checks them and starts it.
#[derive(Clone)]
#[must_use = "a builder does nothing until it is started"]
pub struct SchedulerBuilder {
    config: SchedulerConfig,
    clock: Arc<dyn WallClock>,
    store: Option<Arc<dyn ScheduleStore>>,
}

impl Default for SchedulerBuilder {
    fn default() -> Self {
        Self { config: SchedulerConfig::default(), clock: Arc::new(SystemClock), store: None }
    }
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

    /// How long after its instant a run is late. Default: 1 s.
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.config.tolerance = tolerance;
        self
    }

    /// Of how many of its instants each schedule remembers what happened. Default: 32.
    pub fn history(mut self, instants: usize) -> Self {
        self.config.history = instants;
        self
    }

    /// How often the wall clock is looked at, while a schedule goes by it. Default: 1 s.
    pub fn clock_poll(mut self, period: Duration) -> Self {
        self.config.clock_poll = period;
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

    /// How long one call of the store may take. Default: 10 s.
    pub fn store_timeout(mut self, timeout: Duration) -> Self {
        self.config.store_timeout = timeout;
        self
    }

    /// After how long without a sign of life another scheduler takes over what this one left unfinished in the store.
    /// Default: 30 s.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.config.lease = lease;
        self
    }

    /// The wall clock. Default: [`SystemClock`].
    pub fn clock(mut self, clock: impl WallClock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Where durable schedules are kept. Default: nowhere, and there can be none.
    pub fn store(mut self, store: impl ScheduleStore) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// Starts the actor, and remembers the current runtime for the jobs and the store.
    ///
    /// # Errors
    ///
    /// - [`StartError::Config`]: a setting makes no sense.
    /// - [`StartError::NoRuntime`]: no tokio runtime is current.
    pub fn start(self, system: &System) -> Result<Scheduler, StartError> {
        let plane = Plane::new(self.config, self.clock, self.store, system.name().to_owned())?;
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

impl fmt::Debug for SchedulerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SchedulerBuilder")
            .field("config", &self.config)
            .field("clock", &self.clock)
            .field("has_store", &self.store.is_some())
            .finish()
    }
}
