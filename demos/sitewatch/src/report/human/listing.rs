use std::io::{self, Write};

use super::Paint;
use crate::report::text::{clean, elided, plural};
use crate::report::{LinkResult, Report, Status, Style};

/// Broken links listed of one page. One more is listed rather than counted as "1 more".
const PER_PAGE: usize = 20;
/// Broken links listed in all, to whole pages: about as many as a person would go through.
const IN_ALL: usize = 1_000;

/// Redirects of one link that are all shown.
const CHAIN: usize = 5;
/// Redirects that are shown at each end of a longer chain.
const ENDS: usize = 2;

const ADDRESS_LIMIT: usize = 500;
const TEXT_LIMIT: usize = 60;
const DETAIL_LIMIT: usize = 200;

/// Writes the links by page, and returns whether some were left out.
pub(super) fn write(report: &Report, style: Style, paint: Paint, out: &mut impl Write) -> io::Result<bool> {
    let mut cut = false;
    let mut listed = 0;
    let (mut more_pages, mut more_links) = (0_u64, 0_u64);
    for page in report.links().by_page() {
        let wanted = page.iter().filter(|link| style.all || link.verdict.status() == Status::Broken);
        let count = wanted.clone().count();
        if count == 0 {
            continue;
        }
        if listed >= IN_ALL && !style.all {
            more_pages += 1;
            more_links += count as u64;
            continue;
        }
        let fits = style.all || count <= PER_PAGE + 1;
        let shown = if fits { count } else { PER_PAGE };
        let broken = wanted.clone().filter(|link| link.verdict.status() == Status::Broken).count();
        write!(out, "{}", paint.bold(clean(page.page())))?;
        writeln!(out, "  {}", paint.dim(format_args!("{broken} broken")))?;
        for link in wanted.take(shown) {
            write_link(link, paint, out)?;
        }
        if shown < count {
            cut = true;
            let more = format!("... and {} more on this page", count - shown);
            writeln!(out, "  {}", paint.dim(more))?;
        }
        writeln!(out)?;
        listed += shown;
    }
    if more_links > 0 {
        cut = true;
        let links = plural(more_links, "more broken link", "more broken links");
        writeln!(out, "... and {links} on {}\n", plural(more_pages, "more page", "more pages"))?;
    }
    Ok(cut)
}

fn write_link(link: LinkResult<'_>, paint: Paint, out: &mut impl Write) -> io::Result<()> {
    let status = link.verdict.status();
    let place = if link.line == 0 { "-".to_owned() } else { format!("{}:{}", link.line, link.column) };
    write!(out, "  {:<9} ", paint.dim(place))?;
    write!(out, "{:<19}", paint.status(status, link.verdict.reason.code()))?;
    match elided(link.link, ADDRESS_LIMIT) {
        empty if empty.is_empty() => write!(out, " (empty)")?,
        written => write!(out, " {written}")?,
    }
    if says_more(link.url, link.link) {
        write!(out, " {}", paint.dim(format_args!("({})", elided(link.url, ADDRESS_LIMIT))))?;
    }
    write_redirects(&link.verdict.redirects, out)?;
    let text = elided(link.text, TEXT_LIMIT);
    if !text.is_empty() {
        write!(out, "  “{text}”")?;
    }
    if let Some(detail) = &link.verdict.detail {
        write!(out, "  {}", paint.status(status, elided(detail, DETAIL_LIMIT)))?;
    }
    writeln!(out)
}

/// Where redirects led; of a long chain how it begins and how it ends.
fn write_redirects(redirects: &[Box<str>], out: &mut impl Write) -> io::Result<()> {
    let all = redirects.len();
    let (first, last) =
        if all > CHAIN { (&redirects[..ENDS], &redirects[all - ENDS..]) } else { (redirects, &redirects[all..]) };
    for next in first {
        write!(out, " → {}", elided(next, ADDRESS_LIMIT))?;
    }
    let folded = all - first.len() - last.len();
    if folded > 0 {
        write!(out, " → … {folded} more …")?;
    }
    for next in last {
        write!(out, " → {}", elided(next, ADDRESS_LIMIT))?;
    }
    Ok(())
}

/// Whether the resolved address tells a reader of the link as written anything new.
fn says_more(url: &str, link: &str) -> bool {
    let same_page = link.starts_with('#');
    let same = url == link || url.strip_suffix('/') == Some(link);
    !url.is_empty() && !same && !same_page
}
