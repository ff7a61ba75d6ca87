use std::error::Error;
use std::fmt;

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
}

impl Failure {
    /// Wrong use or configuration.
    pub fn usage(error: &dyn Error) -> Self {
        Self { exit: Exit::Usage, sentence: sentence(error) }
    }

    /// The check itself could not run.
    pub fn failed(error: &dyn Error) -> Self {
        Self { exit: Exit::Failed, sentence: sentence(error) }
    }

    /// There is a report, but it could not be kept.
    pub(super) fn not_kept(sentence: impl Into<String>) -> Self {
        Self { exit: Exit::Failed, sentence: sentence.into() }
    }

    /// Stopped before there was a report.
    pub(super) fn interrupted(sentence: impl Into<String>) -> Self {
        Self { exit: Exit::Interrupted, sentence: sentence.into() }
    }

    /// The exit code.
    pub fn exit(&self) -> Exit {
        self.exit
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
