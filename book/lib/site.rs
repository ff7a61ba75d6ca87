//! The site that the listings crawl: pages with numbers, each with links to four more and to the first.

/// The links of a page, on a site of so many pages.
///
/// # Examples
///
/// ```
/// use book::site;
///
/// assert_eq!(site::links(1, 40), [2, 3, 4, 5, 1]);
/// assert_eq!(site::links(10, 40), [38, 39, 40, 1]);
/// assert_eq!(site::links(40, 40), [1]);
/// ```
#[must_use]
pub fn links(page: u32, pages: u32) -> Vec<u32> {
    let first = page * 4 - 2;
    (first..first + 4).filter(|link| *link <= pages).chain([1]).collect()
}
