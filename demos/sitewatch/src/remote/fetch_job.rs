//! Fetching one address, at a worker.

use std::time::Duration;

use actors::jobs::driver::NEXT;
use actors::jobs::{Failure, Job, Retries, Run};
use actors::worker_pool::JobError;
use async_trait::async_trait;
use url::Url;

use super::clients::{ClientError, Fetching};
use super::page::{self, ReadPage};
use super::part_job::{self, LONGEST, PartJob};
use super::wire::{Asked, FetchJob, Found, Kept, part_of};
use crate::causes::sentence;
use crate::check::{Reply, Want};
use crate::fetch::{FetchError, FetchSetupError, Validators};
use crate::report::{Reason, Verdict};

/// How long it is until somebody has what could not be fetched where it was taken.
const ELSEWHERE: Duration = Duration::from_secs(30);

impl FetchJob {
    /// The queue of what is asked as anyone, or with the credentials of this site: of that only takes who has them.
    pub(crate) fn queue_of(identity: Option<&str>) -> String {
        match identity {
            Some(site) => format!("{}.{site}", Self::QUEUE),
            None => Self::QUEUE.to_owned(),
        }
    }
}

#[async_trait]
impl Job for FetchJob {
    /// With the version of what it is written as: a worker that does not know it hands it back.
    const KIND: &'static str = "sitewatch.fetch.1";
    const QUEUE: &'static str = "sitewatch.fetch";
    /// Long: each request has its limits, and this is for all of them, and for the turns of a slow host.
    const TIMEOUT: Duration = Duration::from_secs(3_600);
    type Output = Found;
    type State = Fetching;

    async fn run(self, state: &Fetching, run: &mut Run) -> Result<Found, Failure> {
        let Ok(url) = Url::parse(&self.url) else { return Ok(Verdict::new(Reason::MalformedUrl).into()) };
        let http = match state.client(&self, &url) {
            Ok(http) => http,
            // It is this machine that can't, and says nothing of the address: another one may have it.
            Err(error @ (ClientError::Setup(FetchSetupError::Client(_)) | ClientError::Namesake(_))) => {
                tracing::warn!(error = %sentence(&error), url = %self.url, "handed back, as it can't be fetched here");
                return Err(Failure::Later(ELSEWHERE));
            }
            Err(error) => return Err(Failure::terminate(error)),
        };
        let reply = match self.want {
            Asked::Probe => http.fetch(&url, Want::Probe).await,
            Asked::Page if self.since.is_empty() => http.fetch(&url, Want::Page).await,
            Asked::Page => http.fetch_changed(&url, &self.since).await,
        };
        Ok(match reply {
            Reply::Html { body, charset, validators } if self.want == Asked::Page => {
                let links = self.links;
                let read = state.workers.submit_cpu(move || page::read(&body, charset.as_deref(), links)).await;
                return kept(read, validators, run);
            }
            Reply::Html { .. } | Reply::Read(_) | Reply::Outlined { .. } | Reply::IsHtml => Found::IsHtml,
            Reply::Other => Found::Other,
            Reply::NotModified => Found::NotModified,
            Reply::Redirect { status, to } => Found::Redirect { status, to: to.into() },
            // Not what is asked for, but we were to stop: the queue knows why, and what follows from that.
            Reply::Failed(FetchError::Interrupted(interrupt)) => return Err(interrupt.into()),
            Reply::Failed(error) => Verdict::from(&error).into(),
            Reply::Known(verdict) => verdict.into(),
        })
    }

    /// What fails here is what is ours. A host that fails is an answer.
    fn retries() -> Retries {
        Retries::new(10).longest(Duration::from_secs(60))
    }
}

/// A page that was read, as it is handed over.
fn kept(read: Result<ReadPage, JobError>, validators: Validators, run: &mut Run) -> Result<Found, Failure> {
    let ReadPage { hash, packed } = match read {
        Ok(page) => page,
        // A defect of ours, which another attempt would find again.
        Err(JobError::Panicked(panic)) => return Ok(Verdict::new(Reason::Failed).detail(panic.to_string()).into()),
        // It is told from a failure by its cause.
        Err(JobError::Cancelled(cause)) => return Err(cause.into()),
        Err(error) => return Err(error.into()),
    };
    if packed.len() <= LONGEST {
        return Ok(Found::Html { hash, validators, outline: Kept::Here(packed) });
    }
    if packed.len().div_ceil(LONGEST) > NEXT {
        let words = format!("more was found in it than can be handed over ({} bytes)", packed.len());
        return Ok(Verdict::new(Reason::TooLarge).detail(words).into());
    }
    let mut parts = 0;
    for part in part_job::parts(&packed) {
        run.then::<PartJob>(part.entry().id(part_of(run.id(), parts)).untold())?;
        parts += 1;
    }
    Ok(Found::Html { hash, validators, outline: Kept::Parts(parts) })
}
