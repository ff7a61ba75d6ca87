use std::collections::BTreeSet;
use std::num::NonZeroU64;
use std::path::Path;
use std::time::Duration;

use patterns_core::settings::Findings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::super::{ConfirmConfig, SiteConfig, SiteReport};
use super::Around;
use super::auth::AuthTable;
use super::http::HttpTable;
use super::schedule::{self, CatchUpName, OverlapName};
use super::shapes::{Expressions, Extent, Time};
use super::source::absolute;
use super::time;
use crate::cli::{Target, TargetError};
use crate::config::{Patterns, Scope};
use crate::report::Reason;

/// A site. What it doesn't say, `[defaults]` says, where the same keys may be set for all sites: tables are merged, and
/// everything else is replaced.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Site")]
pub(crate) struct SiteTable {
    /// What is checked: a URL, a folder, an HTML file, or a sitemap. Every site needs one. A name and a password don't
    /// belong in a URL, but in `auth`.
    pub(crate) target: Option<String>,
    /// How long after one another its checks are due; the first is due at once. `"never"` is for a site that shall not
    /// do as `[defaults]` say. With neither this nor `cron` it is checked when somebody asks.
    #[serde(serialize_with = "time::serialize")]
    #[serde(deserialize_with = "schedule::deserialize_period")]
    #[schemars(with = "Option<Time>")]
    pub(crate) every: Option<Duration>,
    /// When it is due by the clocks of `time_zone`: minute, hour, day of the month, month, day of the week; of six fields
    /// the first is the second. Or one of `@hourly`, `@daily`, `@weekly`, `@monthly` and `@yearly`. Instead of `every`.
    pub(crate) cron: Option<String>,
    /// The IANA name of the time zone that `cron` goes by, such as `Europe/Berlin`.
    pub(crate) time_zone: String,
    /// Each check begins a while after it is due, but less than this: always the same for an instant of a site, and
    /// different from site to site, so that not all begin at once.
    #[serde(with = "time")]
    #[schemars(with = "Time")]
    pub(crate) jitter: Duration,
    /// What happens when a check is due and the one before has not ended.
    pub(crate) overlap: OverlapName,
    /// What happens to checks that were due while sitewatch did not run.
    pub(crate) catch_up: CatchUpName,
    /// Which pages belong to the site and are searched for links; others are only asked for. In a folder all belong to
    /// it.
    #[schemars(with = "Extent")]
    pub(crate) scope: Scope,
    /// How many links away from the start pages are followed: with 0 only the start pages are searched. Without it
    /// there is no limit. A folder needs `from` for it.
    pub(crate) depth: Option<u32>,
    /// How many pages are searched at most; at least 1.
    pub(crate) max_pages: NonZeroU64,
    /// How many links of one page are looked at; at least 1.
    pub(crate) max_links: NonZeroU64,
    /// With any, only links whose resolved URL matches one are checked.
    #[schemars(with = "Expressions")]
    pub(crate) include: Patterns,
    /// Links whose resolved URL matches one are not checked, even if included.
    #[schemars(with = "Expressions")]
    pub(crate) exclude: Patterns,
    /// Whether links out of scope are checked, once each and not followed.
    pub(crate) external: bool,
    /// Fragments that match one are not looked for; percent-decoded, without `#`.
    #[schemars(with = "Expressions")]
    pub(crate) ignore_fragment: Patterns,
    /// In a folder, only what can be reached from this page is checked.
    pub(crate) from: Option<String>,
    /// A check that takes longer is stopped, and told of as such; the time in which sitewatch did not run does not
    /// count.
    #[serde(with = "time")]
    #[schemars(with = "Time")]
    pub(crate) max_time: Duration,
    /// Whether it may lead to loopback, link-local and private addresses. A target that is written as such an address,
    /// or as `localhost`, may always.
    pub(crate) allow_private: bool,
    /// For how long links to other sites that are well are not asked for again; `"0s"`: not at all.
    #[serde(with = "time")]
    #[schemars(with = "Time")]
    pub(crate) remember_external: Duration,
    /// How links that are newly broken are asked for again before they are told of.
    pub(crate) confirm: ConfirmConfig,
    /// How pages are fetched.
    pub(crate) http: HttpTable,
    /// Who sitewatch says that it is.
    pub(crate) auth: AuthTable,
    /// What is told of.
    pub(crate) report: ReportTable,
    /// Who is told: names of tables below `[notify]`.
    pub(crate) notify: Vec<String>,
}

/// What is told of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Report")]
pub(crate) struct ReportTable {
    /// Reasons for which a broken link is not told of, by their codes, such as `http-403` and `timeout`.
    pub(crate) ignore: Vec<String>,
    /// Whether links that have moved for good are told of too.
    pub(crate) redirects: bool,
}

impl Default for SiteTable {
    fn default() -> Self {
        let some = |number| NonZeroU64::new(number).unwrap_or(NonZeroU64::MIN);
        Self {
            target: None,
            every: None,
            cron: None,
            time_zone: "UTC".to_owned(),
            jitter: Duration::ZERO,
            overlap: OverlapName::default(),
            catch_up: CatchUpName::default(),
            scope: Scope::default(),
            depth: None,
            max_pages: some(100_000),
            max_links: some(50_000),
            include: Patterns::default(),
            exclude: Patterns::default(),
            external: true,
            ignore_fragment: Patterns::default(),
            from: None,
            max_time: Duration::from_secs(6 * 3_600),
            allow_private: false,
            remember_external: Duration::from_secs(24 * 3_600),
            confirm: ConfirmConfig::default(),
            http: HttpTable::default(),
            auth: AuthTable::default(),
            report: ReportTable::default(),
            notify: Vec::new(),
        }
    }
}

