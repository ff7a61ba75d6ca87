//! Notices as people read them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write};

use super::{Notice, NoticeKind};
use crate::report::Reason;
use crate::report::text::{clean, elided, plural};
use crate::service::FindingView;

/// How many links of each list are named: about as many as a person reads.
const NAMED: usize = 50;

/// How many sites a subject names.
const SITES: usize = 3;

const ADDRESS_LIMIT: usize = 500;
const TEXT_LIMIT: usize = 60;
const WHY_LIMIT: usize = 300;

/// Notices as plain text: what a mail says, and what a command gets as its summary.
///
/// For each: what happened, the links that are newly broken by reason, with the pages that they are on, and those that
/// are fixed; of each list the first 50. Characters that a terminal would obey are shown as `\u{1b}`, also those that
/// turn the direction of text around; no string makes more than one line.
///
/// # Examples
///
/// ```
/// use sitewatch::notify::{Notice, NoticeKind, text};
///
/// let at = "2026-11-26T15:00:00Z".parse()?;
/// let notice = Notice {
///     why: Some("no answer in time\u{1b}[2J".to_owned()),
///     ..Notice::new(NoticeKind::Failing, "docs", "https://example.org/docs/", 12, at)
/// };
/// assert_eq!(
///     text(&[notice]),
///     "docs: the check failed: no answer in time\\u{1b}[2J\n\
///      https://example.org/docs/, run 12, 2026-11-26 15:00:00 UTC\n"
/// );
/// assert_eq!(text(&[]), "");
/// # Ok::<(), jiff::Error>(())
/// ```
#[must_use]
pub fn text(notices: &[Notice]) -> String {
    let texts: Vec<String> = notices.iter().map(|notice| Told(notice).to_string()).collect();
    texts.join("\n")
}

/// Notices in a line, as the subject of a mail: `[sitewatch] docs: 3 links broken, 1 fixed`.
///
/// # Examples
///
/// ```
/// use sitewatch::notify::{Notice, NoticeKind, subject};
///
/// let at = "2026-11-26T15:00:00Z".parse()?;
/// let notice = |kind, site: &str| Notice::new(kind, site, "https://example.org/", 12, at);
/// let docs = Notice { more_broken: 3, more_fixed: 1, ..notice(NoticeKind::Changed, "docs") };
/// assert_eq!(subject(&[docs.clone()]), "[sitewatch] docs: 3 links broken, 1 fixed");
///
/// let blog = notice(NoticeKind::Failing, "blog");
/// assert_eq!(subject(&[docs, blog]), "[sitewatch] docs, blog: 3 links broken, 1 fixed, 1 check failed");
/// # Ok::<(), jiff::Error>(())
/// ```
#[must_use]
pub fn subject(notices: &[Notice]) -> String {
    let mut seen = BTreeSet::new();
    let sites: Vec<&str> = notices.iter().map(|notice| &*notice.site).filter(|site| seen.insert(*site)).collect();
    let mut line = "[sitewatch] ".to_owned();
    for (number, site) in sites.iter().take(SITES).enumerate() {
        let comma = if number == 0 { "" } else { ", " };
        // Writing to a string does not fail.
        let _ = write!(line, "{comma}{}", elided(site, TEXT_LIMIT));
    }
    if sites.len() > SITES {
        let _ = write!(line, " and {} more", sites.len() - SITES);
    }
    let of = |kind: NoticeKind| notices.iter().filter(move |notice| notice.kind == kind).count() as u64;
    let mut parts =
        changes(notices.iter().map(Notice::newly_broken).sum(), notices.iter().map(Notice::newly_fixed).sum());
    for (count, one, many) in [
        (of(NoticeKind::Failing), "check failed", "checks failed"),
        (of(NoticeKind::Recovered), "check works again", "checks work again"),
    ] {
        if count > 0 {
            parts.push(plural(count, one, many));
        }
    }
    if !parts.is_empty() {
        let _ = write!(line, ": {}", parts.join(", "));
    }
    line
}

/// `3 links broken`, `1 fixed`: what there is of it.
fn changes(broken: u64, fixed: u64) -> Vec<String> {
    let mut parts = Vec::new();
    if broken > 0 {
        parts.push(format!("{} broken", plural(broken, "link", "links")));
    }
    match (broken, fixed) {
        (_, 0) => {}
        (0, _) => parts.push(format!("{} fixed", plural(fixed, "link", "links"))),
        // "1 fixed" needs no noun after "3 links broken".
        _ => parts.push(plural(fixed, "fixed", "fixed")),
    }
    parts
}

