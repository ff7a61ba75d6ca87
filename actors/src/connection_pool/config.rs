use std::time::Duration;

use patterns_core::settings::{Findings, Validate};
use serde::{Deserialize, Serialize};

use super::StartError;

/// The settings of a [`ConnectionPool`](super::ConnectionPool), as a configuration file holds them.
///
/// # Defaults
///
/// Every wait has a limit.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `name` | `"connections"` | names the actor, and the pool in errors |
/// | `max_size` | 10 | connections at any time, those being opened and closed included |
/// | `min_idle` | 0 | connections kept ready |
/// | `max_opening` | 2 | connections being opened at the same time |
/// | `warm_up` | true | whether starting waits for the first connections, and fails if there are none to be had |
/// | `acquire_timeout` | `"30s"` | waiting for a connection |
/// | `connect_timeout` | `"10s"` | opening one |
/// | `check_timeout` | `"5s"` | checking one |
/// | `close_timeout` | `"5s"` | closing one |
/// | `check_after` | `"30s"` | how long a connection may be idle and be used unchecked |
/// | `idle_timeout` | `"10m"` | how long a connection may be idle, beyond `min_idle` |
/// | `max_lifetime` | `"30m"` | how long a connection may live |
/// | `lifetime_jitter` | 0.1 | the part of `max_lifetime` by which a connection may end earlier, drawn for each |
/// | `retry_min`, `retry_max` | `"100ms"`, `"5s"` | the pause after a failed connect, doubling from one to the other |
/// | `handoff_grace` | `"100ms"` | how long a connection stays reserved for a waiter that isn't polled |
/// | `drain_timeout` | `"30s"` | how long a pool that was stopped or forgotten waits for its connections |
///
/// # Examples
///
/// ```
/// use actors::connection_pool::ConnectionPoolConfig;
/// use std::time::Duration;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let config: ConnectionPoolConfig = serde_json::from_str(r#"{ "max_size": 4, "idle_timeout": "1m" }"#)?;
/// assert_eq!((config.max_size, config.idle_timeout), (4, Duration::from_secs(60)));
/// assert_eq!(config.acquire_timeout, Duration::from_secs(30));
///
/// assert!(serde_json::from_str::<ConnectionPoolConfig>(r#"{ "max_siez": 4 }"#).is_err());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ConnectionPoolConfig {
    /// Names the actor, and the pool in errors.
    pub name: String,
    /// Connections at any time, those being opened, checked and closed included; at least 1.
    pub max_size: usize,
    /// Connections kept ready for use; at most `max_size`.
    pub min_idle: usize,
    /// Connections being opened at the same time; at least 1. With few of them a short burst is served
    /// by the connections that there are, instead of opening one for each who waits.
    pub max_opening: usize,
    /// Whether starting waits for `min_idle` connections, at least for one, and fails when a connection
    /// can't be made.
    pub warm_up: bool,
    /// How long to wait for a connection; an earlier ambient deadline counts.
    #[serde(with = "patterns_core::settings::duration")]
    pub acquire_timeout: Duration,
    /// How long opening a connection may take.
    #[serde(with = "patterns_core::settings::duration")]
    pub connect_timeout: Duration,
    /// How long checking a connection may take; one that takes longer is closed.
    #[serde(with = "patterns_core::settings::duration")]
    pub check_timeout: Duration,
    /// How long closing a connection may take; past it the connection is dropped and its slot free.
    #[serde(with = "patterns_core::settings::duration")]
    pub close_timeout: Duration,
    /// A connection that has been idle for longer is checked before it is used. Zero: always.
    #[serde(with = "patterns_core::settings::duration")]
    pub check_after: Duration,
    /// A connection that has been idle for so long is closed, unless it is one of `min_idle`.
    #[serde(with = "patterns_core::settings::duration")]
    pub idle_timeout: Duration,
    /// A connection that has lived for so long is closed as soon as nobody uses it.
    #[serde(with = "patterns_core::settings::duration")]
    pub max_lifetime: Duration,
    /// The part of `max_lifetime`, from 0 to 1, by which a connection may end earlier. It is drawn once
    /// for each, so that connections that were opened together don't end together.
    pub lifetime_jitter: f64,
    /// The pause after the first failed connect; it doubles with each further one.
    #[serde(with = "patterns_core::settings::duration")]
    pub retry_min: Duration,
    /// The longest pause after a failed connect.
    #[serde(with = "patterns_core::settings::duration")]
    pub retry_max: Duration,
    /// How long a connection stays reserved for a waiter that isn't polled, before the next in line
    /// gets it.
    #[serde(with = "patterns_core::settings::duration")]
    pub handoff_grace: Duration,
    /// How long the pool waits for its connections to come back, when its actor is stopped or its last
    /// handle was dropped; a [system's shutdown](crate::System::shutdown) has its own limit.
    #[serde(with = "patterns_core::settings::duration")]
    pub drain_timeout: Duration,
}

impl Default for ConnectionPoolConfig {
    fn default() -> Self {
        Self {
            name: "connections".to_owned(),
            max_size: 10,
            min_idle: 0,
            max_opening: 2,
            warm_up: true,
            acquire_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            check_timeout: Duration::from_secs(5),
            close_timeout: Duration::from_secs(5),
            check_after: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(600),
            max_lifetime: Duration::from_secs(1800),
            lifetime_jitter: 0.1,
            retry_min: Duration::from_millis(100),
            retry_max: Duration::from_secs(5),
            handoff_grace: Duration::from_millis(100),
            drain_timeout: Duration::from_secs(30),
        }
    }
}

impl ConnectionPoolConfig {
    /// What makes no sense, setting by setting.
    fn problems(&self) -> Vec<(&'static str, &'static str)> {
        let durations = [
            ("acquire_timeout", self.acquire_timeout),
            ("connect_timeout", self.connect_timeout),
            ("check_timeout", self.check_timeout),
            ("close_timeout", self.close_timeout),
            ("idle_timeout", self.idle_timeout),
            ("max_lifetime", self.max_lifetime),
            ("retry_min", self.retry_min),
            ("handoff_grace", self.handoff_grace),
        ];
        let zero = durations.into_iter().filter(|(_, duration)| duration.is_zero());
        let mut problems: Vec<_> = zero.map(|(field, _)| (field, "must be longer than nothing")).collect();
        let relations = [
            (self.max_size == 0, "max_size", "must be at least 1"),
            (self.max_opening == 0, "max_opening", "must be at least 1"),
            (self.min_idle > self.max_size, "min_idle", "must be at most `max_size`"),
            (!(0.0..=1.0).contains(&self.lifetime_jitter), "lifetime_jitter", "must be between 0 and 1"),
            (self.retry_min > self.retry_max, "retry_min", "must be at most `retry_max`"),
        ];
        let broken = relations.into_iter().filter(|(broken, ..)| *broken);
        problems.extend(broken.map(|(_, field, problem)| (field, problem)));
        problems
    }

    pub(super) fn check(&self) -> Result<(), StartError> {
        match self.problems().first() {
            Some(&(field, problem)) => Err(StartError::Config { field, problem }),
            None => Ok(()),
        }
    }
}

impl Validate for ConnectionPoolConfig {
    fn validate(&self, findings: &mut Findings) {
        for (field, problem) in self.problems() {
            findings.refuse(field, problem);
        }
    }
}
