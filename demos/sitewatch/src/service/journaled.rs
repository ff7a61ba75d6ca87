//! Asking for addresses with a memory: what this run knows is not asked for again, and what the one before knew is asked
//! for only if it may have changed.

mod kept;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actors::scheduler::WallClock;
use actors::worker_pool::{JobError, WorkerPool};
use async_trait::async_trait;
use jiff::Timestamp;
use patterns_core::cancel::CancelToken;
use patterns_core::context::{Context, Interrupt};
use url::Url;

use super::config::SiteConfig;
use super::core::Core;
use super::journal::Journal;
use crate::check::{Http, Reply, Want};
use crate::config::Scope;
use crate::fetch::{FetchError, Validators};
use crate::html::{self, Outline};
use crate::report::{Reason, Verdict};
use crate::store::{Begun, Entry, How, Noted, Recalled, Store, StoreError, patiently};
use kept::{Held, hash, noted, reply};

/// A way to ask for addresses that keeps what it learns.
///
/// An answer is given only once it is in the journal, so that nothing can follow from it that is not.
pub(crate) struct Journaled<H: ?Sized> {
    store: Store,
    journal: Journal,
    workers: WorkerPool,
    clock: Arc<dyn WallClock>,
    site: i64,
    run: i64,
    previous: Option<i64>,
    /// Whether there can be something to recall.
    knows: bool,
    /// For how long what is on another site and was well is not asked for again.
    remember: Duration,
    scope: Scope,
    /// The target, where that is a URL.
    target: Option<Url>,
    /// The first page that was read, which may be where redirects from the target lead.
    start: OnceLock<Url>,
    /// How many links of a page are kept: those that are looked at, and the first that is not.
    links: usize,
    http: Arc<H>,
}

impl<H: Http + ?Sized> Journaled<H> {
    /// Asks `http` for what isn't known.
    pub(crate) fn new(
        core: &Core,
        http: Arc<H>,
        journal: Journal,
        site: i64,
        begun: &Begun,
        config: &SiteConfig,
    ) -> Self {
        let (run, previous) = (begun.run, begun.previous);
        Self {
            store: core.store.clone(),
            journal,
            workers: core.workers.clone(),
            clock: Arc::clone(&core.clock),
            site,
            run,
            previous,
            knows: previous.is_some() || begun.resumed > 0,
            remember: config.remember_external,
            scope: config.scope.clone(),
            target: Url::parse(&config.target).ok(),
            start: OnceLock::new(),
            links: config.links(),
            http,
        }
    }

    /// What is known of an address. Waits for a database that is away.
    async fn recall(&self, url: &Url, want: Want) -> Result<Option<Recalled>, Interrupt> {
        if !self.knows {
            return Ok(None);
        }
        let recall = || self.store.recall(self.site, self.run, self.previous, url.as_str(), want);
        match patiently(recall).await? {
            // A page that was cut at fewer links than are looked at now is as good as not known.
            Ok(known) => Ok(known.filter(|known| known.outline.as_ref().is_none_or(|held| held.1.reaches(self.links)))),
            Err(StoreError::Interrupted(interrupt)) => Err(interrupt),
            // What it knew is asked for again; whoever writes the journal has more to say about this.
            Err(error) => {
                tracing::warn!(%error, %url, "nothing can be recalled");
                Ok(None)
            }
        }
    }

    // ANCHOR: ask
    async fn ask(&self, url: &Url, want: Want) -> Result<Reply, Interrupt> {
        let recalled = self.recall(url, want).await?;
        let Some(recalled) = recalled else {
            let reply = self.http.fetch(url, want).await;
            return self.learn(url, want, reply, None).await;
        };
        if recalled.of_this_run {
            return Ok(reply(recalled.noted, recalled.outline));
        }
        let Recalled { noted, validators, outline, seen, .. } = recalled;
        let well = matches!(noted, Noted::Html | Noted::Other);
        if want == Want::Probe {
            let age = self.clock.now().duration_since(seen);
            if well && age.unsigned_abs() < self.remember && !self.is_own(url) {
                self.note(url, want, noted.clone(), Validators::default(), None, How::Remembered, seen).await?;
                return Ok(reply(noted, None));
            }
            let reply = self.http.fetch(url, want).await;
            return self.learn(url, want, reply, None).await;
        }
        let Some(held) = outline.filter(|_| well) else {
            let reply = self.http.fetch(url, want).await;
            return self.learn(url, want, reply, None).await;
        };
        let answer = match validators.is_empty() {
            true => self.http.fetch(url, want).await,
            false => self.http.fetch_changed(url, &validators).await,
        };
        if let Reply::NotModified = answer {
            let seen = self.clock.now();
            self.note(url, want, Noted::Html, validators, Some(held.clone()), How::Unchanged, seen).await?;
            return Ok(Reply::Read(held.1));
        }
        self.learn(url, want, answer, Some(held)).await
    }
    // ANCHOR_END: ask

