use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use crate::context::{Context, TaskPath};

/// Why something was cancelled, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CancelKind {
    /// Somebody asked for it: [`CancelToken::cancel`](super::CancelToken::cancel).
    Requested,
    /// A deadline passed.
    Deadline,
    /// A sibling in the same group failed.
    SiblingFailed,
    /// The group or scope that owned the work was dropped.
    ScopeDropped,
    /// The program is shutting down.
    Shutdown,
}

impl fmt::Display for CancelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Requested => "requested",
            Self::Deadline => "deadline passed",
            Self::SiblingFailed => "a sibling failed",
            Self::ScopeDropped => "its scope was dropped",
            Self::Shutdown => "shutting down",
        })
    }
}

/// Why, where and by whom something was cancelled. Cheap to clone.
///
/// # Examples
///
/// ```
/// use patterns_core::cancel::{CancelCause, CancelKind, CancelToken};
///
/// let token = CancelToken::new();
/// token.cancel_with(CancelCause::new(CancelKind::Shutdown, "got SIGTERM"));
/// let cause = token.cause().unwrap();
/// assert_eq!(cause.kind(), CancelKind::Shutdown);
/// assert!(cause.to_string().starts_with("cancelled: shutting down: got SIGTERM"));
/// ```
#[derive(Clone)]
pub struct CancelCause(Arc<Inner>);

struct Inner {
    kind: CancelKind,
    message: Cow<'static, str>,
    place: &'static Location<'static>,
    origin: TaskPath,
}

impl CancelCause {
    /// A cause of this `kind`, noting the caller's place in the source and its task's path.
    #[track_caller]
    pub fn new(kind: CancelKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Arc::new(Inner {
            kind,
            message: message.into(),
            place: Location::caller(),
            origin: Context::current().path().clone(),
        }))
    }

    /// Whether the two are one act of cancelling.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Why, in a word.
    #[must_use]
    pub fn kind(&self) -> CancelKind {
        self.0.kind
    }

    /// Why, in the canceller's words; may be empty.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Where in the source it was asked for.
    #[must_use]
    pub fn place(&self) -> &'static Location<'static> {
        self.0.place
    }

    /// The path of the task that asked for it.
    #[must_use]
    pub fn origin(&self) -> &TaskPath {
        &self.0.origin
    }
}

impl fmt::Debug for CancelCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("CancelCause");
        text.field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("place", &format_args!("{}", self.0.place));
        if !self.0.origin.is_root() {
            text.field("origin", &format_args!("{}", self.0.origin));
        }
        text.finish()
    }
}

impl fmt::Display for CancelCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cancelled: {}", self.0.kind)?;
        if !self.0.message.is_empty() {
            write!(f, ": {}", self.0.message)?;
        }
        if !self.0.origin.is_root() {
            write!(f, " (by {})", self.0.origin)?;
        }
        Ok(())
    }
}

impl std::error::Error for CancelCause {}
