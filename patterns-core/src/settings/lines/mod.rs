//! In which line of a file each key stands.
mod toml;
mod yaml;

use std::collections::BTreeMap;

use config::FileFormat;

use super::path::KeyPath;

/// Lines by key, counted from 1.
pub(super) type Lines = BTreeMap<KeyPath, usize>;

/// A key that stands twice in one table, and the line of the second.
pub(super) type Twice = (KeyPath, usize);

/// Finds the lines of a file that is known to parse, and whether a key stands twice, which not every
/// parser minds. Where that fails, places go without a line.
pub(super) fn locate(format: FileFormat, text: &str) -> (Lines, Option<Twice>) {
    match format {
        FileFormat::Toml => (toml::locate(text), None),
        // Every JSON text is YAML as well.
        FileFormat::Yaml | FileFormat::Json => yaml::locate(text),
        #[allow(unreachable_patterns, reason = "features of `config` that others may switch on add formats")]
        _ => (Lines::new(), None),
    }
}

/// Where a YAML text asks for more than a file of settings may, and what for: to be looked for before it is
/// parsed.
pub(super) fn excess(text: &str) -> Option<(usize, usize, String)> {
    yaml::excess(text)
}

/// The line and column, counted from 1, of a byte.
pub(super) fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}
