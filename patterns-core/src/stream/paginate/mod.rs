mod error;
mod page;
mod pages;

use std::hash::Hash;

pub use error::PaginateError;
pub use page::Page;
pub use pages::Paginate;

/// A stream of the items of many pages, of which each tells where the next one is: by a number, a cursor or a link.
///
/// `fetch` is called for `first`, and then for each page's [`next`](Page::next), one at a time, when all items
/// before it have been taken. A page that is last ends the stream. So does an error, which carries the cursor
/// to go on at: paginate again from there, and no item is missing or doubled.
///
/// A broken API doesn't keep it going for ever: a cursor that was fetched before is an error, not a page, and
/// [`max_pages`](Paginate::max_pages) limits what never repeats itself. Memory: one page, and one
/// cursor per page fetched.
///
/// To stop early, drop it: nothing runs between two items. It fetches in the context in which it was made, so that a
/// timeout around one `next` ends that wait, not the fetch, and the next `next` goes on with it. To fetch the
/// next page while the items of this one are worked on, [`prefetch`](super::FlowExt::prefetch). Its items are results,
/// so batches of them are gathered with [`try_batch`](super::FlowExt::try_batch), and
/// [`TryStreamExt`](futures_util::TryStreamExt) fits.
///
/// # Errors
///
/// As the last item:
///
/// - [`PaginateError::Fetch`]: a page could not be fetched.
/// - [`PaginateError::Loop`]: a page named a cursor that had been fetched before.
/// - [`PaginateError::PageLimit`]: there are more pages than [`max_pages`](Paginate::max_pages).
/// - [`PaginateError::Interrupted`]: the token of the context was cancelled, or its deadline passed.
///
/// # Cancel safety
///
/// Cancel safe: dropping `next` loses neither an item nor the fetch.
///
/// # Examples
///
/// By cursor, and going on after an error:
///
/// ```
/// use futures_util::TryStreamExt;
/// use patterns_core::stream::{Page, PaginateError, paginate};
/// use std::io;
///
/// async fn fetch(cursor: u32, healthy: bool) -> io::Result<Page<u32, u32>> {
///     match cursor {
///         0 => Ok(Page::more(vec![1, 2], 7)),
///         7 if !healthy => Err(io::Error::other("503")),
///         7 => Ok(Page::last(vec![3])),
///         _ => Err(io::ErrorKind::NotFound.into()),
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let mut seen = Vec::new();
/// let mut items = paginate(0, |cursor| fetch(cursor, false));
/// let error = loop {
///     match items.try_next().await {
///         Ok(item) => seen.extend(item),
///         Err(error) => break error,
///     }
/// };
/// assert_eq!(error.to_string(), "page 2 could not be fetched");
///
/// let rest = paginate(error.into_cursor(), |cursor| fetch(cursor, true));
/// seen.extend(rest.try_collect::<Vec<_>>().await.unwrap());
/// assert_eq!(seen, [1, 2, 3]);
/// # }
/// ```
///
/// By number, until a page is not full:
///
/// ```
/// use futures_util::TryStreamExt;
/// use patterns_core::stream::{Page, paginate};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> std::io::Result<()> {
/// async fn fetch(number: u64) -> std::io::Result<Vec<u64>> {
///     Ok((0..25).skip(10 * number as usize).take(10).collect())
/// }
/// let items = paginate(0, async |number| Ok::<_, std::io::Error>(Page::numbered(fetch(number).await?, number, 10)));
/// assert_eq!(items.try_collect::<Vec<_>>().await.unwrap().len(), 25);
/// # Ok(()) }
/// ```
///
/// By Link header, which [`next_link`](super::next_link) reads:
///
/// ```
/// use futures_util::TryStreamExt;
/// use patterns_core::stream::{Page, next_link, paginate};
///
/// struct Response { link: Option<&'static str>, items: Vec<u32> }
///
/// async fn get(url: String) -> std::io::Result<Response> {
///     Ok(match url.as_str() {
///         "/items" => Response { link: Some("</items?page=2>; rel=\"next\""), items: vec![1, 2] },
///         _ => Response { link: None, items: vec![3] },
///     })
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let items = paginate(String::from("/items"), |url| async {
///     let Response { link, items } = get(url).await?;
///     let next = link.and_then(next_link).map(str::to_owned);
///     Ok::<_, std::io::Error>(Page { items, next })
/// });
/// assert_eq!(items.try_collect::<Vec<_>>().await.unwrap(), [1, 2, 3]);
/// # }
/// ```
pub fn paginate<C, T, E, F, Fut>(first: C, fetch: F) -> Paginate<C, T, F, Fut>
where
    C: Clone + Eq + Hash,
    F: FnMut(C) -> Fut,
    Fut: Future<Output = Result<Page<T, C>, E>>,
{
    Paginate::new(first, fetch)
}
