use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::file::shapes::Time;
use super::file::time;
use super::{ChannelConfig, Secret, SiteConfig};
use crate::store::Location;

/// The settings of the service: complete, valid, and with secrets at hand. From [`load`](fn@super::load).
///
/// Two are equal if the service would do the same by them.
#[derive(Clone, PartialEq)]
pub struct ServiceConfig {
    /// Where everything is kept: a SQLite file, or a PostgreSQL server by its URL, which may have a password in it.
    pub database: String,
    /// How many sites are checked at the same time.
    pub checks_at_once: NonZeroUsize,
    /// Threads that read pages; one per CPU if not set.
    pub workers: Option<NonZeroUsize>,
    /// How long a stop may take.
    pub grace: Duration,
    /// The web page.
    pub web: WebConfig,
    /// How long things are remembered.
    pub retention: RetentionConfig,
    /// What is watched, by name.
    pub sites: BTreeMap<String, SiteConfig>,
    /// Who is told, by name.
    pub notify: BTreeMap<String, ChannelConfig>,
}

/// The settings of the web page and the API.
#[derive(Clone, Debug, PartialEq)]
pub struct WebConfig {
    /// Where it listens; never empty.
    pub listen: Vec<SocketAddr>,
    /// What whoever presses a button has to know; always there if others than this machine can reach the page.
    pub token: Option<Secret>,
    /// How people reach it.
    pub url: Option<Url>,
    /// Who may look at it.
    pub read: Readers,
}

/// Who may look at the web page, and read the API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Readers {
    /// Whoever can reach it.
    #[default]
    Anyone,
    /// Only who knows the token.
    Token,
}

impl Readers {
    /// Whether looking needs the token.
    #[must_use]
    pub fn needs_token(self) -> bool {
        self == Self::Token
    }
}

/// How long things are remembered.
///
/// # Defaults
///
/// Runs for 90 days, broken links that are fixed for 365.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Retention")]
pub struct RetentionConfig {
    /// Runs that ended longer ago are forgotten, but for the latest complete one of each site; at least a day.
    #[serde(with = "time")]
    #[schemars(with = "Time")]
    pub runs: Duration,
    /// Broken links that were fixed longer ago are forgotten; at least a day.
    #[serde(with = "time")]
    #[schemars(with = "Time")]
    pub findings: Duration,
}

/// A day, in seconds.
const DAY: u64 = 86_400;

impl Default for RetentionConfig {
    fn default() -> Self {
        Self { runs: Duration::from_secs(90 * DAY), findings: Duration::from_secs(365 * DAY) }
    }
}

/// Without the password in `database`.
impl fmt::Debug for ServiceConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceConfig")
            .field("database", &Location::of(&self.database))
            .field("checks_at_once", &self.checks_at_once)
            .field("workers", &self.workers)
            .field("grace", &self.grace)
            .field("web", &self.web)
            .field("retention", &self.retention)
            .field("sites", &self.sites)
            .field("notify", &self.notify)
            .finish()
    }
}