/// The most often that a link is asked for again before it is told of.
const MOST_TIMES: u32 = 10;

impl SiteTable {
    /// Finds everything that is wrong, and makes of it what the service works with. Without a target, which only
    /// `[defaults]` may be, nothing can be made.
    pub(super) fn build(&self, around: &Around<'_>, findings: &mut Findings) -> Option<SiteConfig> {
        let schedule = self.schedule(findings);
        let target = self.target(findings);
        if self.max_time.is_zero() {
            findings.refuse("max_time", "must be longer than nothing");
        }
        if self.confirm.times > MOST_TIMES {
            findings.refuse("confirm.times", format!("must be at most {MOST_TIMES}"));
        }
        let http = findings.inside(&["http"], |findings| self.http.build(findings));
        let auth = findings.inside(&["auth"], |findings| self.auth.build(around.vars, findings));
        let report = findings.inside(&["report"], |findings| self.report.build(findings));
        self.notify(around, findings);
        Some(SiteConfig {
            target: target?,
            schedule: schedule?,
            scope: self.scope.clone(),
            depth: self.depth,
            max_pages: self.max_pages.get(),
            max_links: self.max_links.get(),
            include: self.include.clone(),
            exclude: self.exclude.clone(),
            external: self.external,
            ignore_fragment: self.ignore_fragment.clone(),
            from: self.from.clone(),
            max_time: self.max_time,
            allow_private: self.allow_private,
            remember_external: self.remember_external,
            confirm: self.confirm.clone(),
            http,
            auth: auth?,
            report: report?,
            notify: self.notify.clone(),
        })
    }

    fn target(&self, findings: &mut Findings) -> Option<String> {
        let text = self.target.as_ref()?;
        if let Some(reason) = login_in(text) {
            findings.refuse_secret("target", reason);
            return None;
        }
        match Target::parse(text, self.from.as_deref()) {
            Ok(Target::Folder { from: None, .. }) if self.depth.is_some() => {
                findings.refuse("depth", "in a folder it is counted from a page, which from names");
            }
            Ok(Target::Folder { .. }) if self.scope != Scope::default() => {
                findings.refuse("scope", "is for sites: in a folder every page belongs to it");
            }
            Ok(_) => return Some(text.clone()),
            // What is in a folder may be different when it is checked.
            Err(TargetError::EmptyFolder(_) | TargetError::NoHtml(_) | TargetError::Unreadable { .. }) => {
                return Some(text.clone());
            }
            Err(TargetError::NoSuchPage { root, .. }) => {
                findings.refuse("from", format!("there is no such page in the folder {}", root.display()));
            }
            Err(TargetError::FromWithoutFolder(_)) => {
                findings.refuse("from", "is for folders: the target is a page to start from itself");
            }
            Err(TargetError::Nothing) => {
                findings.refuse("target", "expected a URL, a folder, an HTML file or a sitemap");
            }
            Err(TargetError::NotThere { text, suggestion: None }) if !text.contains("://") => {
                let path = absolute(Path::new(&text));
                findings.refuse("target", format!("there is no file or folder {}", path.display()));
            }
            Err(error) => findings.refuse("target", error.to_string()),
        }
        None
    }

    fn notify(&self, around: &Around<'_>, findings: &mut Findings) {
        let mut seen = BTreeSet::new();
        for (number, name) in self.notify.iter().enumerate() {
            let key = format!("notify[{number}]");
            if !around.channels.contains_key(name) {
                let known: Vec<&str> = around.channels.keys().map(String::as_str).collect();
                let known = if known.is_empty() { "there are none".to_owned() } else { known.join(", ") };
                findings.refuse(&key, format!("expected the name of a table below [notify]: {known}"));
            } else if !seen.insert(name) {
                findings.refuse(&key, "is named twice");
            }
        }
    }
}

/// Why a target is not even to be shown, which it would be everywhere: there is a name or a password in it, or there may be,
/// as it can't be read.
fn login_in(text: &str) -> Option<&'static str> {
    match Url::parse(text) {
        Ok(url) if url.has_host() && (!url.username().is_empty() || url.password().is_some()) => {
            Some("the name and the password belong in user and password of auth")
        }
        Err(_) if text.contains("://") && text.contains('@') => {
            Some("is not a valid URL; a name and a password belong in user and password of auth")
        }
        _ => None,
    }
}

impl ReportTable {
    fn build(&self, findings: &mut Findings) -> Option<SiteReport> {
        let reasons = self.ignore.iter().enumerate().map(|(number, code)| {
            let reason = code.parse::<Reason>();
            if reason.is_err() {
                let key = format!("ignore[{number}]");
                findings.refuse(&key, "expected the code of a reason, such as http-403, timeout or missing-fragment");
            }
            reason.ok()
        });
        // All of them are looked at, also after one that is none.
        let ignore: Vec<Option<Reason>> = reasons.collect();
        Some(SiteReport { ignore: ignore.into_iter().collect::<Option<_>>()?, redirects: self.redirects })
    }
}
