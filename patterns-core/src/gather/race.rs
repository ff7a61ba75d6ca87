use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rand::seq::SliceRandom;

use super::AllFailed;
use super::parts::{Parts, Values};

/// Awaits the first of several futures to finish: its value, and its place in the input, from 0.
///
/// The others are dropped where they await, before this returns. Which is first is fair: futures that are ready
/// when the race begins all have the same chance, wherever they are in the input, so that a race in a loop
/// starves none of them. Later, the one that was woken first is the first.
///
/// However, an error is a value like any other here: [`race_ok`] waits for the first success. And what is
/// dropped has no async cleanup: where the losers must roll something back, use a
/// [`TaskGroup`](crate::task_group::TaskGroup) under [`FirstOk`](crate::task_group::FirstOk).
///
/// # Comparison to `tokio::select!`
///
/// It takes any number of futures of one type, where the macro takes a fixed number of any types; and polls only
/// those that were woken.
///
/// # Panics
///
/// If there are no futures: the race could never end.
///
/// # Cancel safety
///
/// Not cancel safe: dropping it drops every future where it awaits. Race `&mut` futures, or await `&mut` of it, to
/// keep them.
///
/// # Examples
///
/// ```
/// use patterns_core::gather::race;
/// use std::time::Duration;
/// use tokio::time::{Instant, sleep};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let mirrors = [("far", 900), ("near", 100), ("odd", 300)];
/// let start = Instant::now();
/// let (name, index) = race(mirrors.map(|(name, ms)| async move {
///     sleep(Duration::from_millis(ms)).await;
///     name
/// })).await;
/// assert_eq!((name, index), ("near", 1));
/// assert_eq!(start.elapsed(), Duration::from_millis(100));
/// # }
/// ```
#[track_caller]
pub fn race<I>(futures: I) -> Race<I::Item>
where
    I: IntoIterator,
    I::Item: Future,
{
    let parts = shuffled(futures);
    assert!(parts.len() > 0, "a race of no futures could never end");
    Race { parts }
}

/// The parts in random order, as those that are ready at once finish in that order.
fn shuffled<I: IntoIterator>(futures: I) -> Parts<I::Item> {
    let mut futures: Vec<_> = futures.into_iter().enumerate().collect();
    futures.shuffle(&mut rand::rng());
    let mut parts = Parts::new();
    for (index, fut) in futures {
        parts.push_at(index, fut);
    }
    parts
}

/// The future of [`race`].
///
/// # Panics
///
/// If polled after it has finished.
#[must_use = "futures do nothing unless polled"]
pub struct Race<F> {
    parts: Parts<F>,
}

impl<F: Future> Future for Race<F> {
    type Output = (F::Output, usize);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let first = ready!(self.parts.poll_next(cx));
        let (index, value) = first.expect("polled after it had finished");
        self.parts.clear();
        Poll::Ready((value, index))
    }
}

impl<F> fmt::Debug for Race<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Race").field("unfinished", &self.parts.len()).finish()
    }
}

/// Awaits the first of several futures to succeed: its value, and its place in the input, from 0.
///
/// A failure leaves the others running. The losers are dropped where they await, before this returns; which is
/// first is fair as in a [`race`]. For several ways to the same result, say mirrors.
///
/// # Errors
///
/// [`AllFailed`]: all of them failed, or there was none.
///
/// # Cancel safety
///
/// Not cancel safe: dropping it drops every future where it awaits, and the errors that are there. Await `&mut`
/// of it to keep them.
///
/// # Examples
///
/// ```
/// use patterns_core::gather::race_ok;
/// use std::time::Duration;
/// use tokio::time::sleep;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// async fn fetch((ms, page): (u64, Result<&str, &'static str>)) -> Result<usize, &'static str> {
///     sleep(Duration::from_millis(ms)).await;
///     page.map(str::len)
/// }
///
/// let fetched = race_ok([(10, Err("refused")), (900, Ok("far")), (300, Ok("near"))].map(fetch)).await;
/// assert_eq!(fetched, Ok((4, 2)));
///
/// let failed = race_ok([(20, Err("refused")), (10, Err("no route"))].map(fetch)).await.unwrap_err();
/// assert_eq!(failed.errors(), ["refused", "no route"]); // in the order of the input
/// # }
/// ```
pub fn race_ok<I, T, E>(futures: I) -> RaceOk<I::Item, E>
where
    I: IntoIterator,
    I::Item: Future<Output = Result<T, E>>,
{
    let parts = shuffled(futures);
    let errors = Values::with_capacity(parts.len());
    RaceOk { parts, errors, last: 0 }
}

/// The future of [`race_ok`].
#[must_use = "futures do nothing unless polled"]
pub struct RaceOk<F, E> {
    parts: Parts<F>,
    errors: Values<E>,
    last: usize,
}

impl<F, T, E> Future for RaceOk<F, E>
where
    F: Future<Output = Result<T, E>>,
{
    type Output = Result<(T, usize), AllFailed<E>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { parts, errors, last } = &mut *self;
        while let Some((index, result)) = ready!(parts.poll_next(cx)) {
            match result {
                Ok(value) => {
                    parts.clear();
                    return Poll::Ready(Ok((value, index)));
                }
                Err(error) => {
                    errors.set(index, error);
                    *last = index;
                }
            }
        }
        Poll::Ready(Err(AllFailed::new(errors.take(), *last)))
    }
}

impl<F, E> fmt::Debug for RaceOk<F, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RaceOk").field("unfinished", &self.parts.len()).finish_non_exhaustive()
    }
}
