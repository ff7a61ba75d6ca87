use std::error::Error;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use super::{BoxError, Panic};
use crate::cancel::CancelCause;
use crate::context::TaskPath;

/// How a task failed, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureKind {
    /// It returned an error.
    Error,
    /// It panicked.
    Panicked,
    /// It was asked to stop and did.
    Cancelled,
    /// It was asked to stop, did not within the grace, and was aborted.
    Straggler,
}

/// How one task failed: where it ran, where it was spawned, after how long, and why.
///
/// It is what awaiting a [`TaskHandle`](crate::task_group::TaskHandle) gives instead of a value,
/// and a leaf of an [`ErrorGroup`](super::ErrorGroup). Both are the *same* failure: a body or a sibling
/// that passes it on with `?` doesn't make the group count it a second time. Cheap to clone.
///
/// # Examples
///
/// ```
/// use patterns_core::outcome::FailureKind;
/// use patterns_core::task_group::{CollectAll, TaskGroup};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let group = TaskGroup::new("import").policy(CollectAll);
/// group.run(async |group| {
///     let failed = group.spawn("page-7", async { "seven".parse::<u8>() }).await.unwrap_err();
///     assert_eq!(failed.kind(), FailureKind::Error);
///     assert_eq!(failed.path().to_string(), "import/page-7");
///     assert!(failed.is::<std::num::ParseIntError>());
///     assert_eq!(failed.to_string(), "import/page-7: invalid digit found in string");
///     Ok(())
/// }).await;
/// # }
/// ```
#[derive(Clone)]
pub struct TaskFailed(Arc<Inner>);

struct Inner {
    /// The number of the group that it failed in.
    group: u64,
    path: TaskPath,
    place: &'static Location<'static>,
    ran_for: Duration,
    why: Why,
}

pub(crate) enum Why {
    Error(BoxError),
    Panicked(Panic),
    Cancelled(CancelCause),
    Straggler(CancelCause),
}

impl TaskFailed {
    pub(crate) fn new(
        group: u64,
        path: TaskPath,
        place: &'static Location<'static>,
        ran_for: Duration,
        why: Why,
    ) -> Self {
        Self(Arc::new(Inner { group, path, place, ran_for, why }))
    }

    pub(crate) fn group(&self) -> u64 {
        self.0.group
    }

    /// The names that it ran under.
    #[must_use]
    pub fn path(&self) -> &TaskPath {
        &self.0.path
    }

    /// Where in the source it was spawned.
    #[must_use]
    pub fn place(&self) -> &'static Location<'static> {
        self.0.place
    }

    /// How long it ran, from when it first had to wait; zero where it never had to. (Most tasks never do, and no clock is
    /// read for those.)
    #[must_use]
    pub fn ran_for(&self) -> Duration {
        self.0.ran_for
    }

    /// How it failed, in a word.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        match self.0.why {
            Why::Error(_) => FailureKind::Error,
            Why::Panicked(_) => FailureKind::Panicked,
            Why::Cancelled(_) => FailureKind::Cancelled,
            Why::Straggler(_) => FailureKind::Straggler,
        }
    }

    /// Whether it was cancelled, whether or not it had to be aborted.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cause().is_some()
    }

    /// Whether it panicked.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        self.panic().is_some()
    }

    /// What it failed with: its error, its [`Panic`] or its [`CancelCause`].
    #[must_use]
    pub fn error(&self) -> &(dyn Error + 'static) {
        match &self.0.why {
            Why::Error(error) => &**error,
            Why::Panicked(panic) => panic,
            Why::Cancelled(cause) | Why::Straggler(cause) => cause,
        }
    }

    /// Why it was cancelled (by whom, and where in the source), if it was.
    #[must_use]
    pub fn cause(&self) -> Option<&CancelCause> {
        match &self.0.why {
            Why::Cancelled(cause) | Why::Straggler(cause) => Some(cause),
            Why::Error(_) | Why::Panicked(_) => None,
        }
    }

    /// The panic's text and place, if it panicked.
    #[must_use]
    pub fn panic(&self) -> Option<&Panic> {
        match &self.0.why {
            Why::Panicked(panic) => Some(panic),
            _ => None,
        }
    }

    /// Whether it failed with an `E`.
    #[must_use]
    pub fn is<E: Error + 'static>(&self) -> bool {
        self.error().is::<E>()
    }

    /// The error as an `E`, if it is one. Its sources are not searched.
    #[must_use]
    pub fn downcast_ref<E: Error + 'static>(&self) -> Option<&E> {
        self.error().downcast_ref()
    }

    /// Why it failed, without the path.
    pub(super) fn reason(&self) -> Reason<'_> {
        Reason(&self.0.why)
    }
}

pub(super) struct Reason<'a>(&'a Why);

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Why::Error(error) => error.fmt(f),
            Why::Panicked(panic) => panic.fmt(f),
            Why::Cancelled(cause) => cause.fmt(f),
            Why::Straggler(cause) => write!(f, "aborted, as it did not stop when {cause}"),
        }
    }
}

impl fmt::Display for TaskFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path(), self.reason())
    }
}

impl fmt::Debug for TaskFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskFailed")
            .field("path", self.path())
            .field("kind", &self.kind())
            .field("error", &format_args!("{}", self.reason()))
            .field("ran_for", &self.ran_for())
            .field("place", &format_args!("{}", self.place()))
            .finish()
    }
}

impl Error for TaskFailed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.error())
    }
}
