//! Parts of files between `ANCHOR: name` and `ANCHOR_END: name`, in a comment of any language.

/// The text without the lines that mark anchors.
pub(super) fn without_markers(text: &str) -> String {
    lines(text.lines().filter(|line| marker(line).is_none()))
}

/// What stands between the markers of `name`.
pub(super) fn section(text: &str, name: &str) -> Result<String, String> {
    let (start, end) = find(text, name)?;
    let inside = text.lines().skip(start + 1).take(end - start - 1);
    Ok(lines(inside.filter(|line| marker(line).is_none())))
}

/// The whole text, everything outside of the markers of `name` hidden as rustdoc hides lines.
pub(super) fn with_rest_hidden(
    text: &str,
    name: &str,
) -> Result<String, String> {
    let (start, end) = find(text, name)?;
    let shown = text
        .lines()
        .enumerate()
        .filter(|(_, line)| marker(line).is_none())
        .map(|(number, line)| {
            if start < number && number < end {
                line.to_owned()
            } else {
                format!("# {line}")
            }
        });
    Ok(lines(shown))
}

fn find(text: &str, name: &str) -> Result<(usize, usize), String> {
    let position = |wanted: Marker<'_>| {
        text.lines().position(|line| marker(line) == Some(wanted))
    };
    let start = position(Marker::Start(name))
        .ok_or_else(|| format!("no anchor {name:?}"))?;
    let end = position(Marker::End(name))
        .ok_or_else(|| format!("no end of the anchor {name:?}"))?;
    let inside =
        text.lines().skip(start + 1).take(end.saturating_sub(start + 1));
    if inside
        .filter(|line| marker(line).is_none())
        .all(|line| line.trim().is_empty())
    {
        return Err(format!("nothing inside of the anchor {name:?}"));
    }
    Ok((start, end))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Marker<'a> {
    Start(&'a str),
    End(&'a str),
}

fn marker(line: &str) -> Option<Marker<'_>> {
    let after = |word: &str| {
        let rest = line.split_once(word)?.1.split_whitespace().next()?;
        Some(rest)
    };
    after("ANCHOR: ")
        .map(Marker::Start)
        .or_else(|| after("ANCHOR_END: ").map(Marker::End))
}

fn lines<L: AsRef<str>>(lines: impl Iterator<Item = L>) -> String {
    let mut text = String::new();
    for line in lines {
        text.push_str(line.as_ref());
        text.push('\n');
    }
    text
}
