use std::time::Duration;

/// Whether an error is worth another attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Another attempt may succeed.
    Retry,
    /// Another attempt may succeed, but not before this much time has passed: what a `Retry-After`
    /// header says. The delay is this or the policy's own, whichever is longer;
    /// [`max_delay`](super::Retry::max_delay) doesn't cut it.
    RetryAfter(Duration),
    /// No attempt will succeed.
    Stop,
}

/// Tells errors that are worth another attempt from others.
///
/// Implemented for every `Fn(&E) -> Verdict`.
pub trait Classify<E> {
    /// What to do about this error.
    fn classify(&self, error: &E) -> Verdict;
}

impl<E, F: Fn(&E) -> Verdict> Classify<E> for F {
    fn classify(&self, error: &E) -> Verdict {
        self(error)
    }
}

/// Every error is worth another attempt: the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetryAll;

impl<E> Classify<E> for RetryAll {
    fn classify(&self, _: &E) -> Verdict {
        Verdict::Retry
    }
}

/// Errors for which a predicate holds are worth another attempt. Made by
/// [`Retry::retry_if`](super::Retry::retry_if).
#[derive(Clone, Copy, Debug)]
pub struct RetryIf<F>(pub(super) F);

impl<E, F: Fn(&E) -> bool> Classify<E> for RetryIf<F> {
    fn classify(&self, error: &E) -> Verdict {
        if (self.0)(error) { Verdict::Retry } else { Verdict::Stop }
    }
}
