use super::decode;

/// Elements that a page, or a part of one, can begin with.
const ELEMENTS: &str = "\
    a abbr address article aside audio b base bdi bdo big blockquote body br button canvas \
    center cite code data dd del details dfn dialog div dl dt em embed fieldset figure font \
    footer form frameset h1 h2 h3 h4 h5 h6 head header hr html i iframe img input ins kbd li \
    link main map mark menu meta nav noscript object ol p picture pre q s samp script section \
    select small span strong style sub table template title tt u ul video";

/// How much of a file is looked at, in bytes. Enough for a licence in a comment to come first.
const LIMIT: usize = 16 * 1024;

/// Whether a file begins as HTML does: after white space, comments and an XML declaration, with a
/// `<!doctype html>` or the tag of an HTML element.
///
/// Wider than browsers' [sniffing](https://mimesniff.spec.whatwg.org/#identifying-a-resource-with-an-unknown-mime-type),
/// which knows 16 elements, so that parts of pages pass too; as there, a file that begins with text
/// doesn't pass.
///
/// # Examples
///
/// ```
/// use sitewatch::html::looks_like_html;
///
/// assert!(looks_like_html(b"\n<!-- c --><!DOCTYPE html>"));
/// assert!(looks_like_html(b"<ul><li>x"));
/// assert!(!looks_like_html(b"<?xml version='1.0'?><rss>"));
/// assert!(!looks_like_html(b"# Title"));
/// assert!(!looks_like_html(b""));
/// ```
#[must_use]
pub fn looks_like_html(bytes: &[u8]) -> bool {
    let text = decode(&bytes[..bytes.len().min(LIMIT)], None);
    let mut rest = text.trim_start();
    loop {
        let end = if rest.starts_with("<!--") {
            "-->"
        } else if rest.starts_with("<?xml") {
            "?>"
        } else {
            break;
        };
        match rest.find(end) {
            Some(at) => rest = rest[at + end.len()..].trim_start(),
            None => return false,
        }
    }
    let Some(tag) = rest.strip_prefix('<') else { return false };
    let ends_name = |c: char| c.is_ascii_whitespace() || c == '>' || c == '/';
    let name = tag.split(ends_name).next().unwrap_or_default();
    if name.eq_ignore_ascii_case("!doctype") {
        let kind = tag[name.len()..].trim_start();
        return kind.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("html"));
    }
    // `<div` at the end of the file has no tag yet.
    name.len() < tag.len() && ELEMENTS.split(' ').any(|known| name.eq_ignore_ascii_case(known))
}
