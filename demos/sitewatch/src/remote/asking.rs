//! Asking for addresses by way of workers.

use std::sync::Arc;
use std::time::Duration;

use actors::jobs::driver::{DeadReason, DriverError, JobRecord, NEXT};
use actors::jobs::{Ended, Entry, Job, JobId, JobQueue, JobsError, PutError, Ticket};
use async_trait::async_trait;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use parking_lot::Mutex;
use patterns_core::cancel::{CancelKind, CancelToken, timeout};
use patterns_core::context::{Context, Interrupt};
use rustc_hash::FxHashMap;
use tokio::time::Instant;
use url::Url;

use super::lead::Errand;
use super::page::unpacked;
use super::part_job::PartJob;
use super::patience::{Pauses, ended};
use super::rate::SharedPace;
use super::refusal::{refusal, refused};
use super::wire::{FetchJob, Found, Kept, asked, part_of, verdict};
use crate::check::{Http, Reply, Want};
use crate::fetch::{Authority, FetchError, HttpConfig, Seats, Validators, host_and_port};
use crate::report::{Reason, Verdict};

/// How long it may take to call off what nobody waits for any more.
const CALLED_OFF: Duration = Duration::from_millis(500);

/// So much longer than its errand a job may wait. An errand ends by our clock, and a job by the engine's: nothing is to be
/// too late for somebody who still waits.
const LATE: Duration = Duration::from_secs(60);

/// A way to ask for addresses by which workers fetch them. It is for one errand.
///
/// Whatever is asked for is a job, whose id follows from what it is. So whoever goes on with an errand after a crash finds
/// what was asked for before it, and nothing is fetched twice because somebody asks twice.
///
/// An engine that is away is waited for. One that has ended for good is no answer of the host's, and ends the asking.
pub(crate) struct Asking {
    queue: JobQueue,
    /// What a robots.txt permits is asked from here, once for all.
    local: Arc<dyn Http>,
    pace: Arc<SharedPace>,
    errand: Errand,
    /// Without credentials, and without whom they are for.
    http: HttpConfig,
    /// Whom they are for.
    hosts: Vec<String>,
    /// How many addresses of a host are under way at a time: workers know only of their own.
    seats: Seats,
    /// Why the engine has ended. It is looked for once for all that wait.
    refused: Shared<BoxFuture<'static, DriverError>>,
    /// How often each question was asked by this: another time it wants another answer.
    times: Mutex<FxHashMap<JobId, u32>>,
}

/// What came of a job, for who asks.
enum Outcome {
    Reply(Reply),
    /// Nothing: it was called off in an earlier life, nobody took it in time, or what it found is not kept any more.
    Again,
}

impl Asking {
    pub(crate) fn new(
        queue: JobQueue,
        local: Arc<dyn Http>,
        pace: Arc<SharedPace>,
        errand: Errand,
        http: &HttpConfig,
    ) -> Self {
        let mut http = http.clone();
        http.credentials.clear();
        let hosts = Authority::written(&std::mem::take(&mut http.credential_hosts));
        let seats = Seats::new(http.per_host.max(1));
        let refused = refused(queue.clone()).boxed().shared();
        Self { queue, local, pace, errand, http, hosts, seats, refused, times: Mutex::default() }
    }

    async fn ask(&self, url: &Url, want: Want, since: &Validators) -> Result<Reply, Interrupt> {
        // All of them, also of a host that has not answered yet: workers see to that.
        let _seat = self.seats.take(&Authority::of(url), true).await?;
        let job = self.job(url, want, since);
        loop {
            let id = self.next(job.question());
            let queue = FetchJob::queue_of(job.identity.as_deref());
            let ticket = match self.put(job.entry().id(id).queue(queue)).await? {
                Ok(ticket) => ticket,
                Err(refused) => return Ok(lost(refused.to_string())),
            };
            match self.outcome(&ticket).await {
                Ok(Outcome::Reply(reply)) => return Ok(reply),
                Ok(Outcome::Again) => {}
                Err(interrupt) => {
                    call_off(&ticket, &interrupt).await;
                    return Err(interrupt);
                }
            }
        }
    }

    fn job(&self, url: &Url, want: Want, since: &Validators) -> FetchJob {
        let (identity, mut http) = (self.identity(url), self.http.clone());
        if identity.is_some() {
            http.credential_hosts.clone_from(&self.hosts);
        }
        FetchJob {
            errand: self.errand.name.clone(),
            url: url.as_str().to_owned(),
            want: want.into(),
            since: since.clone(),
            links: self.errand.links,
            identity,
            spacing: self.pace.spacing(&host_and_port(url)),
            http,
        }
    }

    /// Whose credentials are used for an address. They go to their own hosts only, so whatever else is asked for is asked
    /// as anyone, which every worker can: nothing of other sites waits for one that has them.
    fn identity(&self, url: &Url) -> Option<String> {
        let site = self.errand.identity.as_ref()?;
        Authority::of(url).is_among(&self.hosts).then(|| site.clone())
    }

    /// Has a job end by itself once nobody waits for it: also where it could not be called off.
    fn in_time(&self, entry: Entry<FetchJob>) -> Entry<FetchJob> {
        match self.errand.until {
            Some(until) => entry.deadline_in(until.saturating_duration_since(Instant::now()).saturating_add(LATE)),
            None => entry,
        }
    }

    /// The id of a question, this time.
    fn next(&self, question: JobId) -> JobId {
        let mut times = self.times.lock();
        let nth = times.entry(question).or_default();
        let id = asked(question, *nth);
        *nth += 1;
        id
    }

