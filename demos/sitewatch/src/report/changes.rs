use std::collections::BTreeSet;
use std::io::{self, Write};

use super::text::{clean, elided};
use super::{Grouped, LinkResult, Reason, Report, Status};

/// What differs between two checks of the same target: what broke, and what was repaired.
///
/// A link is the same in both if page, link and resolved URL are; lines and columns may move. With an
/// incomplete check on either side, only what is certain counts: a broken link that a partial check
/// did not come to is neither repaired nor new.
///
/// # Examples
///
/// ```
/// use sitewatch::report::{Changes, LinkResult, Links, Reason, Report, Summary, Verdict};
///
/// let report = |broken: &[&str]| {
///     let gone = Verdict::new(Reason::MissingFile);
///     let mut links = Links::default();
///     links.extend(broken.iter().map(|link| LinkResult {
///         page: "index.html", line: 1, column: 1, text: "", link, url: link, verdict: &gone,
///     }));
///     Report::new("docs", Summary::default(), links, Vec::new())
/// };
/// let changes = Changes::between(&report(&["a", "b"]), &report(&["b", "c", "d"]));
/// assert_eq!((changes.broken().len(), changes.repaired().len(), changes.still_broken()), (2, 1, 1));
/// assert!(Changes::between(&report(&["a"]), &report(&["a"])).is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    broken: Vec<Change>,
    repaired: Vec<Change>,
    still_broken: u64,
    /// Why the later check is partial, if it is.
    stopped: Option<String>,
}

/// A link that changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// The page that it is on.
    pub page: String,
    /// As written in the page.
    pub link: String,
    /// Resolved.
    pub url: String,
    /// Why it is, or was, broken.
    pub reason: Reason,
}

type Key<'a> = (&'a str, &'a str, &'a str);

impl Changes {
    /// Compares an earlier report with a later one.
    #[must_use]
    pub fn between(earlier: &Report, later: &Report) -> Self {
        let (before, after) = (keys(earlier), keys(later));
        let certain = |report: &Report, changes: Vec<Change>| match report.summary().is_complete() {
            true => changes,
            false => Vec::new(),
        };
        Self {
            broken: certain(earlier, missing_from(&before, later)),
            repaired: certain(later, missing_from(&after, earlier)),
            still_broken: broken(later).filter(|link| before.contains(&key(*link))).count() as u64,
            stopped: later.summary().stopped.clone(),
        }
    }

    /// The links that are broken now and were not before.
    #[must_use]
    pub fn broken(&self) -> &[Change] {
        &self.broken
    }

    /// The links that were broken before and are not any more, or are gone.
    #[must_use]
    pub fn repaired(&self) -> &[Change] {
        &self.repaired
    }

    /// How many links are broken as before.
    #[must_use]
    pub fn still_broken(&self) -> u64 {
        self.still_broken
    }

    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.broken.is_empty() && self.repaired.is_empty()
    }

    /// Writes what changed for people: a list each of what broke and what was repaired, at most 50 long.
    ///
    /// # Errors
    ///
    /// Whatever `out` fails with.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        write_list(&self.broken, "newly broken", out)?;
        write_list(&self.repaired, "repaired", out)?;
        if self.is_empty() {
            write!(out, "nothing changed; ")?;
        }
        writeln!(out, "{} broken as before", Grouped(self.still_broken))?;
        match &self.stopped {
            Some(why) => writeln!(out, "PARTIAL: stopped early ({}); there may be more", clean(why)),
            None => Ok(()),
        }
    }
}

fn broken(report: &Report) -> impl Iterator<Item = LinkResult<'_>> {
    report.links().iter().filter(|link| link.verdict.status() == Status::Broken)
}

fn key(link: LinkResult<'_>) -> Key<'_> {
    (link.page, link.link, link.url)
}

fn keys(report: &Report) -> BTreeSet<Key<'_>> {
    broken(report).map(key).collect()
}

/// In the order of the report, a link that is several times on a page once.
fn missing_from(others: &BTreeSet<Key<'_>>, report: &Report) -> Vec<Change> {
    let mut seen = BTreeSet::new();
    broken(report)
        .filter(|link| !others.contains(&key(*link)) && seen.insert(key(*link)))
        .map(|link| Change {
            page: link.page.to_owned(),
            link: link.link.to_owned(),
            url: link.url.to_owned(),
            reason: link.verdict.reason,
        })
        .collect()
}

fn write_list(changes: &[Change], title: &str, out: &mut dyn Write) -> io::Result<()> {
    const LISTED: usize = 50;
    if changes.is_empty() {
        return Ok(());
    }
    writeln!(out, "{} {title}:", Grouped(changes.len() as u64))?;
    for change in changes.iter().take(LISTED) {
        let (page, link) = (clean(&change.page), elided(&change.link, 200));
        writeln!(out, "  {page}: {link}  {}", change.reason.code())?;
    }
    if changes.len() > LISTED {
        writeln!(out, "  ... and {} more", Grouped((changes.len() - LISTED) as u64))?;
    }
    Ok(())
}
