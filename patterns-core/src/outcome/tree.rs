use std::fmt;

use super::{ErrorGroup, FailureKind, Node, TaskFailed};
use crate::context::TaskPath;

/// How many leaves the one-line form names.
const NAMED: usize = 3;

impl fmt::Display for ErrorGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return self.tree().fmt(f);
        }
        write!(f, "{}: ", self.path())?;
        let total = self.leaves().count();
        if total > 1 {
            write!(f, "{total} failures: ")?;
        }
        for (index, leaf) in self.leaves().take(NAMED).enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            match leaf.path().below(self.path()) {
                Some(name) if name.is_empty() => leaf.reason().fmt(f)?,
                Some(name) => write!(f, "{name}: {}", leaf.reason())?,
                None => leaf.fmt(f)?,
            }
        }
        if total > NAMED {
            write!(f, "; and {} more", total - NAMED)?;
        }
        Ok(())
    }
}

/// The tree, so that an `unwrap` in a test says everything.
impl fmt::Debug for ErrorGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.tree(), f)
    }
}

/// Prints an [`ErrorGroup`] as a tree. Made by [`ErrorGroup::tree`].
///
/// # Examples
///
/// ```
/// use patterns_core::outcome::ErrorGroup;
///
/// let inner = ErrorGroup::from_errors("disk", ["full"]).unwrap();
/// let outer = ErrorGroup::from_errors::<patterns_core::outcome::BoxError>(
///     "cleanup",
///     ["close failed".into(), inner.into()],
/// );
/// let lines: Vec<String> = outer.unwrap().tree().to_string().lines().map(str::to_owned).collect();
/// assert!(lines[0].starts_with("cleanup: 2 failures (after "));
/// assert!(lines[1].starts_with("├─ close failed (after "));
/// assert!(lines[2].starts_with("└─ disk: 1 failure (after "));
/// assert!(lines[3].starts_with("   └─ full (after "));
/// ```
#[derive(Debug)]
pub struct Tree<'a>(pub(super) &'a ErrorGroup);

impl fmt::Display for Tree<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        head(f, self.0, &self.0.path().to_string())?;
        below(f, self.0, "")
    }
}

fn head(f: &mut fmt::Formatter<'_>, group: &ErrorGroup, name: &str) -> fmt::Result {
    let total = group.leaves().count();
    let failures = if total == 1 { "failure" } else { "failures" };
    write!(f, "{name}: {total} {failures} (after {:?}, at {})", group.ran_for(), group.place())
}

fn below(f: &mut fmt::Formatter<'_>, group: &ErrorGroup, indent: &str) -> fmt::Result {
    let last = group.nodes().len() - 1;
    for (index, node) in group.nodes().iter().enumerate() {
        let (branch, more) = if index == last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        write!(f, "\n{indent}{branch}")?;
        let indent = format!("{indent}{more}");
        match node {
            Node::Leaf(leaf) => leaf_lines(f, leaf, group.path(), &indent)?,
            Node::Group(inner) => {
                head(f, inner, &short(inner.path(), group.path()))?;
                below(f, inner, &indent)?;
            }
        }
    }
    Ok(())
}

fn leaf_lines(f: &mut fmt::Formatter<'_>, leaf: &TaskFailed, base: &TaskPath, indent: &str) -> fmt::Result {
    let name = short(leaf.path(), base);
    let text = if name.is_empty() { leaf.reason().to_string() } else { format!("{name}: {}", leaf.reason()) };
    for (index, line) in text.lines().enumerate() {
        if index > 0 {
            write!(f, "\n{indent}")?;
        }
        f.write_str(line)?;
    }
    write!(f, " (after {:?}, spawned at {})", leaf.ran_for(), leaf.place())?;
    if leaf.kind() != FailureKind::Error {
        return Ok(());
    }
    let mut said = leaf.error().to_string();
    let mut source = leaf.error().source();
    while let Some(error) = source {
        let text = error.to_string();
        // Wrappers often repeat what they wrap.
        if text != said {
            write!(f, "\n{indent}caused by: {}", text.lines().collect::<Vec<_>>().join(" "))?;
        }
        said = text;
        source = error.source();
    }
    Ok(())
}

fn short(path: &TaskPath, base: &TaskPath) -> String {
    path.below(base).unwrap_or_else(|| path.to_string())
}
