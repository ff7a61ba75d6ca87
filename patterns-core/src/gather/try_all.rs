use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::GatherError;
use super::parts::{Parts, Values};

/// Awaits all futures side by side until one fails; their values are in the order of the input.
///
/// The first error drops the siblings where they await, before this returns, and says which future it was. For
/// parts of one result, of which none is worth anything without the others.
///
/// However, dropping runs destructors and no async cleanup: a sibling that has to roll something back when it
/// is cut short belongs into a [`TaskGroup`](crate::task_group::TaskGroup), which asks it to stop and awaits
/// it. That also has *all* errors; this has the first.
///
/// # Errors
///
/// [`GatherError`]: one of them failed, with its index and its error.
///
/// # Cancel safety
///
/// Not cancel safe: dropping it drops every future where it awaits, and the values that are there. Await
/// `&mut` of it to keep them.
///
/// # Examples
///
/// ```
/// use patterns_core::gather::try_gather;
/// use std::num::ParseIntError;
/// use std::time::Duration;
/// use tokio::time::{Instant, sleep};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// async fn parse(text: &str) -> Result<u8, ParseIntError> {
///     sleep(Duration::from_secs(text.len() as u64)).await;
///     text.parse()
/// }
///
/// assert_eq!(try_gather(["1", "22"].map(parse)).await.unwrap(), [1, 22]);
///
/// let start = Instant::now();
/// let error = try_gather(["1", "two", "three"].map(parse)).await.unwrap_err();
/// assert_eq!((error.index, error.to_string()), (1, "future 1 failed".to_owned()));
/// assert_eq!(error.error.to_string(), "invalid digit found in string");
/// assert_eq!(start.elapsed(), Duration::from_secs(3)); // the third would have taken longer
/// # }
/// ```
pub fn try_gather<I, T, E>(futures: I) -> TryGather<I::Item, T>
where
    I: IntoIterator,
    I::Item: Future<Output = Result<T, E>>,
{
    let parts: Parts<_> = futures.into_iter().collect();
    let values = Values::with_capacity(parts.len());
    TryGather { parts, values }
}

/// The future of [`try_gather`].
#[must_use = "futures do nothing unless polled"]
pub struct TryGather<F, T> {
    parts: Parts<F>,
    values: Values<T>,
}

impl<F, T, E> Future for TryGather<F, T>
where
    F: Future<Output = Result<T, E>>,
{
    type Output = Result<Vec<T>, GatherError<E>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { parts, values } = &mut *self;
        while let Some((index, result)) = ready!(parts.poll_next(cx)) {
            match result {
                Ok(value) => values.set(index, value),
                Err(error) => {
                    parts.clear();
                    return Poll::Ready(Err(GatherError { index, error }));
                }
            }
        }
        Poll::Ready(Ok(values.take()))
    }
}

impl<F, T> fmt::Debug for TryGather<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryGather").field("unfinished", &self.parts.len()).finish_non_exhaustive()
    }
}
