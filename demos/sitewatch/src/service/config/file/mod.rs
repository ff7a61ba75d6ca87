//! The settings as a file has them: each type is a table of it.
//!
//! What the service works with is made of them, once everything in them is known to make sense.
mod auth;
mod channel;
mod cron;
mod http;
mod schedule;
pub(super) mod shapes;
mod site;
mod smtp;
mod source;
pub(super) mod time;
mod web;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::time::Duration;

use patterns_core::settings::Findings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use super::{RetentionConfig, ServiceConfig};
use crate::remote::Place;
use crate::store::Location;
use channel::ChannelTable;
use shapes::Time;
pub(super) use site::SiteTable;
pub(super) use source::Vars;
use web::WebTable;

/// The settings of `sitewatch serve`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Settings")]
pub(super) struct SettingsFile {
    /// Where everything is kept: a SQLite file, which is made if it is not there, or `postgres://user@host/database`.
    #[serde(serialize_with = "without_password")]
    pub(super) database: String,
    /// The queue that workers share, who fetch the pages then: `postgres://user@host/database`, `nats://host:4222`, or a
    /// file for workers of this machine. Pages are fetched here if not set.
    #[serde(serialize_with = "place_without_password")]
    pub(super) queue: Option<String>,
    /// How many sites are checked at the same time; at least 1.
    pub(super) checks_at_once: NonZeroUsize,
    /// Threads that read pages; at least 1. One per CPU if not set.
    pub(super) workers: Option<NonZeroUsize>,
    /// How long a stop may take, before what still runs is dropped.
    #[serde(with = "time")]
    #[schemars(with = "Time")]
    pub(super) grace: Duration,
    /// The web page, and the API.
    pub(super) web: WebTable,
    /// How long things are remembered.
    pub(super) retention: RetentionConfig,
    /// What all sites have unless they say otherwise.
    pub(super) defaults: SiteTable,
    /// What is watched, by names of lower-case letters, digits, `.`, `_` and `-`.
    pub(super) sites: BTreeMap<String, SiteTable>,
    /// Who is told, by names of lower-case letters, digits, `.`, `_` and `-`.
    pub(super) notify: BTreeMap<String, ChannelTable>,
}

impl Default for SettingsFile {
    fn default() -> Self {
        Self {
            database: "sitewatch.db".to_owned(),
            queue: None,
            checks_at_once: NonZeroUsize::MIN.saturating_add(3),
            workers: None,
            grace: Duration::from_secs(20),
            web: WebTable::default(),
            retention: RetentionConfig::default(),
            defaults: SiteTable::default(),
            sites: BTreeMap::new(),
            notify: BTreeMap::new(),
        }
    }
}

/// What a table is looked at with.
struct Around<'a> {
    vars: &'a Vars<'a>,
    channels: &'a BTreeMap<String, ChannelTable>,
}

/// The shortest time that runs and findings are remembered for.
const A_DAY: Duration = Duration::from_secs(86_400);

impl SettingsFile {
    /// Finds everything that is wrong, and makes of it what the service works with.
    pub(super) fn build(&self, vars: &Vars<'_>, findings: &mut Findings) -> Option<ServiceConfig> {
        self.look_at_database(findings);
        if let Some(Err(bad)) = self.queue.as_deref().map(Place::of) {
            findings.refuse_as("queue", quoted(bad.shown()), bad.why());
        }
        if self.grace.is_zero() {
            findings.refuse("grace", "must be longer than nothing");
        }
        let remembered = [("retention.runs", self.retention.runs), ("retention.findings", self.retention.findings)];
        for (key, _) in remembered.into_iter().filter(|(_, time)| *time < A_DAY) {
            findings.refuse(key, "must be at least a day");
        }
        let web = findings.inside(&["web"], |findings| self.web.build(vars, findings));
        let around = Around { vars, channels: &self.notify };
        // They may be wrong also where there is no site to inherit it.
        findings.inside(&["defaults"], |findings| self.defaults.build(&around, findings));
        let sites = entries("sites", &self.sites, findings, |site, findings| {
            if site.target.is_none() {
                findings.missing("target");
            }
            site.build(&around, findings)
        });
        let notify = entries("notify", &self.notify, findings, |channel, findings| channel.build(vars, findings));
        Some(ServiceConfig {
            database: self.database.clone(),
            queue: self.queue.clone(),
            checks_at_once: self.checks_at_once,
            workers: self.workers,
            grace: self.grace,
            web: web?,
            retention: self.retention.clone(),
            sites: sites?,
            notify: notify?,
        })
    }

    fn look_at_database(&self, findings: &mut Findings) {
        if self.database.trim().is_empty() {
            return findings.refuse_as(
                "database",
                quoted(&self.database),
                "expected the name of a file, or postgres://user@host/database",
            );
        }
        match Location::of(&self.database) {
            Err(bad) => findings.refuse_as("database", quoted(bad.shown()), bad.why()),
            Ok(location) => {
                if let Some(trouble) = location.trouble() {
                    findings.refuse_as("database", quoted(&location.to_string()), trouble);
                }
            }
        }
    }
}

/// A text as a report has it.
fn quoted(text: &str) -> String {
    format!("{text:?}")
}

/// Builds the entries of a table, all of them, whether or not one is wrong.
fn entries<T, U>(
    table: &str,
    entries: &BTreeMap<String, T>,
    findings: &mut Findings,
    build: impl Fn(&T, &mut Findings) -> Option<U>,
) -> Option<BTreeMap<String, U>> {
    let mut built = BTreeMap::new();
    for (name, entry) in entries {
        let made = findings.inside(&[table, name], |findings| {
            if !is_name(name) {
                let reason = "a name has at most 64 lower-case letters, digits, '.', '_' and '-', and begins with a \
                              letter or a digit";
                findings.refuse_key("", reason);
            }
            build(entry, findings)
        });
        built.extend(made.map(|made| (name.clone(), made)));
    }
    (built.len() == entries.len()).then_some(built)
}

fn is_name(name: &str) -> bool {
    let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    let mut bytes = name.bytes();
    name.len() <= 64 && bytes.next().is_some_and(plain) && bytes.all(|c| plain(c) || b"._-".contains(&c))
}

fn without_password<S: Serializer>(database: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&Location::shown(database))
}

fn place_without_password<S: Serializer>(queue: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    queue.as_deref().map(Place::shown).serialize(serializer)
}
