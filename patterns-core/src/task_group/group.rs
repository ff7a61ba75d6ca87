use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use super::child::Child;
use super::handle::TaskHandle;
use super::shared::Shared;
use super::task::Task;
use crate::cancel::{CancelCause, CancelKind, CancelToken};
use crate::context::{Context, Interrupt, interruptible_as};
use crate::outcome::BoxError;

/// A running group, as its body and its children see it: where children are spawned.
///
/// Clones are the same group; move one into a child so that it can spawn siblings. A clone
/// doesn't keep the group open: it ends when its body and all children have, and what is spawned
/// later is refused.
///
/// # Examples
///
/// ```
/// use patterns_core::task_group::TaskGroup;
/// use std::io;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let mut kept = None;
/// let result = TaskGroup::new("crawl").run(async |group| {
///     kept = Some(group.clone());
///     let siblings = group.clone();
///     group.spawn("index", async move {
///         for page in ["a", "b"] {
///             siblings.spawn(page, async { Ok::<_, io::Error>(()) });
///         }
///         Ok::<_, io::Error>(())
///     });
///     Ok(())
/// });
/// result.await.unwrap();
///
/// // All three have ended, and the group with them.
/// let group = kept.unwrap();
/// assert_eq!(group.live(), 0);
/// let late = group.spawn("late", async { Ok::<_, io::Error>(()) });
/// assert!(late.await.unwrap_err().is_cancelled());
/// # }
/// ```
#[derive(Clone)]
pub struct Group(Arc<Shared>);

impl Group {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// Starts `fut` as a child named `name`, at once and without waiting, whatever the
    /// [limit](super::TaskGroup::limit).
    ///
    /// The child runs in parallel under the group's [context](crate::context), one name deeper.
    /// If the group has been cancelled, `fut` is dropped without having run; if the group has
    /// ended (which a body or a child never sees), the handle says so.
    ///
    /// A child that returns no `Result` is wrapped: `async { work().await; Ok::<_, BoxError>(()) }`.
    #[track_caller]
    pub fn spawn<T, E, F>(&self, name: impl Into<Cow<'static, str>>, fut: F) -> TaskHandle<T>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Into<BoxError>,
    {
        // The name first: making it may panic.
        let (name, place) = (name.into(), Location::caller());
        if !self.0.count.enter() {
            return TaskHandle::refused(&self.0, name, place);
        }
        self.start(name, place, fut)
    }

    /// Waits until fewer than [limit](super::TaskGroup::limit) children are live, and then starts
    /// `fut` like [`spawn`](Self::spawn). Without a limit it never waits.
    ///
    /// This is how a loop over a million items keeps `limit` of them in flight and no more in memory.
    /// Call it from the body. A child that waits here for a place holds one itself; if all do, none
    /// gets one: children use [`spawn`](Self::spawn).
    ///
    /// Among several that wait, whoever is polled first gets the place: one that is no longer polled
    /// holds nobody up.
    ///
    /// # Errors
    ///
    /// - [`Interrupt::Cancelled`]: the group, or the ambient token, was cancelled, or the
    ///   group has ended. `fut` is dropped without having run.
    /// - [`Interrupt::DeadlinePassed`]: the ambient deadline passed, likewise.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: `fut` is dropped with it, without having run. Spawn it with
    /// [`spawn`](Self::spawn) if it must run.
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::task_group::TaskGroup;
    /// use std::time::Duration;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let start = tokio::time::Instant::now();
    /// let result = TaskGroup::new("fetch").limit(10).run(async |group| {
    ///     for page in 0..100 {
    ///         group.spawn_bounded(format!("page-{page}"), async {
    ///             tokio::time::sleep(Duration::from_secs(1)).await;
    ///             Ok::<_, std::io::Error>(())
    ///         }).await?;
    ///         assert!(group.live() <= 10);
    ///     }
    ///     Ok(())
    /// });
    /// result.await.unwrap();
    /// assert_eq!(start.elapsed(), Duration::from_secs(10));
    /// # }
    /// ```
    #[track_caller]
    pub fn spawn_bounded<T, E, F>(
        &self,
        name: impl Into<Cow<'static, str>>,
        fut: F,
    ) -> impl Future<Output = Result<TaskHandle<T>, Interrupt>>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Into<BoxError>,
    {
        let (name, place) = (name.into(), Location::caller());
        async move {
            // A full group that was cancelled is on its way out, and one that is not full mustn't be
            // filled: ask before taking a place.
            if let Some(cause) = self.0.token().cause() {
                return Err(Interrupt::Cancelled(cause.clone()));
            }
            let entered = interruptible_as("a place in its group", async {
                tokio::select! {
                    biased;
                    entered = self.0.count.entered_below(self.0.limit) => Ok(entered),
                    cause = self.0.token().cancelled() => Err(cause),
                }
            });
            match entered.await? {
                Ok(true) => Ok(self.start(name, place, fut)),
                Ok(false) => {
                    Err(Interrupt::Cancelled(CancelCause::new(CancelKind::ScopeDropped, "its group had ended before")))
                }
                Err(cause) => Err(Interrupt::Cancelled(cause)),
            }
        }
    }

    /// Starts what has been counted in.
    fn start<T, E, F>(&self, name: Cow<'static, str>, place: &'static Location<'static>, fut: F) -> TaskHandle<T>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Into<BoxError>,
    {
        let task = Arc::new(Task::new(Arc::clone(&self.0), name, place));
        let child = Child::new(Arc::clone(&task), fut);
        let join = self.0.runtime.spawn(Context::of_task(Arc::clone(&task)).scope(child));
        TaskHandle::new(task, join)
    }

    /// Asks the body and all children to stop, because that is all that was wanted: with what the
    /// body returns after this, the group succeeds. Returns whether this was the first to cancel it.
    #[track_caller]
    pub fn cancel(&self, message: impl Into<Cow<'static, str>>) -> bool {
        self.0.stop(CancelCause::new(CancelKind::Requested, message))
    }

    /// The token that the body and the children run under.
    ///
    /// Cancel it through [`cancel`](Self::cancel): the group takes any other cancellation as
    /// coming from outside, and fails by it.
    #[must_use]
    pub fn token(&self) -> &CancelToken {
        self.0.token()
    }

    /// How many children are live: spawned and not yet ended.
    #[must_use]
    pub fn live(&self) -> usize {
        self.0.count.live()
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group")
            .field("path", self.0.context.path())
            .field("live", &self.live())
            .field("cancelled", &self.token().cause())
            .finish()
    }
}
