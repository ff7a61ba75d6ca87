use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::stream::{Iter, Stream, iter};
use pin_project_lite::pin_project;

use super::GatherError;
use super::feed::Feed;
use super::parts::Values;

/// Runs an async function on every item, at most `limit` at once; results are in the order of the input.
///
/// An item is taken from `items` when there is room for it and no sooner, so the input may be lazy and long. A
/// slow item holds up nobody: the others go on, `limit` at once. `map` and its futures may borrow whatever
/// outlives the call.
///
/// Memory: at most `limit` futures, whatever the length of the input, and the results, which are what you asked
/// for. Where only the work counts, let `map` return `()`, which takes no space.
///
/// However, it is concurrent and not parallel, as all of it is one task. For parallel work use
/// [`Group::spawn_bounded`](crate::task_group::Group::spawn_bounded). A cancellation reaches the items in flight
/// and those still to come, each by its own waits, see the [module](super).
///
/// # Comparison to `futures_util::StreamExt::buffered`
///
/// 1. Nothing in flight stands still while somebody handles a result: it is awaited as a whole.
/// 2. A slow first item doesn't stop new ones from being taken.
/// 3. The future can be spawned where closures borrow: `buffered` then often fails with "implementation of
///    `FnOnce` is not general enough".
///
/// # Panics
///
/// If `limit` is zero.
///
/// # Cancel safety
///
/// Not cancel safe: dropping it drops the futures in flight where they await, the results that are there, and
/// the rest of the input. Await `&mut` of it, pinned, to keep them.
///
/// # Examples
///
/// ```
/// use patterns_core::gather::map_concurrent;
/// use std::time::Duration;
/// use tokio::time::{Instant, sleep};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// async fn fetch(base: &str, page: u32) -> Result<String, String> {
///     sleep(Duration::from_secs(1)).await;
///     if page == 404 { Err("not found".into()) } else { Ok(format!("{base}/{page}")) }
/// }
///
/// let (base, start) = (String::from("site"), Instant::now());
/// let pages = map_concurrent(1..=10, 5, |page| fetch(&base, page)).await;
/// assert_eq!(pages[9], Ok("site/10".to_owned()));
/// assert_eq!(start.elapsed(), Duration::from_secs(2)); // ten, five at once
///
/// // A failure is a result like any other.
/// let pages = map_concurrent([404, 7], 5, |page| fetch(&base, page)).await;
/// assert_eq!(pages, [Err("not found".to_owned()), Ok("site/7".to_owned())]);
/// # }
/// ```
///
/// What is ready by a deadline, and nothing of it thrown away: under a [`timeout`](crate::cancel::timeout) all would be.
///
/// ```
/// use patterns_core::context::{self, Context};
/// use patterns_core::gather::map_concurrent;
/// use std::time::Duration;
/// use tokio::time::Instant;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let start = Instant::now();
/// let all = map_concurrent(0..20, 4, async |page| {
///     context::sleep(Duration::from_secs(1)).await?;
///     Ok::<_, context::Interrupt>(page)
/// });
/// let pages = Context::current().with_deadline(start + Duration::from_millis(3_500)).scope(all).await;
/// assert_eq!(start.elapsed(), Duration::from_millis(3_500));
/// assert_eq!(pages.iter().flatten().count(), 12);
/// assert_eq!(pages.len(), 20, "the others say why there is nothing");
/// # }
/// ```
#[track_caller]
pub fn map_concurrent<I, M, Fut>(items: I, limit: usize, map: M) -> MapConcurrent<Iter<I::IntoIter>, M, Fut>
where
    I: IntoIterator,
    M: FnMut(I::Item) -> Fut,
    Fut: Future,
{
    map_stream(iter(items), limit, map)
}

/// [`map_concurrent`] over a stream, which is polled when there is room for another item.
///
/// # Panics
///
/// If `limit` is zero.
///
/// # Cancel safety
///
/// Not cancel safe, as [`map_concurrent`].
///
/// # Examples
///
/// ```
/// use futures_util::stream;
/// use patterns_core::gather::map_stream;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let pages = stream::iter(["one", "three"]);
/// assert_eq!(map_stream(pages, 8, |page| async move { page.len() }).await, [3, 5]);
/// # }
/// ```
#[track_caller]
pub fn map_stream<S, M, Fut>(items: S, limit: usize, map: M) -> MapConcurrent<S, M, Fut>
where
    S: Stream,
    M: FnMut(S::Item) -> Fut,
    Fut: Future,
{
    MapConcurrent { feed: Feed::new(items, limit, map), values: Values::with_capacity(0) }
}

