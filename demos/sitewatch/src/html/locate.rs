use html5gum::Tokenizer;

use super::element::{Attr, Element};
use super::emitter::{Sink, TagEmitter};
use super::extract;
use super::link::LinkKind;
use super::tag::Tag;
use super::text::Text;
use crate::fetch::LONGEST_URL;

/// Where a link stands and what a reader of the page sees of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Located {
    /// The line of its tag's `<`, from 1. A line ends with LF, CR or both.
    pub line: u32,
    /// The column of its tag's `<` in characters, from 1.
    pub column: u32,
    /// The visible text of an `a`, with the `alt` of images in it, or the `alt` of an `img` or
    /// `area`; white space is collapsed. At most 80 characters, the last one an ellipsis if there
    /// was more. Empty where there is none.
    pub text: String,
    /// The reference as it stands in the source: neither stripped nor decoded. Of a `srcset` or a
    /// refresh, its address. One that is longer than [`LONGEST_URL`] is cut a little beyond that,
    /// and has an ellipsis at its end: nobody asks for it or reads it, and a report would have to keep it.
    pub href_as_written: String,
    /// The reference as [`scan`](super::scan) tells it, ready to be joined to the base; cut off
    /// likewise.
    pub href: String,
    /// Which element and attribute it is from.
    pub kind: LinkKind,
}

impl Located {
    /// A link of an outline.
    pub(super) fn outlined(kind: LinkKind, href: &str, line: u32, column: u32, text: &str, written: &str) -> Self {
        let (text, href_as_written, href) = (text.to_owned(), written.to_owned(), href.to_owned());
        Self { line, column, text, href_as_written, href, kind }
    }
}

/// Finds the links with the numbers `wanted` (ascending, from 0, as [`scan`](super::scan) tells
/// them) and says where each stands.
///
/// The second, slower pass over a page, for those that have something to report; it stops after
/// the last wanted link. A number beyond the page's last link is left out of the result, which is
/// otherwise in the same order as `wanted`. A number that comes again or is not in order is left out
/// too.
///
/// # Examples
///
/// ```
/// use sitewatch::html;
///
/// let page = "<a href=ok>fine</a>\n<a\n href='x?a&amp;b'>an <img alt=image src=i.png>\n and text</a>";
/// let located = html::locate(page, &[1, 2, 9]);
/// assert_eq!(located.len(), 2);
/// assert_eq!((located[0].line, located[0].column), (2, 1));
/// assert_eq!(located[0].href_as_written, "x?a&amp;b");
/// assert_eq!(located[0].text, "an image and text");
/// assert_eq!((located[1].line, located[1].column), (3, 22));
/// assert_eq!(located[1].text, "image");
/// ```
#[must_use]
pub fn locate(html: &str, wanted: &[usize]) -> Vec<Located> {
    let mut sink =
        Locate { html, wanted, next: 0, place: Place { offset: 0, line: 1, column: 1 }, found: Vec::new(), open: None };
    let tokenizer = Tokenizer::new_with_emitter(html, TagEmitter::new(&mut sink));
    // The first token, if any, says that there is nothing more to find.
    for Ok(()) in tokenizer.take(1) {}
    sink.close();
    sink.found
}

/// Elements that don't separate the words before and after them.
const INLINE: [&[u8]; 22] = [
    b"abbr", b"b", b"bdi", b"bdo", b"cite", b"code", b"del", b"em", b"font", b"i", b"ins", b"kbd", b"mark", b"q", b"s",
    b"small", b"span", b"strong", b"sub", b"sup", b"u", b"wbr",
];

struct Locate<'a> {
    html: &'a str,
    /// What is still to be found.
    wanted: &'a [usize],
    /// The number of the next link.
    next: usize,
    place: Place,
    found: Vec<Located>,
    /// The `a` that is open, if it is a wanted one: its place in `found` and its text so far.
    open: Option<(usize, Text)>,
}

