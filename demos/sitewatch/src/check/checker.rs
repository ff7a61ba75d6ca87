use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use actors::System;
use actors::coordinator::{Cause, Coordinator};
use actors::worker_pool::WorkerPool;
use patterns_core::cancel::shield;
use patterns_core::context::Context;
use tokio::time::Instant;
use url::Url;

use super::run::Check;
use super::start::{self, Start};
use super::{CheckError, Http, sitemaps};
use crate::cli::Target;
use crate::config::{CheckConfig, Scope};
use crate::fetch::{Fetcher, Pacer};
use crate::folder::Folder;
use crate::progress::ProgressState;
use crate::report::Report;
use crate::store::{Location, Store, StoreError};

/// How many requests, to all hosts together, are under way at a time.
const IO_TASKS: usize = 256;

/// How many jobs wait for a worker: more than one slow host's share, so that the others go on meanwhile.
const QUEUE: usize = 8_192;

/// How long writing a run to the database may take.
const SAVE: Duration = Duration::from_secs(300);

/// The same for a check that was stopped: a person waits, and was told five seconds.
const SAVE_PARTIAL: Duration = Duration::from_secs(2);

/// Checks targets.
///
/// Every page in scope is found and asked for exactly once, every link out of scope is asked for once,
/// and every link is judged. It ends by itself: a crawl is finished when nothing is left that could
/// lead anywhere new.
///
/// # Defaults
///
/// The real HTTP client, as configured; a frontier that takes 4,096 tasks from outside before whoever
/// feeds it waits.
///
/// # Examples
///
/// ```
/// use sitewatch::check::Checker;
/// use sitewatch::cli::Target;
/// use sitewatch::config::CheckConfig;
///
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let folder = tempfile::tempdir()?;
/// std::fs::write(folder.path().join("index.html"), "<a href=more.html>more</a> <a href=gone.html>gone</a>")?;
/// std::fs::write(folder.path().join("more.html"), "<a href='index.html#nowhere'>back</a>")?;
///
/// let target = Target::Folder { root: folder.path().into(), from: None };
/// let report = Checker::new(CheckConfig::default()).run(&target).await?;
/// assert_eq!((report.summary().pages, report.summary().broken()), (2, 2));
/// let broken: Vec<_> = report.links().iter().map(|link| (link.page, link.url)).collect();
/// assert_eq!(broken, [("index.html", "gone.html"), ("more.html", "index.html#nowhere")]);
/// # Ok(()) }
/// ```
pub struct Checker {
    config: CheckConfig,
    http: Option<Arc<dyn Http>>,
    pacer: Option<Arc<dyn Pacer>>,
    progress: Arc<ProgressState>,
    frontier: usize,
}

impl Checker {
    /// A checker that does what `config` says, all but its `target`.
    #[must_use]
    pub fn new(config: CheckConfig) -> Self {
        Self { config, http: None, pacer: None, progress: Arc::default(), frontier: 4096 }
    }

    /// Asks this for URLs, instead of the HTTP client.
    #[must_use]
    pub fn http(mut self, http: Arc<dyn Http>) -> Self {
        self.http = Some(http);
        self
    }

    /// Asks at this pace what it asks by its own HTTP client, instead of at one of its own: for whoever brings another one
    /// for pages, as sitemaps are read all the same.
    #[must_use]
    pub fn pacer(mut self, pacer: Arc<dyn Pacer>) -> Self {
        self.pacer = Some(pacer);
        self
    }

    /// Counts here what it has done so far.
    #[must_use]
    pub fn progress(mut self, progress: Arc<ProgressState>) -> Self {
        self.progress = progress;
        self
    }

    /// How many tasks the frontier takes from outside before whoever feeds it waits; at least 1.
    ///
    /// Links found in pages never wait, so that any bound will do.
    #[must_use]
    pub fn frontier(mut self, bound: usize) -> Self {
        self.frontier = bound;
        self
    }

    /// Checks `target`. If the ambient token is cancelled, it stops within five seconds and reports
    /// what is known by then, as incomplete.
    ///
    /// # Errors
    ///
    /// [`CheckError`]: there was nothing to check, or the machine did not let us.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: what runs is stopped, and nothing is left on disk.
    // ANCHOR: run
    pub async fn run(&self, target: &Target) -> Result<Report, CheckError> {
        let (began, started) = (Instant::now(), SystemTime::now());
        let system = System::start()?;
        // ANCHOR: workers
        let threads = self.config.workers.or_else(|| std::thread::available_parallelism().ok());
        let workers = WorkerPool::builder()
            .name("check")
            .cpu_threads(threads.map_or(2, NonZeroUsize::get))
            .io_tasks(IO_TASKS)
            .per_key(self.config.http.per_host.max(1))
            .queue(QUEUE)
            .start(&system)?;
        // ANCHOR_END: workers
        // A database that can't be used is heard of before the check and not after it.
        let store = match &self.config.db {
            Some(place) => {
                let location = Location::of(&place.to_string_lossy()).map_err(StoreError::from)?;
                Some(Store::open(&location, &system).await?)
            }
            None => None,
        };
        let mut plan = Coordinator::builder().add("workers", workers.clone());
        if let Some(store) = &store {
            plan = match (store.db().sqlite(), store.db().postgres()) {
                (Some(pool), _) => plan.add("store", pool.clone()),
                (_, Some(pool)) => plan.add("store", pool.clone()),
                (None, None) => plan,
            };
        }
        let coordinator = plan.start(&system)?;
        coordinator.wait_ready().await?;
        let result = self.run_with(&workers, store, target, began, started).await;
        let cause = Context::current().token().cause().cloned().map_or(Cause::Finished, Cause::from);
        let ended = coordinator.shutdown(cause).await;
        tracing::debug!(%ended, "check ended");
        result
    }
    // ANCHOR_END: run

