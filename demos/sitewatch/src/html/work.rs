//! How much there is to do for a page: twice as much for one that is twice as long, and no more.
//!
//! What is counted is not time, which a test can't rely on, but every call of the tokenizer, every byte that it moves
//! over or hands on, and every byte of what is found.

use html5gum::emitters::{Emitter, ForwardingEmitter};
use html5gum::{State, Tokenizer};

use super::emitter::{Sink, TagEmitter};
use super::tag::Tag;
use super::{extract, locate};

/// Counts what the tokenizer asks of an emitter.
struct Counted<'a, E> {
    inner: E,
    work: &'a mut u64,
}

impl<E: Emitter> ForwardingEmitter for Counted<'_, E> {
    type Token = E::Token;

    /// Every call comes through here.
    fn inner(&mut self) -> &mut impl Emitter<Token = E::Token> {
        *self.work += 1;
        &mut self.inner
    }

    fn move_position(&mut self, offset: isize) {
        *self.work += offset.unsigned_abs() as u64;
        self.inner.move_position(offset);
    }

    fn emit_string(&mut self, text: &[u8]) {
        *self.work += text.len() as u64;
        self.inner.emit_string(text);
    }

    fn push_tag_name(&mut self, part: &[u8]) {
        *self.work += part.len() as u64;
        self.inner.push_tag_name(part);
    }

    fn push_attribute_name(&mut self, part: &[u8]) {
        *self.work += part.len() as u64;
        self.inner.push_attribute_name(part);
    }

    fn push_attribute_value(&mut self, part: &[u8]) {
        *self.work += part.len() as u64;
        self.inner.push_attribute_value(part);
    }

    fn emit_current_tag(&mut self) -> Option<State> {
        *self.work += 1;
        self.inner.emit_current_tag()
    }
}

/// Counts what is found.
#[derive(Default)]
struct Found {
    links: usize,
    bytes: u64,
}

impl Sink for Found {
    const TEXT: bool = true;

    fn start(&mut self, tag: &Tag, name: &[u8]) {
        self.bytes += name.len() as u64;
        extract::links(tag, |_, _, href| {
            self.links += 1;
            self.bytes += 1 + href.len() as u64;
        });
    }

    fn text(&mut self, text: &[u8]) {
        self.bytes += text.len() as u64;
    }
}

/// The work for one pass over a page, and how much is kept of its links if all of them are reported.
fn work(page: &str) -> (u64, u64) {
    let (mut calls, mut found) = (0, Found::default());
    let emitter = Counted { inner: TagEmitter::new(&mut found), work: &mut calls };
    for Ok(()) in Tokenizer::new_with_emitter(page, emitter) {}
    let all: Vec<usize> = (0..found.links).collect();
    let located = locate(page, &all);
    let kept = located.iter().map(|link| link.text.len() + link.href.len() + link.href_as_written.len());
    (calls + found.bytes, kept.sum::<usize>() as u64)
}

/// Pages that grow with a number, each in a way in which a reader could come to do more than it should.
/// A kind of page, and how one of a size is made.
type Kind = (&'static str, fn(usize) -> String);

const PAGES: [Kind; 16] = [
    ("links", |size| "<a href=x>text</a>".repeat(size)),
    ("links without an end", |size| "<a href=x>".repeat(size)),
    ("one long attribute", |size| format!("<a href='{}'>x</a>", "x".repeat(16 * size))),
    ("one long attribute without an end", |size| format!("<a href='{}", "x".repeat(16 * size))),
    ("many attributes", |size| format!("<a {} href=x>", "a=b ".repeat(4 * size))),
    ("the same attribute", |size| format!("<a {}>", "href=x ".repeat(2 * size))),
    ("candidates with a text", |size| format!("<img alt='{}' srcset='{}'>", "t".repeat(100), "a, ".repeat(5 * size))),
    ("folders in one another", |size| "<div id=x>".repeat(size)),
    ("pictures in one another", |size| "<svg><a href=x>".repeat(size)),
    ("templates in one another", |size| "<template><a href=x>".repeat(size)),
    ("scripts", |size| "<script>a</scrip</script>".repeat(size)),
    ("a script without an end", |size| format!("<script>{}", "</scrip".repeat(2 * size))),
    ("comments", |size| format!("<!--{}", "<!-- --!> -".repeat(size))),
    ("references", |size| format!("<a href='{}'>", "&notit;&#x41;&&amp".repeat(size))),
    ("zeros", |size| "\0<\0a\0 href=\0>".repeat(size)),
    ("line ends", |size| "\r\n\r<a\r\nhref=x>".repeat(size)),
];

#[test]
fn a_page_that_is_twice_as_long_is_twice_the_work_and_no_more() {
    for (name, page) in PAGES {
        let (once, twice) = (page(2_000), page(4_000));
        let ((work_once, kept_once), (work_twice, kept_twice)) = (work(&once), work(&twice));
        assert!(work_once >= once.len() as u64 / 2, "{name}: {work_once} is no work at all");
        // A little more than twice, as a page has a beginning and an end.
        assert!(work_twice <= 2 * work_once + 1_000, "{name}: {work_once}, then {work_twice}");
        assert!(work_twice <= 20 * twice.len() as u64, "{name}: {work_twice} for {} bytes", twice.len());
        assert!(kept_twice <= 2 * kept_once + 20_000, "{name}: {kept_once} kept, then {kept_twice}");
    }
}

#[test]
fn what_is_kept_of_a_link_has_a_limit_however_long_it_is() {
    let page = format!("<a href='{}'>x</a>", "x".repeat(1_000_000));
    let link = locate(&page, &[0]).remove(0);
    let shown = format!("{}…", "x".repeat(crate::fetch::LONGEST_URL));
    assert_eq!((link.href, link.href_as_written), (shown.clone(), shown));
}
