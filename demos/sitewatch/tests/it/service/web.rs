//! A web that changes while it is watched.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use sitewatch::check::{Http, Reply, Want};
use sitewatch::fetch::{FetchError, Validators};
use url::Url;

/// Pages by URL; every other URL is 404. Versions are told by `ETag`.
#[derive(Debug, Default)]
pub(crate) struct Web {
    pages: Mutex<HashMap<String, (String, u32)>>,
    delay: Mutex<Duration>,
    /// Hosts whose names begin so take longer.
    slow: Mutex<Option<(&'static str, Duration)>>,
    asked: Mutex<HashMap<String, u32>>,
    unchanged: Mutex<u32>,
    /// These answer 503 so many times more.
    failing: Mutex<HashMap<String, u32>>,
}

impl Web {
    pub(crate) fn new<'a>(pages: impl IntoIterator<Item = (&'a str, &'a str)>) -> Arc<Self> {
        let web = Self::default();
        for (url, html) in pages {
            web.put(url, html);
        }
        Arc::new(web)
    }

    /// A site of so many pages, each of which links to two others, and every tenth to something that isn't there.
    pub(crate) fn tree(host: &str, count: u32) -> Arc<Self> {
        let web = Self::default();
        for n in 0..count {
            let next = [2 * n + 1, 2 * n + 2].into_iter().filter(|next| *next < count);
            let mut html: String = next.map(|next| format!("<a href=/{next}>{next}</a>\n")).collect();
            if n % 10 == 3 {
                html += &format!("<a href=/gone/{n}>gone</a>");
            }
            web.put(&format!("http://{host}/{}", if n == 0 { String::new() } else { n.to_string() }), &html);
        }
        Arc::new(web)
    }

    pub(crate) fn put(&self, url: &str, html: &str) {
        let mut pages = self.pages.lock();
        let version = pages.get(url).map_or(1, |(_, version)| version + 1);
        pages.insert(url.to_owned(), (html.to_owned(), version));
    }

    pub(crate) fn remove(&self, url: &str) {
        self.pages.lock().remove(url);
    }

    pub(crate) fn fail(&self, url: &str, times: u32) {
        self.failing.lock().insert(url.to_owned(), times);
    }

    pub(crate) fn delay(&self, delay: Duration) {
        *self.delay.lock() = delay;
    }

    pub(crate) fn slow(&self, slow: Option<(&'static str, Duration)>) {
        *self.slow.lock() = slow;
    }

    /// How often it was asked for each URL since this was asked before.
    pub(crate) fn asked(&self) -> HashMap<String, u32> {
        std::mem::take(&mut *self.asked.lock())
    }

    /// How often it said that a page has not changed, since this was asked before.
    pub(crate) fn unchanged(&self) -> u32 {
        std::mem::take(&mut *self.unchanged.lock())
    }

    async fn answer(&self, url: &Url, want: Want, since: Option<&Validators>) -> Reply {
        *self.asked.lock().entry(url.to_string()).or_default() += 1;
        let host = url.host_str().unwrap_or_default();
        let slow = self.slow.lock().filter(|(hosts, _)| host.starts_with(hosts));
        let delay = slow.map_or_else(|| *self.delay.lock(), |(_, delay)| delay);
        tokio::time::sleep(delay).await;
        if let Some(times) = self.failing.lock().get_mut(url.as_str()).filter(|times| **times > 0) {
            *times -= 1;
            return Reply::Failed(FetchError::Status(503));
        }
        let Some((html, version)) = self.pages.lock().get(url.as_str()).cloned() else {
            return Reply::Failed(FetchError::Status(404));
        };
        let validators = Validators { etag: Some(format!("\"{version}\"")), last_modified: None };
        if since == Some(&validators) {
            *self.unchanged.lock() += 1;
            return Reply::NotModified;
        }
        match want {
            Want::Page => Reply::Html { body: html.into_bytes(), charset: None, validators },
            Want::Probe => Reply::IsHtml,
        }
    }
}

#[async_trait]
impl Http for Web {
    async fn fetch(&self, url: &Url, want: Want) -> Reply {
        self.answer(url, want, None).await
    }

    async fn fetch_changed(&self, url: &Url, since: &Validators) -> Reply {
        self.answer(url, Want::Page, Some(since)).await
    }

    async fn allowed(&self, _: &Url) -> Result<(), FetchError> {
        Ok(())
    }
}
