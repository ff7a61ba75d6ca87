use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::parts::{Parts, Values};

/// Awaits all futures side by side; their results are in the order of the input.
///
/// For futures of one type, say calls of one async function. The futures may borrow whatever outlives the call.
/// For different types use `tokio::join!`, see the [module](super), which also says what a cancellation does.
///
/// However, all of them are in flight at once. For a long list use [`map_concurrent`](super::map_concurrent) with
/// a limit.
///
/// # Comparison to `futures_util::future::join_all`
///
/// 1. It takes time in proportion to the number of futures where they are tokio's `JoinHandle`s, and not to its
///    square.
/// 2. A wake-up polls what was woken, also where there are thirty or fewer.
///
/// # Cancel safety
///
/// Not cancel safe: dropping it drops every future where it awaits, and the results that are there. Await
/// `&mut` of it to keep them.
///
/// # Examples
///
/// ```
/// use patterns_core::gather::gather;
/// use std::time::Duration;
/// use tokio::time::{Instant, sleep};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// async fn fetch(name: &str) -> Result<usize, String> {
///     sleep(Duration::from_millis(500)).await;
///     if name.is_empty() { Err("no name".into()) } else { Ok(name.len()) }
/// }
///
/// let names = ["user".to_owned(), "posts".to_owned(), String::new()];
/// let start = Instant::now();
/// let fetched = gather(names.iter().map(|name| fetch(name))).await;
/// assert_eq!(fetched, [Ok(4), Ok(5), Err("no name".to_owned())]);
/// assert_eq!(start.elapsed(), Duration::from_millis(500)); // of all three together
/// # }
/// ```
pub fn gather<I>(futures: I) -> Gather<I::Item>
where
    I: IntoIterator,
    I::Item: Future,
{
    let parts: Parts<_> = futures.into_iter().collect();
    let values = Values::with_capacity(parts.len());
    Gather { parts, values }
}

/// The future of [`gather`].
#[must_use = "futures do nothing unless polled"]
pub struct Gather<F: Future> {
    parts: Parts<F>,
    values: Values<F::Output>,
}

impl<F: Future> Future for Gather<F> {
    type Output = Vec<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { parts, values } = &mut *self;
        while let Some((index, value)) = ready!(parts.poll_next(cx)) {
            values.set(index, value);
        }
        Poll::Ready(values.take())
    }
}

impl<F: Future> fmt::Debug for Gather<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gather").field("unfinished", &self.parts.len()).finish_non_exhaustive()
    }
}
