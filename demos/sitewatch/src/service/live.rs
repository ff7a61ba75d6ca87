//! The running service, for whoever shows it.

use std::collections::HashMap;

use async_trait::async_trait;
use tokio::sync::broadcast;

use super::at_rest::{health, unavailable};
use super::machinery::machinery;
use super::service::Service;
use super::site::{Now, Site};
use super::view::{
    Acted, Action, Activity, Event, FindingQuery, FindingView, MachineryView, Part, Readiness, RunView, SiteView,
};
use super::watch::{Watch, WatchError};
use super::watch_jobs::WatchJobs;
use crate::store::SiteRow;

#[async_trait]
impl Watch for Service {
    async fn sites(&self) -> Result<Vec<SiteView>, WatchError> {
        let rows = self.core().store.sites().await.map_err(unavailable)?;
        let mut rows: HashMap<String, SiteRow> = rows.into_iter().map(|row| (row.name.clone(), row)).collect();
        let sites = self.core().all_sites();
        Ok(sites.iter().map(|site| view(site, rows.remove(&site.name))).collect())
    }

    async fn site(&self, name: &str) -> Result<SiteView, WatchError> {
        let site = self.core().site(name).ok_or_else(|| WatchError::NoSuchSite(name.to_owned()))?;
        Ok(view(&site, self.core().store.site(name).await.map_err(unavailable)?))
    }

    async fn findings(&self, site: &str, query: &FindingQuery) -> Result<Part<FindingView>, WatchError> {
        self.known(site)?;
        self.core().store.findings(site, query).await.map_err(unavailable)
    }

    async fn runs(&self, site: Option<&str>, limit: u64, before: Option<i64>) -> Result<Vec<RunView>, WatchError> {
        site.map_or(Ok(()), |site| self.known(site))?;
        self.core().store.runs(site, limit, before).await.map_err(unavailable)
    }

    async fn run(&self, id: i64) -> Result<RunView, WatchError> {
        self.core().store.run(id).await.map_err(unavailable)?.ok_or(WatchError::NoSuchRun(id))
    }

    async fn act(&self, site: &str, action: Action) -> Result<Acted, WatchError> {
        self.core().act(site, action).await
    }

    async fn machinery(&self) -> MachineryView {
        machinery(self)
    }

    async fn readiness(&self) -> Readiness {
        let mut reasons = self.reasons().await;
        let ready = reasons.is_empty();
        // The service is well: others have to do something.
        reasons.extend_from_slice(&self.core().stalled.lock());
        Readiness { ready, reasons }
    }

    fn queue(&self) -> Result<&dyn WatchJobs, WatchError> {
        match &self.core().jobs {
            Some(jobs) => Ok(jobs),
            None => Err(WatchError::NoQueue),
        }
    }

    fn events(&self) -> broadcast::Receiver<Event> {
        self.core().bus.listen()
    }
}

impl Service {
    fn known(&self, site: &str) -> Result<(), WatchError> {
        match self.core().site(site) {
            Some(_) => Ok(()),
            None => Err(WatchError::NoSuchSite(site.to_owned())),
        }
    }
}

fn view(site: &Site, row: Option<SiteRow>) -> SiteView {
    let Now { config, paused, waiting, current, next } = site.now();
    let activity = match (&current, waiting, paused) {
        (Some(_), ..) => Activity::Checking,
        (None, true, _) => Activity::Waiting,
        (None, false, true) => Activity::Paused,
        (None, false, false) => Activity::Idle,
    };
    let (last, running, broken, trend) = match row {
        Some(row) => (row.last, row.current, row.broken, row.trend),
        None => (None, None, 0, Vec::new()),
    };
    SiteView {
        name: site.name.clone(),
        target: config.target.clone(),
        health: health(last.as_ref(), broken),
        activity,
        paused,
        schedule: config.schedule.to_string(),
        next,
        progress: current.as_ref().map(|current| current.view()),
        current: running.filter(|_| current.is_some()),
        last,
        broken,
        trend,
        live: true,
    }
}
