//! Builds the book as a site, beside the crates' documentation.
use std::fmt::Write as _;
use std::io::{Read as _, Seek as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{env, fs};

use mdbook_driver::MDBook;
use patterns_core::outcome::BoxError;
use tracing_subscriber::filter::LevelFilter;

/// Builds it into `book` in the folder of all that is built, and returns its first page.
///
/// # Errors
///
/// Also what mdBook only warns of, such as an include that is not there.
pub(crate) fn build(book: &Path) -> Result<PathBuf, BoxError> {
    let log = Arc::new(tempfile::tempfile()?);
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::WARN)
        .with_writer(Arc::clone(&log))
        .with_ansi(false)
        .without_time()
        .init();
    // `target/debug/book`, or wherever else the target folder is.
    let program = env::current_exe()?;
    let target = program.ancestors().nth(2).ok_or("no target folder")?;
    let site = target.join("book");
    let mut book = MDBook::load(book)?;
    book.config.build.build_dir.clone_from(&site);
    book.build()?;
    let mut warnings = String::new();
    (&*log).rewind()?;
    (&*log).read_to_string(&mut warnings)?;
    if !warnings.is_empty() {
        return Err(warnings.trim().into());
    }
    for page in fs::read_dir(&site)? {
        let page = page?.path();
        if page.extension().is_some_and(|extension| extension == "html") {
            fs::write(
                &page,
                labelled(&breakable(&dedented(&fs::read_to_string(&page)?))),
            )?;
        }
    }
    Ok(site.join("index.html"))
}

/// Lets long names in the text be broken where a word of theirs ends: those of tests fill whole lines.
fn breakable(html: &str) -> String {
    replace(html, "<code>", |name| {
        let mut broken = String::new();
        let mut rest = name.chars().peekable();
        while let Some(c) = rest.next() {
            broken.push(c);
            let ends = matches!(c, '_' | ':' | '.' | '/');
            if ends && rest.peek().is_some_and(|next| next.is_alphanumeric()) {
                broken.push_str("<wbr>");
            }
        }
        // Not what is the beginning, such as `.await`.
        let begins = broken.strip_prefix(['.', '/']);
        match begins.and_then(|rest| rest.strip_prefix("<wbr>")) {
            Some(rest) => format!("{}{rest}", &name[..1]),
            None => broken,
        }
    })
}

/// Moves code to the left that was taken out of the middle of a function.
fn dedented(html: &str) -> String {
    replace(html, "<code class=\"language-rust", |code| {
        let (head, code) = code.split_once('>').unwrap_or(("", code));
        let lines = code.lines().filter(|line| !line.is_empty());
        let indent = lines.map(|line| line.len() - line.trim_start().len());
        let indent = " ".repeat(indent.min().unwrap_or_default());
        let code = code
            .lines()
            .map(|line| line.strip_prefix(&*indent).unwrap_or(line));
        format!("{head}>{}", code.collect::<Vec<_>>().join("\n"))
    })
}

/// Writes what each column of a table is at its cells, for phones, where they stand below one another.
fn labelled(html: &str) -> String {
    let mut tables = html.split("<table>");
    let mut changed = tables.next().unwrap_or_default().to_owned();
    for table in tables {
        let (table, rest) = table.split_once("</table>").unwrap_or((table, ""));
        let (head, body) = table.split_once("</thead>").unwrap_or(("", table));
        let labels: Vec<&str> = head
            .split("<th>")
            .skip(1)
            .map(|cell| cell.split("</th>").next().unwrap_or_default())
            .collect();
        changed.extend(["<table>", head, "</thead>"]);
        for (row, cells) in body.split("<tr>").enumerate() {
            changed.push_str(if row == 0 { "" } else { "<tr>" });
            for (n, cell) in cells.split("<td>").enumerate() {
                match labels.get(n.wrapping_sub(1)) {
                    Some(label)
                        if !label.is_empty() && !label.contains('<') =>
                    {
                        let _ = write!(changed, "<td data-label=\"{label}\">");
                    }
                    _ if n > 0 => changed.push_str("<td>"),
                    _ => {}
                }
                changed.push_str(cell);
            }
        }
        changed.extend(["</table>", rest]);
    }
    changed
}

/// Changes what is between `start` and the end of its `code`, wherever that is.
fn replace(html: &str, start: &str, change: impl Fn(&str) -> String) -> String {
    let mut parts = html.split(start);
    let mut changed = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (code, rest) = part.split_once("</code>").unwrap_or((part, ""));
        changed.extend([start, &change(code), "</code>", rest]);
    }
    changed
}
