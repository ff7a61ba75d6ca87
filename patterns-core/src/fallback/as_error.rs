use std::error::Error;

use crate::outcome::BoxError;

/// An error whose chain of sources can be followed: any [`Error`], and an error in a box.
///
/// A box of an error is no `Error` itself, so the two are told apart by `M`, [`Plain`] or [`Boxed`], which is
/// inferred: leave it away, or write `_`.
pub trait AsError<M> {
    /// The error, or what is in the box.
    fn as_error(&self) -> &(dyn Error + 'static);
}

/// [`AsError`] of what is an [`Error`] itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plain {}

/// [`AsError`] of a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boxed {}

impl<E: Error + 'static> AsError<Plain> for E {
    fn as_error(&self) -> &(dyn Error + 'static) {
        self
    }
}

impl AsError<Boxed> for BoxError {
    fn as_error(&self) -> &(dyn Error + 'static) {
        &**self
    }
}

impl AsError<Boxed> for Box<dyn Error> {
    fn as_error(&self) -> &(dyn Error + 'static) {
        &**self
    }
}
