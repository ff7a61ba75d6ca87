use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::stream::Stream;
use pin_project_lite::pin_project;

use super::parts::Parts;

pin_project! {
    /// Input, and the futures made of it, so many of them at once.
    pub(super) struct Feed<S, M, Fut> {
        #[pin]
        input: S,
        ended: bool,
        map: M,
        limit: usize,
        parts: Parts<Fut>,
    }
}

impl<S, M, Fut> Feed<S, M, Fut> {
    #[track_caller]
    pub(super) fn new(input: S, limit: usize, map: M) -> Self {
        assert!(limit > 0, "with a limit of zero nothing could ever run");
        Self { input, ended: false, map, limit, parts: Parts::new() }
    }

    /// How many futures have not finished.
    pub(super) fn in_flight(&self) -> usize {
        self.parts.len()
    }

    /// Drops what is in flight and takes no more.
    pub(super) fn stop(self: Pin<&mut Self>) {
        let this = self.project();
        *this.ended = true;
        this.parts.clear();
    }
}

impl<S, M, Fut> Feed<S, M, Fut>
where
    S: Stream,
    M: FnMut(S::Item) -> Fut,
    Fut: Future,
{
    /// The next result, with the place of its item in the input; `None` after the last.
    pub(super) fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<(usize, Fut::Output)>> {
        let mut this = self.project();
        while !*this.ended && this.parts.len() < *this.limit {
            match this.input.as_mut().poll_next(cx) {
                Poll::Ready(Some(item)) => this.parts.push((this.map)(item)),
                Poll::Ready(None) => *this.ended = true,
                Poll::Pending => break,
            }
        }
        match this.parts.poll_next(cx) {
            Poll::Ready(None) if !*this.ended => Poll::Pending,
            next => next,
        }
    }
}