impl Locate<'_> {
    fn close(&mut self) {
        if let Some((index, text)) = self.open.take() {
            self.found[index].text = text.finish();
        }
    }

    /// Elements that begin a line keep the words before and after them apart.
    fn separate(&mut self, name: &[u8]) {
        if let Some((_, text)) = &mut self.open
            && !INLINE.contains(&name)
        {
            text.gap();
        }
    }
}

impl Sink for Locate<'_> {
    const TEXT: bool = true;

    fn start(&mut self, tag: &Tag, name: &[u8]) {
        match tag.element {
            // An `a` ends the one before it.
            Element::A => self.close(),
            Element::Img | Element::Image => {
                if let (Some((_, text)), Some(alt)) = (&mut self.open, tag.get(Attr::Alt)) {
                    text.push(alt);
                }
            }
            _ => self.separate(name),
        }
        let before = self.found.len();
        let mut alternative = None;
        let Self { html, wanted, next, place, found, .. } = self;
        extract::links(tag, |kind, attr, href| {
            while wanted.first().is_some_and(|number| number < next) {
                *wanted = &wanted[1..];
            }
            if wanted.first() == Some(next) {
                *wanted = &wanted[1..];
                place.advance(html, tag.offset);
                found.push(Located {
                    line: place.line,
                    column: place.column,
                    text: alternative.get_or_insert_with(|| alternative_text(tag)).clone(),
                    href_as_written: cut(as_written(html, tag, attr).unwrap_or(href)),
                    href: cut(href),
                    kind,
                });
            }
            *next += 1;
        });
        if tag.element == Element::A && self.found.len() > before && !tag.self_closing_in_svg() {
            self.open = Some((before, Text::default()));
        }
    }

    fn text(&mut self, text: &[u8]) {
        if let Some((_, collected)) = &mut self.open {
            collected.push_bytes(text);
        }
    }

    fn end(&mut self, name: &[u8]) {
        if name == b"a" {
            self.close();
        } else {
            self.separate(name);
        }
    }

    fn done(&self) -> bool {
        self.wanted.is_empty() && self.open.as_ref().is_none_or(|(_, text)| text.is_full())
    }
}

fn alternative_text(tag: &Tag) -> String {
    let mut text = Text::default();
    if matches!(tag.element, Element::Img | Element::Image | Element::Area | Element::Input) {
        text.push(tag.get(Attr::Alt).unwrap_or_default());
    }
    text.finish()
}

/// What is kept of a reference. It stays longer than the longest that is asked for, if it was.
fn cut(href: &str) -> String {
    match (LONGEST_URL..href.len()).find(|at| href.is_char_boundary(*at)) {
        Some(end) => format!("{}…", &href[..end]),
        None => href.to_owned(),
    }
}

/// The source of an attribute's value; `None` where only a part of it is the reference.
fn as_written<'a>(html: &'a str, tag: &Tag, attr: Attr) -> Option<&'a str> {
    if matches!(attr, Attr::Srcset | Attr::Imagesrcset | Attr::Content) {
        return None;
    }
    let Some(start) = tag.value_offset(attr) else { return Some("") };
    let value = html.get(start..)?;
    let end = match html.as_bytes().get(start.checked_sub(1)?)? {
        b'"' => value.find('"'),
        b'\'' => value.find('\''),
        _ => value.find(|c: char| c.is_ascii_whitespace() || c == '>'),
    };
    Some(&value[..end.unwrap_or(value.len())])
}

/// A place in a text that only moves forward, so that all places together cost one pass.
struct Place {
    offset: usize,
    line: u32,
    column: u32,
}

impl Place {
    fn advance(&mut self, text: &str, to: usize) {
        let bytes = text.as_bytes();
        for at in self.offset..to.min(bytes.len()) {
            match bytes[at] {
                // The LF after it ends the line.
                b'\r' if bytes.get(at + 1) == Some(&b'\n') => {}
                b'\n' | b'\r' => {
                    self.line = self.line.saturating_add(1);
                    self.column = 1;
                }
                // The following bytes of a character in UTF-8.
                0x80..=0xbf => {}
                _ => self.column = self.column.saturating_add(1),
            }
        }
        self.offset = to.max(self.offset);
    }
}
