//! What mdBook does with `{{#include}}` and `{{#rustdoc_include}}`, but strictly: a file or an anchor that is
//! missing is a problem with a place, and so is a listing that nothing would compile or run.
//!
//! The build script uses this; here are its tests too.
mod anchor;
mod directive;
mod fence;
#[cfg(test)]
mod tests;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use directive::Directive;
use fence::Fence;

/// A chapter with everything included.
#[derive(Debug)]
pub(crate) struct Expanded {
    /// Its text.
    pub(crate) text: String,
    /// The files that it was made of, the chapter's own not counted.
    pub(crate) included: Vec<PathBuf>,
}

/// Something wrong in a chapter.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    chapter: String,
    line: usize,
    what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.chapter, self.line, self.what)
    }
}

/// Reads and expands the chapter at `path`; all its problems otherwise.
pub(crate) fn chapter(
    book: &Path,
    path: &Path,
) -> Result<Expanded, Vec<Problem>> {
    let root = book.parent().unwrap_or(book);
    let name = path.strip_prefix(root).unwrap_or(path).display().to_string();
    let problem = |line, what| Problem { chapter: name.clone(), line, what };
    let text = fs::read_to_string(path).map_err(|error| {
        vec![problem(0, format!("cannot read it: {error}"))]
    })?;
    let folder = path.parent().unwrap_or(book);

    let mut expanded = Expanded { text: String::new(), included: Vec::new() };
    let mut problems: Vec<Problem> = Vec::new();
    let mut fence: Option<Fence> = None;
    for (number, line) in (1..).zip(text.lines()) {
        let mut report = |what: String| problems.push(problem(number, what));
        match &mut fence {
            None => {
                fence = Fence::open(number, line);
                if let Some(why) = fence.as_ref().and_then(Fence::refused) {
                    report(why);
                }
            }
            Some(open) if open.closes(line) => {
                if let Some(why) = open.finish() {
                    problems.push(problem(open.line, why));
                }
                fence = None;
            }
            Some(open) => open.content(line),
        }
        match directive::expand(line, |directive| {
            include(book, folder, directive, &mut expanded.included)
        }) {
            Ok(line) => {
                expanded.text.push_str(&line);
                expanded.text.push('\n');
            }
            Err(why) => problems.push(problem(number, why)),
        }
    }
    if let Some(open) = fence {
        problems.push(problem(
            open.line,
            "this code block is never closed".to_owned(),
        ));
    }
    if problems.is_empty() { Ok(expanded) } else { Err(problems) }
}

/// What a directive stands for.
fn include(
    book: &Path,
    folder: &Path,
    directive: &Directive<'_>,
    included: &mut Vec<PathBuf>,
) -> Result<String, String> {
    let path = folder.join(directive.file);
    let shown = || directive.file.trim_start_matches("../");
    let text = fs::read_to_string(&path).map_err(|error| {
        format!("cannot include {}: {error}", directive.file)
    })?;
    let inside = path
        .canonicalize()
        .ok()
        .zip(book.parent().and_then(|root| root.canonicalize().ok()));
    if !inside.is_some_and(|(path, root)| path.starts_with(root)) {
        return Err(format!("{} is outside of this workspace", directive.file));
    }
    included.push(path);
    match directive.anchor {
        None => Ok(anchor::without_markers(&text)),
        Some(anchor) if directive.rest_hidden => {
            anchor::with_rest_hidden(&text, anchor)
        }
        Some(anchor) => anchor::section(&text, anchor),
    }
    .map_err(|why| format!("{why} in {}", shown()))
}