    /// Whether something is the site's own: in its scope, or where the target or the start page are.
    fn is_own(&self, url: &Url) -> bool {
        let mut sites = self.target.iter().chain(self.start.get());
        sites.any(|site| site.origin() == url.origin() || self.scope.contains(site, url))
    }

    /// Keeps an answer, and gives it as it is from then on. That is short, and done also where the run is to stop: what
    /// was learned is not learned again.
    async fn learn(&self, url: &Url, want: Want, answer: Reply, before: Option<Held>) -> Result<Reply, Interrupt> {
        let patient = Context::current().with_token(CancelToken::new()).without_deadline();
        patient.scope(self.learn_patiently(url, want, answer, before)).await
    }

    async fn learn_patiently(
        &self,
        url: &Url,
        want: Want,
        answer: Reply,
        before: Option<Held>,
    ) -> Result<Reply, Interrupt> {
        let (noted, validators, held, how) = match answer {
            Reply::Html { body, charset, validators } if want == Want::Page => {
                let hash = hash(&body, charset.as_deref(), self.links);
                match before.filter(|(before, _)| *before == hash) {
                    Some(held) => (Noted::Html, validators, Some(held), How::Unchanged),
                    None => match self.read(body, charset).await {
                        Ok(outline) => (Noted::Html, validators, Some((hash, Arc::new(outline))), How::Asked),
                        // A defect of ours, which may be mended when it is asked for again: not to be kept.
                        Err(JobError::Panicked(panic)) => {
                            return Ok(Reply::Known(Verdict::new(Reason::Failed).detail(panic.to_string())));
                        }
                        Err(_) => return Err(self.journal.interrupt()),
                    },
                }
            }
            Reply::Outlined { hash, outline, validators } if want == Want::Page => {
                match before.filter(|(before, _)| *before == hash) {
                    Some(held) => (Noted::Html, validators, Some(held), How::Unchanged),
                    None => (Noted::Html, validators, Some((hash, outline)), How::Asked),
                }
            }
            answer => (noted(answer)?, Validators::default(), None, How::Asked),
        };
        let outline = held.clone();
        self.note(url, want, noted.clone(), validators, held, how, self.clock.now()).await?;
        Ok(reply(noted, outline))
    }

    #[expect(clippy::too_many_arguments, reason = "the columns of a row, each of which differs from call to call")]
    async fn note(
        &self,
        url: &Url,
        want: Want,
        noted: Noted,
        validators: Validators,
        outline: Option<Held>,
        how: How,
        seen: Timestamp,
    ) -> Result<(), Interrupt> {
        self.journal.note(Entry { url: url.as_str().to_owned(), want, noted, validators, outline, how, seen }).await
    }

    /// Reads a page, on a worker that computes.
    async fn read(&self, body: Vec<u8>, charset: Option<String>) -> Result<Outline, JobError> {
        let links = self.links;
        self.workers.submit_cpu(move || Outline::up_to(&html::decode(&body, charset.as_deref()), links)).await
    }
}

// ANCHOR: http
#[async_trait]
impl<H: Http + ?Sized> Http for Journaled<H> {
    async fn fetch(&self, url: &Url, want: Want) -> Reply {
        let asked = self.ask(url, want).await;
        if let Ok(Reply::Read(_)) = asked {
            // The crawl begins with one: from here on it is known where the site is.
            self.start.get_or_init(|| url.clone());
        }
        asked.unwrap_or_else(|interrupt| Reply::Failed(FetchError::Interrupted(interrupt)))
    }

    async fn allowed(&self, url: &Url) -> Result<(), FetchError> {
        self.http.allowed(url).await
    }
}
// ANCHOR_END: http
