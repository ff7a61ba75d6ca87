//! A service on a paused clock, and a web of its own.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actors::coordinator::Cause;
use actors::scheduler::{CatchUp, Overlap, VirtualClock};
use sitewatch::check::Http;
use sitewatch::service::config::{Confirm, RetentionConfig, ScheduleConfig, ServiceConfig, SiteConfig, WebConfig, When, Rep};
use sitewatch::service::{Activity, Dial, RunState, RunView, Service, Watch};

pub(crate) const DAY: Duration = Duration::from_secs(86_400);

pub(crate) fn site(target: &str, when: When) -> SiteConfig {
    SiteConfig { target: target.to_owned(), schedule: ScheduleConfig { when, overlap: Overlap::Skip, catch_up: CatchUp::Latest, jitter: Duration::ZERO }, http: Default::default(), remember_external: DAY, confirm: Confirm { times: 0, after: Duration::from_secs(30) }, max_time: DAY, report: Rep { ignore: Vec::new() }, notify: Vec::new() }
}

pub(crate) fn config(folder: &Path, sites: impl IntoIterator<Item = (&'static str, SiteConfig)>) -> ServiceConfig {
    ServiceConfig { database: folder.join("watch.db").to_string_lossy().into_owned(), checks_at_once: 4.try_into().unwrap(), workers: None, grace: Duration::from_secs(20), web: WebConfig { url: None }, retention: RetentionConfig { runs: 90 * DAY, findings: 365 * DAY }, sites: sites.into_iter().map(|(name, site)| (name.to_owned(), site)).collect::<BTreeMap<_, _>>() }
}

pub(crate) fn dial(http: Arc<impl Http>) -> Dial {
    Arc::new(move |_| Ok(Arc::clone(&http) as Arc<dyn Http>))
}

pub(crate) fn clock() -> VirtualClock {
    VirtualClock::starting_at("2026-03-02T00:00:00Z".parse().unwrap())
}

/// Waits until no check runs or waits.
pub(crate) async fn idle(service: &Service) {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if service.sites().await.unwrap().iter().all(|site| matches!(site.activity, Activity::Idle | Activity::Paused)) {
            return;
        }
    }
}

pub(crate) async fn stop(service: Service) {
    let report = service.stop(Cause::Finished).await;
    assert!(report.is_clean(), "{report}");
}

pub(crate) async fn done(service: &Service, site: &str) -> Vec<RunView> {
    let runs = service.runs(Some(site), 1_000, None).await.unwrap();
    runs.into_iter().filter(|run| run.state == RunState::Done).collect()
}
