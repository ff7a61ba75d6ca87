//! Reading one file.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use config::{FileFormat, Format, Map, Value, ValueKind};

use super::lines::{self, Lines};
use super::path::KeyPath;
use super::problem::{Problem, ProblemKind, Source};

/// A file to read.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) path: PathBuf,
    /// Whether it may be missing.
    pub(super) optional: bool,
    /// What of it counts, if not all.
    pub(super) part: Option<Part>,
}

/// A table of a file that others read too.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) key: KeyPath,
    /// The keys in it that others know.
    pub(super) others: Vec<KeyPath>,
}

impl Named {
    pub(super) fn read(&self) -> Result<Contents, Problem> {
        let contents = read(&self.path, self.optional)?;
        Ok(match &self.part {
            Some(part) => contents.part(part),
            None => contents,
        })
    }
}

/// What a file says, and where.
#[derive(Default)]
pub(super) struct Contents {
    pub(super) values: Map<String, Value>,
    pub(super) lines: Lines,
}

impl Contents {
    /// What a part of it says.
    fn part(self, part: &Part) -> Self {
        let whole = Value::new(None, self.values);
        let Some(mut value) = part.key.get(&whole).cloned() else { return Self::default() };
        let is_empty = |value: &Value| matches!(&value.kind, ValueKind::Table(rest) if rest.is_empty());
        for other in &part.others {
            other.remove(&mut value);
            // A table of which others know all keys is theirs as a whole.
            if let Some(around) = other.parent().filter(|around| !around.is_root())
                && around.get(&value).is_some_and(is_empty)
            {
                around.remove(&mut value);
            }
        }
        let below = |(key, line): (KeyPath, usize)| Some((key.strip_prefix(&part.key)?, line));
        match value.kind {
            ValueKind::Table(values) => Self { values, lines: self.lines.into_iter().filter_map(below).collect() },
            _ => Self::default(),
        }
    }
}

/// Reads a file in the format that its name tells. One that is missing and `optional` is empty.
fn read(path: &Path, optional: bool) -> Result<Contents, Problem> {
    let format = format_of(path)?;
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if optional && error.kind() == ErrorKind::NotFound => return Ok(Contents::default()),
        Err(error) => {
            return Err(refused(
                path,
                match error.kind() {
                    ErrorKind::NotFound => "no such file".to_owned(),
                    ErrorKind::IsADirectory => "is a folder, not a file".to_owned(),
                    ErrorKind::InvalidData => "not valid UTF-8".to_owned(),
                    _ => format!("cannot be read: {error}"),
                },
            ));
        }
    };
    // Windows editors like to begin with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    parse(path, format, text)
}

fn format_of(path: &Path) -> Result<FileFormat, Problem> {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    match extension.to_ascii_lowercase().as_str() {
        "toml" => Ok(FileFormat::Toml),
        "yaml" | "yml" => Ok(FileFormat::Yaml),
        "json" => Ok(FileFormat::Json),
        _ => Err(refused(path, "unknown format: expected a name that ends in .toml, .yaml, .yml or .json".to_owned())),
    }
}

fn parse(path: &Path, format: FileFormat, text: &str) -> Result<Contents, Problem> {
    let refuse = |line: Option<usize>, column: Option<usize>, reason: String| {
        let source = Source::File { path: path.to_owned(), line };
        Problem::new(source, String::new(), ProblemKind::Syntax { format: name(format), column, reason })
    };
    // The other parsers limit themselves.
    if matches!(format, FileFormat::Yaml)
        && let Some((line, column, reason)) = lines::excess(text)
    {
        return Err(refuse(Some(line), Some(column), reason));
    }
    match format.parse(None, text) {
        Ok(values) => match lines::locate(format, text) {
            (lines, None) => Ok(Contents { values, lines }),
            (_, Some((key, line))) => Err(refuse(Some(line), None, format!("duplicate key {key}"))),
        },
        Err(error) => {
            let error = error.as_ref();
            let (place, reason) = if let Some(error) = error.downcast_ref::<toml::de::Error>() {
                (error.span().map(|span| lines::position(text, span.start)), error.message().to_owned())
            } else if let Some(error) = error.downcast_ref::<yaml_rust2::ScanError>() {
                let mark = error.marker();
                (Some((mark.line(), mark.col() + 1)), error.info().to_owned())
            } else if let Some(error) = error.downcast_ref::<serde_json::Error>() {
                let text = error.to_string();
                // Its text ends with the place, which stands in front of ours.
                let reason = text.split(" at line ").next().unwrap_or_default().to_owned();
                (Some((error.line(), error.column())), reason)
            } else if let Some(config::ConfigError::Type { unexpected, .. }) =
                error.downcast_ref::<Box<config::ConfigError>>().map(Box::as_ref)
            {
                match unexpected.to_string().as_str() {
                    // Only comments, or `null`.
                    "unit value" => return Ok(Contents::default()),
                    found => (None, format!("expected keys with values, found {found}")),
                }
            } else {
                (None, error.to_string())
            };
            Err(refuse(place.map(|place| place.0), place.map(|place| place.1), reason))
        }
    }
}

fn name(format: FileFormat) -> &'static str {
    match format {
        FileFormat::Yaml => "YAML",
        FileFormat::Json => "JSON",
        _ => "TOML",
    }
}

fn refused(path: &Path, reason: String) -> Problem {
    let source = Source::File { path: path.to_owned(), line: None };
    Problem::new(source, String::new(), ProblemKind::Unreadable { reason })
}
