use crate::context::Interrupt;

/// Why there are no more pages, and the cursor of the page that was not fetched: paginating again from there
/// misses nothing and doubles nothing.
///
/// Pages are counted from 1.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PaginateError<C, E> {
    /// A page could not be fetched.
    #[error("page {page} could not be fetched")]
    Fetch {
        /// Of this page.
        cursor: C,
        /// Its number.
        page: u64,
        /// What fetching it failed with.
        #[source]
        error: E,
    },
    /// The cursor of this page had been fetched before: the other side goes round in circles.
    #[error("page {page} was to be at a cursor that had been fetched before")]
    Loop {
        /// The one that came twice.
        cursor: C,
        /// The number that the page would have had.
        page: u64,
    },
    /// There are more pages than [`max_pages`](super::Paginate::max_pages) allows.
    #[error("there are more than {pages} pages")]
    PageLimit {
        /// Of the first page that is too many.
        cursor: C,
        /// How many were fetched.
        pages: u64,
    },
    /// The token of the context was cancelled, or its deadline passed.
    #[error("interrupted while fetching pages")]
    Interrupted {
        /// Of the page that was being fetched, or was to be.
        cursor: C,
        /// Which of the two.
        #[source]
        interrupt: Interrupt,
    },
}

impl<C, E> PaginateError<C, E> {
    /// Where to go on.
    #[must_use]
    pub fn cursor(&self) -> &C {
        match self {
            Self::Fetch { cursor, .. }
            | Self::Loop { cursor, .. }
            | Self::PageLimit { cursor, .. }
            | Self::Interrupted { cursor, .. } => cursor,
        }
    }

    /// Takes the cursor at which to go on.
    #[must_use]
    pub fn into_cursor(self) -> C {
        match self {
            Self::Fetch { cursor, .. }
            | Self::Loop { cursor, .. }
            | Self::PageLimit { cursor, .. }
            | Self::Interrupted { cursor, .. } => cursor,
        }
    }

    /// Whether the other side goes round in circles.
    #[must_use]
    pub fn is_loop(&self) -> bool {
        matches!(self, Self::Loop { .. })
    }

    /// Whether there are more pages than were allowed.
    #[must_use]
    pub fn is_page_limit(&self) -> bool {
        matches!(self, Self::PageLimit { .. })
    }

    /// Whether the wait for a page was interrupted.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Interrupted { .. })
    }
}
