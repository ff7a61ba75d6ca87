use std::any::Any;

use crate::cancel::CancelCause;
use crate::context::TaskPath;
use crate::outcome::{ErrorGroup, TaskFailed};

/// What a group does when a child ends, and what [`TaskGroup::run`](super::TaskGroup::run) returns.
///
/// The [module](super) lists those that are here; write another where none fits. Whatever the policy,
/// the group awaits all its children.
///
/// # Examples
///
/// A policy that puts up with a few failures:
///
/// ```
/// use patterns_core::outcome::ErrorGroup;
/// use patterns_core::task_group::{Ended, Flow, JoinPolicy, Settled, TaskGroup};
///
/// struct AtMost { left: usize, exceeded: bool }
///
/// impl JoinPolicy for AtMost {
///     type Output<R> = Result<R, ErrorGroup>;
///
///     fn ended(&mut self, task: &Ended<'_>) -> Flow {
///         if !task.has_failed() {
///             return Flow::Continue;
///         }
///         match self.left.checked_sub(1) {
///             Some(left) => self.left = left,
///             None => self.exceeded = true,
///         }
///         if self.exceeded { Flow::CancelSiblings } else { Flow::Continue }
///     }
///
///     fn finish<R>(self, settled: Settled<R>) -> Result<R, ErrorGroup> {
///         match settled.value {
///             Some(value) if !self.exceeded && settled.cut.is_none() => Ok(value),
///             _ => Err(settled.errors.expect("too many errors, the body's, or a cut")),
///         }
///     }
/// }
///
/// const ONE: AtMost = AtMost { left: 1, exceeded: false };
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let fetch = |ok: bool| async move { if ok { Ok(()) } else { Err("not found") } };
/// let result = TaskGroup::new("crawl").policy(ONE).run(async |group| {
///     for (name, ok) in [("a", true), ("b", false), ("c", true)] {
///         group.spawn(name, fetch(ok));
///     }
///     Ok(7)
/// });
/// assert_eq!(result.await.unwrap(), 7);
///
/// let result = TaskGroup::new("crawl").policy(ONE).run(async |group| {
///     for (name, ok) in [("a", false), ("b", false), ("c", true)] {
///         group.spawn(name, fetch(ok));
///     }
///     Ok(7)
/// });
/// assert_eq!(result.await.unwrap_err().leaves().count(), 2);
/// # }
/// ```
pub trait JoinPolicy: Sized + Send + 'static {
    /// What a run returns whose body returns `R`.
    type Output<R>;

    /// Whether [`ended`](Self::ended) is to hear of successes too. It costs each child a lock.
    ///
    /// # Defaults
    ///
    /// `false`.
    const SEES_SUCCESS: bool = false;

    /// A task of the group has ended: a child in whatever way, or the body with a failure.
    ///
    /// This runs in the task that has ended, under a lock of the group: be short.
    fn ended(&mut self, task: &Ended<'_>) -> Flow;

    /// Everything has ended; makes the result of it.
    fn finish<R>(self, settled: Settled<R>) -> Self::Output<R>;
}

/// Whether the group goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flow {
    /// The others go on.
    Continue,
    /// Every other child and the body are asked to stop.
    CancelSiblings,
}

/// A task of the group that has ended, as a [`JoinPolicy`] sees it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Ended<'a> {
    pub(super) path: &'a TaskPath,
    pub(super) failure: Option<&'a TaskFailed>,
    pub(super) is_body: bool,
}

impl Ended<'_> {
    /// The names that it ran under; the group's own for its body.
    #[must_use]
    pub fn path(&self) -> &TaskPath {
        self.path
    }

    /// How it failed or was cancelled; `None` if it returned a value.
    #[must_use]
    pub fn failure(&self) -> Option<&TaskFailed> {
        self.failure
    }

    /// Whether it is the body, and not a child.
    #[must_use]
    pub fn is_body(&self) -> bool {
        self.is_body
    }

    /// Whether it failed of itself: with an error or a panic, and not because it was cancelled.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.failure.is_some_and(|failure| !failure.is_cancelled())
    }
}

