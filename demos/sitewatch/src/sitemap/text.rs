//! One URL a line.

use super::{MAX_URLS, Sitemap, SitemapError};
use crate::fetch::LONGEST_URL;

pub(super) fn parse(text: &str) -> Result<Sitemap, SitemapError> {
    let mut pages = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        if !is_url(line) {
            return Err(SitemapError::NotAUrl { line: index + 1, text: line.chars().take(60).collect() });
        }
        if line.len() > LONGEST_URL {
            return Err(SitemapError::UrlTooLong { line: index + 1 });
        }
        if pages.len() == MAX_URLS {
            return Err(SitemapError::TooManyUrls);
        }
        pages.push(line.to_owned());
    }
    Ok(Sitemap { pages, indexes: Vec::new() })
}

fn is_url(line: &str) -> bool {
    let has_scheme = |scheme: &str| line.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    (has_scheme("http://") || has_scheme("https://")) && !line.contains(char::is_whitespace)
}
