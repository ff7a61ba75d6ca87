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
use crate::remote::Place;
use crate::store::Location;

/// The settings of the service: complete, valid, and with secrets at hand. From [`load`](fn@super::load).
///
/// Two are equal if the service would do the same by them.
#[derive(Clone, PartialEq)]
pub struct ServiceConfig {
    /// Where everything is kept: a SQLite file, or a PostgreSQL server by its URL, which may have a password in it.
    pub database: String,
    /// The queue that workers share, by its URL, which may have a password in it; none where pages are fetched here.
    pub queue: Option<String>,
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

impl ServiceConfig {
    /// Which keys of other settings count from the next start only, for a service that was started with these: those that
    /// differ, as a file has them. All others count once they are read again.
    ///
    /// `http.per_host` is among them where a site may ask a host for more at a time than any could at the start. The
    /// links in notices go by a new `web.url` at once, but the page does not.
    ///
    /// # Examples
    ///
    /// ```
    /// use sitewatch::service::config::load;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("sitewatch.toml");
    /// let read = |text: &str| {
    ///     std::fs::write(&path, text)?;
    ///     Ok::<_, Box<dyn std::error::Error>>(load::<String, String>(&path, [])?)
    /// };
    /// let before = read("workers = 2\nweb.listen = '127.0.0.1:8080'\nchecks_at_once = 1")?;
    /// let after = read("workers = 4\nweb.listen = '127.0.0.1:9090'\nchecks_at_once = 8")?;
    /// assert_eq!(before.needs_restart(&after), ["workers", "web.listen"]);
    /// assert!(before.needs_restart(&before).is_empty());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn needs_restart(&self, new: &Self) -> Vec<&'static str> {
        // Each key is named, so that none is added without a thought of it.
        let Self { database, queue, checks_at_once: _, workers, grace, web, retention: _, sites: _, notify: _ } = self;
        let WebConfig { listen, token, url, read } = web;
        let keys = [
            ("database", *database != new.database),
            ("queue", *queue != new.queue),
            ("workers", *workers != new.workers),
            ("grace", *grace != new.grace),
            ("web.listen", *listen != new.web.listen),
            ("web.token", *token != new.web.token),
            ("web.url", *url != new.web.url),
            ("web.read", *read != new.web.read),
            ("http.per_host", self.per_host() < new.per_host()),
        ];
        keys.into_iter().filter(|(_, differs)| *differs).map(|(key, _)| key).collect()
    }

    /// How many requests a host may be asked for at a time, by the site that may ask for most.
    pub(crate) fn per_host(&self) -> usize {
        self.sites.values().map(|site| site.http.per_host).max().unwrap_or(1).max(1)
    }
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

/// Without the passwords in `database` and `queue`.
impl fmt::Debug for ServiceConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceConfig")
            .field("database", &format_args!("{}", Location::shown(&self.database)))
            .field("queue", &self.queue.as_deref().map(Place::shown))
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
