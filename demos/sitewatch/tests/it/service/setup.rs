//! A service on a paused clock, and a web of its own.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actors::coordinator::Cause;
use actors::scheduler::VirtualClock;
use sitewatch::check::Http;
use sitewatch::service::config::{ServiceConfig, SiteConfig, When, load};
use sitewatch::service::{Activity, Dial, RunState, RunView, Service, Watch};

/// What a file of settings says that says next to nothing.
fn defaults() -> ServiceConfig {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sitewatch.toml");
    std::fs::write(&file, "[sites.s]\ntarget = 'http://s.test/'").unwrap();
    load::<String, String>(&file, []).unwrap()
}

/// A site with the defaults of the settings, but for what these tests are about: nothing is confirmed.
pub(crate) fn site(target: &str, when: When) -> SiteConfig {
    let mut site = defaults().sites.remove("s").unwrap();
    site.target = target.to_owned();
    site.schedule.when = when;
    site.confirm.times = 0;
    site
}

pub(crate) fn config(folder: &Path, sites: impl IntoIterator<Item = (&'static str, SiteConfig)>) -> ServiceConfig {
    ServiceConfig {
        database: folder.join("watch.db").to_string_lossy().into_owned(),
        sites: sites.into_iter().map(|(name, site)| (name.to_owned(), site)).collect(),
        ..defaults()
    }
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
        if service.sites().await.unwrap().iter().all(|site| matches!(site.activity, Activity::Idle | Activity::Paused))
        {
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
