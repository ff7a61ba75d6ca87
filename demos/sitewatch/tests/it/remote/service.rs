//! A service whose pages are fetched by workers.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actors::coordinator::Cause;
use actors::scheduler::VirtualClock;
use sitewatch::check::Http;
use sitewatch::service::config::{ServiceConfig, load};
use sitewatch::service::{Action, Activity, Dial, FindingQuery, RunState, RunView, Service, Watch};
use tokio::time::sleep;

use super::field::{Field, stop};
use super::web::{Web, alone};

fn config(folder: &Path) -> ServiceConfig {
    let file = folder.join("sitewatch.toml");
    let text = format!(
        "database = '{}'\n[sites.s]\ntarget = 'http://s.test/'\nconfirm.times = 0\nhttp = {{ rate = 0, per_host = 8 }}",
        folder.join("watch.db").display()
    );
    std::fs::write(&file, text).unwrap();
    load::<String, String>(&file, []).unwrap()
}

fn clock() -> VirtualClock {
    VirtualClock::starting_at("2026-03-02T00:00:00Z".parse().unwrap())
}

async fn idle(service: &Service) -> RunView {
    loop {
        sleep(Duration::from_secs(1)).await;
        if service.sites().await.unwrap().iter().all(|site| matches!(site.activity, Activity::Idle)) {
            return service.runs(Some("s"), 1, None).await.unwrap().remove(0);
        }
    }
}

/// What is broken: page, line, column, URL and why.
async fn broken(service: &Service) -> Vec<String> {
    let query = FindingQuery { limit: 1_000, ..FindingQuery::default() };
    let found = service.findings("s", &query).await.unwrap();
    let line = |finding: &sitewatch::service::FindingView| {
        format!("{}:{}:{} {} {:?}", finding.page, finding.line, finding.column, finding.url, finding.reason)
    };
    found.items.iter().map(line).collect()
}

async fn end(service: Service) {
    let report = service.stop(Cause::Finished).await;
    assert!(report.is_clean(), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_service_with_workers_finds_and_remembers_what_one_without_does() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let webs = [Arc::new(Web::tree(50)), Arc::new(Web::tree(50))];
    let one = Arc::clone(&webs[0]);
    let dial: Dial = Arc::new(move |_| Ok(alone(&one) as Arc<dyn Http>));
    let field = Field::new();
    let ((a, _), (b, _)) = (field.worker(&webs[1], "a").await, field.worker(&webs[1], "b").await);
    let services = [
        Service::builder(config(folders[0].path())).dial(dial).clock(clock()).start().await.unwrap(),
        Service::builder(config(folders[1].path()))
            .lead(field.lead(&webs[1]).await)
            .clock(clock())
            .start()
            .await
            .unwrap(),
    ];
    // The second check knows what the first has found.
    for check in ["first", "second"] {
        let mut told = Vec::new();
        for service in &services {
            assert!(service.act("s", Action::Check).await.unwrap().changed);
            let mut run = idle(service).await;
            run.numbers.elapsed_ms = 0;
            assert_eq!(run.state, RunState::Done, "{run:?}");
            told.push((run.numbers, broken(service).await));
        }
        assert_eq!(told[0], told[1], "{check}");
        assert_eq!(webs[0].times(), webs[1].times(), "{check}");
        assert!(!told[0].1.is_empty());
    }
    assert_eq!(webs[1].askers(), ["a", "b"]);
    for service in services {
        end(service).await;
    }
    stop([a, b]).await;
}

#[tokio::test(start_paused = true)]
async fn what_was_under_way_when_a_service_was_stopped_is_found_by_the_next_and_asked_for_once() {
    let folder = tempfile::tempdir().unwrap();
    let web = Arc::new(Web { delay: Duration::from_secs(1), ..Web::tree(50) });
    let field = Field::new();
    let ((a, _), (b, _)) = (field.worker(&web, "a").await, field.worker(&web, "b").await);
    let clock = clock();
    let start = async || {
        let lead = field.lead(&web).await;
        let service = Service::builder(config(folder.path())).lead(lead).clock(clock.clone());
        service.start().await.unwrap()
    };
    let service = start().await;
    assert!(service.act("s", Action::Check).await.unwrap().changed);
    sleep(Duration::from_millis(3_500)).await;
    end(service).await;
    let before = web.asked.lock().len();
    assert!((4..40).contains(&before), "{before} were asked for");
    // The workers finish what they have, whether or not anybody is there to hear it.
    sleep(Duration::from_secs(60)).await;

    let service = start().await;
    let run = idle(&service).await;
    assert_eq!((run.state, run.resumed, run.numbers.pages), (RunState::Done, 1, 50), "{run:?}");
    let twice: HashMap<_, _> = web.times().into_iter().filter(|(_, times)| *times > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    end(service).await;
    stop([a, b]).await;
}
