//! An engine in memory, and programs that share it.

use std::num::NonZeroUsize;
use std::sync::Arc;

use actors::System;
use actors::coordinator::Cause;
use actors::jobs::JobQueue;
use actors::jobs::driver::{JobDriver, JobFilter, JobRecord, MemoryDriver};
use actors::scheduler::VirtualClock;
use sitewatch::check::{Checker, Http};
use sitewatch::cli::Target;
use sitewatch::config::CheckConfig;
use sitewatch::fetch::HttpConfig;
use sitewatch::remote::{Errand, Lead, Worker, WorkerBuilder};
use sitewatch::report::Report;
use url::Url;

use super::cable::{Cable, Life};
use super::web::{Web, dial};

/// What all programs share: the engine. The web is the test's own.
pub(super) struct Field {
    pub(super) engine: MemoryDriver,
    system: System,
}

impl Field {
    pub(super) fn new() -> Self {
        let clock = VirtualClock::starting_at("2026-03-02T00:00:00Z".parse().unwrap());
        Self { engine: MemoryDriver::with_clock(clock), system: System::start().unwrap() }
    }

    /// Whoever leads checks of this web.
    pub(super) async fn lead(&self, web: &Arc<Web>) -> Lead {
        let queue = JobQueue::builder(self.engine.clone()).name("lead").start(&self.system).await.unwrap();
        Lead::new(queue).dial(dial(web, "lead", &Life::default()))
    }

    /// One for whom the engine may be away, or refuse everything.
    pub(super) async fn lead_of(&self, web: &Arc<Web>, life: &Life) -> Lead {
        let cable = Cable::new(self.engine.clone(), life.clone());
        let queue = JobQueue::builder(cable).name("lead").start(&self.system).await.unwrap();
        Lead::new(queue).dial(dial(web, "lead", &Life::default()))
    }

    /// A worker that asks this web, with so much to say about how it is started.
    pub(super) async fn worker_with(
        &self,
        web: &Arc<Web>,
        name: &'static str,
        with: impl FnOnce(WorkerBuilder) -> WorkerBuilder,
    ) -> (Worker, Life) {
        let life = Life::default();
        let driver = || Cable::new(self.engine.clone(), life.clone());
        let turns = JobQueue::builder(driver()).name("turns").start(&self.system).await.unwrap();
        let worker = Worker::builder(JobQueue::builder(driver()), turns).dial(dial(web, name, &life));
        let worker = with(worker.threads(NonZeroUsize::MIN)).start(&self.system).await.unwrap();
        (worker, life)
    }

    /// One that does so little at a time that there is something to do for others.
    pub(super) async fn worker(&self, web: &Arc<Web>, name: &'static str) -> (Worker, Life) {
        self.worker_with(web, name, |worker| worker.concurrency(at_a_time(3))).await
    }

    /// All that was ever put.
    pub(super) async fn jobs(&self) -> Vec<JobRecord> {
        let filter = JobFilter { most: 100_000, ..JobFilter::default() };
        self.engine.list(&filter).await.unwrap()
    }
}

pub(super) fn at_a_time(fetches: usize) -> NonZeroUsize {
    NonZeroUsize::new(fetches).unwrap()
}

/// Settings of a check that takes no turns.
pub(super) fn config() -> CheckConfig {
    let http = HttpConfig { rate: 0.0, per_host: 8, ..HttpConfig::default() };
    CheckConfig { http, ..CheckConfig::default() }
}

pub(super) fn errand(name: &str) -> Errand {
    Errand::new(name, 50_001)
}

/// Checks `http://s.test/`.
pub(super) async fn check(http: Arc<dyn Http>, config: &CheckConfig) -> Report {
    let target = Target::Site(Url::parse("http://s.test/").unwrap());
    Checker::new(config.clone()).http(http).run(&target).await.unwrap()
}

/// All that a report says, but for the time that it took.
pub(super) fn told(report: &Report) -> Vec<String> {
    let summary = report.summary();
    let mut lines = vec![format!("{} pages, {:?}, {:?}", summary.pages, summary.counts, summary.stopped)];
    lines.extend(report.links().iter().map(|link| format!("{link:?}")));
    lines
}

pub(super) async fn stop(workers: impl IntoIterator<Item = Worker>) {
    for worker in workers {
        let report = worker.stop(Cause::Finished).await;
        assert!(report.is_clean(), "{report}");
    }
}