    /// Puts a job; waits for an engine that is away. Put twice, as the answer was lost, it is there once.
    async fn put(&self, entry: Entry<FetchJob>) -> Result<Result<Ticket<FetchJob>, PutError>, Interrupt> {
        let mut pauses = Pauses::default();
        loop {
            match self.queue.put(self.in_time(entry.clone())).await {
                Err(PutError::Interrupted(interrupt)) => return Err(interrupt),
                Err(error @ PutError::Closed) => return Err(ended(error)),
                Err(PutError::Driver(error)) if !error.is_final() => pauses.wait(&error).await?,
                // It can't keep this job, or nothing at all any more.
                Err(PutError::Driver(error)) => match refusal(&self.queue).await {
                    Some(error) => return Err(ended(error)),
                    None => return Ok(Err(PutError::Driver(error))),
                },
                put => return Ok(put),
            }
        }
    }

    async fn outcome(&self, ticket: &Ticket<FetchJob>) -> Result<Outcome, Interrupt> {
        let mut pauses = Pauses::default();
        let found = loop {
            let end = tokio::select! {
                biased;
                end = ticket.ended() => end,
                error = self.refused.clone() => return Err(ended(error)),
            };
            match end {
                Ok(Ended::Done(found)) => break found,
                // By an earlier life, which would have ended by then; or the engine's clock was set. It says nothing of it.
                Ok(Ended::Dead { reason: DeadReason::Expired, .. }) => return Ok(Outcome::Again),
                Ok(Ended::Dead { reason, error }) => return Ok(Outcome::Reply(dead(reason, error))),
                // By this program before it was started anew, as it did not expect that; or just now, by somebody.
                Ok(Ended::Cancelled) if !ticket.is_new() => return Ok(Outcome::Again),
                Ok(Ended::Cancelled) => return Ok(Outcome::Reply(lost("somebody cancelled its job"))),
                Err(JobsError::Unknown(_)) => return Ok(Outcome::Again),
                Err(JobsError::Interrupted(interrupt)) => return Err(interrupt),
                Err(JobsError::Driver(error)) if !error.is_final() => pauses.wait(&error).await?,
                // A look refuses no single job.
                Err(error @ (JobsError::Closed | JobsError::Driver(_))) => return Err(ended(error)),
                Err(error) => return Ok(Outcome::Reply(lost(error.to_string()))),
            }
        };
        Ok(Outcome::Reply(match found {
            Found::Html { hash, validators, outline } => {
                let packed = match outline {
                    Kept::Here(packed) => packed,
                    Kept::Parts(count) => match self.parts(ticket.id(), count).await? {
                        Some(packed) => packed,
                        None => return Ok(Outcome::Again),
                    },
                };
                match unpacked(&packed) {
                    Some(outline) => Reply::Outlined { hash, outline: Arc::new(outline), validators },
                    None => lost("what was found in it can't be read"),
                }
            }
            Found::IsHtml => Reply::IsHtml,
            Found::Other => Reply::Other,
            Found::NotModified => Reply::NotModified,
            Found::Redirect { status, to } => match Url::parse(&to) {
                Ok(to) => Reply::Redirect { status, to },
                Err(error) => Reply::Known(Verdict::new(Reason::BadRedirect).detail(error.to_string())),
            },
            Found::Failed { reason, detail } => Reply::Known(verdict(&reason, detail)),
        }))
    }

    /// What a job has found, put together; nothing if it is not all there any more.
    async fn parts(&self, job: JobId, count: u32) -> Result<Option<String>, Interrupt> {
        // No worker makes more of them.
        let count = count.min(u32::try_from(NEXT).unwrap_or(u32::MAX));
        let ids: Vec<JobId> = (0..count).map(|nth| part_of(job, nth)).collect();
        let mut pauses = Pauses::default();
        let records = loop {
            match self.queue.look(&ids).await {
                Ok(records) => break records,
                Err(JobsError::Interrupted(interrupt)) => return Err(interrupt),
                Err(JobsError::Driver(error)) if !error.is_final() => pauses.wait(&error).await?,
                Err(error) => return Err(ended(error)),
            }
        };
        let text = |record: Option<JobRecord>| Some(serde_json::from_str::<PartJob>(&record?.payload).ok()?.text);
        Ok(records.into_iter().map(text).collect())
    }
}

/// An address of which we failed to learn anything.
fn lost(why: impl Into<Box<str>>) -> Reply {
    Reply::Known(Verdict::new(Reason::Failed).detail(why))
}

fn dead(reason: DeadReason, error: Option<String>) -> Reply {
    lost(match error {
        Some(error) => format!("{reason}: {error}"),
        None => reason.to_string(),
    })
}

/// Has nobody fetch what nobody waits for any more. What is left to whoever goes on stays, and he finds it.
async fn call_off(ticket: &Ticket<FetchJob>, why: &Interrupt) {
    if why.cause().is_some_and(|cause| cause.kind() == CancelKind::Shutdown) {
        return;
    }
    let calm = Context::current().with_token(CancelToken::new()).without_deadline();
    match calm.scope(timeout(CALLED_OFF, ticket.cancel())).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::debug!(%error, job = %ticket.id(), "not called off"),
        Err(error) => tracing::debug!(%error, job = %ticket.id(), "not called off"),
    }
}

#[async_trait]
impl Http for Asking {
    async fn fetch(&self, url: &Url, want: Want) -> Reply {
        let asked = self.ask(url, want, &Validators::default()).await;
        asked.unwrap_or_else(|interrupt| Reply::Failed(FetchError::Interrupted(interrupt)))
    }

    async fn fetch_changed(&self, url: &Url, since: &Validators) -> Reply {
        let asked = self.ask(url, Want::Page, since).await;
        asked.unwrap_or_else(|interrupt| Reply::Failed(FetchError::Interrupted(interrupt)))
    }

    async fn allowed(&self, url: &Url) -> Result<(), FetchError> {
        self.local.allowed(url).await
    }
}
