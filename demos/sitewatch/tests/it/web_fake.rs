//! A service that is made up, for the tests of its page.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use sitewatch::service::{
    Acted, Action, Activity, ActorView, Cause, ComponentView, Event, EventKind, FindingQuery, FindingView, Gauge,
    Health, MachineryView, Moment, Numbers, Part, PoolView, ProgressView, Readiness, RunState, RunView, SiteView,
    TimerView, TrendPoint, Watch, WatchError, WatchJobs,
};
use tokio::sync::broadcast;

use crate::jobs_fake::FakeJobs;

/// How many events a listener may be behind.
pub(crate) const KEPT: usize = 8;

/// What the service knows; a test changes it before it is shared.
#[derive(Debug)]
pub(crate) struct Fake {
    pub(crate) sites: Vec<SiteView>,
    pub(crate) findings: Vec<FindingView>,
    /// The newest first.
    pub(crate) runs: Vec<RunView>,
    pub(crate) machinery: MachineryView,
    pub(crate) reasons: Vec<String>,
    /// What its checks wait for.
    pub(crate) stalled: Vec<String>,
    pub(crate) down: AtomicBool,
    pub(crate) acted: Mutex<Vec<(String, Action)>>,
    pub(crate) events: broadcast::Sender<Event>,
    /// Its queue, if it has one.
    pub(crate) jobs: Option<FakeJobs>,
}

impl Default for Fake {
    /// One site, `docs`, with two broken links.
    fn default() -> Self {
        let runs = vec![run(9, RunState::Done), run(8, RunState::Failed), run(7, RunState::Done)];
        Self {
            sites: vec![SiteView { last: runs.first().cloned(), ..site("docs") }],
            findings: vec![
                finding(1, "https://example.org/docs/a.html", "http-404", "404 Not Found"),
                finding(2, "https://example.org/docs/b.html", "dns", "the host name does not resolve: no such host"),
            ],
            runs,
            machinery: machinery(),
            reasons: Vec::new(),
            stalled: Vec::new(),
            down: AtomicBool::new(false),
            acted: Mutex::default(),
            events: broadcast::channel(KEPT).0,
            jobs: Some(FakeJobs::default()),
        }
    }
}

impl Fake {
    pub(crate) fn tell(&self, number: u64, kind: EventKind, site: Option<&str>) {
        // Nobody may be listening.
        let _ = self.events.send(Event { number, kind, site: site.map(str::to_owned) });
    }

    fn up(&self) -> Result<(), WatchError> {
        match self.down.load(Ordering::Relaxed) {
            true => Err(WatchError::Unavailable("connection refused".to_owned())),
            false => Ok(()),
        }
    }
}

pub(crate) fn ago(minutes: i64) -> Timestamp {
    Timestamp::now() - SignedDuration::from_mins(minutes)
}

pub(crate) fn site(name: &str) -> SiteView {
    SiteView {
        name: name.to_owned(),
        target: format!("https://example.org/{name}/"),
        health: Health::Broken,
        activity: Activity::Idle,
        paused: false,
        schedule: "every 6h".to_owned(),
        next: Some(ago(-330)),
        last: None,
        current: None,
        progress: Some(ProgressView { pages: 120, queued: 7, broken: 1, elapsed_ms: 9_000 }),
        broken: 2,
        trend: [(7, 5), (9, 2)].map(|(run, broken)| TrendPoint { run, at: ago(5), broken }).to_vec(),
        live: true,
    }
}

pub(crate) fn run(id: i64, state: RunState) -> RunView {
    let numbers =
        Numbers { pages: 1_200, links: 34_000, broken: 2, newly_broken: 1, elapsed_ms: 65_000, ..Numbers::default() };
    RunView {
        id,
        site: "docs".to_owned(),
        cause: Cause::Schedule,
        due: Some(ago(7)),
        began: ago(7),
        ended: (state != RunState::Running).then(|| ago(5)),
        state,
        why: (state == RunState::Failed).then(|| "no answer in time".to_owned()),
        times: 1,
        resumed: 0,
        numbers,
        timeline: vec![
            Moment { at: ago(7), what: "began".to_owned(), detail: None },
            Moment { at: ago(5), what: "ended".to_owned(), detail: Some("after 1,200 pages".to_owned()) },
        ],
    }
}

