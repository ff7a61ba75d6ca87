use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::stream::{Stream, TryStream};
use pin_project_lite::pin_project;
use tokio::task::coop::unconstrained;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::context::far_future_or;

/// A batch in the making.
#[derive(Debug)]
struct Gathering<T> {
    items: Vec<T>,
    max: usize,
    max_wait: Duration,
    /// When the batch is due, if there is an item in it. Kept for the next batch.
    due: Option<Pin<Box<Sleep>>>,
}

impl<T> Gathering<T> {
    fn new(max: usize, max_wait: Duration) -> Self {
        assert!(max > 0, "a batch of no items would never be full");
        Self { items: Vec::new(), max, max_wait, due: None }
    }

    /// Adds an item; gives the batch if that makes it full.
    fn add(&mut self, item: T) -> Option<Vec<T>> {
        self.items.push(item);
        if self.items.len() >= self.max {
            return self.flush();
        }
        if self.items.len() == 1 {
            let due = far_future_or(Instant::now().checked_add(self.max_wait));
            match &mut self.due {
                Some(sleep) => sleep.as_mut().reset(due),
                None => self.due = Some(Box::pin(sleep_until(due))),
            }
        }
        None
    }

    /// Gives the batch once its first item has waited long enough.
    fn poll_due(&mut self, cx: &mut Context<'_>) -> Poll<Vec<T>> {
        match &mut self.due {
            // Unconstrained: a source that is busy may have used up the budget.
            Some(due) if !self.items.is_empty() => ready!(pin!(unconstrained(due.as_mut())).poll(cx)),
            _ => return Poll::Pending,
        }
        Poll::Ready(std::mem::take(&mut self.items))
    }

    /// Gives what there is.
    fn flush(&mut self) -> Option<Vec<T>> {
        if self.items.is_empty() { None } else { Some(std::mem::take(&mut self.items)) }
    }
}

pin_project! {
    /// The stream of [`FlowExt::batch`](super::FlowExt::batch).
    #[derive(Debug)]
    #[must_use = "streams do nothing unless polled"]
    pub struct Batch<S: Stream> {
        #[pin]
        source: S,
        gathering: Gathering<S::Item>,
        ended: bool,
    }
}

impl<S: Stream> Batch<S> {
    pub(super) fn new(source: S, max: usize, max_wait: Duration) -> Self {
        Self { source, gathering: Gathering::new(max, max_wait), ended: false }
    }

    /// The source, and the items that were taken from it and are in no batch yet.
    #[must_use]
    pub fn into_inner(self) -> (S, Vec<S::Item>) {
        (self.source, self.gathering.items)
    }
}

impl<S: Stream> Stream for Batch<S> {
    type Item = Vec<S::Item>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        while !*this.ended {
            match this.source.as_mut().poll_next(cx) {
                Poll::Ready(Some(item)) => {
                    if let Some(batch) = this.gathering.add(item) {
                        return Poll::Ready(Some(batch));
                    }
                }
                Poll::Ready(None) => *this.ended = true,
                Poll::Pending => return this.gathering.poll_due(cx).map(Some),
            }
        }
        Poll::Ready(this.gathering.flush())
    }
}

pin_project! {
    /// The stream of [`FlowExt::try_batch`](super::FlowExt::try_batch).
    #[derive(Debug)]
    #[must_use = "streams do nothing unless polled"]
    pub struct TryBatch<S: TryStream> {
        #[pin]
        source: S,
        gathering: Gathering<S::Ok>,
        // It comes after the batch of what came before it.
        failed: Option<S::Error>,
        ended: bool,
    }
}

impl<S: TryStream> TryBatch<S> {
    pub(super) fn new(source: S, max: usize, max_wait: Duration) -> Self {
        Self { source, gathering: Gathering::new(max, max_wait), failed: None, ended: false }
    }
}

impl<S: TryStream> Stream for TryBatch<S> {
    type Item = Result<Vec<S::Ok>, S::Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        if let Some(error) = this.failed.take() {
            return Poll::Ready(Some(Err(error)));
        }
        while !*this.ended {
            match this.source.as_mut().try_poll_next(cx) {
                Poll::Ready(Some(Ok(item))) => {
                    if let Some(batch) = this.gathering.add(item) {
                        return Poll::Ready(Some(Ok(batch)));
                    }
                }
                Poll::Ready(Some(Err(error))) => {
                    let Some(batch) = this.gathering.flush() else { return Poll::Ready(Some(Err(error))) };
                    *this.failed = Some(error);
                    return Poll::Ready(Some(Ok(batch)));
                }
                Poll::Ready(None) => *this.ended = true,
                Poll::Pending => return this.gathering.poll_due(cx).map(|batch| Some(Ok(batch))),
            }
        }
        Poll::Ready(this.gathering.flush().map(Ok))
    }
}
