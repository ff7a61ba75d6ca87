//! What a site's `robots.txt` permits, after [RFC 9309](https://www.rfc-editor.org/rfc/rfc9309).
//!
//! Own code, after a look at the crates for it: `texting_robots` rests on bstr 0.2
//! and nom 7, both long superseded; it and `robotxt` 0.7 (well kept, but in need of Rust 1.90) both
//! miss the RFC's own example of a literal star, `%2A`, and groups that name a crawler with a
//! version.

mod parse;
mod pattern;

use std::time::Duration;

use pattern::{Pattern, normalize_path};

/// What `robots.txt` permits one crawler on one site.
///
/// Decide by the answer's status which to make, as section 2.3.1 of the RFC says:
/// [`parse`](Self::parse) for success, [`allow_all`](Self::allow_all) if there is none (4xx),
/// [`disallow_all`](Self::disallow_all) if it can't be known (5xx, no connection).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use sitewatch::robots::Robots;
///
/// let body = b"User-agent: *\nDisallow: /private\nAllow: /private/open$\nCrawl-delay: 1.5\n\
///     Sitemap: https://example.com/sitemap.xml\n";
/// let robots = Robots::parse(body, "sitewatch/0.1");
/// assert!(robots.allows("/"));
/// assert!(!robots.allows("/private/key?x=1"));
/// assert!(robots.allows("/private/open"));
/// assert_eq!(robots.crawl_delay(), Some(Duration::from_millis(1500)));
/// assert_eq!(robots.sitemaps(), ["https://example.com/sitemap.xml"]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Robots {
    rules: Vec<Rule>,
    crawl_delay: Option<Duration>,
    sitemaps: Vec<String>,
}

#[derive(Clone, Debug)]
struct Rule {
    pattern: Pattern,
    allow: bool,
}

impl Robots {
    /// Reads `body` for the crawler whose product token `agent` begins with: the letters, `-` and
    /// `_` before the first other character, in any case, so a whole User-Agent header will do.
    ///
    /// All groups for that token count as one; if there is none, those for `*` do. Any bytes are
    /// accepted, and a line that makes no sense is passed over. What is beyond 500 KiB is not read,
    /// nor is a line that this would cut.
    #[must_use]
    pub fn parse(body: &[u8], agent: &str) -> Self {
        parse::parse(body, agent)
    }

    /// Everything is permitted.
    #[must_use]
    pub fn allow_all() -> Self {
        Self::default()
    }

    /// Nothing is permitted but `/robots.txt` itself.
    #[must_use]
    pub fn disallow_all() -> Self {
        let everything = Rule { pattern: Pattern::new(b"/"), allow: false };
        Self { rules: vec![everything], ..Self::default() }
    }

    /// Whether the crawler may fetch `path_and_query` (`/a/b?c=d`, percent-encoded as in a URL).
    ///
    /// Of all rules that match, the one with the longest path decides, and of two equally long ones
    /// that which permits; with no match it is permitted. `%7e`, `%7E` and `~` are the same here,
    /// and so are a letter beyond ASCII and its percent-encoded bytes.
    #[must_use]
    pub fn allows(&self, path_and_query: &str) -> bool {
        if self.rules.is_empty() {
            return true;
        }
        let path = normalize_path(path_and_query);
        if path == "/robots.txt" {
            return true;
        }
        self.rules
            .iter()
            .filter(|rule| rule.pattern.matches(&path))
            .max_by_key(|rule| (rule.pattern.len(), rule.allow))
            .is_none_or(|rule| rule.allow)
    }

    /// How long to wait from one request to the next, if the site says so. Not in the RFC, but in
    /// wide use; in seconds there, possibly with a fraction. Of several, the longest. Any length is
    /// possible, so cap it.
    #[must_use]
    pub fn crawl_delay(&self) -> Option<Duration> {
        self.crawl_delay
    }

    /// The addresses of all sitemaps that are named, for whichever crawler, as they stand there.
    #[must_use]
    pub fn sitemaps(&self) -> &[String] {
        &self.sitemaps
    }
}
