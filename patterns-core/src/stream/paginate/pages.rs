use std::collections::HashSet;
use std::convert::Infallible;
use std::fmt;
use std::hash::Hash;
use std::pin::Pin;
use std::task::{self, Poll, ready};

use futures_util::Stream;
use futures_util::future::BoxFuture;
use tokio::task::coop::{poll_proceed, unconstrained};

use super::{Page, PaginateError};
use crate::context::{Context, Interrupt, interruptible};

/// The stream of [`paginate`](super::paginate).
///
/// # Defaults
///
/// No limit of pages.
#[must_use = "streams do nothing unless polled"]
pub struct Paginate<C, T, F, Fut> {
    fetch: F,
    items: std::vec::IntoIter<T>,
    /// Where the page after these items is. `None` while it is fetched, and at the end.
    next: Option<C>,
    fetching: Option<Fetching<C, Fut>>,
    pages: u64,
    max_pages: u64,
    /// Cursors come from the other side: the hash must not be one that it could make collide.
    seen: HashSet<C>,
    interrupt: BoxFuture<'static, Interrupt>,
    context: Context,
}

struct Fetching<C, Fut> {
    cursor: C,
    fut: Pin<Box<Fut>>,
}

// Nothing in it is pinned in place.
impl<C, T, F, Fut> Unpin for Paginate<C, T, F, Fut> {}

impl<C, T, F, Fut> Paginate<C, T, F, Fut> {
    pub(super) fn new(first: C, fetch: F) -> Self {
        let context = Context::current();
        Self {
            fetch,
            items: Vec::new().into_iter(),
            next: Some(first),
            fetching: None,
            pages: 0,
            max_pages: u64::MAX,
            seen: HashSet::new(),
            interrupt: interrupt(&context),
            context,
        }
    }

    /// How many pages may be fetched. If there are more, the last item is an error with the cursor of the next.
    ///
    /// For the first pages of many, without an error, take as many items as you want and drop the rest.
    pub fn max_pages(mut self, pages: u64) -> Self {
        self.max_pages = pages;
        self
    }
}

impl<C, T, E, F, Fut> Paginate<C, T, F, Fut>
where
    C: Clone + Eq + Hash,
    F: FnMut(C) -> Fut,
    Fut: Future<Output = Result<Page<T, C>, E>>,
{
    /// Starts to fetch a page, unless there is a reason not to.
    fn begin(&mut self, cursor: C) -> Result<Fetching<C, Fut>, PaginateError<C, E>> {
        let page = self.pages + 1;
        if !self.seen.insert(cursor.clone()) {
            return Err(PaginateError::Loop { cursor, page });
        }
        if self.pages >= self.max_pages {
            return Err(PaginateError::PageLimit { cursor, pages: self.pages });
        }
        if let Some(interrupt) = self.context.interrupt() {
            return Err(PaginateError::Interrupted { cursor, interrupt });
        }
        let fetch = &mut self.fetch;
        let fut = self.context.sync_scope(|| Box::pin(fetch(cursor.clone())));
        Ok(Fetching { cursor, fut })
    }
}

impl<C, T, E, F, Fut> Stream for Paginate<C, T, F, Fut>
where
    C: Clone + Eq + Hash,
    F: FnMut(C) -> Fut,
    Fut: Future<Output = Result<Page<T, C>, E>>,
{
    type Item = Result<T, PaginateError<C, E>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            // Whoever always has an item, or an empty page, must still let others run.
            let coop = ready!(poll_proceed(cx));
            if let Some(item) = this.items.next() {
                coop.made_progress();
                return Poll::Ready(Some(Ok(item)));
            }
            let mut fetching = match (this.fetching.take(), this.next.take()) {
                (Some(fetching), _) => fetching,
                (None, Some(cursor)) => match this.begin(cursor) {
                    Ok(fetching) => fetching,
                    Err(error) => return Poll::Ready(Some(Err(error))),
                },
                (None, None) => return Poll::Ready(None),
            };
            match this.context.sync_scope(|| fetching.fut.as_mut().poll(cx)) {
                Poll::Ready(Ok(page)) => {
                    coop.made_progress();
                    this.pages += 1;
                    this.items = page.items.into_iter();
                    this.next = page.next;
                }
                Poll::Ready(Err(error)) => {
                    let Fetching { cursor, .. } = fetching;
                    return Poll::Ready(Some(Err(PaginateError::Fetch { cursor, page: this.pages + 1, error })));
                }
                Poll::Pending => {
                    let Poll::Ready(interrupt) = this.interrupt.as_mut().poll(cx) else {
                        this.fetching = Some(fetching);
                        return Poll::Pending;
                    };
                    let Fetching { cursor, .. } = fetching;
                    return Poll::Ready(Some(Err(PaginateError::Interrupted { cursor, interrupt })));
                }
            }
        }
    }
}

/// Waits until a wait in this context would be interrupted.
fn interrupt(context: &Context) -> BoxFuture<'static, Interrupt> {
    // Unconstrained: a fetch that is busy may have used up the budget.
    Box::pin(unconstrained(context.scope(async {
        match interruptible(std::future::pending::<Infallible>()).await {
            Ok(never) => match never {},
            Err(interrupt) => interrupt,
        }
    })))
}

impl<C, T, F, Fut> fmt::Debug for Paginate<C, T, F, Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Paginate")
            .field("pages", &self.pages)
            .field("fetching", &self.fetching.is_some())
            .field("items", &self.items.len())
            .finish_non_exhaustive()
    }
}
