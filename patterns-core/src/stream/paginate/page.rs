/// One page of [`paginate`](super::paginate)'s items, and where the next page is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T, C> {
    /// What is on it; may be empty.
    pub items: Vec<T>,
    /// Where the next page is; `None` on the last.
    pub next: Option<C>,
}

impl<T, C> Page<T, C> {
    /// A page after which there is another.
    #[must_use]
    pub fn more(items: Vec<T>, next: C) -> Self {
        Self { items, next: Some(next) }
    }

    /// The last page.
    #[must_use]
    pub fn last(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}

impl<T> Page<T, u64> {
    /// Page `number` of pages that hold `size` items each: one that is empty or holds fewer is the last.
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::stream::Page;
    ///
    /// assert_eq!(Page::numbered(vec!['a', 'b'], 7, 2), Page::more(vec!['a', 'b'], 8));
    /// assert_eq!(Page::numbered(vec!['c'], 8, 2), Page::last(vec!['c']));
    /// ```
    #[must_use]
    pub fn numbered(items: Vec<T>, number: u64, size: usize) -> Self {
        let full = !items.is_empty() && items.len() >= size;
        Self { next: number.checked_add(1).filter(|_| full), items }
    }
}
