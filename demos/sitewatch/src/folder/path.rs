//! Where a relative link leads, below a folder.
//!
//! Most of the links of a large site are plain relative paths, and resolving them is a good part of
//! a check's time, so that plain ones take a short way here. Everything with a character that the URL
//! standard treats specially goes through the `url` crate; a property test shows that the two ways
//! agree.

use std::ops::Range;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use url::Url;

/// What means something in a URL, and nothing in a file's name.
const SPECIAL: &AsciiSet = &CONTROLS.add(b'%').add(b'\\').add(b'?').add(b'#').add(b' ');

/// Where a link leads. Ranges are into the buffer that [`resolve`] wrote to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PathLink<'a> {
    /// To a path below the folder, percent-decoded, with a leading slash.
    Path {
        /// The path, in the buffer.
        key: Range<usize>,
        /// What follows `#`, as written.
        fragment: Option<&'a str>,
    },
    /// To an absolute URL, which may be anything but a plain path.
    Absolute,
    /// To nowhere: not a URL.
    Malformed,
}

/// A host that no link names: what stands for the folder where a URL is needed.
const HOST: &str = "folder.invalid";

/// Resolves `href` on the page `page` (a key: a path with a leading slash), appending to `buffer`.
pub(crate) fn resolve<'a>(page: &str, href: &'a str, buffer: &mut String) -> PathLink<'a> {
    let (rest, fragment) = match href.split_once('#') {
        Some((rest, fragment)) => (rest, Some(fragment)),
        None => (href, None),
    };
    let path = rest.split_once('?').map_or(rest, |(path, _)| path);
    let start = buffer.len();
    if path.is_empty() {
        buffer.push_str(page);
        return PathLink::Path { key: start..buffer.len(), fragment };
    }
    if !is_plain(path) {
        return slow(page, rest, fragment, buffer);
    }
    join(page, path, buffer);
    PathLink::Path { key: start..buffer.len(), fragment }
}

/// A path is plain when no byte of it means anything to a URL parser beyond `/` and `.`.
fn is_plain(path: &str) -> bool {
    !path.starts_with("//")
        && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/.-_~+,=!@$&()*;'".contains(&byte))
}

/// Appends the page's folder and `path`, with `.` and `..` resolved; never above the root.
fn join(page: &str, path: &str, buffer: &mut String) {
    let start = buffer.len();
    if !path.starts_with('/') {
        buffer.push_str(&page[..page.rfind('/').unwrap_or(0)]);
    }
    let mut segments = path.strip_prefix('/').unwrap_or(path).split('/').peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    let above = buffer[start..].rfind('/').unwrap_or(0);
                    buffer.truncate(start + above);
                }
                if last {
                    buffer.push('/');
                }
            }
            _ => {
                buffer.push('/');
                buffer.push_str(segment);
            }
        }
    }
}

fn slow<'a>(page: &str, rest: &str, fragment: Option<&'a str>, buffer: &mut String) -> PathLink<'a> {
    let mut base = Url::parse("http://folder.invalid/").expect("a constant that parses");
    // A key is a path on disk, where these are letters like any other.
    base.set_path(&utf8_percent_encode(page, SPECIAL).to_string());
    let url = match base.join(rest) {
        Ok(url) => url,
        Err(_) => return PathLink::Malformed,
    };
    if url.scheme() != "http" || url.host_str() != Some(HOST) || url.port().is_some() {
        return PathLink::Absolute;
    }
    let start = buffer.len();
    buffer.push_str(&percent_decode_str(url.path()).decode_utf8_lossy());
    PathLink::Path { key: start..buffer.len(), fragment }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn path(page: &str, href: &str) -> Option<(String, Option<String>)> {
        let mut buffer = String::from("before");
        match resolve(page, href, &mut buffer) {
            PathLink::Path { key, fragment } => Some((buffer[key].to_owned(), fragment.map(str::to_owned))),
            _ => None,
        }
    }

    #[test]
    fn relative_paths_lead_where_a_browser_would_go() {
        let page = "/book/ch01/index.html";
        for (href, key) in [
            ("x.html", "/book/ch01/x.html"),
            ("../x.html", "/book/x.html"),
            ("../../../../x.html", "/x.html"),
            ("/std/", "/std/"),
            ("..", "/book/"),
            (".", "/book/ch01/"),
            ("./a/./b", "/book/ch01/a/b"),
            ("a%20b.html", "/book/ch01/a b.html"),
            ("?q=1", "/book/ch01/index.html"),
            ("", "/book/ch01/index.html"),
            ("a\\b", "/book/ch01/a/b"),
            ("struct.Vec.html?x#y", "/book/ch01/struct.Vec.html"),
        ] {
            assert_eq!(path(page, href).unwrap().0, key, "{href}");
        }
        assert_eq!(path(page, "a#b%20c").unwrap().1.unwrap(), "b%20c");
    }

    #[test]
    fn absolute_urls_are_told_apart() {
        let mut buffer = String::new();
        for href in ["https://example.org/", "//example.org/x", "mailto:a@b.c", "javascript:void(0)", "data:,x"] {
            assert_eq!(resolve("/a.html", href, &mut buffer), PathLink::Absolute, "{href}");
        }
        assert_eq!(resolve("/a.html", "http://[::1", &mut buffer), PathLink::Malformed);
    }

    proptest! {
        #[test]
        fn the_short_way_agrees_with_the_url_crate(
            page in "(/[a-z.]{1,4}){1,4}",
            href in "[a-z./,=+~-]{0,12}",
        ) {
            let clean = Url::parse("http://folder.invalid/").unwrap().join(&page).unwrap();
            let Ok(url) = clean.join(&href) else {
                prop_assert_eq!(resolve(clean.path(), &href, &mut String::new()), PathLink::Malformed);
                return Ok(());
            };
            if url.host_str() == Some(HOST) {
                let expected = if href.is_empty() { clean.path().to_owned() } else { url.path().to_owned() };
                prop_assert_eq!(path(clean.path(), &href).unwrap().0, expected);
            }
        }
    }
}
