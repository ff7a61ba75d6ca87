//! A service that a test makes up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use sitewatch::service::{
    Acted, Action, Activity, ActorView, Cause, ComponentView, Event, FindingQuery, FindingView, Gauge, Health,
    MachineryView, Moment, Numbers, Part, PoolView, ProgressView, Readiness, RunState, RunView, SiteView, TimerView,
    TrendPoint, Watch, WatchError, WatchJobs,
};
use tokio::sync::broadcast;

use crate::jobs_fake::FakeJobs;

/// When it is, in the made-up world.
pub(crate) fn now() -> Timestamp {
    "2026-11-26T15:00:00Z".parse().unwrap()
}

pub(crate) fn ago(minutes: i64) -> Timestamp {
    now() - SignedDuration::from_mins(minutes)
}

/// Two sites: `blog`, whose latest check failed, and `docs`, which is being checked and has broken links.
#[derive(Debug)]
pub(crate) struct Fake {
    pub(crate) findings: Vec<FindingView>,
    /// What was asked for.
    pub(crate) acted: Mutex<Vec<(String, Action)>>,
    /// How findings were asked for.
    pub(crate) queries: Mutex<Vec<FindingQuery>>,
    /// Whether the database is away.
    pub(crate) down: AtomicBool,
    /// Whether nothing can be done, as it is a database alone.
    pub(crate) at_rest: bool,
    /// Its queue, if it has one.
    pub(crate) jobs: Option<FakeJobs>,
}

impl Fake {
    pub(crate) fn with(findings: Vec<FindingView>) -> Self {
        let (acted, queries) = (Mutex::default(), Mutex::default());
        let jobs = Some(FakeJobs::default());
        Self { findings, acted, queries, down: AtomicBool::new(false), at_rest: false, jobs }
    }

    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self::with(vec![
            finding(1, "https://example.org/docs/a.html", "http-404", "404 Not Found"),
            finding(2, "https://example.org/docs/b.html", "dns", "the host name does not resolve: no such host"),
        ]))
    }

    pub(crate) fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::Relaxed);
        if let Some(jobs) = &self.jobs {
            jobs.down.store(down, Ordering::Relaxed);
        }
    }

    fn up(&self) -> Result<(), WatchError> {
        match self.down.load(Ordering::Relaxed) {
            true => Err(WatchError::Unavailable("connection refused".to_owned())),
            false => Ok(()),
        }
    }
}

pub(crate) fn finding(id: i64, page: &str, reason: &str, message: &str) -> FindingView {
    FindingView {
        id,
        site: "docs".to_owned(),
        page: page.to_owned(),
        line: 12,
        column: 8,
        text: "the manual".to_owned(),
        link: "gone.html".to_owned(),
        url: format!("https://example.org/gone-{id}.html"),
        reason: reason.to_owned(),
        message: message.to_owned(),
        redirects: Vec::new(),
        first_seen: ago(600),
        last_seen: ago(5),
        times: 3,
        fixed_at: None,
    }
}

pub(crate) fn run(id: i64, site: &str, state: RunState) -> RunView {
    let ended = (state != RunState::Running).then(|| ago(5));
    let numbers = Numbers {
        pages: 1_200,
        links: 34_000,
        ok: 33_000,
        redirected: 500,
        broken: 2,
        skipped: 498,
        fetched: 1_300,
        newly_broken: 1,
        fixed: 4,
        elapsed_ms: 65_000,
        ..Numbers::default()
    };
    let why = (state == RunState::Failed).then(|| "the start page can't be fetched: no answer in time".to_owned());
    let timeline = vec![Moment { at: ago(7), what: "began".to_owned(), detail: None }];
    let (cause, due) = (Cause::Schedule, Some(ago(7)));
    RunView {
        id,
        site: site.to_owned(),
        cause,
        due,
        began: ago(7),
        ended,
        state,
        why,
        times: 1,
        resumed: 0,
        numbers,
        timeline,
    }
}

fn site(name: &str) -> SiteView {
    SiteView {
        name: name.to_owned(),
        target: format!("https://example.org/{name}/"),
        health: Health::Unknown,
        activity: Activity::Idle,
        paused: false,
        schedule: "every 6h".to_owned(),
        next: None,
        last: None,
        current: None,
        progress: None,
        broken: 0,
        trend: Vec::new(),
        live: true,
    }
}

