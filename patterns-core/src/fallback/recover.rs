use std::future::{Ready, ready};
use std::pin::Pin;
use std::task::{Context as Polling, Poll};

use pin_project_lite::pin_project;

use super::{AsError, Fallback, Substitute, log, must_pass, sealed};

/// What becomes of an error in the end: [`Fallback`] and [`NoFallback`].
pub trait Recover<T, E>: sealed::Sealed {
    /// What [`recover`](Self::recover) returns.
    type Future: Future<Output = Result<T, E>>;

    /// A value instead of the error, or the error.
    fn recover(&self, error: E) -> Self::Future;
}

/// Every error is passed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoFallback;

impl<T, E> Recover<T, E> for NoFallback {
    type Future = Ready<Result<T, E>>;

    fn recover(&self, error: E) -> Self::Future {
        ready(Err(error))
    }
}

impl<T, E, K, M> Recover<T, E> for Fallback<K, M>
where
    K: Substitute<T, E>,
    E: AsError<M>,
{
    type Future = Recovery<K::Future, E>;

    fn recover(&self, error: E) -> Self::Future {
        if must_pass(error.as_error()) {
            return Recovery { passed: Some(error), default: None };
        }
        log(error.as_error());
        if let Some(hook) = &self.hook {
            hook(error.as_error());
        }
        Recovery { passed: None, default: Some(self.substitute.substitute(error)) }
    }
}

pin_project! {
    /// The future of a [`Fallback`]: the error that is passed on, or the default that is being made.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Recovery<F, E> {
        passed: Option<E>,
        #[pin]
        default: Option<F>,
    }
}

impl<T, E, F: Future<Output = T>> Future for Recovery<F, E> {
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Polling<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Some(error) = this.passed.take() {
            return Poll::Ready(Err(error));
        }
        let default = this.default.as_pin_mut().expect("polled after it had given the error");
        default.poll(cx).map(Ok)
    }
}
