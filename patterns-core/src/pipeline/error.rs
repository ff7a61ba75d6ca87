use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::panic::Location;

use super::PipelineReport;
use crate::outcome::{BoxError, ErrorGroup, Panic};

/// An item that a stage couldn't do: which stage, which item, and why.
///
/// It is the error of a leaf of [`PipelineError::errors`], whose path names the stage too.
#[derive(Debug)]
pub struct StageError {
    stage: Cow<'static, str>,
    place: &'static Location<'static>,
    item: u64,
    error: BoxError,
}

impl StageError {
    pub(super) fn new(stage: Cow<'static, str>, place: &'static Location<'static>, item: u64, error: BoxError) -> Self {
        Self { stage, place, item, error }
    }

    /// The stage's name; `source` and `sink` for the two ends.
    #[must_use]
    pub fn stage(&self) -> &str {
        &self.stage
    }

    /// Where in the source the stage was added; for the two ends, where the pipeline was made.
    #[must_use]
    pub fn place(&self) -> &'static Location<'static> {
        self.place
    }

    /// The item's number, counted from 0 in the order in which the source gave it. Stages of
    /// [`through`](super::Pipeline::through) make new items, which are counted anew.
    #[must_use]
    pub fn item(&self) -> u64 {
        self.item
    }

    /// What the stage failed with: its error, or its [`Panic`].
    #[must_use]
    pub fn error(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.error
    }

    /// The panic's text and place, if it panicked.
    #[must_use]
    pub fn panic(&self) -> Option<&Panic> {
        self.error.downcast_ref()
    }
}

impl fmt::Display for StageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "item {}: {}", self.item, self.error)
    }
}

impl Error for StageError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.error)
    }
}

/// A pipeline that did not bring everything to its end, and what has become of the items.
///
/// Displays as its [`errors`](Self::errors).
#[derive(Debug)]
pub struct PipelineError {
    errors: ErrorGroup,
    report: PipelineReport,
}

impl PipelineError {
    pub(super) fn new(errors: ErrorGroup, report: PipelineReport) -> Self {
        Self { errors, report }
    }

    /// All that failed, as the tree of the pipeline's task group. The leaves of items that failed hold a
    /// [`StageError`].
    #[must_use]
    pub fn errors(&self) -> &ErrorGroup {
        &self.errors
    }

    /// Takes the tree of all that failed, for an enclosing group to make it a subtree.
    #[must_use]
    pub fn into_errors(self) -> ErrorGroup {
        self.errors
    }

    /// The first item that failed, if any did.
    #[must_use]
    pub fn first(&self) -> Option<&StageError> {
        self.errors.errors_of::<StageError>().next().map(|(_, error)| error)
    }

    /// What has become of the items.
    #[must_use]
    pub fn report(&self) -> &PipelineReport {
        &self.report
    }

    /// Whether nothing failed of itself: the pipeline was cancelled, or its deadline passed.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.errors.is_cancelled()
    }
}

impl fmt::Display for PipelineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.errors.fmt(f)
    }
}

impl Error for PipelineError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.errors)
    }
}
