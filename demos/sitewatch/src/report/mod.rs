//! What a check found, and how people and machines read it.
//!
//! A check fills [`Links`] and a [`Summary`], makes a [`Report`] of them, and [writes](Report::write) it
//! in a [`Format`]. Everything in a report is in a fixed order, so two runs over the same pages give the
//! same bytes, but for the time they took; [`Changes`] compares runs.
//!
//! Texts and addresses come from the web: each format makes control characters, markup and overlong
//! strings harmless in its own way, and writes row by row, so that a report takes no second copy in
//! memory.
mod changes;
mod fetched;
mod format;
mod human;
mod json;
mod junit;
mod links;
mod markdown;
mod output;
mod reason;
mod strings;
mod summary;
pub(crate) mod text;

pub use changes::{Change, Changes};
pub use format::{Format, Style, UnknownFormat};
pub use links::{LinkResult, Links, PageLinks, Verdict};
pub use output::{Output, OutputError};
pub use reason::{Reason, Status, UnknownReason};
pub use summary::{Counts, Summary};
pub use text::{Grouped, Took};

/// The result of one check, in a fixed order.
///
/// # Examples
///
/// ```
/// use sitewatch::report::{Format, Links, Report, Style, Summary};
///
/// let summary = Summary { pages: 2, ..Summary::default() };
/// let report = Report::new("docs", summary, Links::default(), vec!["lonely.html".to_owned()]);
///
/// let mut out = Vec::new();
/// report.write(Format::Json, Style::default(), &mut out)?;
/// let json: serde_json::Value = serde_json::from_slice(&out)?;
/// assert_eq!(json["summary"]["pages"], 2);
/// assert_eq!(json["orphans"][0], "lonely.html");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Report {
    target: String,
    summary: Summary,
    links: Links,
    orphans: Vec<String>,
    not_kept: Option<String>,
}

impl Report {
    /// A report about `target`, with the links that are to be listed and the pages nothing links to.
    ///
    /// `links` needs to hold only what is not ok, unless all are wanted; the counts are those of
    /// `summary`. Both lists are brought into order here.
    #[must_use]
    pub fn new(target: impl Into<String>, summary: Summary, mut links: Links, mut orphans: Vec<String>) -> Self {
        links.sort();
        orphans.sort_unstable();
        Self { target: target.into(), summary, links, orphans, not_kept: None }
    }

    /// The same report, with why it could not be kept in the database: it is published all the same.
    #[must_use]
    pub fn with_not_kept(mut self, why: impl Into<String>) -> Self {
        self.not_kept = Some(why.into());
        self
    }

    /// Why it could not be kept in the database, if it was to be kept and was not.
    #[must_use]
    pub fn not_kept(&self) -> Option<&str> {
        self.not_kept.as_deref()
    }

    /// The same report, in which some of the links are well after all; and how many those are.
    #[must_use]
    pub fn without(mut self, well: impl Fn(&LinkResult<'_>) -> bool) -> (Self, u64) {
        let mut links = Links::default();
        let mut left_out = 0;
        for link in self.links.iter() {
            if well(&link) {
                self.summary.counts.mend(link.verdict.reason);
                left_out += 1;
            } else {
                links.push(link);
            }
        }
        if left_out > 0 {
            self.links = links;
        }
        (self, left_out)
    }

    /// What was checked, as the user named it.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The check in numbers.
    #[must_use]
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// The links that were kept, by page, line and column.
    #[must_use]
    pub fn links(&self) -> &Links {
        &self.links
    }

    /// Pages of a folder that no other page links to, in alphabetical order.
    #[must_use]
    pub fn orphans(&self) -> &[String] {
        &self.orphans
    }

    /// The links that a style lists: all that were kept, or what is not ok of them.
    fn listed(&self, style: Style) -> impl Iterator<Item = LinkResult<'_>> + Clone {
        self.links.iter().filter(move |link| style.lists(link))
    }
}
