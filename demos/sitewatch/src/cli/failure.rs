use std::error::Error;
use std::fmt;

use patterns_core::settings::{Problem, ProblemKind, SettingsError};

use super::Exit;
use crate::causes::sentence;
use crate::check::CheckError;
use crate::fetch::FetchSetupError;

/// Why nothing came of a run: one sentence, and the exit code that goes with it.
///
/// # Examples
///
/// ```
/// use sitewatch::cli::{Exit, Failure};
///
/// #[derive(Debug, thiserror::Error)]
/// #[error("can't open history.db")]
/// struct StoreError(#[source] std::io::Error);
///
/// let failure = Failure::failed(&StoreError(std::io::Error::other("disk full")));
/// assert_eq!(failure.to_string(), "can't open history.db: disk full");
/// assert_eq!(failure.exit(), Exit::Failed);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    exit: Exit,
    sentence: String,
    /// What there is to say besides, which is no failure itself.
    note: Option<&'static str>,
}

/// What the values mean together is looked at once each of them is one.
const MORE: &str = "more may be found once these are mended";

impl Failure {
    /// Wrong use or configuration.
    pub fn usage(error: &dyn Error) -> Self {
        Self::new(Exit::Usage, sentence(error))
    }

    /// The check itself could not run.
    pub fn failed(error: &dyn Error) -> Self {
        Self::new(Exit::Failed, sentence(error))
    }

    /// There is a report, but it could not be kept.
    pub(super) fn not_kept(sentence: impl Into<String>) -> Self {
        Self::new(Exit::Failed, sentence)
    }

    /// Stopped before there was a report.
    pub(super) fn interrupted(sentence: impl Into<String>) -> Self {
        Self::new(Exit::Interrupted, sentence)
    }

    /// Settings of the service that are wrong.
    pub(super) fn settings(error: &SettingsError) -> Self {
        let lines: Vec<String> = error.problems().iter().map(in_words).collect();
        let is_first =
            |problem: &Problem| matches!(problem.kind(), ProblemKind::UnknownKey { .. } | ProblemKind::Invalid { .. });
        let note = error.problems().iter().any(is_first).then_some(MORE);
        Self { note, ..Self::new(Exit::Usage, lines.join("\n")) }
    }

    fn new(exit: Exit, sentence: impl Into<String>) -> Self {
        Self { exit, sentence: sentence.into(), note: None }
    }

    pub(super) fn note(&self) -> Option<&'static str> {
        self.note
    }

    /// The exit code.
    pub fn exit(&self) -> Exit {
        self.exit
    }
}

/// A problem as it says itself; but of a key that files for a single check have, what kind of file that is.
fn in_words(problem: &Problem) -> String {
    match problem.kind() {
        ProblemKind::UnknownKey { .. } if problem.key() == "target" => format!(
            "{}: unknown key target: this is a file for `sitewatch check`; `sitewatch serve` wants it in [sites.NAME]",
            problem.source()
        ),
        _ => problem.to_string(),
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl Error for Failure {}

/// What the user named or set is wrong use; what the world does is a check that could not run.
impl From<CheckError> for Failure {
    fn from(error: CheckError) -> Self {
        match &error {
            CheckError::Http(FetchSetupError::Client(_)) => Self::failed(&error),
            CheckError::Http(_)
            | CheckError::Folder(_)
            | CheckError::NoSuchPage { .. }
            | CheckError::NothingLeft
            | CheckError::DepthOfFolder
            | CheckError::ScopeOfFolder
            | CheckError::NotHtml { .. }
            | CheckError::Unreadable { .. }
            | CheckError::Sitemap { .. }
            | CheckError::SitemapSize { .. } => Self::usage(&error),
            _ => Self::failed(&error),
        }
    }
}
