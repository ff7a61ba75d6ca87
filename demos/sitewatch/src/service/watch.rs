//! What whoever shows the service may ask of it.

use async_trait::async_trait;
use tokio::sync::broadcast;

use super::view::{Acted, Action, Event, FindingQuery, FindingView, MachineryView, Part, Readiness, RunView, SiteView};
use super::watch_jobs::WatchJobs;

/// What whoever shows the service may ask of it: the running one, or its database alone.
#[async_trait]
pub trait Watch: Send + Sync + 'static {
    /// All sites, by name.
    ///
    /// # Errors
    ///
    /// [`WatchError::Unavailable`].
    async fn sites(&self) -> Result<Vec<SiteView>, WatchError>;

    /// One site.
    ///
    /// # Errors
    ///
    /// [`WatchError::NoSuchSite`], [`WatchError::Unavailable`].
    async fn site(&self, name: &str) -> Result<SiteView, WatchError>;

    /// The broken links of a site: by page, line and column.
    ///
    /// # Errors
    ///
    /// [`WatchError::NoSuchSite`], [`WatchError::Unavailable`].
    async fn findings(&self, site: &str, query: &FindingQuery) -> Result<Part<FindingView>, WatchError>;

    /// The runs of a site or of all, newest first: at most so many, those before the run `before`. Their timelines are
    /// left out.
    ///
    /// # Errors
    ///
    /// [`WatchError::NoSuchSite`], [`WatchError::Unavailable`].
    async fn runs(&self, site: Option<&str>, limit: u64, before: Option<i64>) -> Result<Vec<RunView>, WatchError>;

    /// One run, with its timeline.
    ///
    /// # Errors
    ///
    /// [`WatchError::NoSuchRun`], [`WatchError::Unavailable`].
    async fn run(&self, id: i64) -> Result<RunView, WatchError>;

    /// Does something for a site.
    ///
    /// # Errors
    ///
    /// [`WatchError::NoSuchSite`], [`WatchError::Unavailable`], [`WatchError::NotLive`].
    async fn act(&self, site: &str, action: Action) -> Result<Acted, WatchError>;

    /// The machinery, as it is now.
    async fn machinery(&self) -> MachineryView;

    /// Whether the service can do its work, and why not.
    async fn readiness(&self) -> Readiness;

    /// The queue by which workers fetch pages for it. The default has none.
    ///
    /// # Errors
    ///
    /// - [`WatchError::NoQueue`]: the service fetches by itself.
    /// - [`WatchError::NotLive`]: only the database was asked, which knows of no queue.
    fn queue(&self) -> Result<&dyn WatchJobs, WatchError> {
        Err(WatchError::NoQueue)
    }

    /// What changes from now on.
    fn events(&self) -> broadcast::Receiver<Event>;
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WatchError {
    /// No site of this name is in the settings.
    #[error("there is no site {0:?}")]
    NoSuchSite(String),
    /// There never was a run of this number, or it was so long ago that it was forgotten.
    #[error("there is no run {0}")]
    NoSuchRun(i64),
    /// There never was a job of this id, or it was over for so long that it is not kept.
    #[error("there is no job {0:?}")]
    NoSuchJob(String),
    /// No queue of this name ever had a job.
    #[error("there is no queue {0:?}")]
    NoSuchQueue(String),
    /// There are no workers, and no jobs for them.
    #[error("this service has no queue: it fetches by itself")]
    NoQueue,
    /// The queue does not answer, or can't do it.
    #[error("the queue does not answer: {0}")]
    QueueAway(String),
    /// Only a running service can do this.
    #[error("only a running service can {0}")]
    NotLive(&'static str),
    /// The service that was asked does not answer, or will not: why, in a sentence.
    #[error("{0}")]
    NoAnswer(String),
    /// The database does not answer.
    #[error("the database does not answer: {0}")]
    Unavailable(String),
}
