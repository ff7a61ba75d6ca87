use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::outcome::Panic;

/// Any error that may cross tasks.
pub use crate::outcome::BoxError;

/// Why a cleanup did not do its work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CleanupFailure {
    /// It returned this error.
    #[error(transparent)]
    Failed(BoxError),
    /// It panicked.
    #[error(transparent)]
    Panicked(Panic),
    /// It was dropped after its limit.
    #[error("not finished within {0:?}")]
    TimedOut(Duration),
    /// The runtime shut down before it could finish.
    #[error("the runtime shut down first")]
    Lost,
}

/// A cleanup that did not do its work.
#[derive(Debug, thiserror::Error)]
#[error("{}: {}", .0.0, .0.1)]
// The failure is not its source: its text is in ours, and a report of the chain would tell it twice.
pub struct CleanupError(Box<(Cow<'static, str>, CleanupFailure)>, bool);

impl CleanupError {
    pub(super) fn new(name: impl Into<Cow<'static, str>>, failure: CleanupFailure) -> Self {
        Self(Box::new((name.into(), failure)), false)
    }

    /// Of no cleanup, but of a task that the work let go of.
    pub(super) fn of_straggler(path: String, failure: CleanupFailure) -> Self {
        Self(Box::new((path.into(), failure)), true)
    }

    pub(super) fn is_of_straggler(&self) -> bool {
        self.1
    }

    /// The name that the cleanup was pushed under; the path of a task that the work let go of, where
    /// it was not finished in time.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.0
    }

    /// What went wrong.
    #[must_use]
    pub fn failure(&self) -> &CleanupFailure {
        &self.0.1
    }

    /// What went wrong, by value.
    #[must_use]
    pub fn into_failure(self) -> CleanupFailure {
        self.0.1
    }
}

/// All the cleanups of a stack that did not do their work, in the order in which they ran; at least
/// one.
#[derive(Debug)]
pub struct CleanupErrors(Vec<CleanupError>);

impl CleanupErrors {
    pub(super) fn check(errors: Vec<CleanupError>) -> Result<(), Self> {
        if errors.is_empty() { Ok(()) } else { Err(Self(errors)) }
    }

    /// Of a stack whose task the runtime took down with it.
    pub(super) fn lost(names: Vec<Cow<'static, str>>) -> Self {
        let names = if names.is_empty() { vec!["exit_stack".into()] } else { names };
        Self(names.into_iter().map(|name| CleanupError::new(name, CleanupFailure::Lost)).collect())
    }

    /// One by one, in the order in which they ran.
    pub fn iter(&self) -> std::slice::Iter<'_, CleanupError> {
        self.0.iter()
    }

    /// How many; never zero.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "it is never empty")]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl IntoIterator for CleanupErrors {
    type Item = CleanupError;
    type IntoIter = std::vec::IntoIter<CleanupError>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a CleanupErrors {
    type Item = &'a CleanupError;
    type IntoIter = std::slice::Iter<'a, CleanupError>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for CleanupErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.len() == 1 { "" } else { "s" };
        write!(f, "{} cleanup{plural} failed: ", self.len())?;
        for (number, error) in self.iter().enumerate() {
            let separator = if number == 0 { "" } else { "; " };
            write!(f, "{separator}{error}")?;
        }
        Ok(())
    }
}

impl Error for CleanupErrors {}

/// Work under an [`ExitStack`](super::ExitStack) failed, its cleanups did, or both.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExitError {
    /// The work failed, and every cleanup succeeded. Displays as the work's error.
    #[error(transparent)]
    Work(BoxError),
    /// The work succeeded, but cleanups failed. The work's value is gone; where it must not be, use
    /// [`settle`](super::ExitStack::settle).
    #[error("the work was done, but {0}")]
    Cleanup(CleanupErrors),
    /// The work failed, and cleanups after it.
    #[error("the work failed, and then {cleanup}")]
    Both {
        /// The work's error.
        #[source]
        work: BoxError,
        /// The cleanups' errors.
        cleanup: CleanupErrors,
    },
}

impl ExitError {
    pub(super) fn join<T>(work: Result<T, BoxError>, cleanup: Result<(), CleanupErrors>) -> Result<T, Self> {
        match (work, cleanup) {
            (Ok(value), Ok(())) => Ok(value),
            (Ok(_), Err(cleanup)) => Err(Self::Cleanup(cleanup)),
            (Err(work), Ok(())) => Err(Self::Work(work)),
            (Err(work), Err(cleanup)) => Err(Self::Both { work, cleanup }),
        }
    }

    /// The work's error, where the work failed.
    #[must_use]
    pub fn work(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        match self {
            Self::Work(work) | Self::Both { work, .. } => Some(&**work),
            Self::Cleanup(_) => None,
        }
    }

    /// The cleanups' errors, where cleanups failed.
    #[must_use]
    pub fn cleanup(&self) -> Option<&CleanupErrors> {
        match self {
            Self::Cleanup(cleanup) | Self::Both { cleanup, .. } => Some(cleanup),
            Self::Work(_) => None,
        }
    }
}
