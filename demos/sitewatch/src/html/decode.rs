use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252, X_USER_DEFINED};
use html5gum::Tokenizer;

use super::element::{Attr, Element};
use super::emitter::{Sink, TagEmitter};
use super::tag::Tag;

/// How far into a page browsers look for its encoding, in bytes.
const PRESCAN: usize = 1024;

/// Turns the bytes of a page into text; without a copy if they are valid UTF-8.
///
/// The encoding is, in this order: what a byte order mark says (which is cut off), `charset` of the
/// HTTP header `Content-Type`, a `<meta charset>` or `<meta http-equiv=content-type>` in the first
/// 1,024 bytes, UTF-8 if the bytes are valid UTF-8, and windows-1252 otherwise. A name that the
/// [Encoding Standard](https://encoding.spec.whatwg.org/#names-and-labels) doesn't know is passed
/// over. Bytes that the encoding doesn't have become U+FFFD.
///
/// # Examples
///
/// ```
/// use std::borrow::Cow;
/// use sitewatch::html;
///
/// assert!(matches!(html::decode("naïve".as_bytes(), None), Cow::Borrowed("naïve")));
/// assert_eq!(html::decode(b"na\xefve", None), "naïve");
/// assert_eq!(html::decode(b"na\xefve", Some("utf-8")), "na\u{fffd}ve");
/// assert_eq!(html::decode(b"<meta charset=koi8-r>\xc1", None), "<meta charset=koi8-r>а");
/// assert_eq!(html::decode(b"\xff\xfea\0", Some("utf-8")), "a");
/// ```
#[must_use]
pub fn decode<'a>(bytes: &'a [u8], content_type_charset: Option<&str>) -> Cow<'a, str> {
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(&bytes[length..]).0;
    }
    let label = |name: &str| Encoding::for_label(name.as_bytes());
    if let Some(encoding) = content_type_charset.and_then(label).or_else(|| prescan(bytes)) {
        return encoding.decode_without_bom_handling(bytes).0;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => WINDOWS_1252.decode_without_bom_handling(bytes).0,
    }
}

/// What the page itself says, near its beginning.
fn prescan(bytes: &[u8]) -> Option<&'static Encoding> {
    let mut sink = Prescan { encoding: None };
    let start = &bytes[..bytes.len().min(PRESCAN)];
    let tokenizer = Tokenizer::new_with_emitter(start, TagEmitter::new(&mut sink));
    for Ok(()) in tokenizer.take(1) {}
    sink.encoding
}

struct Prescan {
    encoding: Option<&'static Encoding>,
}

impl Sink for Prescan {
    const TEXT: bool = false;

    fn start(&mut self, tag: &Tag, _name: &[u8]) {
        if tag.element != Element::Meta {
            return;
        }
        let is_content_type = || tag.get(Attr::HttpEquiv).is_some_and(|name| name.eq_ignore_ascii_case("content-type"));
        let name = tag
            .get(Attr::Charset)
            .or_else(|| tag.get(Attr::Content).filter(|_| is_content_type()).and_then(charset_of));
        self.encoding = name.and_then(|name| Encoding::for_label(name.as_bytes())).map(|encoding| {
            // It was read as ASCII, so it cannot be what these say (the standard's rule).
            if encoding == UTF_16LE || encoding == UTF_16BE {
                UTF_8
            } else if encoding == X_USER_DEFINED {
                WINDOWS_1252
            } else {
                encoding
            }
        });
    }

    fn done(&self) -> bool {
        self.encoding.is_some()
    }
}

/// The value of `charset` in a `Content-Type`, from the HTML standard's
/// [algorithm](https://html.spec.whatwg.org/multipage/urls-and-fetching.html#extracting-character-encodings-from-meta-elements).
fn charset_of(content: &str) -> Option<&str> {
    let mut rest = content;
    loop {
        let at = find_ignoring_case(rest, "charset")?;
        rest = rest[at + "charset".len()..].trim_ascii_start();
        if let Some(value) = rest.strip_prefix('=') {
            let value = value.trim_ascii_start();
            return match value.chars().next()? {
                quote @ ('"' | '\'') => {
                    let value = &value[1..];
                    value.find(quote).map(|end| &value[..end])
                }
                _ => value.split(|c: char| c == ';' || c.is_ascii_whitespace()).next(),
            };
        }
    }
}

fn find_ignoring_case(text: &str, word: &str) -> Option<usize> {
    text.as_bytes().windows(word.len()).position(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}
