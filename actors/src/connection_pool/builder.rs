use std::sync::Arc;
use std::time::Duration;

use patterns_core::context::interruptible;
use tokio::runtime::Handle;

use super::plane::Plane;
use super::{ConnectionManager, ConnectionPool, ConnectionPoolActor, ConnectionPoolConfig, StartError};
use crate::{ActorConfig, System};

/// Settings for a [`ConnectionPool`]; [`start`](Self::start) checks them and starts it.
#[derive(Debug)]
#[must_use = "a builder does nothing until it is started"]
pub struct ConnectionPoolBuilder<M> {
    manager: M,
    config: ConnectionPoolConfig,
}

impl<M: ConnectionManager> ConnectionPoolBuilder<M> {
    pub(super) fn new(manager: M) -> Self {
        Self { manager, config: ConnectionPoolConfig::default() }
    }

    /// All settings at once, as they come from a configuration file.
    pub fn config(mut self, config: ConnectionPoolConfig) -> Self {
        self.config = config;
        self
    }

    /// The name of the pool, in errors, and of its actor. Default: `connections`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.config.name = name.into();
        self
    }

    /// How many connections there may be at any time. Default: 10.
    pub fn max_size(mut self, connections: usize) -> Self {
        self.config.max_size = connections;
        self
    }

    /// How many connections are kept ready. Default: none.
    pub fn min_idle(mut self, connections: usize) -> Self {
        self.config.min_idle = connections;
        self
    }

    /// How many connections are opened at the same time. Default: 2.
    pub fn max_opening(mut self, connections: usize) -> Self {
        self.config.max_opening = connections;
        self
    }

    /// Whether [`start`](Self::start) waits for the first connections. Default: it does.
    pub fn warm_up(mut self, wait: bool) -> Self {
        self.config.warm_up = wait;
        self
    }

    /// How long to wait for a connection. Default: 30 s.
    pub fn acquire_timeout(mut self, timeout: Duration) -> Self {
        self.config.acquire_timeout = timeout;
        self
    }

    /// How long opening a connection may take. Default: 10 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.config.connect_timeout = timeout;
        self
    }

    /// How long checking a connection may take. Default: 5 s.
    pub fn check_timeout(mut self, timeout: Duration) -> Self {
        self.config.check_timeout = timeout;
        self
    }

    /// How long closing a connection may take. Default: 5 s.
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.config.close_timeout = timeout;
        self
    }

    /// How long a connection may be idle and be used unchecked. Default: 30 s.
    pub fn check_after(mut self, idle: Duration) -> Self {
        self.config.check_after = idle;
        self
    }

    /// How often idle connections are checked in the background; `None`: never. Default: once a minute.
    pub fn check_every(mut self, interval: impl Into<Option<Duration>>) -> Self {
        self.config.check_every = interval.into();
        self
    }

    /// How long a connection may be idle, beyond `min_idle` of them. Default: 10 minutes.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.config.idle_timeout = timeout;
        self
    }

    /// How long a connection may live. Default: 30 minutes.
    pub fn max_lifetime(mut self, lifetime: Duration) -> Self {
        self.config.max_lifetime = lifetime;
        self
    }

    /// The part of `max_lifetime`, from 0 to 1, by which a connection may end earlier. Default: 0.1.
    pub fn lifetime_jitter(mut self, part: f64) -> Self {
        self.config.lifetime_jitter = part;
        self
    }

    /// How long before its end a connection's successor is opened, if there is room. Default: 5 s.
    pub fn rotate_ahead(mut self, time: Duration) -> Self {
        self.config.rotate_ahead = time;
        self
    }

    /// How long connecting may fail, with no connection left, before whoever waits is told. Default: 500 ms.
    pub fn fail_after(mut self, time: Duration) -> Self {
        self.config.fail_after = time;
        self
    }

    /// How long a connection may be held before its holder is reported; `None`: for ever. Default: 1 minute.
    pub fn leak_after(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.config.leak_after = time.into();
        self
    }

    /// How long a connection stays reserved for a waiter that is not polled. Default: 100 ms.
    pub fn handoff_grace(mut self, grace: Duration) -> Self {
        self.config.handoff_grace = grace;
        self
    }

    /// How long a pool that was stopped or forgotten waits for its connections. Default: 30 s.
    pub fn drain_timeout(mut self, timeout: Duration) -> Self {
        self.config.drain_timeout = timeout;
        self
    }

    /// The pauses after failed connects: from the first to the longest, doubling. Default: 100 ms to 5 s.
    pub fn retry(mut self, first: Duration, longest: Duration) -> Self {
        (self.config.retry_min, self.config.retry_max) = (first, longest);
        self
    }

    /// Starts the pool, and waits for its first connections unless [`warm_up`](Self::warm_up) is off.
    ///
    /// # Errors
    ///
    /// - [`StartError::Config`]: a setting makes no sense.
    /// - [`StartError::NoRuntime`]: no tokio runtime is current.
    /// - [`StartError::Connect`]: the first connection could not be made.
    /// - [`StartError::Interrupted`]: the ambient token was cancelled or the ambient deadline passed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: what was opened is closed again.
    pub async fn start(self, system: &System) -> Result<ConnectionPool<M>, StartError> {
        let Self { manager, config } = self;
        config.check()?;
        let runtime = Handle::try_current().map_err(|_| StartError::NoRuntime)?;
        let actor = ActorConfig::named(config.name.as_str())
            .ask_timeout(config.drain_timeout)
            .stop_timeout(config.drain_timeout);
        let warm_up = config.warm_up;
        let plane = Arc::new(Plane::new(manager, config, runtime, system.reaper().clone()));
        let actor = system.spawn(actor, {
            let plane = Arc::clone(&plane);
            move || ConnectionPoolActor::new(Arc::clone(&plane))
        });
        let pool = ConnectionPool::new(Arc::clone(&plane), actor);
        if warm_up {
            let warm = interruptible(plane.warm()).await;
            warm.map_err(StartError::Interrupted)?.map_err(StartError::Connect)?;
        }
        Ok(pool)
    }
}
