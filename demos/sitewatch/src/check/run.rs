//! One check, from start to report.

use std::sync::Arc;

use actors::worker_pool::{JobError, WorkerPool};
use parking_lot::Mutex;
use patterns_core::cancel::CancelToken;
use patterns_core::context::{Context, Interrupt};
use patterns_core::queue::{OnDrop, PutError, WorkQueue};
use patterns_core::task_group::TaskGroup;
use tokio::time::Instant;

use super::CheckError;
use super::crawl::{Crawl, Frontier, Limits, Task};
use super::http::{Http, Want};
use super::spool::Spool;
use super::start::Start;
use super::tally::PageReport;
use super::targets::{Id, Role, Targets};
use crate::config::CheckConfig;
use crate::progress::ProgressState;
use crate::report::{Format, Links, Reason, Report, Summary};

/// How many files a worker is given at once: a hand-over costs as much as reading a small page.
const FILES: usize = 16;

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
            targets: Mutex::new(targets),
            limits: Limits {
                depth: self.config.depth,
                max_pages: self.config.max_pages,
                max_redirects: u32::try_from(self.config.http.max_redirects).unwrap_or(u32::MAX),
            },
            next: Mutex::default(),
            first: Mutex::new(first),
            ignore_fragments: self.config.ignore_fragment.clone(),
            list_skipped: self.config.report.all || format != Format::Human,
            spool,
            progress: Arc::clone(&self.progress),
            counted: Mutex::default(),
        });
        let finished = self.crawl(&crawl, pages).await?;
        let targets = Arc::new(std::mem::take(&mut *crawl.targets.lock()));
        // Judging is short, and goes on even if we were asked to stop: what is known is reported.
        let judging = Context::current().with_token(CancelToken::new()).without_deadline();
        let (mut summary, links) = judging.scope(self.judge(&crawl, &targets)).await?;
        let orphans = if whole && finished.is_ok() { orphans(&targets) } else { Vec::new() };
        summary.stopped = finished.err().map(|interrupt| interrupt.to_string());
        summary.elapsed = began.elapsed();
        Ok(Report::new(self.target, summary, links, orphans))
    }

    /// Visits everything that can be reached; ends when the frontier's `join` returns.
    async fn crawl(&self, crawl: &Arc<Crawl>, pages: Vec<Id>) -> Result<Result<(), Interrupt>, CheckError> {
        let frontier = WorkQueue::builder(self.frontier)
            .dedupe_by(|task: &Task| *task)
            .on_drop(OnDrop::Fail)
            .build()?;
        let dispatcher = {
            let (crawl, frontier, workers) = (Arc::clone(crawl), frontier.clone(), self.workers.clone());
            async move { Ok::<(), JobError>(dispatch(&crawl, &frontier, &workers).await) }
        };
        let interrupted = TaskGroup::new("crawl")
            .run(async |group| {
                group.spawn("dispatch", dispatcher);
                let result = levels(crawl, &frontier, pages).await;
                // Nothing more comes; or nothing more is wanted. Either way the dispatcher ends.
                frontier.close();
                Ok(result)
            })
            .await?;
        Ok(interrupted)
    }

    /// Judges every link, on the CPU workers.
    async fn judge(&self, crawl: &Arc<Crawl>, targets: &Arc<Targets>) -> Result<(Summary, Links), CheckError> {
        let pages: Vec<Id> =
            targets.iter().filter(|(_, target)| target.visit.is_some()).map(|(id, _)| id).collect();
        let mut jobs = Vec::new();
        for chunk in pages.chunks(PAGES) {
            let (crawl, targets, chunk) = (Arc::clone(crawl), Arc::clone(targets), chunk.to_vec());
            let all = self.config.report.all;
            let job = self.workers.submit_cpu(move || {
                let mut report = PageReport::default();
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
            report.list(targets, &mut links);
        }
        // Only what is not well was counted.
        let well = total.saturating_sub(summary.counts.total());
        summary.counts.add(Reason::Ok, well);
        Ok((summary, links))
    }
}

fn failed(error: JobError) -> CheckError {
    CheckError::Machine { what: "finish the report", source: error.into() }
}

/// Puts the pages of each level, and waits until everything that follows from them was visited.
///
/// Without limits there is one level: pages put the pages that they lead to themselves.
async fn levels(crawl: &Crawl, frontier: &Frontier, mut pages: Vec<Id>) -> Result<(), Interrupt> {
    let mut depth = 0;
    let mut left = crawl.limits.max_pages.unwrap_or(u64::MAX);
    loop {
        for (nth, id) in (0_u64..).zip(&pages) {
            let within = nth < left && crawl.limits.depth.is_none_or(|limit| depth <= limit);
            let want = {
                let mut targets = crawl.targets.lock();
                let target = targets.get_mut(*id);
                target.queued = true;
                target.depth = depth;
                if within {
                    Want::Page
                } else {
                    // Beyond the limits a page is like one out of scope: asked for, not followed.
                    let local = target.key.starts_with('/');
                    target.role = if local { Role::File } else { Role::External };
                    if local {
                        continue;
                    }
                    Want::Probe
                }
            };
            match frontier.put(Task { id: *id, want }).await {
                Ok(_) => {}
                Err(PutError::Interrupted(_, interrupt)) => return Err(interrupt),
                // Nobody closes the frontier before this returns.
                Err(refused) => unreachable!("{refused}"),
            }
        }
        frontier.join().await?;
        left = left.saturating_sub(pages.len() as u64);
        depth += 1;
        pages = std::mem::take(&mut *crawl.next.lock());
        if pages.is_empty() {
            return Ok(());
        }
        // What a limit cuts off depends on the site alone, not on who answered first.
        let targets = crawl.targets.lock();
        pages.sort_by_cached_key(|id| Arc::clone(&targets.get(*id).key));
    }
}

/// Hands each task to a worker. It waits where the workers' queue is full; nobody in the cycle does.
async fn dispatch(crawl: &Arc<Crawl>, frontier: &Frontier, workers: &WorkerPool) {
    // A task that was taken while files were gathered, and is none.
    let mut held = None;
    loop {
        let job = match held.take() {
            Some(job) => job,
            None => match frontier.get().await {
                Ok(job) => job,
                Err(_) => return,
            },
        };
        let accepted = match crawl.host_of(job.id) {
            Some(host) => {
                let visit = Arc::clone(crawl).visit(job, workers.clone());
                workers.submit_io(visit).key(host).spawn().await.is_ok()
            }
            None => {
                let mut files = vec![job];
                while files.len() < FILES
                    && let Ok(job) = frontier.try_get()
                {
                    if crawl.host_of(job.id).is_some() {
                        held = Some(job);
                        break;
                    }
                    files.push(job);
                }
                let crawl = Arc::clone(crawl);
                workers.submit_cpu(move || crawl.read_files(files)).spawn().await.is_ok()
            }
        };
        // The pool takes nothing more: we were asked to stop.
        if !accepted {
            return;
        }
    }
}

fn orphans(targets: &Targets) -> Vec<String> {
    targets
        .iter()
        .filter(|(_, target)| target.role == Role::Page && !target.linked && &*target.key != "/index.html")
        .map(|(_, target)| super::site::shown(&target.key).to_owned())
        .collect()
}
