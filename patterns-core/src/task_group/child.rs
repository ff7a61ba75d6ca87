use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;

use super::shared::Failing;
use super::task::Task;
use crate::outcome::{BoxError, TaskFailed, catch_panic};

/// What a child leaves for its handle.
pub(super) enum Reply<T> {
    Value(T),
    Failed(TaskFailed),
    /// It returned a value, but nobody was there to take it.
    Untaken,
}

pin_project! {
    /// A child as the runtime sees it: drives the future, and stops counting only after the future, and
    /// a value that nobody will take, have been dropped.
    pub(super) struct Child<F> {
        #[pin]
        fut: Option<F>,
        begun: bool,
        // After `fut`: fields are dropped in order, and the group may end with this one.
        live: Option<Live>,
    }
}

impl<F> Child<F> {
    /// The task must have been counted in.
    pub(super) fn new(task: Arc<Task>, fut: F) -> Self {
        Self { fut: Some(fut), begun: false, live: Some(Live { task, slot: None }) }
    }
}

impl<T, E, F> Future for Child<F>
where
    F: Future<Output = Result<T, E>>,
    E: Into<BoxError>,
{
    type Output = Reply<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let live = this.live.as_mut().expect("polled after it had finished");
        let begun = std::mem::replace(this.begun, true);
        let result = if live.task.is_aborted() || (!begun && live.task.is_cancelled()) {
            Err(Failing::Dropped { aborted: begun })
        } else {
            let fut = this.fut.as_mut().as_pin_mut().expect("taken only at the end");
            match catch_panic(|| fut.poll(cx).map_err(Into::into)) {
                Ok(Poll::Pending) if live.register(cx.waker()) => return Poll::Pending,
                Ok(Poll::Pending) => Err(Failing::Dropped { aborted: true }),
                Ok(Poll::Ready(Ok(value))) => Ok(value),
                Ok(Poll::Ready(Err(error))) => Err(Failing::Error(error)),
                Err(panic) => Err(Failing::Panicked(panic)),
            }
        };
        let task = &live.task;
        let dropped = catch_panic(|| {
            this.fut.set(None);
            match result {
                Ok(value) if task.is_untaken() => {
                    drop(value);
                    Ok(Reply::Untaken)
                }
                Ok(value) => Ok(Reply::Value(value)),
                Err(failing) => Err(failing),
            }
        });
        let group = task.group();
        let reply = match dropped.unwrap_or_else(|panic| Err(Failing::Panicked(panic))) {
            Ok(reply) => {
                group.child_succeeded(task);
                reply
            }
            Err(failing) => Reply::Failed(group.child_failed(task, failing)),
        };
        *this.live = None;
        Poll::Ready(reply)
    }
}

/// A child that counts, until this is dropped.
struct Live {
    task: Arc<Task>,
    slot: Option<usize>,
}

impl Live {
    /// Makes it known to the group, so that it can be aborted. `false` if it must end instead.
    fn register(&mut self, waker: &Waker) -> bool {
        if self.slot.is_none() {
            self.slot = self.task.group().registry.enter(&self.task, waker);
        }
        self.slot.is_some()
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.task.set_finished();
        let group = self.task.group();
        if let Some(slot) = self.slot {
            group.registry.leave(slot);
        }
        group.count.leave();
    }
}
