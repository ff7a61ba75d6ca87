use std::fmt::{self, Write as _};
use std::io::{self, Write};

use super::text::{elided, is_unsafe, plural};
use super::{Count, LinkResult, Report, Status, Style, Took};

/// GitHub takes comments of up to 65,536 characters; the rest is left for the lines around the table.
const ROOM: usize = 60_000;
/// With more rows than this the table is folded, so that the comment doesn't bury the conversation.
const OPEN_ROWS: u64 = 25;

/// The verdict as a heading, then one table; every foreign string in it is code, so that it can neither
/// format, nor link, nor mention anybody.
pub(super) fn write(report: &Report, style: Style, out: &mut impl Write) -> io::Result<()> {
    let summary = report.summary();
    let broken = summary.of(Status::Broken);
    let title = match broken {
        0 => "No broken links".to_owned(),
        _ => plural(broken, "broken link", "broken links"),
    };
    writeln!(out, "## {title}\n")?;
    let checked = plural(summary.links(), "link", "links");
    let pages = plural(summary.pages, "page", "pages");
    writeln!(out, "sitewatch checked {checked} on {pages} of {} in {}.", code(report.target()), Took(summary.elapsed))?;
    if let Some(why) = &summary.stopped {
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
    let (mut written, mut room) = (0, ROOM);
    for link in rows {
        let row = row(link);
        // Counted in UTF-16 units, the strictest of the ways to count characters.
        let length = row.encode_utf16().count();
        if length > room && !style.all {
            break;
        }
        room = room.saturating_sub(length);
        written += 1;
        out.write_all(row.as_bytes())?;
    }
    if folded {
        writeln!(out, "\n</details>")?;
    }
    if written < count {
        writeln!(out, "\n... and {} more that don't fit into a comment.", Count(count - written))?;
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
    let shown = if style.all { orphans.len() } else { orphans.len().min(OPEN_ROWS as usize) };
    let title = plural(orphans.len() as u64, "page that nothing links to", "pages that nothing links to");
    writeln!(out, "\n{title}:\n")?;
    for page in &orphans[..shown] {
        writeln!(out, "- {}", code(page))?;
    }
    if shown < orphans.len() {
        writeln!(out, "- ... and {} more", Count((orphans.len() - shown) as u64))?;
    }
    Ok(())
}

fn write_besides(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let count = |status| report.summary().of(status);
    let parts: Vec<_> = [Status::Redirected, Status::Skipped]
        .into_iter()
        .filter(|status| count(*status) > 0)
        .map(|status| format!("{} {status}", Count(count(status))))
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
                _ if character.is_ascii_punctuation() || is_unsafe(character) => {
                    write!(f, "&#{};", u32::from(character))?;
                }
                _ => f.write_char(character)?,
            }
        }
        f.write_str("</code>")
    }
}
