//! What a check asks of HTTP: one request, one answer; the crawl itself follows redirects.

use std::sync::Arc;

use async_trait::async_trait;
use url::Url;

use crate::fetch::{Answer, FetchError, Fetcher, Validators, Visited};
use crate::html::Outline;
use crate::report::Verdict;

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
        /// What to ask with whether it has changed.
        validators: Validators,
    },
    /// HTML that was read already.
    Read(Arc<Outline>),
    /// HTML that was read where it was fetched.
    Outlined {
        /// What tells whether it holds the same as at another time.
        hash: String,
        /// What was found in it.
        outline: Arc<Outline>,
        /// What to ask with whether it has changed.
        validators: Validators,
    },
    /// It is as it was, to whoever asked with what it had then.
    NotModified,
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
    /// It is known that it can't be had.
    Known(Verdict),
}

/// A way to ask for a URL: the real one, or a test's.
#[async_trait]
pub trait Http: Send + Sync + 'static {
    /// Asks for `url` once, redirects not followed.
    async fn fetch(&self, url: &Url, want: Want) -> Reply;

    /// Asks for the page at `url`, unless it is as it was when it had these validators. Who does not know the question
    /// gives the page.
    async fn fetch_changed(&self, url: &Url, _since: &Validators) -> Reply {
        self.fetch(url, Want::Page).await
    }

    /// Whether whoever runs the site lets us ask for `url` when we follow links.
    ///
    /// # Errors
    ///
    /// Why not: its robots.txt says so, or can't be had.
    async fn allowed(&self, url: &Url) -> Result<(), FetchError>;
}

#[async_trait]
impl Http for Fetcher {
    async fn fetch(&self, url: &Url, want: Want) -> Reply {
        let visited = match want {
            Want::Page => self.visit_page(url).await,
            Want::Probe => self.visit_probe(url).await,
        };
        reply(visited)
    }

    async fn fetch_changed(&self, url: &Url, since: &Validators) -> Reply {
        reply(self.visit_changed(url, since).await)
    }

    async fn allowed(&self, url: &Url) -> Result<(), FetchError> {
        Self::allowed(self, url).await
    }
}

fn reply(visited: Visited) -> Reply {
    match visited.result {
        Ok(Answer::Redirect { status, to }) => Reply::Redirect { status, to },
        Ok(Answer::NotModified) => Reply::NotModified,
        Ok(Answer::Page(page)) if page.is_html() => match page.body {
            Some(body) => Reply::Html { body, charset: page.charset, validators: page.validators },
            None => Reply::IsHtml,
        },
        Ok(Answer::Page(_)) => Reply::Other,
        Err(error) => Reply::Failed(error),
    }
}
