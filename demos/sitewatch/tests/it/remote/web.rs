//! A web that a test makes up, which notes when it is asked for what, and by whom.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use sitewatch::check::{Http, Reply, Want};
use sitewatch::fetch::{FetchError, FetchSetupError, HttpConfig, Pacer, Validators};
use sitewatch::remote::PacedDial;
use tokio::time::{Instant, sleep};
use url::Url;

use super::cable::Life;

/// A page, or what there is instead.
#[derive(Clone, Debug)]
pub(super) enum There {
    Html(String),
    Redirect(&'static str),
    File,
    Failure(FetchError),
    /// The host wants to be left alone for so long, and then it is there.
    Busy(Duration),
}

/// A request, as the web noted it.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) at: Instant,
    pub(super) url: String,
    pub(super) by: &'static str,
}

/// These URLs; every other is 404, and disallowed below `/private/`.
#[derive(Debug, Default)]
pub(super) struct Web {
    pub(super) there: HashMap<String, There>,
    /// How long an answer takes.
    pub(super) delay: Duration,
    /// What the robots.txt of each host wants to lie between two requests.
    pub(super) crawl_delay: Duration,
    pub(super) asked: Mutex<Vec<Asked>>,
    /// The settings of each client that was made, and by whom.
    pub(super) clients: Mutex<Vec<(&'static str, HttpConfig)>>,
}

impl Web {
    pub(super) fn with(mut self, url: &str, there: There) -> Self {
        self.there.insert(url.to_owned(), there);
        self
    }

    pub(super) fn html(self, url: &str, html: impl Into<String>) -> Self {
        self.with(url, There::Html(html.into()))
    }

    /// A site of so many pages, each of which leads to two others, and every tenth to something that isn't there.
    pub(super) fn tree(count: u32) -> Self {
        (0..count).fold(Self::default(), |web, n| {
            let next = [2 * n + 1, 2 * n + 2].into_iter().filter(|next| *next < count);
            let mut html: String = next.map(|next| format!("<a href=/{next}>page {next}</a>\n")).collect();
            if n % 10 == 3 {
                html += &format!("<p><a href=/gone/{n}#x>gone</a> <a href=/#nowhere>top</a>");
            }
            web.html(&format!("http://s.test/{}", if n == 0 { String::new() } else { n.to_string() }), html)
        })
    }

    /// How often each URL was asked for.
    pub(super) fn times(&self) -> HashMap<String, u32> {
        let mut times = HashMap::new();
        for asked in &*self.asked.lock() {
            *times.entry(asked.url.clone()).or_default() += 1;
        }
        times
    }

    /// Who has asked.
    pub(super) fn askers(&self) -> Vec<&'static str> {
        let mut askers: Vec<_> = self.asked.lock().iter().map(|asked| asked.by).collect();
        askers.sort_unstable();
        askers.dedup();
        askers
    }

    /// What lay between requests that followed one another.
    pub(super) fn gaps(&self) -> Vec<Duration> {
        let mut at: Vec<Instant> = self.asked.lock().iter().map(|asked| asked.at).collect();
        at.sort_unstable();
        at.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }
}

/// How a program asks this web, for as long as it lives.
pub(super) fn dial(web: &Arc<Web>, by: &'static str, life: &Life) -> PacedDial {
    let (web, life) = (Arc::clone(web), life.clone());
    Arc::new(move |config, pacer| {
        web.clients.lock().push((by, config.clone()));
        if config.user_agent == "impossible" {
            return Err(FetchSetupError::Value { field: "user_agent", must: "possible" });
        }
        let (web, life) = (Arc::clone(&web), life.clone());
        Ok(Arc::new(Client { web, by, life, pacer: Some(pacer) }) as Arc<dyn Http>)
    })
}

/// This web as one process asks it, without workers and without any pace.
pub(super) fn alone(web: &Arc<Web>) -> Arc<dyn Http> {
    Arc::new(Client { web: Arc::clone(web), by: "alone", life: Life::default(), pacer: None })
}

struct Client {
    web: Arc<Web>,
    by: &'static str,
    life: Life,
    pacer: Option<Arc<dyn Pacer>>,
}

impl Client {
    async fn turn(&self, host: &str) -> Result<(), FetchError> {
        match &self.pacer {
            Some(pacer) => pacer.turn(host).await,
            None => Ok(()),
        }
    }

    /// Who is dead does nothing.
    async fn live(&self) {
        if self.life.is_over() {
            std::future::pending::<()>().await;
        }
    }
}

#[async_trait]
impl Http for Client {
    async fn fetch(&self, url: &Url, want: Want) -> Reply {
        let host =
            format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default());
        let there = self.web.there.get(url.as_str()).cloned().unwrap_or(There::Failure(FetchError::Status(404)));
        loop {
            if let Err(error) = self.turn(&host).await {
                return Reply::Failed(error);
            }
            self.live().await;
            let asked = Asked { at: Instant::now(), url: url.to_string(), by: self.by };
            self.web.asked.lock().push(asked);
            sleep(self.web.delay).await;
            self.live().await;
            match (&there, &self.pacer) {
                // The first who asks is sent away, and all others wait with him.
                (There::Busy(wait), Some(pacer)) if self.web.times()[url.as_str()] == 1 => {
                    pacer.pause(&host, *wait).await;
                }
                _ => break,
            }
        }
        match there {
            There::Html(_) if want == Want::Probe => Reply::IsHtml,
            There::Html(html) => {
                Reply::Html { body: html.into_bytes(), charset: None, validators: Validators::default() }
            }
            There::Redirect(to) => Reply::Redirect { status: 301, to: url.join(to).unwrap() },
            There::File | There::Busy(_) => Reply::Other,
            There::Failure(error) => Reply::Failed(error),
        }
    }

    async fn allowed(&self, url: &Url) -> Result<(), FetchError> {
        let delay = self.web.crawl_delay;
        if let Some(pacer) = self.pacer.as_ref().filter(|_| !delay.is_zero()) {
            pacer.slow_down("s.test:80", delay).await;
        }
        if url.path().starts_with("/private/") { Err(FetchError::Robots { status: None }) } else { Ok(()) }
    }
}