pub(crate) fn sites() -> Vec<SiteView> {
    let progress = ProgressView { pages: 120, queued: 7, broken: 1, elapsed_ms: 9_000 };
    vec![
        SiteView {
            health: Health::Failing,
            activity: Activity::Paused,
            paused: true,
            last: Some(run(8, "blog", RunState::Failed)),
            ..site("blog")
        },
        SiteView {
            health: Health::Broken,
            activity: Activity::Checking,
            next: Some(now() + SignedDuration::from_hours(5)),
            last: Some(run(7, "docs", RunState::Done)),
            current: Some(run(9, "docs", RunState::Running)),
            progress: Some(progress),
            broken: 2,
            trend: vec![TrendPoint { run: 7, at: ago(5), broken: 2 }],
            ..site("docs")
        },
    ]
}

fn runs() -> Vec<RunView> {
    let all = [(9, "docs", RunState::Running), (8, "blog", RunState::Failed), (7, "docs", RunState::Done)];
    all.into_iter().map(|(id, site, state)| run(id, site, state)).collect()
}

#[async_trait]
impl Watch for Fake {
    async fn sites(&self) -> Result<Vec<SiteView>, WatchError> {
        self.up()?;
        Ok(sites())
    }

    async fn site(&self, name: &str) -> Result<SiteView, WatchError> {
        self.up()?;
        sites().into_iter().find(|site| site.name == name).ok_or_else(|| WatchError::NoSuchSite(name.to_owned()))
    }

    async fn findings(&self, site: &str, query: &FindingQuery) -> Result<Part<FindingView>, WatchError> {
        self.site(site).await?;
        self.queries.lock().push(query.clone());
        let wanted = self.findings.iter().filter(|finding| {
            finding.site == site && query.reason.as_ref().is_none_or(|reason| *reason == finding.reason)
        });
        let wanted: Vec<FindingView> = wanted.cloned().collect();
        // The service gives fewer than are asked for, if too many are.
        let limit = if query.limit == 0 { 500 } else { query.limit.min(1_000) };
        let items = wanted.iter().skip(usize::try_from(query.offset).unwrap()).take(usize::try_from(limit).unwrap());
        Ok(Part { total: wanted.len() as u64, items: items.cloned().collect() })
    }

    async fn runs(&self, site: Option<&str>, limit: u64, before: Option<i64>) -> Result<Vec<RunView>, WatchError> {
        match site {
            Some(site) => drop(self.site(site).await?),
            None => self.up()?,
        }
        let wanted = runs()
            .into_iter()
            .filter(|run| site.is_none_or(|site| site == run.site) && before.is_none_or(|before| run.id < before));
        let wanted = wanted.map(|run| RunView { timeline: Vec::new(), ..run });
        Ok(wanted.take(usize::try_from(limit).unwrap()).collect())
    }

    async fn run(&self, id: i64) -> Result<RunView, WatchError> {
        self.up()?;
        runs().into_iter().find(|run| run.id == id).ok_or(WatchError::NoSuchRun(id))
    }

    async fn act(&self, site: &str, action: Action) -> Result<Acted, WatchError> {
        self.site(site).await?;
        if self.at_rest {
            return Err(WatchError::NotLive(action.as_str()));
        }
        self.acted.lock().push((site.to_owned(), action));
        Ok(Acted { changed: true, message: format!("{site}: {action}, as asked") })
    }

    async fn machinery(&self) -> MachineryView {
        let gauge = || Gauge { name: "system".to_owned(), value: 1, bound: Some(8) };
        let name = || "one".to_owned();
        let state = || "running".to_owned();
        MachineryView {
            actors: vec![ActorView { name: name(), state: state(), lanes: vec![gauge()], handled: 3, restarts: 0 }],
            workers: vec![Gauge { bound: None, ..gauge() }],
            pools: vec![PoolView { name: name(), state: state(), gauges: vec![gauge()] }],
            timers: vec![TimerView { name: name(), state: state(), next: None, counts: "1 due".to_owned() }],
            components: vec![ComponentView { name: name(), state: state(), ready: true, after: vec![name()] }],
            tasks: "root\n".to_owned(),
        }
    }

    async fn readiness(&self) -> Readiness {
        let reasons: Vec<String> = self.up().err().iter().map(ToString::to_string).collect();
        Readiness { ready: reasons.is_empty(), reasons }
    }

    fn queue(&self) -> Result<&dyn WatchJobs, WatchError> {
        match &self.jobs {
            Some(jobs) => Ok(jobs),
            None => Err(WatchError::NoQueue),
        }
    }

    fn events(&self) -> broadcast::Receiver<Event> {
        broadcast::channel(1).1
    }
}
