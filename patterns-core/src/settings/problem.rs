use std::fmt;
use std::path::PathBuf;

/// Where a setting comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Source {
    /// The program's own default.
    Default,
    /// A file.
    File {
        /// Its path, as given.
        path: PathBuf,
        /// The line, counted from 1, where it is known.
        line: Option<usize>,
    },
    /// An environment variable.
    Variable(String),
    /// A flag, as the caller calls it.
    Flag(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line: None } => write!(f, "{}", path.display()),
            Self::File { path, line: Some(line) } => write!(f, "{}:{line}", path.display()),
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// What is wrong with a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProblemKind {
    /// No setting has this key.
    UnknownKey {
        /// A key that looks much like it.
        suggestion: Option<String>,
        /// The keys that exist at its place.
        known: Vec<String>,
    },
    /// The value is not of the right type, or not a possible one.
    Invalid {
        /// The value, as text.
        value: String,
        /// What was expected.
        reason: String,
    },
    /// Something that has no default is not there; the problem's key names it.
    Missing,
    /// [`Validate`](super::Validate) refuses the value.
    Refused {
        /// The value, as text; empty where it plays no part.
        value: String,
        /// Why.
        reason: String,
    },
    /// The file can't be read; with [`Source::Default`], the type can't be used for settings.
    Unreadable {
        /// Why.
        reason: String,
    },
    /// The file is not what its name says.
    Syntax {
        /// `TOML`, `YAML` or `JSON`.
        format: &'static str,
        /// The column, counted from 1, where it is known; the line is in the source.
        column: Option<usize>,
        /// What the parser says.
        reason: String,
    },
}

/// One thing that is wrong with the settings. Displays as one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    source: Source,
    key: String,
    kind: ProblemKind,
}

impl Problem {
    pub(super) fn new(source: Source, key: String, kind: ProblemKind) -> Self {
        Self { source, key, kind }
    }

    /// Where the setting comes from.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The key with dots between its levels; empty where it is about a whole file.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> &ProblemKind {
        &self.kind
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, key, kind } = self;
        write!(f, "{source}: ")?;
        match kind {
            ProblemKind::UnknownKey { suggestion: Some(suggestion), .. } => {
                write!(f, "unknown key {key}; did you mean {suggestion}?")
            }
            ProblemKind::UnknownKey { known, .. } if known.is_empty() => write!(f, "unknown key {key}"),
            ProblemKind::UnknownKey { known, .. } => {
                write!(f, "unknown key {key}; known here: {}", known.join(", "))
            }
            ProblemKind::Refused { value, reason } if value.is_empty() => write!(f, "{key}: {reason}"),
            ProblemKind::Invalid { value, reason } | ProblemKind::Refused { value, reason } => {
                write!(f, "{key} = {value}: {reason}")
            }
            ProblemKind::Missing => write!(f, "{key} is missing"),
            ProblemKind::Unreadable { reason } => f.write_str(reason),
            ProblemKind::Syntax { format, column: Some(column), reason } => {
                write!(f, "not valid {format} at column {column}: {reason}")
            }
            ProblemKind::Syntax { format, column: None, reason } => write!(f, "not valid {format}: {reason}"),
        }
    }
}

/// Everything that is wrong with the settings, in the order of the layers and of the lines in them;
/// at least one problem. Displays as one line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsError(Vec<Problem>);

impl SettingsError {
    /// Of at least one problem.
    pub(super) fn of(problems: Vec<Problem>) -> Self {
        Self(problems)
    }

    /// All of them; never empty.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.0
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, problem) in self.0.iter().enumerate() {
            let newline = if number == 0 { "" } else { "\n" };
            write!(f, "{newline}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for SettingsError {}
