//! What a check asks of HTTP: one request, one answer; the crawl itself follows redirects.

use async_trait::async_trait;
use url::Url;

use crate::fetch::FetchError;

/// How much of a target is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Want {
    /// Its content, where that is HTML.
    Page,
    /// Only whether it is there.
    Probe,
}

/// How one request was answered.
#[derive(Debug)]
pub enum Reply {
    /// HTML, with its content as it came.
    Html {
        /// The content.
        body: Vec<u8>,
        /// The character set that the header names.
        charset: Option<String>,
    },
    /// HTML, without its content.
    IsHtml,
    /// Something else that is there.
    Other,
    /// It is elsewhere.
    Redirect {
        /// The status, 301 to 308.
        status: u16,
        /// Where.
        to: Url,
    },
    /// It could not be had.
    Failed(FetchError),
}

/// A way to ask for a URL: the real one, or a test's.
#[async_trait]
pub trait Http: Send + Sync + 'static {
    /// Asks for `url` once, redirects not followed.
    async fn fetch(&self, url: &Url, want: Want) -> Reply;

    /// Whether robots.txt lets us ask for `url` when we recurse.
    async fn allowed(&self, url: &Url) -> bool;
}
