use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::task::JoinHandle;

use super::child::Reply;
use super::shared::Shared;
use super::task::Task;
use crate::cancel::{CancelCause, CancelKind};
use crate::context::TaskPath;
use crate::outcome::{Outcome, Panic, TaskFailed, Why, next_number};

/// A child of a [`TaskGroup`](super::TaskGroup): await it for its value.
///
/// Dropping the handle changes nothing for the child: the group owns it, waits for it, and has its
/// failure. The value is dropped then.
///
/// Awaiting is not interrupted by the ambient token: where the group is cancelled, so is the child, and
/// this gives how it really ended, after its cleanup.
///
/// # Comparison to `tokio::task::JoinHandle`
///
/// 1. Dropped, it leaves nothing detached.
/// 2. [`cancel`](Self::cancel) asks first and lets async cleanup run; `abort` never does.
/// 3. A failure says which task, where it was spawned, and why.
///
/// # Errors
///
/// [`TaskFailed`], if the child returned an error, panicked, or was cancelled. Its failure is part of
/// the group's result; passing it on with `?` doesn't make it count twice.
///
/// # Panics
///
/// If polled after it has given the result.
///
/// # Cancel safety
///
/// Cancel safe: `&mut handle` may be awaited again.
///
/// # Examples
///
/// ```
/// use patterns_core::context;
/// use patterns_core::outcome::Outcome;
/// use patterns_core::task_group::TaskGroup;
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let result = TaskGroup::new("report").run(async |group| {
///     let sum = group.spawn("sum", async { "7".parse::<u8>() });
///     let clock = group.spawn("clock", async {
///         loop { context::sleep(Duration::from_secs(1)).await? }
///         # #[allow(unreachable_code)]
///         Ok::<(), context::Interrupt>(())
///     });
///     context::sleep(Duration::from_secs(3)).await?;
///     clock.cancel("the report is done");
///     let Outcome::Cancelled(cause) = clock.outcome().await else { panic!("it only ends so") };
///     assert_eq!(cause.message(), "the report is done");
///     Ok(sum.await?)
/// });
/// assert_eq!(result.await.unwrap(), 7);
/// # }
/// ```
pub struct TaskHandle<T> {
    task: Arc<Task>,
    join: Result<JoinHandle<Reply<T>>, Option<TaskFailed>>,
    /// Since it was first awaited in vain.
    #[cfg(feature = "inspect")]
    waiting: Option<crate::inspect::Waiting>,
}

impl<T> TaskHandle<T> {
    pub(super) fn new(task: Arc<Task>, join: JoinHandle<Reply<T>>) -> Self {
        Self {
            task,
            join: Ok(join),
            #[cfg(feature = "inspect")]
            waiting: None,
        }
    }

    /// A child that came too late.
    pub(super) fn refused(group: &Arc<Shared>, name: Cow<'static, str>, place: &'static Location<'static>) -> Self {
        let task = Task::new(Arc::clone(group), name, place);
        task.set_finished();
        let cause = CancelCause::new(CancelKind::ScopeDropped, "its group had ended before");
        let failed = TaskFailed::new(group.number, task.path().clone(), place, Duration::ZERO, Why::Cancelled(cause));
        Self {
            task: Arc::new(task),
            join: Err(Some(failed)),
            #[cfg(feature = "inspect")]
            waiting: None,
        }
    }

    /// Asks this child alone to stop: its cleanup runs; after the group's grace it is aborted.
    ///
    /// The others are not concerned, and the group doesn't fail by it. Returns whether this was the
    /// first to cancel it; `false` also if it has ended.
    #[track_caller]
    pub fn cancel(&self, message: impl Into<Cow<'static, str>>) -> bool {
        // Not while it has ended: nothing would ever look at the token.
        if self.task.is_finished() || !self.task.token().cancel(message) {
            return false;
        }
        self.task.group().ask(&self.task);
        true
    }

    /// Whether it has ended, in whatever way.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        match &self.join {
            Ok(join) => join.is_finished(),
            Err(_) => true,
        }
    }

    /// The names that it runs under.
    #[must_use]
    pub fn path(&self) -> &TaskPath {
        self.task.path()
    }

    /// Waits like the handle itself, and tells the four ways to end apart.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: the handle is dropped with it, and so is the child's value. Await
    /// `&mut handle` instead.
    pub async fn outcome(self) -> Outcome<T, TaskFailed> {
        match self.await {
            Ok(value) => Outcome::Ok(value),
            Err(failed) => match (failed.cause(), failed.panic()) {
                (Some(cause), _) => Outcome::Cancelled(cause.clone()),
                (None, Some(panic)) => Outcome::Panicked(panic.clone()),
                (None, None) => Outcome::Err(failed),
            },
        }
    }

    /// A failure that the group has not heard of: under another number, it is no echo.
    fn failed(&self, why: Why) -> TaskFailed {
        TaskFailed::new(next_number(), self.path().clone(), self.task.place(), self.task.age(), why)
    }
}

impl<T> Future for TaskHandle<T> {
    type Output = Result<T, TaskFailed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let join = match &mut this.join {
            Ok(join) => join,
            Err(refused) => return Poll::Ready(Err(refused.take().expect("polled after it gave the result"))),
        };
        let polled = Pin::new(join).poll(cx);
        #[cfg(feature = "inspect")]
        match &polled {
            Poll::Ready(_) => this.waiting = None,
            Poll::Pending if this.waiting.is_none() => {
                this.waiting = crate::inspect::waiting(|| crate::inspect::Wait::Task(Arc::clone(&this.task)));
            }
            Poll::Pending => {}
        }
        let reply = std::task::ready!(polled);
        Poll::Ready(match reply {
            Ok(Reply::Value(value)) => Ok(value),
            Ok(Reply::Failed(failed)) => Err(failed),
            Ok(Reply::Untaken) => unreachable!("only a dropped handle leaves the value untaken"),
            // What the child itself did comes as a reply. This is a panic in a policy, or the runtime
            // that ended under it.
            Err(error) => Err(self.failed(match error.try_into_panic() {
                Ok(payload) => Why::Panicked(Panic::from_payload(payload)),
                Err(_) => Why::Cancelled(CancelCause::new(CancelKind::Shutdown, "its runtime ended")),
            })),
        })
    }
}

impl<T> Drop for TaskHandle<T> {
    fn drop(&mut self) {
        self.task.set_untaken();
    }
}

impl<T> fmt::Debug for TaskHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskHandle").field("path", self.path()).field("finished", &self.is_finished()).finish()
    }
}
