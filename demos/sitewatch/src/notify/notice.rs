use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::service::FindingView;

/// What is told of a check that changed something. As JSON it is what the outbox keeps and what a webhook and a command
/// get.
///
/// The lists are cut at [`Notice::MOST`] links each; how many more there are is counted.
///
/// # Examples
///
/// ```
/// use sitewatch::notify::{Notice, NoticeKind};
///
/// let at = "2026-11-26T15:00:00Z".parse()?;
/// let notice = Notice {
///     why: Some("no answer in time".to_owned()),
///     ..Notice::new(NoticeKind::Failing, "docs", "https://example.org/docs/", 12, at)
/// };
/// let json = serde_json::to_string(&notice)?;
/// assert!(json.contains(r#""kind":"failing""#), "{json}");
/// assert_eq!(serde_json::from_str::<Notice>(&json)?, notice);
/// assert!(serde_json::from_str::<Notice>("{}").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Notice {
    /// Its number in the outbox, the same each time that it is sent; 0 until it is there.
    #[serde(default)]
    pub id: i64,
    /// The site.
    pub site: String,
    /// What was checked.
    pub target: String,
    /// The check.
    pub run: i64,
    /// When that ended.
    pub at: Timestamp,
    /// What happened.
    pub kind: NoticeKind,
    /// Links that are broken since this check, the first of them.
    #[serde(default)]
    pub broken: Vec<FindingView>,
    /// How many more there are.
    #[serde(default)]
    pub more_broken: u64,
    /// Links that are no more broken, or gone, since this check, the first of them.
    #[serde(default)]
    pub fixed: Vec<FindingView>,
    /// How many more there are.
    #[serde(default)]
    pub more_fixed: u64,
    /// How many links of the site are broken now.
    pub total_broken: u64,
    /// Why the check could not be made, if it could not.
    pub why: Option<String>,
    /// The address of the site's page, if it is known how people reach it.
    pub url: Option<String>,
}

/// What a [`Notice`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// Links are broken that were not before, or no more broken.
    Changed,
    /// The check could not be made.
    Failing,
    /// The check could be made again.
    Recovered,
}

impl Notice {
    /// How many links each list names at most.
    pub const MOST: usize = 1_000;

    /// A notice that names no links, and has no reason and no address yet.
    #[must_use]
    pub fn new(kind: NoticeKind, site: impl Into<String>, target: impl Into<String>, run: i64, at: Timestamp) -> Self {
        Self {
            id: 0,
            site: site.into(),
            target: target.into(),
            run,
            at,
            kind,
            broken: Vec::new(),
            more_broken: 0,
            fixed: Vec::new(),
            more_fixed: 0,
            total_broken: 0,
            why: None,
            url: None,
        }
    }

    /// Names these as newly broken: the first [`MOST`](Self::MOST), and how many more there are.
    ///
    /// # Examples
    ///
    /// ```
    /// use sitewatch::notify::{Notice, NoticeKind};
    ///
    /// let at = "2026-11-26T15:00:00Z".parse()?;
    /// let notice = Notice::new(NoticeKind::Changed, "docs", "https://example.org/docs/", 12, at).with_broken([]);
    /// assert_eq!((notice.newly_broken(), notice.newly_fixed()), (0, 0));
    /// # Ok::<(), jiff::Error>(())
    /// ```
    #[must_use]
    pub fn with_broken(mut self, findings: impl IntoIterator<Item = FindingView>) -> Self {
        (self.broken, self.more_broken) = cut(findings);
        self
    }

    /// Names these as fixed: the first [`MOST`](Self::MOST), and how many more there are.
    #[must_use]
    pub fn with_fixed(mut self, findings: impl IntoIterator<Item = FindingView>) -> Self {
        (self.fixed, self.more_fixed) = cut(findings);
        self
    }

    /// How many links are broken since this check, also those that are not named.
    #[must_use]
    pub fn newly_broken(&self) -> u64 {
        self.broken.len() as u64 + self.more_broken
    }

    /// How many links are fixed since this check, also those that are not named.
    #[must_use]
    pub fn newly_fixed(&self) -> u64 {
        self.fixed.len() as u64 + self.more_fixed
    }

    /// How many links it names.
    pub(super) fn named(&self) -> usize {
        self.broken.len() + self.fixed.len()
    }
}

fn cut(findings: impl IntoIterator<Item = FindingView>) -> (Vec<FindingView>, u64) {
    let mut findings = findings.into_iter();
    let named = findings.by_ref().take(Notice::MOST).collect();
    (named, findings.count() as u64)
}
