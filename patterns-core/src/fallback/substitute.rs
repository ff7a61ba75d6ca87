use std::fmt;
use std::future::{Ready, ready};

use super::sealed;

/// How a default is made: [`Value`], [`With`] and [`WithAsync`].
pub trait Substitute<T, E>: sealed::Sealed {
    /// What [`substitute`](Self::substitute) returns.
    type Future: Future<Output = T>;

    /// The value instead of this error.
    fn substitute(&self, error: E) -> Self::Future;
}

/// A clone of a value. Made by [`Fallback::value`](super::Fallback::value).
#[derive(Clone, Copy, Debug)]
pub struct Value<T>(pub(super) T);

impl<T: Clone, E> Substitute<T, E> for Value<T> {
    type Future = Ready<T>;

    fn substitute(&self, _: E) -> Self::Future {
        ready(self.0.clone())
    }
}

/// What a closure makes of the error. Made by [`Fallback::with`](super::Fallback::with).
#[derive(Clone, Copy)]
pub struct With<F>(pub(super) F);

impl<T, E, F: Fn(E) -> T> Substitute<T, E> for With<F> {
    type Future = Ready<T>;

    fn substitute(&self, error: E) -> Self::Future {
        ready((self.0)(error))
    }
}

impl<F> fmt::Debug for With<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("With")
    }
}

/// What an async closure makes of the error. Made by [`Fallback::with_async`](super::Fallback::with_async).
#[derive(Clone, Copy)]
pub struct WithAsync<F>(pub(super) F);

impl<T, E, F, Fut> Substitute<T, E> for WithAsync<F>
where
    F: Fn(E) -> Fut,
    Fut: Future<Output = T>,
{
    type Future = Fut;

    fn substitute(&self, error: E) -> Fut {
        (self.0)(error)
    }
}

impl<F> fmt::Debug for WithAsync<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WithAsync")
    }
}
