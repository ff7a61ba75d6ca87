use std::fmt::{self, Write as _};
use std::io::{self, Write};

use super::text::{elided, plural};
use super::{Grouped, LinkResult, Report, Status, Style, Took};

/// GitHub takes comments of up to 65,536 characters; the rest is left for the lines around these lists.
const ROWS_ROOM: usize = 50_000;
const ORPHANS_ROOM: usize = 10_000;
/// With more rows than this the table is folded, so that the comment doesn't bury the conversation.
const OPEN_ROWS: u64 = 25;

/// The verdict as a heading, then one table; every foreign string in it is code, so that it can neither
/// format, nor link, nor mention anybody.
pub(super) fn write(report: &Report, style: Style, out: &mut impl Write) -> io::Result<()> {
    let summary = report.summary();
    let broken = summary.broken();
    let title = match broken {
        _ if summary.never => "Never checked to its end".to_owned(),
        0 => "No broken links".to_owned(),
        _ => plural(broken, "broken link", "broken links"),
    };
    writeln!(out, "## {title}\n")?;
    let checked = plural(summary.counts.total(), "link", "links");
    let pages = plural(summary.pages, "page", "pages");
    let target = code(report.target());
    if summary.never {
        writeln!(out, "Nothing is known of the links of {target} yet.")?;
    } else {
        writeln!(out, "sitewatch checked {checked} on {pages} of {target} in {}.", Took(summary.elapsed))?;
    }
    if let Some(why) = &summary.failed {
        writeln!(out, "\n**The last check failed:** {}.", code(why))?;
    }
    if let Some(why) = summary.stopped.as_ref().filter(|_| !summary.never) {
        writeln!(out, "\n**Partial:** the check was stopped early ({}).", code(why))?;
    }
    let wanted = |link: &LinkResult<'_>| style.all || link.verdict.status() == Status::Broken;
    let rows = report.links().iter().filter(wanted);
    write_table(rows, style, out)?;
    write_orphans(report, style, out)?;
    write_besides(report, out)
}

fn write_table<'a>(
    rows: impl Iterator<Item = LinkResult<'a>> + Clone,
    style: Style,
    out: &mut impl Write,
) -> io::Result<()> {
    let count = rows.clone().count() as u64;
    if count == 0 {
        return Ok(());
    }
    let folded = count > OPEN_ROWS;
    if folded {
        writeln!(out, "\n<details><summary>{}</summary>", plural(count, "link", "links"))?;
    }
    writeln!(out, "\n| Where | Link | Text | Problem |\n| --- | --- | --- | --- |")?;
    let written = write_what_fits(rows.map(row), ROWS_ROOM, style, out)?;
    if folded {
        writeln!(out, "\n</details>")?;
    }
    if written < count {
        writeln!(out, "\n... and {} more that don't fit into a comment.", Grouped(count - written))?;
    }
    Ok(())
}

fn row(link: LinkResult<'_>) -> String {
    let verdict = link.verdict;
    let mut row = format!("| {}", code(link.page));
    if link.line > 0 {
        let _ = write!(row, " {}:{}", link.line, link.column);
    }
    let _ = write!(row, " | {}", code(link.link));
    for next in &verdict.redirects {
        let _ = write!(row, " → {}", code(next));
    }
    let _ = write!(row, " | {} | {}", code(link.text), verdict.reason.sentence());
    if let Some(detail) = &verdict.detail {
        let _ = write!(row, ": {}", code(detail));
    }
    row.push_str(" |\n");
    row
}

fn write_orphans(report: &Report, style: Style, out: &mut impl Write) -> io::Result<()> {
    let orphans = report.orphans();
    if orphans.is_empty() {
        return Ok(());
    }
    let title = plural(orphans.len() as u64, "page that nothing links to", "pages that nothing links to");
    writeln!(out, "\n{title}:\n")?;
    let lines = orphans.iter().map(|page| format!("- {}\n", code(page)));
    let written = write_what_fits(lines, ORPHANS_ROOM, style, out)?;
    let left = orphans.len() as u64 - written;
    if left > 0 {
        writeln!(out, "- ... and {} more", Grouped(left))?;
    }
    Ok(())
}

/// Writes lines while there is room, and returns how many.
fn write_what_fits(
    lines: impl Iterator<Item = String>,
    mut room: usize,
    style: Style,
    out: &mut impl Write,
) -> io::Result<u64> {
    let mut written = 0;
    for line in lines {
        // In UTF-16 units, the strictest of the ways to count characters.
        let length = line.encode_utf16().count();
        if length > room && !style.all {
            break;
        }
        room = room.saturating_sub(length);
        written += 1;
        out.write_all(line.as_bytes())?;
    }
    Ok(written)
}

fn write_besides(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let count = |status| report.summary().counts.of(status);
    let parts: Vec<_> = [Status::Redirected, Status::Skipped]
        .into_iter()
        .filter(|status| count(*status) > 0)
        .map(|status| format!("{} {status}", Grouped(count(status))))
        .collect();
    if parts.is_empty() { Ok(()) } else { writeln!(out, "\nBesides: {}.", parts.join(", ")) }
}

fn code(text: &str) -> Code<'_> {
    Code(text)
}

/// Foreign text as inline code, also within a table cell.
///
/// A code span can't hold a back-tick of unknown number nor, in a table, a pipe after a backslash; such
/// text becomes an HTML `code` element with everything special as an entity.
struct Code<'a>(&'a str);

impl fmt::Display for Code<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = elided(self.0, 300).to_string();
        if text.is_empty() {
            return Ok(());
        }
        if !text.contains(['`', '|']) {
            return write!(f, "`{text}`");
        }
        f.write_str("<code>")?;
        for character in text.chars() {
            match character {
                '/' | ':' | '.' | '-' | '?' | '=' | '%' | ',' | ' ' => f.write_char(character)?,
                _ if character.is_ascii_punctuation() => write!(f, "&#{};", u32::from(character))?,
                _ => f.write_char(character)?,
            }
        }
        f.write_str("</code>")
    }
}
