use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use actors::System;
use actors::jobs::{JobQueue, StartError};
use tokio::time::Instant;

use super::asking::Asking;
use super::rate::SharedPace;
use super::{Engine, PacedDial, fetcher, kept};
use crate::check::Http;
use crate::fetch::{FetchSetupError, HttpConfig, Pacer};

/// What those are called in the engine that lead checks.
const NAME: &str = "lead";

/// Has addresses fetched by workers, for whoever leads a check. A clone is the same.
///
/// The queue needs no handlers: the lead puts jobs and waits for their ends. What a robots.txt permits it asks itself, at
/// the pace that all share.
///
/// # Examples
///
/// A page that a worker fetches, from a web that is made up.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use actors::System;
/// use actors::coordinator::Cause;
/// use actors::jobs::JobQueue;
/// use actors::jobs::driver::MemoryDriver;
/// use async_trait::async_trait;
/// use sitewatch::check::{Http, Reply, Want};
/// use sitewatch::fetch::{FetchError, HttpConfig, Validators};
/// use sitewatch::remote::{Errand, Lead, PacedDial, Worker};
/// use url::Url;
///
/// struct Web;
///
/// #[async_trait]
/// impl Http for Web {
///     async fn fetch(&self, url: &Url, _want: Want) -> Reply {
///         let validators = Validators::default();
///         match url.path() {
///             "/" => Reply::Html { body: b"<a href=/b>b</a>".to_vec(), charset: None, validators },
///             _ => Reply::Failed(FetchError::Status(404)),
///         }
///     }
///     async fn allowed(&self, _url: &Url) -> Result<(), FetchError> {
///         Ok(())
///     }
/// }
///
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let dial: PacedDial = Arc::new(|_, _| Ok(Arc::new(Web) as Arc<dyn Http>));
/// let (system, engine) = (System::start()?, MemoryDriver::new());
/// let turns = JobQueue::builder(engine.clone()).start(&system).await?;
/// let worker = Worker::builder(JobQueue::builder(engine.clone()), turns).dial(dial.clone()).start(&system).await?;
///
/// let lead = Lead::new(JobQueue::builder(engine).start(&system).await?).dial(dial);
/// let http = lead.http(&HttpConfig::default(), Errand::new("an example", 100))?;
/// let page = http.fetch(&"http://a.example/".parse()?, Want::Page).await;
/// assert!(matches!(page, Reply::Outlined { .. }), "it was read where it was fetched");
/// let gone = http.fetch(&"http://a.example/b".parse()?, Want::Probe).await;
/// assert!(matches!(gone, Reply::Known(verdict) if verdict.to_string() == "404 Not Found"));
///
/// assert!(worker.stop(Cause::Finished).await.is_clean());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Lead {
    queue: JobQueue,
    dial: PacedDial,
}

/// What is asked for together: what a worker learns of a host, as that it can't be reached, holds for all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Errand {
    pub(super) name: String,
    pub(super) links: usize,
    pub(super) identity: Option<String>,
    pub(super) until: Option<Instant>,
}

impl Errand {
    /// Whoever goes on with it after a crash must give it the same name, and nobody else the same: what was asked for
    /// under that name is found, and not fetched again. Of each page so many links are kept.
    #[must_use]
    pub fn new(name: impl Into<String>, links: usize) -> Self {
        Self { name: name.into(), links, identity: None, until: None }
    }

    /// Has the [`credential_hosts`](HttpConfig::credential_hosts) asked with the credentials of this site, which only the
    /// workers whose settings have them can do. All others are asked as anyone.
    #[must_use]
    pub fn identity(mut self, site: impl Into<String>) -> Self {
        self.identity = Some(site.into());
        self
    }

    /// Has nothing fetched any more a little after so long: by then whoever goes on it has ended.
    #[must_use]
    pub fn within(mut self, time: Duration) -> Self {
        self.until = Instant::now().checked_add(time);
        self
    }
}

impl Lead {
    /// Has addresses fetched by the workers of this engine, and gives up those who are silent: also where none of the
    /// others lives for long enough to notice it, or none is left.
    ///
    /// # Errors
    ///
    /// [`StartError`], a line per variant there. An engine that is away is none.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn on(engine: &Engine, system: &System) -> Result<Self, StartError> {
        Ok(Self::new(kept(engine.queue()).name(NAME).leads(true).start(system).await?))
    }

    /// Whether this owner in the engine leads checks, and does not fetch.
    pub(crate) fn is_one(owner: &str) -> bool {
        owner.strip_prefix(NAME).is_some_and(|rest| rest.starts_with('-'))
    }

    /// Has addresses fetched by the workers of this queue.
    #[must_use]
    pub fn new(queue: JobQueue) -> Self {
        Self { queue, dial: fetcher() }
    }

    /// Asks by this what a robots.txt permits, instead of the HTTP client.
    #[must_use]
    pub fn dial(mut self, dial: PacedDial) -> Self {
        self.dial = dial;
        self
    }

    /// A way to ask for addresses as these settings say. Its answers are [`Known`](crate::check::Reply::Known) where they
    /// are no answers, as the words of an error go through the queue and not the error.
    ///
    /// # Errors
    ///
    /// Those of [`Fetcher::new`](crate::fetch::Fetcher::new).
    pub fn http(&self, http: &HttpConfig, errand: Errand) -> Result<Arc<dyn Http>, FetchSetupError> {
        let pace = self.shared_pace(http);
        let pacer: Arc<dyn Pacer> = pace.clone();
        let local = (self.dial)(http, pacer)?;
        Ok(Arc::new(Asking::new(self.queue.clone(), local, pace, errand, http)))
    }

    /// The pace that all share, for whoever asks hosts himself.
    pub(crate) fn pace(&self, http: &HttpConfig) -> Arc<dyn Pacer> {
        self.shared_pace(http)
    }

    fn shared_pace(&self, http: &HttpConfig) -> Arc<SharedPace> {
        Arc::new(SharedPace::new(self.queue.clone(), http.rate))
    }

    /// The queue, to be looked at and to be stopped.
    #[must_use]
    pub fn queue(&self) -> &JobQueue {
        &self.queue
    }
}

impl fmt::Debug for Lead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lead").finish_non_exhaustive()
    }
}