/// A group in which everything has ended: what a [`JoinPolicy`] makes its result of, and what
/// [`CollectAll`] returns.
#[derive(Debug)]
#[must_use]
#[non_exhaustive]
pub struct Settled<R> {
    /// What the body returned, if it returned a value.
    pub value: Option<R>,
    /// How the children ended.
    pub counts: Counts,
    /// All that failed. There is something whenever `value` is `None` or `cut` is not; except that
    /// [`UntilDeadline`](super::UntilDeadline) leaves out what only the deadline cut.
    pub errors: Option<ErrorGroup>,
    /// Why children or the body were cut short, where it was not the group's own doing: the enclosing
    /// work was cancelled, or the deadline passed.
    pub cut: Option<CancelCause>,
    /// Who did not stop within the grace and was aborted: by name and age.
    pub stragglers: Vec<TaskFailed>,
}

impl<R> Settled<R> {
    /// The body's value, if nothing failed at all.
    ///
    /// # Errors
    ///
    /// All that failed.
    ///
    /// # Panics
    ///
    /// If there is neither a value nor an error, which only a policy can bring about.
    pub fn into_result(self) -> Result<R, ErrorGroup> {
        match self.errors {
            Some(errors) => Err(errors),
            None => Ok(self.value.expect("a body without a value leaves an error")),
        }
    }
}

/// How many children of a group ended in which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Returned a value.
    pub ok: u64,
    /// Returned an error.
    pub failed: u64,
    /// Panicked.
    pub panicked: u64,
    /// Were cancelled: had not started, stopped when asked, or were aborted.
    pub cancelled: u64,
}

impl Counts {
    /// All children that were ever spawned.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.ok + self.failed + self.panicked + self.cancelled
    }
}

/// The first error or panic cancels the siblings; the run returns the body's value or *all* errors.
///
/// The default policy: for parts of one result, of which none is worth anything without the others.
#[derive(Clone, Copy, Debug, Default)]
pub struct FailFast;

impl JoinPolicy for FailFast {
    type Output<R> = Result<R, ErrorGroup>;

    fn ended(&mut self, task: &Ended<'_>) -> Flow {
        if task.has_failed() { Flow::CancelSiblings } else { Flow::Continue }
    }

    fn finish<R>(self, settled: Settled<R>) -> Result<R, ErrorGroup> {
        settled.into_result()
    }
}

/// Failures leave the siblings running; the run returns the body's value, all errors, and counts.
///
/// For work whose parts don't depend on one another, say the pages of a crawl.
///
/// # Examples
///
/// ```
/// use patterns_core::task_group::{CollectAll, TaskGroup};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let settled = TaskGroup::new("parse").policy(CollectAll).run(async |group| {
///     for text in ["1", "two", "3"] {
///         group.spawn(text, async move { text.parse::<u8>() });
///     }
///     Ok(())
/// }).await;
/// assert_eq!((settled.counts.ok, settled.counts.failed), (2, 1));
/// assert_eq!(settled.errors.unwrap().to_string(), "parse: two: invalid digit found in string");
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct CollectAll;

impl JoinPolicy for CollectAll {
    type Output<R> = Settled<R>;

    fn ended(&mut self, _: &Ended<'_>) -> Flow {
        Flow::Continue
    }

    fn finish<R>(self, settled: Settled<R>) -> Settled<R> {
        settled
    }
}

/// A [`JoinPolicy`] whose type the group has forgotten.
pub(super) trait Observe: Any + Send {
    fn ended(&mut self, task: &Ended<'_>) -> Flow;
}

impl<P: JoinPolicy> Observe for P {
    fn ended(&mut self, task: &Ended<'_>) -> Flow {
        JoinPolicy::ended(self, task)
    }
}
