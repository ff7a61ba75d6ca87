//! What a page holds, for whoever does not want to read it again.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::{Deserialize, Serialize};

use super::{Link, LinkKind, Located, Visitor, locate, scan};

/// The links, anchors and the base of a page, as [`scan`] and [`locate`] find them: all there is to know of it for
/// whoever does not want to read it again.
///
/// # Examples
///
/// ```
/// use sitewatch::html::Outline;
///
/// let page = "<h1 id=top>Hi</h1>\n<p><a href=a.html>the first</a>";
/// let kept = Outline::of(page).packed();
/// let outline = Outline::unpacked(&kept).unwrap();
/// assert_eq!(outline.locate(&[0])[0].text, "the first");
/// assert!(Outline::unpacked(b"something else").is_none());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    /// The way in which this is written; another one is not understood.
    version: u8,
    length: u64,
    base: Option<String>,
    anchors: Vec<String>,
    links: Vec<Outlined>,
    /// How many links there are beyond these.
    #[serde(default)]
    more: u64,
}

/// A link: kind, reference, line, column, text, and the reference as written where that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Outlined(LinkKind, String, u32, u32, String, Option<String>);

const VERSION: u8 = 1;

impl Outline {
    /// Reads a page: twice, as [`locate`] does for pages with something to report.
    #[must_use]
    pub fn of(page: &str) -> Self {
        Self::up_to(page, usize::MAX)
    }

    /// The same of a page that may have more links than anybody wants: only the first `links` of them are kept, and the
    /// others are counted.
    #[must_use]
    pub fn up_to(page: &str, links: usize) -> Self {
        let mut found = Found::default();
        scan(page, &mut found);
        let wanted: Vec<usize> = (0..found.links.min(links)).collect();
        let more = (found.links - wanted.len()) as u64;
        let links = locate(page, &wanted).into_iter().map(|link| {
            let written = (link.href_as_written != link.href).then_some(link.href_as_written);
            Outlined(link.kind, link.href, link.line, link.column, link.text, written)
        });
        let links = links.collect();
        Self { version: VERSION, length: page.len() as u64, base: found.base, anchors: found.anchors, links, more }
    }

    /// Tells what it holds, as the page itself would, but for the order: the base comes first, as it holds for all.
    pub fn tell<V: Visitor + ?Sized>(&self, visitor: &mut V) {
        if let Some(base) = &self.base {
            visitor.base(base);
        }
        for anchor in &self.anchors {
            visitor.anchor(anchor);
        }
        for Outlined(kind, href, ..) in &self.links {
            visitor.link(Link::outlined(*kind, href));
        }
    }

    /// Where the links with these numbers stand, as [`locate`] says it.
    #[must_use]
    pub fn locate(&self, wanted: &[usize]) -> Vec<Located> {
        let link = |number: &usize| self.links.get(*number);
        let located = wanted.iter().filter_map(link).map(|Outlined(kind, href, line, column, text, written)| {
            Located::outlined(*kind, href, *line, *column, text, written.as_ref().unwrap_or(href))
        });
        located.collect()
    }

    /// How many links the page had beyond those that it tells.
    #[must_use]
    pub fn more(&self) -> u64 {
        self.more
    }

    /// Whether it tells as much as one that is made by [`up_to`](Self::up_to) so many links; it does not where it was
    /// cut at fewer.
    #[must_use]
    pub fn reaches(&self, links: usize) -> bool {
        self.more == 0 || self.links.len() >= links
    }

    /// How many bytes the page had.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// As it is kept: JSON, deflated.
    #[must_use]
    pub fn packed(&self) -> Vec<u8> {
        let mut packed = DeflateEncoder::new(Vec::new(), Compression::fast());
        // Writing to memory does not fail, and nothing here is what JSON can't hold.
        let _ = serde_json::to_writer(&mut packed, self);
        let _ = packed.flush();
        packed.finish().unwrap_or_default()
    }

    /// From what was kept; `None` if it can't be understood, as where a later version has written it.
    #[must_use]
    pub fn unpacked(packed: &[u8]) -> Option<Self> {
        let mut text = Vec::new();
        DeflateDecoder::new(packed).read_to_end(&mut text).ok()?;
        let outline: Self = serde_json::from_slice(&text).ok()?;
        (outline.version == VERSION).then_some(outline)
    }
}

#[derive(Default)]
struct Found {
    base: Option<String>,
    anchors: Vec<String>,
    links: usize,
}

impl Visitor for Found {
    fn link(&mut self, _: Link<'_>) {
        self.links += 1;
    }

    fn anchor(&mut self, id: &str) {
        self.anchors.push(id.to_owned());
    }

    fn base(&mut self, href: &str) {
        self.base = Some(href.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default, PartialEq, Debug)]
    struct Told(Vec<String>);

    impl Visitor for Told {
        fn link(&mut self, link: Link<'_>) {
            self.0.push(format!("{} {}", link.kind, link.href));
        }

        fn anchor(&mut self, id: &str) {
            self.0.push(format!("# {id}"));
        }

        fn base(&mut self, href: &str) {
            self.0.push(format!("base {href}"));
        }
    }

    const PAGE: &str = "<base href='/b/'><h1 id=one>1</h1>\n<a href=' x?a&amp;b '>the <img src=i.png alt=one></a>\n
        <img srcset='a.png, b.png 2x'><a name=two href='#one'>back</a>";

    #[test]
    fn it_tells_and_locates_what_the_page_does() {
        let mut page = Told::default();
        scan(PAGE, &mut page);
        let outline = Outline::unpacked(&Outline::of(PAGE).packed()).unwrap();
        let mut told = Told::default();
        outline.tell(&mut told);
        page.0.sort();
        told.0.sort();
        assert_eq!(told, page);
        let all = [0, 1, 2, 3, 4];
        assert_eq!(outline.locate(&all), locate(PAGE, &all));
        assert_eq!(outline.locate(&[4, 9]).len(), 1);
    }

    #[test]
    fn of_too_many_links_the_first_are_kept_and_the_others_counted() {
        let outline = Outline::unpacked(&Outline::up_to(PAGE, 2).packed()).unwrap();
        assert_eq!(outline.locate(&[0, 1, 2]), locate(PAGE, &[0, 1]));
        assert_eq!((outline.more(), Outline::of(PAGE).more()), (3, 0));
        assert_eq!(outline.anchors, Outline::of(PAGE).anchors);
    }

    #[test]
    fn one_that_was_cut_reaches_as_far_as_it_was_cut_and_one_that_was_not_as_far_as_anybody_likes() {
        let cut = Outline::unpacked(&Outline::up_to(PAGE, 2).packed()).unwrap();
        assert_eq!([1, 2, 3, 5].map(|links| cut.reaches(links)), [true, true, false, false]);
        // It has five.
        for whole in [Outline::of(PAGE), Outline::up_to(PAGE, 5)] {
            assert!(whole.reaches(5) && whole.reaches(usize::MAX));
        }
    }

    #[test]
    fn what_is_not_understood_is_none() {
        assert!(Outline::unpacked(b"nonsense").is_none());
        let later = Outline { version: VERSION + 1, ..Outline::of(PAGE) };
        assert!(Outline::unpacked(&later.packed()).is_none());
    }
}
