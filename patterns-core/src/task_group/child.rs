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
        Self { fut: Some(fut), begun: false, live: Some(Live { task, slot: None, filed: false }) }
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
        let ended = if live.task.is_aborted() || (!begun && live.task.is_cancelled()) {
            Err(Failing::Dropped { aborted: begun })
        } else {
            let task = &live.task;
            // The future's end, its destructor's and that of a value which nobody takes: one catch for all.
            let polled = catch_panic(|| {
                let fut = this.fut.as_mut().as_pin_mut().expect("taken only at the end");
                let Poll::Ready(result) = fut.poll(cx) else { return Poll::Pending };
                let result = result.map_err(|error| Failing::Error(error.into()));
                this.fut.set(None);
                Poll::Ready(result.map(|value| if task.is_untaken() { Reply::Untaken } else { Reply::Value(value) }))
            });
            match polled {
                Ok(Poll::Pending) if live.register(cx.waker()) => return Poll::Pending,
                Ok(Poll::Pending) => Err(Failing::Dropped { aborted: true }),
                Ok(Poll::Ready(ended)) => ended,
                Err(panic) => Err(Failing::Panicked(panic)),
            }
        };
        // Where it was not driven to its end it is still there.
        let ended = match this.fut.is_some() {
            true => catch_panic(|| this.fut.set(None)).map_err(Failing::Panicked).and(ended),
            false => ended,
        };
        let task = &live.task;
        let group = task.group();
        let reply = match ended {
            Ok(reply) => {
                group.child_succeeded(task);
                reply
            }
            Err(failing) => Reply::Failed(group.child_failed(task, failing, &mut live.filed)),
        };
        live.filed = true;
        *this.live = None;
        Poll::Ready(reply)
    }
}

/// A child that counts, until this is dropped.
struct Live {
    task: Arc<Task>,
    slot: Option<usize>,
    /// The group knows how it ended.
    filed: bool,
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
        if !self.filed {
            group.child_lost(&self.task);
        }
        if let Some(slot) = self.slot {
            group.registry.leave(slot);
        }
        group.count.leave();
    }
}