/// A notice, as text.
struct Told<'a>(&'a Notice);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Notice {
            site, target, run, at, kind, broken, more_broken, fixed, more_fixed, total_broken, why, url, ..
        } = self.0;
        write!(f, "{}", clean(site))?;
        let mut parts = match kind {
            NoticeKind::Changed => Vec::new(),
            NoticeKind::Failing => vec!["the check failed".to_owned()],
            NoticeKind::Recovered => vec!["the check works again".to_owned()],
        };
        parts.extend(changes(self.0.newly_broken(), self.0.newly_fixed()));
        if !parts.is_empty() {
            write!(f, ": {}", parts.join(", "))?;
        }
        if let Some(why) = why {
            write!(f, ": {}", elided(why, WHY_LIMIT))?;
        }
        if *kind != NoticeKind::Failing {
            write!(f, "; {} in all", plural(*total_broken, "broken link", "broken links"))?;
        }
        writeln!(f)?;
        let at = at.strftime("%Y-%m-%d %H:%M:%S UTC");
        writeln!(f, "{}, run {run}, {at}", elided(target, ADDRESS_LIMIT))?;
        if let Some(url) = url {
            writeln!(f, "{}", elided(url, ADDRESS_LIMIT))?;
        }
        if self.0.newly_broken() > 0 {
            writeln!(f, "\nNewly broken")?;
            for (reason, urls) in by_reason(broken.iter().take(NAMED)) {
                let reason = sentence(reason);
                writeln!(f, "\n  {reason}")?;
                for (url, findings) in urls {
                    write_url(f, url, &reason, &findings)?;
                }
            }
            write_rest(f, broken.len(), *more_broken)?;
        }
        if self.0.newly_fixed() > 0 {
            writeln!(f, "\nFixed\n")?;
            for finding in fixed.iter().take(NAMED) {
                writeln!(f, "    {}", elided(&finding.url, ADDRESS_LIMIT))?;
                write_page(f, finding)?;
            }
            write_rest(f, fixed.len(), *more_fixed)?;
        }
        Ok(())
    }
}

type ByUrl<'a> = BTreeMap<&'a str, Vec<&'a FindingView>>;

fn by_reason<'a>(findings: impl Iterator<Item = &'a FindingView>) -> BTreeMap<&'a str, ByUrl<'a>> {
    let mut reasons: BTreeMap<&str, ByUrl<'_>> = BTreeMap::new();
    for finding in findings {
        reasons.entry(&finding.reason).or_default().entry(&finding.url).or_default().push(finding);
    }
    reasons
}

/// A reason in words; its code, if a later version has written it.
fn sentence(code: &str) -> String {
    match code.parse::<Reason>() {
        Ok(reason) => reason.sentence().to_string(),
        Err(_) => elided(code, TEXT_LIMIT).to_string(),
    }
}

fn write_url(f: &mut fmt::Formatter<'_>, url: &str, reason: &str, findings: &[&FindingView]) -> fmt::Result {
    write!(f, "    {}", elided(url, ADDRESS_LIMIT))?;
    let message = findings.first().map_or("", |finding| &*finding.message);
    let more = message.strip_prefix(reason).unwrap_or(message).trim_start_matches([':', ' ']);
    if !more.is_empty() {
        write!(f, " ({})", elided(more, WHY_LIMIT))?;
    }
    writeln!(f)?;
    findings.iter().try_for_each(|finding| write_page(f, finding))
}

fn write_page(f: &mut fmt::Formatter<'_>, finding: &FindingView) -> fmt::Result {
    write!(f, "      on {}", elided(&finding.page, ADDRESS_LIMIT))?;
    if finding.line > 0 {
        write!(f, ", line {}", finding.line)?;
    }
    if !finding.text.trim().is_empty() {
        write!(f, ": \"{}\"", elided(&finding.text, TEXT_LIMIT))?;
    }
    writeln!(f)
}

/// How many there are that are not named.
fn write_rest(f: &mut fmt::Formatter<'_>, listed: usize, more: u64) -> fmt::Result {
    match listed.saturating_sub(NAMED) as u64 + more {
        0 => Ok(()),
        rest => writeln!(f, "\n    ... and {}", plural(rest, "other", "others")),
    }
}
