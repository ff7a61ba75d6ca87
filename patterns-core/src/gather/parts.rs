use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::stream::{FuturesUnordered, StreamExt};
use pin_project_lite::pin_project;
use tokio::task::coop::{has_budget_remaining, poll_proceed};

pin_project! {
    /// One of the futures, which knows its place in the input.
    struct Part<F> {
        index: usize,
        #[pin]
        fut: F,
    }
}

impl<F: Future> Future for Part<F> {
    type Output = (usize, F::Output);

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if !has_budget_remaining() {
            // Whatever of tokio it polls would be pending now. The set gives up its turn when parts wake
            // themselves while they are polled; left to tokio, the wake-up comes later, and the set would
            // first poll all the others as well.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let this = self.project();
        let value = ready!(this.fut.poll(cx));
        // A crowd of parts that are ready at once must still let other tasks run.
        if let Poll::Ready(budget) = poll_proceed(cx) {
            budget.made_progress();
        }
        Poll::Ready((*this.index, value))
    }
}

/// Futures of one type, each polled when it was woken; gives each result with its place in the input, in the
/// order in which they finish.
pub(crate) struct Parts<F> {
    set: FuturesUnordered<Part<F>>,
    next: usize,
}

impl<F> Parts<F> {
    pub(crate) fn new() -> Self {
        Self { set: FuturesUnordered::new(), next: 0 }
    }

    /// Adds the next of the input.
    pub(crate) fn push(&mut self, fut: F) {
        self.push_at(self.next, fut);
        self.next += 1;
    }

    /// Adds one of the input, out of order.
    pub(crate) fn push_at(&mut self, index: usize, fut: F) {
        self.set.push(Part { index, fut });
    }

    /// How many have not finished.
    pub(crate) fn len(&self) -> usize {
        self.set.len()
    }

    /// Drops those that have not finished.
    pub(crate) fn clear(&mut self) {
        self.set.clear();
    }
}

impl<F: Future> Parts<F> {
    /// The next to finish; `None` if there is none left.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<(usize, F::Output)>> {
        self.set.poll_next_unpin(cx)
    }

    pub(crate) async fn next(&mut self) -> Option<(usize, F::Output)> {
        self.set.next().await
    }
}

impl<F> FromIterator<F> for Parts<F> {
    fn from_iter<I: IntoIterator<Item = F>>(futures: I) -> Self {
        let mut parts = Self::new();
        futures.into_iter().for_each(|fut| parts.push(fut));
        parts
    }
}

/// Results that come in any order, each for its place in the input.
pub(super) struct Values<T>(Vec<Option<T>>);

// Values are never pinned.
impl<T> Unpin for Values<T> {}

impl<T> Values<T> {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    pub(super) fn set(&mut self, index: usize, value: T) {
        if self.0.len() <= index {
            self.0.resize_with(index + 1, || None);
        }
        self.0[index] = Some(value);
    }

    /// All of them in order, once every part has finished.
    pub(super) fn take(&mut self) -> Vec<T> {
        let values = std::mem::take(&mut self.0);
        values.into_iter().map(|value| value.expect("every part has finished")).collect()
    }
}
