use std::fmt;

use rustc_hash::FxHashMap;

use super::strings::{Strings, Symbol};
use super::{Reason, Status};

/// What became of a target: the reason, the words of whoever failed, and the redirects on the way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Verdict {
    /// Why; it implies the [`Status`].
    pub reason: Reason,
    /// More about it, such as a resolver's or a TLS library's words. Plain text, no full stop.
    pub detail: Option<Box<str>>,
    /// The addresses that redirects led to, in order, the first not being the link itself.
    pub redirects: Box<[Box<str>]>,
}

impl Verdict {
    /// A verdict with nothing to add to the reason.
    #[must_use]
    pub fn new(reason: Reason) -> Self {
        Self { reason, detail: None, redirects: Box::default() }
    }

    /// The same with more about the reason.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Box<str>>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// The same with the addresses that redirects led to.
    #[must_use]
    pub fn redirects<S: Into<Box<str>>>(mut self, chain: impl IntoIterator<Item = S>) -> Self {
        self.redirects = chain.into_iter().map(Into::into).collect();
        self
    }

    /// The status that the reason implies.
    #[must_use]
    pub fn status(&self) -> Status {
        self.reason.status()
    }
}

impl From<Reason> for Verdict {
    fn from(reason: Reason) -> Self {
        Self::new(reason)
    }
}

/// The sentence of the reason and the detail.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.reason.sentence())?;
        match &self.detail {
            Some(detail) => write!(f, ": {detail}"),
            None => Ok(()),
        }
    }
}

/// One link on one page, and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkResult<'a> {
    /// The page that it is on: its URL, or in a folder its path from there, with `/`.
    pub page: &'a str,
    /// The line of the tag, from 1; 0 where there is none, as in a sitemap.
    pub line: u32,
    /// The column of the tag in characters, from 1; 0 where there is none.
    pub column: u32,
    /// What a reader sees of it: the text of an `a`, the `alt` of an image; may be empty.
    pub text: &'a str,
    /// As written in the page.
    pub link: &'a str,
    /// Resolved: the URL, or in a folder the path from there, with the fragment.
    pub url: &'a str,
    /// What became of it.
    pub verdict: &'a Verdict,
}

/// The links of a report, in little memory: 28 bytes each, and each distinct string once.
///
/// Three million links like those of the Rust documentation take about 100 MB; as structs of owned
/// strings they would take a gigabyte. Writing them, in any format, takes next to nothing more.
///
/// # Examples
///
/// ```
/// use sitewatch::report::{LinkResult, Links, Reason, Verdict};
///
/// let mut links = Links::default();
/// let gone = Verdict::new(Reason::HttpStatus(410)).detail("moved house");
/// let link = LinkResult { page: "a.html", line: 3, column: 7, text: "there", link: "b", url: "b", verdict: &gone };
/// links.push(link);
/// assert_eq!(links.iter().collect::<Vec<_>>(), [link]);
/// assert_eq!(gone.to_string(), "410 Gone: moved house");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Links {
    strings: Strings,
    verdicts: Vec<Verdict>,
    numbers: FxHashMap<Verdict, u32>,
    rows: Vec<Row>,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    page: Symbol,
    line: u32,
    column: u32,
    text: Symbol,
    link: Symbol,
    url: Symbol,
    verdict: u32,
}

impl Links {
    /// Adds a link; its strings are copied unless they were seen before.
    ///
    /// # Panics
    ///
    /// Beyond 2^32 distinct strings or verdicts.
    pub fn push(&mut self, link: LinkResult<'_>) {
        let verdict = match self.numbers.get(link.verdict) {
            Some(&number) => number,
            None => {
                let number = u32::try_from(self.verdicts.len()).expect("memory ends before 2^32 verdicts");
                self.verdicts.push(link.verdict.clone());
                self.numbers.insert(link.verdict.clone(), number);
                number
            }
        };
        self.rows.push(Row {
            page: self.strings.intern(link.page),
            line: link.line,
            column: link.column,
            text: self.strings.intern(link.text),
            link: self.strings.intern(link.link),
            url: self.strings.intern(link.url),
            verdict,
        });
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = LinkResult<'_>> + Clone {
        self.rows.iter().map(|row| self.view(row))
    }

    /// Neighbours on the same page, together; every page once if [sorted](Self::sort).
    pub fn by_page(&self) -> impl Iterator<Item = PageLinks<'_>> {
        self.rows.chunk_by(|a, b| a.page == b.page).map(|rows| PageLinks { links: self, rows })
    }

    /// Sorts by page, line and column, then by link, URL, text and verdict, so that the order does not
    /// depend on the order of pushes.
    pub fn sort(&mut self) {
        let mut pages: Vec<Symbol> = self.rows.iter().map(|row| row.page).collect();
        pages.sort_unstable_by_key(|page| page.index());
        pages.dedup();
        pages.sort_unstable_by_key(|page| self.strings.get(*page));
        // A page's place among all pages: most comparisons then compare numbers.
        let mut places = vec![0_u32; self.strings.len()];
        for (place, page) in (0..).zip(&pages) {
            places[page.index()] = place;
        }
        let Self { strings, verdicts, rows, .. } = self;
        rows.sort_unstable_by(|a, b| {
            let place = |row: &Row| (places[row.page.index()], row.line, row.column);
            let words = |row: &Row| (strings.get(row.link), strings.get(row.url), strings.get(row.text));
            let verdict = |row: &Row| {
                let verdict = &verdicts[row.verdict as usize];
                (verdict.reason, &verdict.detail, &verdict.redirects)
            };
            place(a).cmp(&place(b)).then_with(|| words(a).cmp(&words(b))).then_with(|| verdict(a).cmp(&verdict(b)))
        });
    }

    /// The URLs that most links of this status lead to, at least two each: most first, ties by URL.
    pub(super) fn most_frequent_urls(&self, count: usize, status: Status) -> Vec<(&str, u64)> {
        let mut counts = vec![0_u32; self.strings.len()];
        for row in &self.rows {
            if self.verdicts[row.verdict as usize].status() == status {
                counts[row.url.index()] += 1;
            }
        }
        let mut urls: Vec<_> = self.strings.iter().zip(counts).filter(|(_, links)| *links > 1).collect();
        urls.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        urls.truncate(count);
        urls.into_iter().map(|(url, links)| (url, links.into())).collect()
    }

    fn view(&self, row: &Row) -> LinkResult<'_> {
        LinkResult {
            page: self.strings.get(row.page),
            line: row.line,
            column: row.column,
            text: self.strings.get(row.text),
            link: self.strings.get(row.link),
            url: self.strings.get(row.url),
            verdict: &self.verdicts[row.verdict as usize],
        }
    }
}

impl<'a> Extend<LinkResult<'a>> for Links {
    fn extend<I: IntoIterator<Item = LinkResult<'a>>>(&mut self, links: I) {
        for link in links {
            self.push(link);
        }
    }
}

/// The links of one page. Made by [`Links::by_page`].
#[derive(Clone, Copy, Debug)]
pub struct PageLinks<'a> {
    links: &'a Links,
    /// Never empty.
    rows: &'a [Row],
}

impl<'a> PageLinks<'a> {
    /// The page.
    #[must_use]
    pub fn page(&self) -> &'a str {
        self.links.strings.get(self.rows[0].page)
    }

    /// Its links.
    pub fn iter(&self) -> impl Iterator<Item = LinkResult<'a>> + Clone + use<'a> {
        let links = self.links;
        self.rows.iter().map(move |row| links.view(row))
    }
}
