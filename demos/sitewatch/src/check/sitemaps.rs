//! The pages that a sitemap names, and those of the sitemaps that it names.

use std::collections::HashSet;
use std::path::Path;

use url::Url;

use super::CheckError;
use crate::fetch::Fetcher;
use crate::sitemap::Sitemap;

/// How many sitemaps are read for one check; each names at most 50,000 pages.
const SITEMAPS: usize = 100;

/// How many pages all of them may name together.
const PAGES: usize = 1_000_000;

/// All pages, in order, of a sitemap on a server.
pub(super) async fn at_url(fetcher: &Fetcher, url: &Url) -> Result<Vec<Url>, CheckError> {
    follow(fetcher, vec![url.clone()], Vec::new(), url.as_str()).await
}

/// All pages, in order, of a sitemap in a file.
pub(super) async fn in_file(fetcher: &Fetcher, path: &Path) -> Result<Vec<Url>, CheckError> {
    let name = path.display().to_string();
    let bytes =
        tokio::fs::read(path).await.map_err(|source| CheckError::Unreadable { path: path.to_owned(), source })?;
    let sitemap = Sitemap::parse(&bytes).map_err(|why| CheckError::Sitemap { name: name.clone(), why })?;
    follow(fetcher, urls(&sitemap.indexes), urls(&sitemap.pages), &name).await
}

async fn follow(
    fetcher: &Fetcher,
    mut sitemaps: Vec<Url>,
    mut pages: Vec<Url>,
    name: &str,
) -> Result<Vec<Url>, CheckError> {
    let mut seen: HashSet<Url> = sitemaps.iter().cloned().collect();
    sitemaps.reverse();
    let refused = |what| CheckError::SitemapSize { name: name.to_owned(), what };
    while let Some(url) = sitemaps.pop() {
        // Each of them will be read, so that it needn't be waited for.
        if seen.len() > SITEMAPS {
            return Err(refused("leads to more than 100 sitemaps"));
        }
        let fetched = fetcher.text(&url).await;
        let page = fetched.result.map_err(|why| CheckError::Start { url: url.to_string(), why })?;
        let sitemap = Sitemap::parse(&page.body.unwrap_or_default())
            .map_err(|why| CheckError::Sitemap { name: url.to_string(), why })?;
        pages.extend(urls(&sitemap.pages));
        if pages.len() > PAGES {
            return Err(refused("names more than 1,000,000 pages"));
        }
        let mut more = urls(&sitemap.indexes);
        more.retain(|url| seen.insert(url.clone()));
        sitemaps.extend(more.into_iter().rev());
    }
    if pages.is_empty() {
        return Err(refused("names no page"));
    }
    Ok(pages)
}

/// The parser has already refused what is no URL.
fn urls(texts: &[String]) -> Vec<Url> {
    texts.iter().filter_map(|text| Url::parse(text).ok()).collect()
}
