//! Asking for addresses with a memory: what this run knows is not asked for again, and what the one before knew is asked
//! for only if it may have changed.

use std::sync::Arc;
use std::time::Duration;

use actors::scheduler::WallClock;
use actors::worker_pool::{JobError, WorkerPool};
use async_trait::async_trait;
use jiff::Timestamp;
use patterns_core::cancel::CancelToken;
use patterns_core::context::{Context, Interrupt};
use sha2::{Digest, Sha256};
use url::Url;

use super::config::SiteConfig;
use super::core::Core;
use super::journal::Journal;
use crate::check::{Http, Reply, Want};
use crate::fetch::{FetchError, Validators};
use crate::html::{self, Outline};
use crate::report::{Reason, Verdict};
use crate::store::{Begun, Entry, How, Noted, Recalled, Store, StoreError, patiently};

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
    /// For how long another site's page that was well is not asked for again.
    remember: Duration,
    /// How many links of a page are kept: those that are looked at, and the first that is not.
    links: usize,
    http: Arc<H>,
}

/// What a page held: its text's hash, and what was found in it.
type Held = (String, Arc<Outline>);

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
            links: usize::try_from(config.max_links).unwrap_or(usize::MAX).saturating_add(1),
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
            Ok(recalled) => Ok(recalled),
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
            if well && age.unsigned_abs() < self.remember {
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
                let hash = hash(&body, charset.as_deref());
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
            Reply::Html { .. } | Reply::Read(_) | Reply::IsHtml => {
                (Noted::Html, Validators::default(), None, How::Asked)
            }
            Reply::Other | Reply::NotModified => (Noted::Other, Validators::default(), None, How::Asked),
            Reply::Redirect { status, to } => {
                (Noted::Redirect { status, to: to.into() }, Validators::default(), None, How::Asked)
            }
            Reply::Failed(FetchError::Interrupted(interrupt)) => return Err(interrupt),
            Reply::Failed(error) => (failed((&error).into()), Validators::default(), None, How::Asked),
            Reply::Known(verdict) => (failed(verdict), Validators::default(), None, How::Asked),
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
        self.ask(url, want).await.unwrap_or_else(|interrupt| Reply::Failed(FetchError::Interrupted(interrupt)))
    }

    async fn allowed(&self, url: &Url) -> Result<(), FetchError> {
        self.http.allowed(url).await
    }
}
// ANCHOR_END: http

fn failed(verdict: Verdict) -> Noted {
    Noted::Failed { reason: verdict.reason.code().to_string(), detail: verdict.detail.map(Into::into) }
}

/// An answer that was kept.
fn reply(noted: Noted, outline: Option<Held>) -> Reply {
    match (noted, outline) {
        (Noted::Html, Some((_, outline))) => Reply::Read(outline),
        (Noted::Html, None) => Reply::IsHtml,
        (Noted::Other, _) => Reply::Other,
        (Noted::Redirect { status, to }, _) => match Url::parse(&to) {
            Ok(to) => Reply::Redirect { status, to },
            Err(error) => Reply::Known(Verdict::new(Reason::BadRedirect).detail(error.to_string())),
        },
        (Noted::Failed { reason, detail }, _) => {
            let verdict = Verdict::new(reason.parse().unwrap_or(Reason::Failed));
            Reply::Known(match detail {
                Some(detail) => verdict.detail(detail),
                None => verdict,
            })
        }
    }
}

/// What tells whether a page is the same: a hash of its bytes, and how they are to be read.
fn hash(body: &[u8], charset: Option<&str>) -> String {
    let mut hash = Sha256::new();
    hash.update(charset.unwrap_or_default());
    hash.update([0]);
    hash.update(body);
    hash.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        use std::fmt::Write;
        let _ = write!(text, "{byte:02x}");
        text
    })
}
