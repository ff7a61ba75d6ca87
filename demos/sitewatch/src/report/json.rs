use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::{LinkResult, Report, Status, Style, Summary};

/// Raised when a key is removed or changes its meaning; new keys may come at any time.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct SummaryJson<'a> {
    pages: u64,
    links: u64,
    ok: u64,
    redirected: u64,
    broken: u64,
    skipped: u64,
    complete: bool,
    stopped: Option<&'a str>,
    failed: Option<&'a str>,
    reasons: BTreeMap<String, u64>,
    ignored_fragments: u64,
    orphans: usize,
    elapsed_ms: u128,
}

#[derive(Serialize)]
struct LinkJson<'a> {
    page: &'a str,
    line: u32,
    column: u32,
    text: &'a str,
    link: &'a str,
    url: &'a str,
    status: Status,
    reason: super::Reason,
    message: String,
    redirects: &'a [Box<str>],
}

/// One link or orphan per line, so that `diff`, `grep` and `wc -l` work on it too.
pub(super) fn write(report: &Report, style: Style, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{{\n  \"version\": {VERSION},")?;
    writeln!(out, "  \"target\": {},", serde_json::to_string(report.target())?)?;
    let summary = serde_json::to_string_pretty(&summary(report.summary(), report.orphans().len()))?;
    write!(out, "  \"summary\": {},\n  \"links\": ", summary.replace('\n', "\n  "))?;
    array(out, report.listed(style).map(row))?;
    write!(out, ",\n  \"orphans\": ")?;
    array(out, report.orphans())?;
    writeln!(out, "\n}}")
}

fn summary(summary: &Summary, orphans: usize) -> SummaryJson<'_> {
    SummaryJson {
        pages: summary.pages,
        links: summary.counts.total(),
        ok: summary.counts.of(Status::Ok),
        redirected: summary.counts.of(Status::Redirected),
        broken: summary.broken(),
        skipped: summary.counts.of(Status::Skipped),
        complete: summary.is_complete(),
        stopped: summary.stopped.as_deref(),
        failed: summary.failed.as_deref(),
        reasons: summary.counts.reasons().map(|(reason, links)| (reason.code().to_string(), links)).collect(),
        ignored_fragments: summary.ignored_fragments,
        orphans,
        elapsed_ms: summary.elapsed.as_millis(),
    }
}

fn row(link: LinkResult<'_>) -> LinkJson<'_> {
    LinkJson {
        page: link.page,
        line: link.line,
        column: link.column,
        text: link.text,
        link: link.link,
        url: link.url,
        status: link.verdict.status(),
        reason: link.verdict.reason,
        message: link.verdict.to_string(),
        redirects: &link.verdict.redirects,
    }
}

fn array<T: Serialize>(out: &mut impl Write, items: impl IntoIterator<Item = T>) -> io::Result<()> {
    let mut first = true;
    for item in items {
        out.write_all(if first { b"[\n    " } else { b",\n    " })?;
        serde_json::to_writer(&mut *out, &item)?;
        first = false;
    }
    out.write_all(if first { b"[]" } else { b"\n  ]" })
}