/// [`map_concurrent`] until one fails: takes no item from then on, and drops what is in flight where it awaits.
///
/// # Errors
///
/// [`GatherError`]: one of them failed, with its index in the input and its error.
///
/// # Panics
///
/// If `limit` is zero.
///
/// # Cancel safety
///
/// Not cancel safe, as [`map_concurrent`].
///
/// # Examples
///
/// ```
/// use patterns_core::gather::try_map_concurrent;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let parse = |text: &'static str| async move { text.parse::<u8>() };
/// assert_eq!(try_map_concurrent(["1", "22"], 2, parse).await.unwrap(), [1, 22]);
///
/// // An endless input: nothing more is taken after the error.
/// let error = try_map_concurrent(["1", "22", "three"].into_iter().cycle(), 2, parse).await.unwrap_err();
/// assert_eq!((error.index, error.error.to_string().as_str()), (2, "invalid digit found in string"));
/// # }
/// ```
#[track_caller]
pub fn try_map_concurrent<I, M, Fut, T, E>(
    items: I,
    limit: usize,
    map: M,
) -> TryMapConcurrent<Iter<I::IntoIter>, M, Fut, T>
where
    I: IntoIterator,
    M: FnMut(I::Item) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    try_map_stream(iter(items), limit, map)
}

/// [`try_map_concurrent`] over a stream, which is polled when there is room for another item.
///
/// # Errors
///
/// [`GatherError`]: one of them failed, with its index in the input and its error.
///
/// # Panics
///
/// If `limit` is zero.
///
/// # Cancel safety
///
/// Not cancel safe, as [`map_concurrent`].
#[track_caller]
pub fn try_map_stream<S, M, Fut, T, E>(items: S, limit: usize, map: M) -> TryMapConcurrent<S, M, Fut, T>
where
    S: Stream,
    M: FnMut(S::Item) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    TryMapConcurrent { feed: Feed::new(items, limit, map), values: Values::with_capacity(0) }
}

pin_project! {
    /// The future of [`map_concurrent`] and [`map_stream`].
    #[must_use = "futures do nothing unless polled"]
    pub struct MapConcurrent<S, M, Fut>
    where
        Fut: Future,
    {
        #[pin]
        feed: Feed<S, M, Fut>,
        values: Values<Fut::Output>,
    }
}

impl<S, M, Fut> Future for MapConcurrent<S, M, Fut>
where
    S: Stream,
    M: FnMut(S::Item) -> Fut,
    Fut: Future,
{
    type Output = Vec<Fut::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        while let Some((index, value)) = ready!(this.feed.as_mut().poll_next(cx)) {
            this.values.set(index, value);
        }
        Poll::Ready(this.values.take())
    }
}

impl<S, M, Fut: Future> fmt::Debug for MapConcurrent<S, M, Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapConcurrent").field("in_flight", &self.feed.in_flight()).finish_non_exhaustive()
    }
}

pin_project! {
    /// The future of [`try_map_concurrent`] and [`try_map_stream`].
    #[must_use = "futures do nothing unless polled"]
    pub struct TryMapConcurrent<S, M, Fut, T> {
        #[pin]
        feed: Feed<S, M, Fut>,
        values: Values<T>,
    }
}

impl<S, M, Fut, T, E> Future for TryMapConcurrent<S, M, Fut, T>
where
    S: Stream,
    M: FnMut(S::Item) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    type Output = Result<Vec<T>, GatherError<E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        while let Some((index, result)) = ready!(this.feed.as_mut().poll_next(cx)) {
            match result {
                Ok(value) => this.values.set(index, value),
                Err(error) => {
                    this.feed.stop();
                    return Poll::Ready(Err(GatherError { index, error }));
                }
            }
        }
        Poll::Ready(Ok(this.values.take()))
    }
}

impl<S, M, Fut, T> fmt::Debug for TryMapConcurrent<S, M, Fut, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryMapConcurrent").field("in_flight", &self.feed.in_flight()).finish_non_exhaustive()
    }
}
