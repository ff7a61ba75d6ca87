use url::Url;

use super::{FetchError, Validators};

/// What became of a URL.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The last URL of the chain: the one that `result` is about. A fragment is inherited along the
    /// chain, as browsers do.
    pub url: Url,
    /// The redirects on the way there, in order.
    pub redirects: Vec<Hop>,
    /// What it answered.
    pub result: Result<Page, FetchError>,
    /// The attempts made at `url`; more than one means that it was retried. 0 where nothing was
    /// sent, because the URL is one that is not asked for, the host is known to be unreachable, or the
    /// caller gave up before.
    pub attempts: u32,
}

/// A redirect that was followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// The URL that redirected.
    pub url: Url,
    /// With which status.
    pub status: u16,
}

/// What became of one visit, redirects not followed.
#[derive(Clone, Debug)]
pub struct Visited {
    /// What it answered.
    pub result: Result<Answer, FetchError>,
    /// The attempts made; more than one means that it was retried. 0 where nothing was sent, because
    /// the URL is one that is not asked for, the host is known to be unreachable, or the caller gave up
    /// before.
    pub attempts: u32,
}

/// An answer that is not an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A success.
    Page(Page),
    /// It is the version that was asked about.
    NotModified,
    /// It is elsewhere.
    Redirect {
        /// The status: 301, 302, 303, 307 or 308.
        status: u16,
        /// Where: an `http` or `https` URL, with the fragment of the one that was visited unless it
        /// has its own.
        to: Url,
    },
}

/// A success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The status, 200 to 299.
    pub status: u16,
    /// The media type without its parameters, in lower case: `text/html`.
    pub content_type: Option<String>,
    /// The `charset` of the media type, in lower case.
    pub charset: Option<String>,
    /// The decompressed body, where it was asked for and is of the kind that was asked for.
    pub body: Option<Vec<u8>>,
    /// Which version of the page it is.
    pub validators: Validators,
}

impl Page {
    /// Whether the media type is one that browsers read as HTML.
    #[must_use]
    pub fn is_html(&self) -> bool {
        matches!(self.content_type.as_deref(), Some("text/html" | "application/xhtml+xml"))
    }
}
