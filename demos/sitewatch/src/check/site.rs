//! What belongs to the site, where its links lead, and what is done with each.

use std::ops::Range;

use percent_encoding::percent_decode_str;
use url::Url;

use super::targets::Role;
use crate::config::{Patterns, Scope};
use crate::fetch::LONGEST_URL;
use crate::folder::{self, PathLink};
use crate::report::Reason;

/// Where a link leads.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Resolved<'a> {
    /// To a target: its key, in the buffer, and the fragment as written.
    Target { key: Range<usize>, fragment: Option<&'a str> },
    /// To something that is not checked.
    Skip(Reason),
    /// To nowhere: not a URL.
    Malformed,
}

/// What the links of one page are relative to.
#[derive(Clone, Debug)]
pub(crate) enum Base {
    /// A path below the folder.
    Path(String),
    /// An absolute URL.
    Url(Url),
}

impl Base {
    /// The base of the page behind `key`.
    pub(crate) fn of(key: &str) -> Self {
        match Url::parse(key) {
            Ok(url) if !key.starts_with('/') => Self::Url(url),
            _ => Self::Path(key.to_owned()),
        }
    }

    /// This base, as `<base href>` changes it; one that makes no sense changes nothing, nor does one that is longer
    /// than any URL that is asked for: every link of the page would be as long.
    pub(crate) fn rebase(&mut self, href: &str) {
        if href.len() > LONGEST_URL {
            return;
        }
        match self {
            Self::Url(url) => {
                if let Ok(joined) = url.join(href)
                    && joined.as_str().len() <= LONGEST_URL
                {
                    *url = joined;
                }
            }
            Self::Path(page) => {
                let mut buffer = String::new();
                match folder::resolve(page, href, &mut buffer) {
                    PathLink::Path { key, .. } if key.len() <= LONGEST_URL => *page = buffer[key].to_owned(),
                    PathLink::Path { .. } => {}
                    PathLink::Absolute => {
                        if let Ok(url) = Url::parse(href)
                            && url.as_str().len() <= LONGEST_URL
                        {
                            *self = Self::Url(url);
                        }
                    }
                    PathLink::Malformed => {}
                }
            }
        }
    }

    /// Whether a path climbs above the folder. (Plain paths only: others are rare, and are merely missing.)
    pub(crate) fn climbs(&self, href: &str) -> bool {
        let Self::Path(page) = self else { return false };
        if !href.starts_with("..") {
            return false;
        }
        let up = href.split('/').take_while(|part| *part == "..").count();
        up >= page.bytes().filter(|byte| *byte == b'/').count()
    }

    /// Where `href` leads, as it is shown to people: a path without the leading slash, or a URL.
    pub(crate) fn show(&self, href: &str) -> String {
        let mut key = String::new();
        match self.resolve(href, &mut key) {
            Resolved::Target { fragment, .. } => {
                let mut shown = shown(&key).to_owned();
                if let Some(fragment) = fragment {
                    shown.push('#');
                    shown.push_str(fragment);
                }
                shown
            }
            _ => href.to_owned(),
        }
    }

    /// Where `href` leads from here; a target's key is appended to `buffer`.
    ///
    /// One that is longer than any URL that is asked for is not even looked at, but for whether it is `data:`, which
    /// may well be long.
    pub(crate) fn resolve<'a>(&self, href: &'a str, buffer: &mut String) -> Resolved<'a> {
        if href.len() > LONGEST_URL {
            let is_data = href.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"));
            return Resolved::Skip(if is_data { Reason::Data } else { Reason::UrlTooLong });
        }
        let url = match self {
            Self::Path(page) => match folder::resolve(page, href, buffer) {
                PathLink::Path { key, .. } if key.len() > LONGEST_URL => {
                    buffer.truncate(key.start);
                    return Resolved::Skip(Reason::UrlTooLong);
                }
                PathLink::Path { key, fragment } => return Resolved::Target { key, fragment },
                // A link without a scheme (`//host/path`) means the scheme that the site would be served with.
                PathLink::Absolute => match href.strip_prefix("//") {
                    Some(rest) => Url::parse(&format!("https://{rest}")),
                    None => Url::parse(href),
                },
                PathLink::Malformed => return Resolved::Malformed,
            },
            Self::Url(base) => base.join(href),
        };
        let Ok(url) = url else { return Resolved::Malformed };
        match url.scheme() {
            "http" | "https" => {}
            "mailto" => return Resolved::Skip(Reason::Mailto),
            "tel" => return Resolved::Skip(Reason::Tel),
            "data" => return Resolved::Skip(Reason::Data),
            "javascript" => return Resolved::Skip(Reason::Javascript),
            _ => return Resolved::Skip(Reason::Scheme),
        }
        if !url.has_host() {
            return Resolved::Malformed;
        }
        let start = buffer.len();
        let text = url.as_str();
        let key = text.split_once('#').map_or(text, |(before, _)| before);
        if key.len() > LONGEST_URL {
            return Resolved::Skip(Reason::UrlTooLong);
        }
        buffer.push_str(key);
        Resolved::Target { key: start..buffer.len(), fragment: href.split_once('#').map(|(_, fragment)| fragment) }
    }
}

