//! One check, from start to report.

use std::sync::Arc;
use std::time::Duration;

use actors::worker_pool::{JobError, WorkerPool};
use parking_lot::{Mutex, RwLock};
use patterns_core::cancel::{CancelCause, CancelToken, timeout};
use patterns_core::context::Context;
use patterns_core::queue::{OnDrop, Shutdown, WorkQueue};
use patterns_core::task_group::TaskGroup;
use tokio::time::Instant;

use super::CheckError;
use super::crawl::{Crawl, Limits, Task};
use super::http::Http;
use super::levels::{dispatch, levels};
use super::spool::Spool;
use super::start::Start;
use super::tally::PageReport;
use super::targets::{Id, Role, Target, Targets};
use crate::config::CheckConfig;
use crate::progress::ProgressState;
use crate::report::{Format, Links, Reason, Report, Summary};

/// How long the answers that are under way when a check is stopped may take.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// How many pages a worker judges at once.
const PAGES: usize = 256;

/// What a check works with.
pub(crate) struct Check<'a> {
    pub(crate) config: &'a CheckConfig,
    /// What is checked, as the user named it.
    pub(crate) target: &'a str,
    pub(crate) http: Arc<dyn Http>,
    pub(crate) workers: WorkerPool,
    pub(crate) progress: Arc<ProgressState>,
    /// How many tasks the frontier takes from outside before whoever feeds it waits.
    pub(crate) frontier: usize,
}

impl Check<'_> {
    /// Crawls from `start` until there is nothing left or the ambient token is cancelled, and reports
    /// what is known then.
    pub(crate) async fn run(self, start: Start, began: Instant) -> Result<Report, CheckError> {
        let Start { border, targets, pages, first, folder, whole } = start;
        let spool = Spool::new()
            .map_err(|error| CheckError::Machine { what: "make a temporary file", source: error.into() })?;
        let format = self.config.report.effective_format();
        let crawl = Arc::new(Crawl {
            border,
            folder,
            http: Arc::clone(&self.http),
            targets: RwLock::new(targets),
            limits: Limits {
                depth: self.config.depth,
                max_pages: self.config.max_pages,
                max_redirects: u32::try_from(self.config.http.max_redirects).unwrap_or(u32::MAX),
                max_links: u32::try_from(self.config.max_links).unwrap_or(u32::MAX),
            },
            waiting: Mutex::default(),
            first: Mutex::new(first),
            ignore_fragments: self.config.ignore_fragment.clone(),
            list_skipped: self.config.report.all || format != Format::Human,
            spool,
            progress: Arc::clone(&self.progress),
            counted: Mutex::default(),
        });
        // ANCHOR: stopped
        let stopped = self.crawl(&crawl, pages).await?;
        let unvisited = crawl.targets.read().iter().filter(|(_, target)| target.is_unvisited()).count();
        let stopped = match stopped {
            None if unvisited == 0 => None,
            // Asked to stop in the very last moment: the frontier was done with what its jobs gave up.
            None => match Context::current().token().cause() {
                Some(cause) => Some(words_of(cause)),
                None => return Err(CheckError::Unvisited(unvisited)),
            },
            stopped => stopped,
        };
        // ANCHOR_END: stopped
        // ANCHOR: quiet
        // Judging is short, and goes on even if we were asked to stop: what is known is reported.
        let judging = Context::current().with_token(CancelToken::new()).without_deadline();
        let (mut summary, links) = judging.scope(self.judge(&crawl)).await?;
        // ANCHOR_END: quiet
        let orphans = if whole && stopped.is_none() { orphans(&crawl.targets.read()) } else { Vec::new() };
        summary.stopped = stopped;
        summary.elapsed = began.elapsed();
        Ok(Report::new(self.target, summary, links, orphans))
    }

    /// Visits everything that can be reached; ends when the frontier's `join` returns, or early, and
    /// then says why.
    // ANCHOR: crawl
    async fn crawl(&self, crawl: &Arc<Crawl>, pages: Vec<Id>) -> Result<Option<String>, CheckError> {
        let frontier =
            WorkQueue::builder(self.frontier).dedupe_by(|task: &Task| *task).on_drop(OnDrop::Fail).build()?;
        let crawled = TaskGroup::new("crawl").run(async |group| {
            let (shared, queue, workers) = (Arc::clone(crawl), frontier.clone(), self.workers.clone());
            group.spawn("dispatch", async move {
                dispatch(&shared, &queue, &workers).await;
                Ok::<(), JobError>(())
            });
            let finished = levels(crawl, &frontier, pages).await;
            // Nothing more comes, or nothing more is wanted: either way the dispatcher ends.
            frontier.close();
            Ok(finished?)
        });
        match crawled.await {
            Ok(()) => Ok(None),
            // ANCHOR: stop
            Err(errors) if errors.leaves().all(|leaf| leaf.cause().is_some()) => {
                let cause = errors.leaves().find_map(|leaf| leaf.cause().cloned());
                // What runs has been asked to stop as well; what it still learns is worth a moment.
                let _ = frontier.shutdown(Shutdown::Now).await;
                let patient = Context::current().with_token(CancelToken::new());
                let _ = patient.scope(timeout(LAST_ANSWERS, frontier.join())).await;
                Ok(Some(cause.map_or_else(|| "interrupted".to_owned(), |cause| words_of(&cause))))
            }
            // ANCHOR_END: stop
            Err(errors) => Err(errors.into()),
        }
    }
    // ANCHOR_END: crawl

    /// Judges every link, on the CPU workers.
    // ANCHOR: judge
    async fn judge(&self, crawl: &Arc<Crawl>) -> Result<(Summary, Links), CheckError> {
        let visited = |(id, target): (Id, &Target)| target.visit.is_some().then_some(id);
        let pages: Vec<Id> = crawl.targets.read().iter().filter_map(visited).collect();
        let mut jobs = Vec::new();
        for chunk in pages.chunks(PAGES) {
            let (crawl, chunk) = (Arc::clone(crawl), chunk.to_vec());
            let all = self.config.report.all;
            let job = self.workers.submit_cpu(move || {
                let mut report = PageReport::default();
                let targets = crawl.targets.read();
                for id in chunk {
                    report.add(&crawl, &targets, id, all);
                }
                report
            });
            jobs.push(job.spawn().await.map_err(|refused| failed(refused.error().clone()))?);
        }
        let mut links = Links::default();
        let mut summary = std::mem::take(&mut *crawl.counted.lock());
        let mut total = 0;
        for job in jobs {
            let report = job.await.map_err(failed)?;
            total += report.links;
            summary.counts += &report.counts;
            report.list(&crawl.targets.read(), &mut links);
        }
        // Only what is not well was counted.
        let well = total.saturating_sub(summary.counts.total());
        summary.counts.add(Reason::Ok, well);
        Ok((summary, links))
    }
    // ANCHOR_END: judge
}

fn failed(error: JobError) -> CheckError {
    CheckError::Machine { what: "finish the report", source: error.into() }
}

/// Why a check was stopped, in few words.
fn words_of(cause: &CancelCause) -> String {
    let words = if cause.message().is_empty() { "interrupted" } else { cause.message() };
    words.to_owned()
}

fn orphans(targets: &Targets) -> Vec<String> {
    targets
        .iter()
        .filter(|(_, target)| target.role == Role::Page && !target.linked && &*target.key != "/index.html")
        .map(|(_, target)| super::site::shown(&target.key).to_owned())
        .collect()
}