    // ANCHOR: keep
    async fn run_with(
        &self,
        workers: &WorkerPool,
        store: Option<Store>,
        target: &Target,
        began: Instant,
        started: SystemTime,
    ) -> Result<Report, CheckError> {
        let report = self.check(workers, target, began).await?;
        let Some(store) = store else { return Ok(report) };
        let report = Arc::new(report);
        let limit = if report.summary().is_complete() { SAVE } else { SAVE_PARTIAL };
        // Once begun it is finished, whatever happens to us: a run in the database is whole.
        let shared = Arc::clone(&report);
        let saved = shield(limit, async move { store.save(shared, started).await }).await;
        // Where the section was out of time, a call of the database's may still have its share.
        let report = Arc::try_unwrap(report).unwrap_or_else(|shared| Report::clone(&shared));
        // A report that can't be kept is still a report.
        Ok(match saved {
            Ok(Ok(_)) => report,
            Ok(Err(why)) => report.with_not_kept(format!("the run could not be kept: {why}")),
            Err(why) => report.with_not_kept(format!("the run could not be kept: {why}")),
        })
    }
    // ANCHOR_END: keep

    /// Checks `target` on workers that are there, whose `per_key` limit holds for each host. It keeps nothing in a
    /// database.
    ///
    /// # Errors
    ///
    /// Those of [`run`](Self::run).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn run_on(&self, workers: &WorkerPool, target: &Target) -> Result<Report, CheckError> {
        self.check(workers, target, Instant::now()).await
    }

    async fn check(&self, workers: &WorkerPool, target: &Target, began: Instant) -> Result<Report, CheckError> {
        let named = self.config.target.as_deref().unwrap_or_default();
        let mut http = self.config.http.clone();
        if let (Target::Site(url), true) = (target, http.credential_hosts.is_empty()) {
            // Credentials are for the site that is checked, and for nobody that it links to.
            http.credential_hosts.extend(url.host_str().map(str::to_owned));
        }
        let (fetcher, http): (Option<Fetcher>, Arc<dyn Http>) = match &self.http {
            // Whoever brings its own has no need of ours, but where a sitemap is to be read.
            Some(own) if matches!(target, Target::Site(_) | Target::Folder { .. }) => (None, Arc::clone(own)),
            own => {
                let fetcher = match &self.pacer {
                    Some(pacer) => Fetcher::paced(&http, Arc::clone(pacer))?,
                    None => Fetcher::new(&http)?,
                };
                let http = own.clone().unwrap_or_else(|| Arc::new(fetcher.clone()));
                (Some(fetcher), http)
            }
        };
        let start = self.start(fetcher.as_ref(), &*http, workers, target).await?;
        let check = Check {
            config: &self.config,
            target: named,
            http,
            workers: workers.clone(),
            progress: Arc::clone(&self.progress),
            frontier: self.frontier,
        };
        check.run(start, began).await
    }

    async fn start(
        &self,
        fetcher: Option<&Fetcher>,
        http: &dyn Http,
        workers: &WorkerPool,
        target: &Target,
    ) -> Result<Start, CheckError> {
        let config = &self.config;
        match (target, fetcher) {
            (Target::SitemapUrl(_) | Target::SitemapFile(_), None) => unreachable!("made for every sitemap"),
            (Target::Site(url), _) => start::at_url(config, url, http).await,
            (Target::Folder { from: None, .. }, _) if config.depth.is_some() => Err(CheckError::DepthOfFolder),
            (Target::Folder { .. }, _) if config.scope != Scope::default() => Err(CheckError::ScopeOfFolder),
            (Target::Folder { root, from }, _) => {
                let root = root.clone();
                // Walking a large folder blocks for long.
                let folder = workers.submit_cpu(move || Folder::open(&root)).await;
                let folder =
                    folder.map_err(|error| CheckError::Machine { what: "list the folder", source: error.into() })??;
                start::in_folder(config, folder, from.as_deref())
            }
            (Target::SitemapUrl(url), Some(fetcher)) => {
                let pages = sitemaps::at_url(fetcher, url).await?;
                Ok(start::in_sitemap(config, url.as_str(), Some(url.clone()), &pages))
            }
            (Target::SitemapFile(path), Some(fetcher)) => {
                let pages = sitemaps::in_file(fetcher, path).await?;
                let root = pages.first().and_then(|url: &Url| url.join("/").ok());
                Ok(start::in_sitemap(config, &path.display().to_string(), root, &pages))
            }
        }
    }
}

impl fmt::Debug for Checker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checker")
            .field("config", &self.config)
            .field("frontier", &self.frontier)
            .finish_non_exhaustive()
    }
}
