use std::io::{self, Write};

use super::{Paint, hint};
use crate::report::text::{clean, elided, plural};
use crate::report::{Grouped, Report, Status, Style, Took};

const REASONS: usize = 10;
const TARGETS: usize = 5;
const ORPHANS: usize = 20;
/// With fewer broken links than this the list above is summary enough.
const FEW: u64 = 10;

/// Reasons, targets, pages nothing links to, what is not listed, and the verdict as the last line.
pub(super) fn write(report: &Report, style: Style, paint: Paint, cut: bool, out: &mut impl Write) -> io::Result<()> {
    if !style.quiet {
        write_reasons(report, paint, out)?;
        write_targets(report, paint, out)?;
    }
    write_orphans(report, style, paint, out)?;
    if !style.quiet {
        if let Some(hint) = hint::for_fragments(report) {
            writeln!(out, "{hint}\n")?;
        }
        write_unlisted(report, style, cut, out)?;
        // Where nothing was checked, that nothing is broken would be no news.
        if !report.summary().never {
            write_verdict(report, paint, out)?;
        }
    }
    match &report.summary().stopped {
        Some(why) if !report.summary().never => {
            let notice = format!("PARTIAL: stopped early ({}); this is what was checked until then", clean(why));
            writeln!(out, "{}", paint.bold(paint.status(Status::Redirected, notice)))
        }
        _ => Ok(()),
    }
}

/// Doubles as the legend of the codes in the list.
fn write_reasons(report: &Report, paint: Paint, out: &mut impl Write) -> io::Result<()> {
    let mut reasons: Vec<_> = report.summary().counts.with(Status::Broken).collect();
    if reasons.is_empty() {
        return Ok(());
    }
    // The sort is stable: ties stay in the order of reasons.
    reasons.sort_by_key(|&(_, links)| std::cmp::Reverse(links));
    writeln!(out, "{}", paint.bold("Most frequent reasons"))?;
    for (reason, links) in reasons.into_iter().take(REASONS) {
        let code = paint.status(Status::Broken, reason.code());
        writeln!(out, "  {:>9}  {code:<19} {}", Grouped(links), reason.sentence())?;
    }
    writeln!(out)
}

fn write_targets(report: &Report, paint: Paint, out: &mut impl Write) -> io::Result<()> {
    if report.summary().broken() < FEW {
        return Ok(());
    }
    let top = report.links().most_frequent_urls(TARGETS, Status::Broken);
    if top.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", paint.bold("Most frequent broken targets"))?;
    for (url, links) in top {
        writeln!(out, "  {:>9}  {}", Grouped(links), elided(url, 200))?;
    }
    writeln!(out)
}

fn write_orphans(report: &Report, style: Style, paint: Paint, out: &mut impl Write) -> io::Result<()> {
    let orphans = report.orphans();
    if orphans.is_empty() {
        return Ok(());
    }
    let title = plural(orphans.len() as u64, "page that nothing links to", "pages that nothing links to");
    writeln!(out, "{}", paint.bold(title))?;
    let shown = if style.all || orphans.len() <= ORPHANS + 1 { orphans.len() } else { ORPHANS };
    for page in &orphans[..shown] {
        writeln!(out, "  {}", clean(page))?;
    }
    if shown < orphans.len() {
        writeln!(out, "  {}", paint.dim(format_args!("... and {} more", Grouped((orphans.len() - shown) as u64))))?;
    }
    writeln!(out)
}

/// What the list above does not show, and how to see it.
fn write_unlisted(report: &Report, style: Style, cut: bool, out: &mut impl Write) -> io::Result<()> {
    let summary = report.summary();
    let mut parts = Vec::new();
    for status in [Status::Redirected, Status::Skipped] {
        let reasons: Vec<_> = summary
            .counts
            .with(status)
            .map(|(reason, links)| format!("{} {}", reason.code(), Grouped(links)))
            .collect();
        if !reasons.is_empty() && !style.all {
            parts.push(format!("{} {status} ({})", Grouped(summary.counts.of(status)), reasons.join(", ")));
        }
    }
    if summary.ignored_fragments > 0 {
        parts.push(plural(summary.ignored_fragments, "fragment ignored", "fragments ignored"));
    }
    if !parts.is_empty() {
        writeln!(out, "Besides: {}.", parts.join("; "))?;
    }
    if style.all || (!cut && summary.counts.of(Status::Redirected) + summary.counts.of(Status::Skipped) == 0) {
        return Ok(());
    }
    writeln!(out, "To see every link: --all. For programs: --format json.")
}

fn write_verdict(report: &Report, paint: Paint, out: &mut impl Write) -> io::Result<()> {
    let summary = report.summary();
    let broken = summary.broken();
    let (status, words) = match broken {
        0 => (Status::Ok, "Nothing broken".to_owned()),
        _ => (Status::Broken, format!("{} broken", Grouped(broken))),
    };
    let links = plural(summary.counts.total(), "link", "links");
    let pages = plural(summary.pages, "page", "pages");
    let took = Took(summary.elapsed);
    writeln!(
        out,
        "{} among {links} on {pages} of {}, in {took}",
        paint.bold(paint.status(status, words)),
        clean(report.target())
    )
}
