use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::parts::{Parts, Values};
use crate::context;
use crate::outcome::{CatchPanics, Outcome, Panic, cancellation, catch_panics};

/// Awaits all futures side by side, and tells how each of them ended, in the order of the input.
///
/// A failure or a panic leaves the siblings running. For parts that don't depend on one another: fetch what can
/// be fetched.
///
/// An error is an [`Outcome::Cancelled`] where the ambient token is cancelled, or the ambient deadline has
/// passed, and the error says so: the chain of its sources holds an [`Interrupt`](context::Interrupt), a
/// [`CancelCause`](crate::cancel::CancelCause) or an [`ErrorGroup`](crate::outcome::ErrorGroup) of nothing but
/// cancellations. Any other error is an [`Outcome::Err`].
///
/// # Comparison to Python's `asyncio.gather(.., return_exceptions=True)`
///
/// 1. Values can't be taken for exceptions: an [`Outcome`] has four cases, and cancellations and panics (with
///    text and place) are two of them.
/// 2. The futures may borrow, as nothing is spawned.
///
/// # Cancel safety
///
/// Not cancel safe: dropping it drops every future where it awaits, and the outcomes that are there. Await
/// `&mut` of it to keep them.
///
/// # Examples
///
/// ```
/// use patterns_core::gather::gather_settled;
/// use patterns_core::outcome::Outcome;
/// use std::io;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// async fn fetch(url: &str) -> Result<usize, io::Error> {
///     match url {
///         "/missing" => Err(io::Error::other("not found")),
///         "/broken" => panic!("no such header"),
///         _ => Ok(url.len()),
///     }
/// }
///
/// let urls = ["/home", "/missing", "/broken", "/about"];
/// let outcomes = gather_settled(urls.map(fetch)).await;
/// assert!(matches!(outcomes[1], Outcome::Err(ref error) if error.to_string() == "not found"));
/// assert!(matches!(outcomes[2], Outcome::Panicked(ref panic) if panic.message() == "no such header"));
///
/// let lengths: Vec<_> = outcomes.into_iter().filter_map(Outcome::ok).collect();
/// assert_eq!(lengths, [5, 6]);
/// # }
/// ```
pub fn gather_settled<I, T, E>(futures: I) -> GatherSettled<I::Item, T, E>
where
    I: IntoIterator,
    I::Item: Future<Output = Result<T, E>>,
    E: Error + 'static,
{
    let parts: Parts<_> = futures.into_iter().map(catch_panics).collect();
    let outcomes = Values::with_capacity(parts.len());
    GatherSettled { parts, outcomes }
}

/// The future of [`gather_settled`].
#[must_use = "futures do nothing unless polled"]
pub struct GatherSettled<F, T, E> {
    parts: Parts<CatchPanics<F>>,
    outcomes: Values<Outcome<T, E>>,
}

impl<F, T, E> Future for GatherSettled<F, T, E>
where
    F: Future<Output = Result<T, E>>,
    E: Error + 'static,
{
    type Output = Vec<Outcome<T, E>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { parts, outcomes } = &mut *self;
        while let Some((index, ended)) = ready!(parts.poll_next(cx)) {
            outcomes.set(index, outcome(ended));
        }
        Poll::Ready(outcomes.take())
    }
}

fn outcome<T, E: Error + 'static>(ended: Result<Result<T, E>, Panic>) -> Outcome<T, E> {
    match ended {
        Ok(Ok(value)) => Outcome::Ok(value),
        Ok(Err(error)) => {
            let ambient = context::Context::try_current();
            let token = ambient.as_ref().and_then(|ambient| ambient.token().cause());
            match cancellation(&error, token, context::deadline()) {
                Some(cause) => Outcome::Cancelled(cause),
                None => Outcome::Err(error),
            }
        }
        Err(panic) => Outcome::Panicked(panic),
    }
}

impl<F, T, E> fmt::Debug for GatherSettled<F, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatherSettled").field("unfinished", &self.parts.len()).finish_non_exhaustive()
    }
}
