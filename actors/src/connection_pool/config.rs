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
/// | `check_every` | `"1m"` | how often idle connections are checked in the background; none: never |
/// | `idle_timeout` | `"10m"` | how long a connection may be idle, beyond `min_idle` |
/// | `max_lifetime` | `"30m"` | how long a connection may live |
/// | `lifetime_jitter` | 0.1 | the part of `max_lifetime` by which a connection may end earlier, drawn for each |
/// | `rotate_ahead` | `"5s"` | how long before its end a connection's successor is opened, if there is room |
/// | `retry_min`, `retry_max` | `"100ms"`, `"5s"` | the pause after a failed connect, doubling from one to the other |
/// | `fail_after` | `"500ms"` | how long connecting may fail, with no connection left, before whoever waits is told |
/// | `leak_after` | `"1m"` | how long a connection may be held before its holder is reported; none: never |
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
    /// An idle connection that was neither used nor checked for so long is checked, one at a time, so that a
    /// dead one is found before somebody needs it.
    #[serde(with = "patterns_core::settings::duration")]
    pub check_every: Option<Duration>,
    /// A connection that has been idle for so long is closed, unless it is one of `min_idle`.
    #[serde(with = "patterns_core::settings::duration")]
    pub idle_timeout: Duration,
    /// A connection that has lived for so long is closed as soon as nobody uses it.
    #[serde(with = "patterns_core::settings::duration")]
    pub max_lifetime: Duration,
    /// The part of `max_lifetime`, from 0 to 1, by which a connection may end earlier. It is drawn once
    /// for each, so that connections that were opened together don't end together.
    pub lifetime_jitter: f64,
    /// How long before the end of its life a connection's successor is opened, where it is in use or one of
    /// `min_idle`, and there are fewer than `max_size`; at most a quarter of its life. Zero: it is closed first.
    #[serde(with = "patterns_core::settings::duration")]
    pub rotate_ahead: Duration,
    /// The pause after the first failed connect; it doubles with each further one. After one that
    /// [can't be helped](super::ConnectionManager::is_permanent) it is `retry_max` at once.
    #[serde(with = "patterns_core::settings::duration")]
    pub retry_min: Duration,
    /// The longest pause after a failed connect.
    #[serde(with = "patterns_core::settings::duration")]
    pub retry_max: Duration,
    /// Where there is no connection, and connecting has failed for so long, whoever waits is told, and whoever
    /// asks is refused at once, until one succeeds. A permanent failure is told at once. Zero: any.
    #[serde(with = "patterns_core::settings::duration")]
    pub fail_after: Duration,
    /// Whoever has held a connection for so long is reported: once, in the log, in the status and in its counts.
    #[serde(with = "patterns_core::settings::duration")]
    pub leak_after: Option<Duration>,
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
            check_every: Some(Duration::from_secs(60)),
            idle_timeout: Duration::from_secs(600),
            max_lifetime: Duration::from_secs(1800),
            lifetime_jitter: 0.1,
            rotate_ahead: Duration::from_secs(5),
            retry_min: Duration::from_millis(100),
            retry_max: Duration::from_secs(5),
            fail_after: Duration::from_millis(500),
            leak_after: Some(Duration::from_secs(60)),
            handoff_grace: Duration::from_millis(100),
            drain_timeout: Duration::from_secs(30),
        }
    }
}

impl ConnectionPoolConfig {
    /// The longest [tick](Self::tick).
    const TICK: Duration = Duration::from_millis(100);

    /// To within which time the pool knows when a connection was taken or came back.
    pub(super) fn tick(&self) -> Duration {
        let limits = [Some(self.idle_timeout), self.leak_after, Some(self.check_after), self.check_every];
        let shortest = limits.into_iter().flatten().filter(|limit| !limit.is_zero()).min().unwrap_or(Self::TICK) / 8;
        shortest.min(self.handoff_grace).clamp(Duration::from_millis(1), Self::TICK)
    }

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
        let optional = [("check_every", self.check_every), ("leak_after", self.leak_after)];
        let given = optional.into_iter().filter_map(|(field, duration)| Some((field, duration?)));
        let zero = durations.into_iter().chain(given).filter(|(_, duration)| duration.is_zero());
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
