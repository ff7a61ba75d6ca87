//! What mdBook's pages lack: long names that can be broken, code at the left edge, and cells that say what they are.
use std::fmt::Write as _;

/// A page with all of that.
///
/// # Examples
///
/// ```
/// use book::html::polish;
///
/// // Names are broken where a word of theirs ends, but code in a block is not.
/// assert_eq!(polish("<code>a_long_name</code>"), "<code>a_<wbr>long_<wbr>name</code>");
/// assert_eq!(polish("<code>.await</code>"), "<code>.await</code>");
/// assert_eq!(polish("<code class=\"language-text\">a_b</code>"), "<code class=\"language-text\">a_b</code>");
///
/// let code = "<code class=\"language-rust ignore\">    let a = b(\n        1,\n    );</code>";
/// assert_eq!(polish(code), "<code class=\"language-rust ignore\">let a = b(\n    1,\n);</code>");
///
/// let table = "<table><thead><tr><th></th><th>take</th></tr></thead><tbody><tr><td>x</td><td>y</td></tr></tbody></table>";
/// assert!(polish(table).ends_with("<tr><td>x</td><td data-label=\"take\">y</td></tr></tbody></table>"));
/// ```
#[must_use]
pub fn polish(html: &str) -> String {
    labelled(&breakable(&dedented(html)))
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
