/// `{{#include file}}`, `{{#include file:anchor}}`, or the same with `rustdoc_include`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Directive<'a> {
    /// The file, as seen from the chapter's folder.
    pub(crate) file: &'a str,
    /// Which part of it; all without one.
    pub(crate) anchor: Option<&'a str>,
    /// Whether the rest is there too, but not shown: `rustdoc_include`.
    pub(crate) rest_hidden: bool,
}

/// Replaces the directives in one line by what `include` says they stand for.
pub(super) fn expand(
    line: &str,
    mut include: impl FnMut(&Directive<'_>) -> Result<String, String>,
) -> Result<String, String> {
    let mut expanded = String::new();
    let mut rest = line;
    while let Some(start) = rest.find("{{#") {
        let Some(end) = rest[start..].find("}}").map(|end| start + end) else {
            return Err("a directive that doesn't end on its line".to_owned());
        };
        if rest[..start].ends_with('\\') {
            // Escaped: mdBook shows it as it is.
            expanded.push_str(&rest[..start - 1]);
            expanded.push_str(&rest[start..end + 2]);
        } else {
            expanded.push_str(&rest[..start]);
            expanded.push_str(
                include(&parse(&rest[start + 3..end])?)?.trim_end_matches('\n'),
            );
        }
        rest = &rest[end + 2..];
    }
    expanded.push_str(rest);
    Ok(expanded)
}

/// Parses what stands between `{{#` and `}}`.
pub(super) fn parse(text: &str) -> Result<Directive<'_>, String> {
    let (word, arguments) = text
        .trim()
        .split_once(char::is_whitespace)
        .unwrap_or((text.trim(), ""));
    let rest_hidden = match word {
        "include" => false,
        "rustdoc_include" => true,
        other => {
            return Err(format!(
                "there is no use for {{{{#{other}}}}} in this book"
            ));
        }
    };
    let (file, anchor) = match arguments.trim().split_once(':') {
        Some((file, anchor)) => (file, Some(anchor)),
        None => (arguments.trim(), None),
    };
    if file.is_empty() || file.contains(char::is_whitespace) {
        return Err(format!("{{{{#{word}}}}} needs one file"));
    }
    if let Some(anchor) = anchor
        && anchor
            .starts_with(|first: char| first.is_ascii_digit() || first == ':')
    {
        return Err(format!(
            "{file}:{anchor} names lines, which move: use an anchor"
        ));
    }
    Ok(Directive { file, anchor, rest_hidden })
}