/// A key as it is shown to people: a path below the folder without its leading slash, or a URL.
pub(crate) fn shown(key: &str) -> &str {
    key.strip_prefix('/').unwrap_or(key)
}

/// A fragment as it is compared: decoded, without a text directive; `None` where every page has it.
///
/// Both sides are decoded, so that `id="a%20b"`, `id="a b"`, `#a%20b` and `#a b` are all the same.
pub(crate) fn fragment_of(fragment: &str) -> Option<std::borrow::Cow<'_, str>> {
    let fragment = fragment.split_once(":~:").map_or(fragment, |(before, _)| before);
    if fragment.is_empty() || fragment.eq_ignore_ascii_case("top") {
        return None;
    }
    Some(percent_decode_str(fragment).decode_utf8_lossy())
}

/// What is in scope, and what is left out.
#[derive(Debug)]
pub(crate) struct Border {
    /// The start page of a site; none for a folder, where every path is in scope.
    pub(crate) start: Option<Url>,
    pub(crate) scope: Scope,
    pub(crate) include: Patterns,
    pub(crate) exclude: Patterns,
    pub(crate) external: bool,
}

impl Border {
    /// What is done with the target behind `key`, as long as nothing more is known of it.
    pub(crate) fn role(&self, key: &str) -> Role {
        let name = shown(key);
        if self.exclude.matches(name) || !(self.include.is_empty() || self.include.matches(name)) {
            return Role::Skipped(Reason::Excluded);
        }
        if key.starts_with('/') {
            return if folder::is_html(key) { Role::Page } else { Role::File };
        }
        let inside = match (&self.start, Url::parse(key)) {
            (Some(start), Ok(url)) => self.scope.contains(start, &url),
            _ => false,
        };
        if inside {
            Role::Page
        } else if self.external {
            Role::External
        } else {
            Role::Skipped(Reason::External)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exclusion_comes_first_then_scope_then_whether_externals_are_wanted() {
        let border = |external| Border {
            start: Some(Url::parse("https://example.org/docs/intro.html").unwrap()),
            scope: Scope::Path,
            include: Patterns::default(),
            exclude: Patterns::new([r"\.pdf$"]).unwrap(),
            external,
        };
        assert_eq!(border(true).role("https://example.org/docs/a.pdf"), Role::Skipped(Reason::Excluded));
        assert_eq!(border(true).role("https://example.org/docs/a"), Role::Page);
        assert_eq!(border(true).role("https://example.org/blog/"), Role::External);
        assert_eq!(border(false).role("https://example.org/blog/"), Role::Skipped(Reason::External));
    }

    #[test]
    fn fragments_are_compared_decoded_and_without_text_directives() {
        assert_eq!(fragment_of("a%20b").unwrap(), "a b");
        assert_eq!(fragment_of("intro:~:text=hello").unwrap(), "intro");
        for always in ["", "top", "Top", ":~:text=hello"] {
            assert_eq!(fragment_of(always), None);
        }
    }

    #[test]
    fn a_base_changes_where_links_lead() {
        let mut base = Base::of("/a/b.html");
        base.rebase("../c/");
        let mut buffer = String::new();
        assert_eq!(base.resolve("d.html#e", &mut buffer), Resolved::Target { key: 0..9, fragment: Some("e") });
        assert_eq!(buffer, "/c/d.html");
        base.rebase("https://example.org/x/");
        buffer.clear();
        base.resolve("y", &mut buffer);
        assert_eq!(buffer, "https://example.org/x/y");
    }

    #[test]
    fn schemes_that_are_not_checked_say_which() {
        let base = Base::of("https://example.org/");
        let mut buffer = String::new();
        assert_eq!(base.resolve("mailto:a@b.c", &mut buffer), Resolved::Skip(Reason::Mailto));
        assert_eq!(base.resolve("ftp://x/y", &mut buffer), Resolved::Skip(Reason::Scheme));
        assert_eq!(base.resolve("https://exa mple.org", &mut buffer), Resolved::Malformed);
        assert!(buffer.is_empty());
    }
}