/// The one of the API's tests, in this world's time.
pub(crate) fn finding(id: i64, page: &str, reason: &str, message: &str) -> FindingView {
    let finding = crate::api_fake::finding(id, page, reason, message);
    FindingView { first_seen: ago(600), last_seen: ago(5), ..finding }
}

fn machinery() -> MachineryView {
    let gauge = |name: &str, bound| Gauge { name: name.to_owned(), value: 1, bound };
    let component = |name: &str, after: &[&str]| ComponentView {
        name: name.to_owned(),
        state: "ready".to_owned(),
        ready: true,
        after: after.iter().map(|name| (*name).to_owned()).collect(),
    };
    MachineryView {
        actors: vec![ActorView {
            name: "keeper".to_owned(),
            state: "running".to_owned(),
            lanes: vec![gauge("urgent", Some(8))],
            handled: 3,
            restarts: 0,
        }],
        workers: vec![gauge("computing", Some(2)), gauge("to compute", None)],
        pools: vec![PoolView { name: "store".to_owned(), state: "open".to_owned(), gauges: vec![gauge("idle", None)] }],
        timers: vec![TimerView {
            name: "every six hours".to_owned(),
            state: "waiting".to_owned(),
            next: Some(ago(-60)),
            counts: "12 due: 11 done, 1 skipped".to_owned(),
        }],
        components: vec![
            component("store", &[]),
            component("checks", &["store"]),
            component("loop", &["loop", "gone"]),
        ],
        tasks: "root\n".to_owned(),
    }
}

#[async_trait]
impl Watch for Fake {
    async fn sites(&self) -> Result<Vec<SiteView>, WatchError> {
        self.up()?;
        Ok(self.sites.clone())
    }

    async fn site(&self, name: &str) -> Result<SiteView, WatchError> {
        self.up()?;
        let site = self.sites.iter().find(|site| site.name == name);
        site.cloned().ok_or_else(|| WatchError::NoSuchSite(name.to_owned()))
    }

    async fn findings(&self, site: &str, query: &FindingQuery) -> Result<Part<FindingView>, WatchError> {
        self.site(site).await?;
        let text = query.text.as_deref().unwrap_or_default();
        let wanted = self.findings.iter().filter(|finding| {
            (query.fixed || finding.fixed_at.is_none())
                && query.reason.as_ref().is_none_or(|reason| *reason == finding.reason)
                && query.page.as_ref().is_none_or(|page| *page == finding.page)
                && [&finding.page, &finding.link, &finding.url, &finding.text].iter().any(|part| part.contains(text))
        });
        let wanted: Vec<FindingView> = wanted.cloned().collect();
        let (offset, limit) = (usize::try_from(query.offset).unwrap(), usize::try_from(query.limit).unwrap());
        Ok(Part { total: wanted.len() as u64, items: wanted.into_iter().skip(offset).take(limit).collect() })
    }

    async fn runs(&self, site: Option<&str>, limit: u64, before: Option<i64>) -> Result<Vec<RunView>, WatchError> {
        if let Some(site) = site {
            self.site(site).await?;
        }
        let wanted = self.runs.iter().filter(|run| before.is_none_or(|before| run.id < before));
        Ok(wanted.take(usize::try_from(limit).unwrap()).cloned().collect())
    }

    async fn run(&self, id: i64) -> Result<RunView, WatchError> {
        self.up()?;
        self.runs.iter().find(|run| run.id == id).cloned().ok_or(WatchError::NoSuchRun(id))
    }

    async fn act(&self, site: &str, action: Action) -> Result<Acted, WatchError> {
        if !self.site(site).await?.live {
            return Err(WatchError::NotLive(action.as_str()));
        }
        self.acted.lock().push((site.to_owned(), action));
        Ok(Acted { changed: true, message: format!("{site}: {action}, as <asked>") })
    }

    async fn machinery(&self) -> MachineryView {
        self.machinery.clone()
    }

    async fn readiness(&self) -> Readiness {
        let reasons = self.reasons.iter().chain(&self.stalled).cloned().collect();
        Readiness { ready: self.reasons.is_empty(), reasons }
    }

    fn queue(&self) -> Result<&dyn WatchJobs, WatchError> {
        match &self.jobs {
            Some(jobs) => Ok(jobs),
            None => Err(WatchError::NoQueue),
        }
    }

    fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }
}
