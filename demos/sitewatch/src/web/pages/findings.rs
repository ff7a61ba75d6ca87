//! Which broken links are wanted, and getting them.

use std::cmp::Ordering;
use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::web::Path;

use super::query::{href, site_path};
use super::text::plain;
use super::{Refusal, Visit};
use crate::service::{FindingQuery, FindingView, WatchError};

/// How many are looked at to group them: what is beyond is found by a search.
const MOST: u64 = 5_000;

/// How many are on one page.
pub(super) const PAGE: usize = 500;

/// How many lines a plain text has at most.
const LINES: usize = 100_000;

/// By what they are grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// Why they are broken, and where they lead.
    Cause,
    /// The page that they are on.
    Page,
}

/// Which are wanted, and how: as the address of a page says it.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    pub(super) by: By,
    pub(super) text: String,
    pub(super) reason: String,
    pub(super) page: String,
    /// Also those that are fixed.
    pub(super) fixed: bool,
    /// How many are left out at the beginning.
    pub(super) from: usize,
}

impl Filter {
    pub(super) fn of(visit: &Visit) -> Self {
        Self {
            by: if visit.query("by") == "page" { By::Page } else { By::Cause },
            text: visit.query("q"),
            reason: visit.query("reason"),
            page: visit.query("page"),
            fixed: visit.query("fixed") == "1",
            from: visit.query("from").parse().unwrap_or(0),
        }
    }

    /// The address of a site's page, or of something below it, with these.
    pub(super) fn address(&self, site: &str, below: &str) -> String {
        let from = if self.from == 0 { String::new() } else { self.from.to_string() };
        let query = [
            ("by", if self.by == By::Page { "page" } else { "" }),
            ("q", self.text.as_str()),
            ("reason", self.reason.as_str()),
            ("page", self.page.as_str()),
            ("fixed", if self.fixed { "1" } else { "" }),
            ("from", from.as_str()),
        ];
        href(&site_path(site, below), &query)
    }

    /// Whether it leaves anything out.
    pub(super) fn is_narrow(&self) -> bool {
        !(self.text.is_empty() && self.reason.is_empty() && self.page.is_empty())
    }

    /// The same, with nothing left out but what is fixed.
    pub(super) fn wide(&self) -> Self {
        Self { text: String::new(), reason: String::new(), page: String::new(), from: 0, ..self.clone() }
    }

    fn query(&self, reason: &str) -> FindingQuery {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        FindingQuery {
            fixed: self.fixed,
            reason: some(reason),
            page: some(&self.page),
            text: some(&self.text),
            limit: MOST,
            offset: 0,
        }
    }
}

/// What there is.
#[derive(Debug)]
pub(super) struct Found {
    /// In the order in which they are shown.
    pub(super) items: Vec<FindingView>,
    /// How many there are in all: maybe more than were looked at.
    pub(super) total: u64,
    /// The reasons that there are, whichever is wanted, with how many there are of each; the most frequent first.
    pub(super) reasons: Vec<(String, u64)>,
}

impl Found {
    /// Whether there are more than were looked at.
    pub(super) fn is_cut(&self) -> bool {
        self.total > self.items.len() as u64
    }
}

/// Gets them.
///
/// # Errors
///
/// Those of [`Watch::findings`](crate::service::Watch::findings).
pub(super) async fn find(visit: &Visit, site: &str, filter: &Filter) -> Result<Found, WatchError> {
    let mut part = visit.watch.findings(site, &filter.query("")).await?;
    let reasons = tally(&part.items);
    if !filter.reason.is_empty() {
        if part.total > part.items.len() as u64 {
            part = visit.watch.findings(site, &filter.query(&filter.reason)).await?;
        } else {
            part.items.retain(|finding| finding.reason == filter.reason);
            part.total = part.items.len() as u64;
        }
    }
    if filter.by == By::Cause {
        let ranks: HashMap<&str, usize> =
            reasons.iter().enumerate().map(|(rank, (reason, _))| (reason.as_str(), rank)).collect();
        part.items.sort_by(|one, other| by_cause(one, other, &ranks));
    }
    Ok(Found { items: part.items, total: part.total, reasons })
}

fn tally(items: &[FindingView]) -> Vec<(String, u64)> {
    let mut counts: HashMap<&str, u64> = HashMap::new();
    for finding in items {
        *counts.entry(&finding.reason).or_default() += 1;
    }
    let mut counts: Vec<(String, u64)> = counts.into_iter().map(|(reason, count)| (reason.to_owned(), count)).collect();
    counts.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    counts
}

/// What is fixed comes last; the sort is stable, so pages stay in their order.
fn by_cause(one: &FindingView, other: &FindingView, ranks: &HashMap<&str, usize>) -> Ordering {
    let key = |finding: &FindingView| (finding.fixed_at.is_some(), ranks.get(&*finding.reason).copied());
    key(one).cmp(&key(other)).then_with(|| one.reason.cmp(&other.reason)).then_with(|| one.url.cmp(&other.url))
}

/// The broken links as plain text, by page: to be copied, or searched by other tools.
pub(super) async fn as_text(visit: Visit, name: Path<String>) -> HttpResponse {
    match text(&visit, &name).await {
        Ok(text) => HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(text),
        Err(error) => visit.answer(Err(Refusal::from(error))).await,
    }
}

async fn text(visit: &Visit, site: &str) -> Result<String, WatchError> {
    let filter = Filter::of(visit);
    let mut query = filter.query(&filter.reason);
    let (mut text, mut page, mut lines) = (String::new(), String::new(), 0);
    loop {
        let part = visit.watch.findings(site, &query).await?;
        for finding in &part.items {
            if finding.page != page || lines == 0 {
                page.clone_from(&finding.page);
                text += if lines == 0 { "" } else { "\n" };
                text += &format!("{}\n", plain(&page));
            }
            text += &line(finding);
            lines += 1;
        }
        query.offset += part.items.len() as u64;
        if part.items.is_empty() || query.offset >= part.total {
            break;
        }
        if lines >= LINES {
            text += &format!("\nand {} more, which are left out here\n", part.total - query.offset);
            break;
        }
    }
    if lines == 0 {
        text += "nothing is broken that is looked for\n";
    }
    Ok(text)
}

fn line(finding: &FindingView) -> String {
    let FindingView { line, column, .. } = finding;
    let place = if *line == 0 { String::new() } else { format!("{line}:{column}  ") };
    let words = match plain(&finding.text) {
        words if words.is_empty() => words,
        words => format!("  \"{words}\""),
    };
    let fixed = if finding.fixed_at.is_some() { "  (fixed)" } else { "" };
    format!("  {place}{}  {}{words}{fixed}\n", plain(&finding.url), plain(&finding.message))
}
