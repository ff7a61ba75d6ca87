use std::collections::BTreeSet;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::file::shapes::Time;
use super::file::time;
use super::{AuthConfig, ScheduleConfig};
use crate::config::{Patterns, Scope};
use crate::fetch::HttpConfig;
use crate::report::{Reason, Status};

/// What is watched: a site by its own settings over those of `[defaults]` over ours, as the rest of the service sees
/// it.
#[derive(Clone, Debug, PartialEq)]
pub struct SiteConfig {
    /// What is checked: a URL, a folder, an HTML file or a sitemap.
    pub target: String,
    /// When it is checked.
    pub schedule: ScheduleConfig,
    /// Which pages belong to it and are searched for links.
    pub scope: Scope,
    /// How many links away from the start pages are followed.
    pub depth: Option<u32>,
    /// How many pages are searched at most.
    pub max_pages: u64,
    /// How many links of one page are looked at.
    pub max_links: u64,
    /// With any, only links whose resolved URL matches one are checked.
    pub include: Patterns,
    /// Links whose resolved URL matches one are not checked, even if included.
    pub exclude: Patterns,
    /// Whether links out of scope are checked.
    pub external: bool,
    /// Fragments that match one are not looked for.
    pub ignore_fragment: Patterns,
    /// In a folder, only what can be reached from this page is checked.
    pub from: Option<String>,
    /// How long a check may take.
    pub max_time: Duration,
    /// Whether it may lead to private addresses though it is public itself.
    pub allow_private: bool,
    /// For how long links to other sites that are well are not asked for again.
    pub remember_external: Duration,
    /// How links that are newly broken are asked for again before they are reported.
    pub confirm: ConfirmConfig,
    /// How pages are fetched, but for who we are.
    pub http: HttpConfig,
    /// Who we are.
    pub auth: AuthConfig,
    /// What is a finding.
    pub report: SiteReport,
    /// The names of the channels that are told.
    pub notify: Vec<String>,
}

impl SiteConfig {
    /// How many links of a page are kept: those that are looked at, and the first that is not.
    pub(crate) fn links(&self) -> usize {
        usize::try_from(self.max_links).unwrap_or(usize::MAX).saturating_add(1)
    }
}

/// How links that are newly broken are asked for again, before they are reported.
///
/// # Defaults
///
/// Once, after 30 s.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Confirm")]
pub struct ConfirmConfig {
    /// How often a link that is newly broken is asked for again before it is reported, from 0 to 10; with 0 it is
    /// reported at once.
    pub times: u32,
    /// The pause before each time.
    #[serde(with = "time")]
    #[schemars(with = "Time")]
    pub after: Duration,
}

impl Default for ConfirmConfig {
    fn default() -> Self {
        Self { times: 1, after: Duration::from_secs(30) }
    }
}

/// What is a finding.
///
/// # Defaults
///
/// Every broken link, and no other.
///
/// # Examples
///
/// ```
/// use sitewatch::report::Reason;
/// use sitewatch::service::config::SiteReport;
///
/// let report = SiteReport { ignore: [Reason::Timeout].into(), redirects: true };
/// assert!(report.is_finding(Reason::HttpStatus(404)) && report.is_finding(Reason::MovedPermanently));
/// assert!(!report.is_finding(Reason::Timeout) && !report.is_finding(Reason::MovedTemporarily));
/// assert!(!SiteReport::default().is_finding(Reason::MovedPermanently));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SiteReport {
    /// Reasons for which a broken link is none.
    pub ignore: BTreeSet<Reason>,
    /// Whether links that have moved for good are findings too.
    pub redirects: bool,
}

impl SiteReport {
    /// Whether a link that fares so is to be told of.
    #[must_use]
    pub fn is_finding(&self, reason: Reason) -> bool {
        let of_interest = match reason.status() {
            Status::Broken => true,
            Status::Redirected => self.redirects && reason == Reason::MovedPermanently,
            Status::Ok | Status::Skipped => false,
        };
        of_interest && !self.ignore.contains(&reason)
    }
}
