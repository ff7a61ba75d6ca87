use std::fmt;
use std::io::{self, BufWriter, Write};
use std::str::FromStr;

use super::{LinkResult, Report, Status, human, json, junit, markdown};

/// How a report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Format {
    /// For people at a terminal: broken links by page, then what is most frequent.
    #[default]
    Human,
    /// For programs; the schema is stable and documented in `docs/report.md`.
    Json,
    /// JUnit XML, which CI systems show as tests: a suite per page, a case per link.
    Junit,
    /// For a comment on a pull request, within the 65,536 characters that GitHub takes.
    Markdown,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 4] = [Self::Human, Self::Json, Self::Junit, Self::Markdown];

    /// Its name in options and settings.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Json => "json",
            Self::Junit => "junit",
            Self::Markdown => "markdown",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Not the name of a [`Format`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such format: {0}")]
pub struct UnknownFormat(pub String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|format| format.as_str() == name).ok_or_else(|| UnknownFormat(name.to_owned()))
    }
}

/// What a report leaves out, and whether it has colours.
///
/// # Defaults
///
/// Nothing that is ok, long lists cut, no colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Also list what is ok, and cut no list short.
    pub all: bool,
    /// ANSI colours; only [`Format::Human`] has any.
    pub color: bool,
    /// Only what was found, without the figures at the end; only [`Format::Human`] has them.
    pub quiet: bool,
}

impl Style {
    pub(super) fn lists(self, link: &LinkResult<'_>) -> bool {
        self.all || link.verdict.status() != Status::Ok
    }
}

impl Report {
    /// Writes the report to `out`, in large pieces, and flushes it.
    ///
    /// # Errors
    ///
    /// Whatever `out` fails with; what was written by then stays written.
    pub fn write(&self, format: Format, style: Style, out: &mut dyn Write) -> io::Result<()> {
        let mut out = BufWriter::with_capacity(1 << 16, out);
        match format {
            Format::Human => human::write(self, style, &mut out)?,
            Format::Json => json::write(self, style, &mut out)?,
            Format::Junit => junit::write(self, style, &mut out)?,
            Format::Markdown => markdown::write(self, style, &mut out)?,
        }
        out.flush()
    }
}
