//! A database without a running service, for whoever shows it.

use async_trait::async_trait;
use tokio::sync::broadcast;

use super::bus::Bus;
use super::view::{
    Acted, Action, Activity, Event, FindingQuery, FindingView, Health, MachineryView, Part, Readiness, RunState,
    RunView, SiteView,
};
use super::watch::{Watch, WatchError};
use super::watch_jobs::WatchJobs;
use crate::store::{SiteRow, Store, StoreError};

/// What a database knows of the sites, whether a service runs or not.
#[derive(Debug)]
pub struct AtRest {
    store: Store,
    bus: Bus,
}

impl AtRest {
    /// What is in this database.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store, bus: Bus::default() }
    }

    async fn known(&self, name: &str) -> Result<SiteRow, WatchError> {
        let site = self.store.site(name).await.map_err(unavailable)?;
        site.ok_or_else(|| WatchError::NoSuchSite(name.to_owned()))
    }
}

#[async_trait]
impl Watch for AtRest {
    async fn sites(&self) -> Result<Vec<SiteView>, WatchError> {
        Ok(self.store.sites().await.map_err(unavailable)?.into_iter().map(view).collect())
    }

    async fn site(&self, name: &str) -> Result<SiteView, WatchError> {
        self.known(name).await.map(view)
    }

    async fn findings(&self, site: &str, query: &FindingQuery) -> Result<Part<FindingView>, WatchError> {
        self.known(site).await?;
        self.store.findings(site, query).await.map_err(unavailable)
    }

    async fn runs(&self, site: Option<&str>, limit: u64, before: Option<i64>) -> Result<Vec<RunView>, WatchError> {
        if let Some(site) = site {
            self.known(site).await?;
        }
        self.store.runs(site, limit, before).await.map_err(unavailable)
    }

    async fn run(&self, id: i64) -> Result<RunView, WatchError> {
        self.store.run(id).await.map_err(unavailable)?.ok_or(WatchError::NoSuchRun(id))
    }

    async fn act(&self, _: &str, action: Action) -> Result<Acted, WatchError> {
        Err(WatchError::NotLive(action.as_str()))
    }

    async fn machinery(&self) -> MachineryView {
        MachineryView::default()
    }

    async fn readiness(&self) -> Readiness {
        Readiness { ready: false, reasons: vec!["no service was asked, only its database".to_owned()] }
    }

    fn queue(&self) -> Result<&dyn WatchJobs, WatchError> {
        Err(WatchError::NotLive("tell of its queue"))
    }

    fn events(&self) -> broadcast::Receiver<Event> {
        self.bus.listen()
    }
}

fn view(row: SiteRow) -> SiteView {
    let activity = match (&row.current, row.paused) {
        (Some(_), _) => Activity::Checking,
        (None, true) => Activity::Paused,
        (None, false) => Activity::Idle,
    };
    SiteView {
        health: health(row.last.as_ref(), row.broken),
        activity,
        paused: row.paused,
        schedule: String::new(),
        next: None,
        progress: None,
        current: row.current,
        last: row.last,
        broken: row.broken,
        trend: row.trend,
        live: false,
        name: row.name,
        target: row.target,
    }
}

/// How a site was when it was last looked at.
pub(super) fn health(last: Option<&RunView>, broken: u64) -> Health {
    match last.map(|run| run.state) {
        Some(RunState::Failed) => Health::Failing,
        _ if broken > 0 => Health::Broken,
        Some(RunState::Done) => Health::Ok,
        _ => Health::Unknown,
    }
}

pub(super) fn unavailable(error: StoreError) -> WatchError {
    WatchError::Unavailable(error.to_string())
}
