//! A service whose pages are fetched by workers.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actors::coordinator::Cause;
use actors::scheduler::VirtualClock;
use sitewatch::check::Http;
use sitewatch::service::config::{ServiceConfig, load};
use sitewatch::service::{
    Action, Activity, Dial, FindingQuery, JobAction, JobQuery, JobState, QueueAction, Readiness, RunState, RunView,
    Service, Watch,
};
use tokio::time::{sleep, timeout};

use super::cable::Life;
use super::field::{Field, at_a_time, stop};
use super::web::{Web, alone};

fn config(folder: &Path) -> ServiceConfig {
    config_with(folder, "")
}

/// With so much more to say of the site.
fn config_with(folder: &Path, more: &str) -> ServiceConfig {
    let file = folder.join("sitewatch.toml");
    let text = format!(
        "database = '{}'\n[sites.s]\ntarget = 'http://s.test/'\nconfirm.times = 0\nhttp = {{ rate = 0, per_host = 8 }}\n{more}",
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

/// What comes of a check whose second page somebody cancels while it waits for a worker, where so many more requests are
/// made for what is newly broken.
async fn cancelled(confirmed: u32) -> (RunView, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let web = Arc::new(Web { delay: Duration::from_secs(1), ..Web::tree(3) });
    let field = Field::new();
    let (a, _) = field.worker_with(&web, "a", |worker| worker.concurrency(at_a_time(1))).await;
    let mut config = config(folder.path());
    let confirm = &mut config.sites.get_mut("s").unwrap().confirm;
    (confirm.times, confirm.after) = (confirmed, Duration::from_secs(30));
    let service = Service::builder(config).lead(field.lead(&web).await).clock(clock()).start().await.unwrap();
    assert!(service.act("s", Action::Check).await.unwrap().changed);
    let queue = service.queue().unwrap();
    let second = async {
        loop {
            sleep(Duration::from_millis(100)).await;
            let jobs = queue.jobs(&JobQuery::default()).await.unwrap();
            let other = |state| {
                jobs.iter().find(|job| job.state == state && job.about.as_deref() != Some("http://s.test/")).cloned()
            };
            if let (Some(_), Some(job)) = (other(JobState::Running), other(JobState::Waiting)) {
                break job;
            }
        }
    };
    let job = timeout(Duration::from_secs(60), second).await.expect("one page is asked for after the other");
    assert!(queue.change_job(&job.id, JobAction::Cancel).await.unwrap().changed);
    let run = idle(&service).await;
    let broken = broken(&service).await;
    end(service).await;
    stop([a]).await;
    (run, broken)
}

#[tokio::test(start_paused = true)]
async fn a_page_that_we_failed_to_fetch_is_asked_for_again_before_its_link_is_told_as_broken() {
    let (run, broken) = cancelled(0).await;
    assert_eq!((run.state, run.numbers.broken, broken.len()), (RunState::Done, 1, 1), "{run:?}");
    assert!(broken[0].ends_with(" \"failed\""), "{broken:?}");
    let (run, broken) = cancelled(1).await;
    let numbers = (run.numbers.broken, run.numbers.newly_broken, run.numbers.flapping);
    assert_eq!((run.state, numbers, broken), (RunState::Done, (0, 0, 1), Vec::new()), "{run:?}");
}

#[tokio::test(start_paused = true)]
async fn jobs_that_nobody_takes_are_told_of_until_somebody_does_and_the_service_is_ready_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let web = Arc::new(Web::tree(3));
    let field = Field::new();
    let service = Service::builder(config(folder.path())).lead(field.lead(&web).await).clock(clock());
    let service = service.start().await.unwrap();
    let well = Readiness { ready: true, reasons: Vec::new() };
    let told = |what: &str| Readiness { ready: true, reasons: vec![format!("the queue sitewatch.fetch {what}")] };
    assert!(service.act("s", Action::Check).await.unwrap().changed);
    sleep(Duration::from_secs(45)).await;
    assert_eq!(service.readiness().await, well, "a worker may be on its way");
    sleep(Duration::from_secs(60)).await;
    let nobody = told("has 1 job that nobody takes: is there a worker with room?");
    assert_eq!(service.readiness().await, nobody);

    let queue = service.queue().unwrap();
    assert!(queue.change_queue("sitewatch.fetch", QueueAction::Pause).await.unwrap().changed);
    let (a, _) = field.worker(&web, "a").await;
    sleep(Duration::from_secs(60)).await;
    assert_eq!(service.readiness().await, told("is paused, with 1 job in it"));
    assert!(queue.change_queue("sitewatch.fetch", QueueAction::Resume).await.unwrap().changed);
    let run = idle(&service).await;
    assert_eq!((run.state, run.numbers.pages), (RunState::Done, 3), "{run:?}");
    sleep(Duration::from_secs(60)).await;
    assert_eq!(service.readiness().await, well);
    end(service).await;
    stop([a]).await;
}

#[tokio::test(start_paused = true)]
async fn nobody_says_that_a_check_gets_on_again_while_the_engine_is_away() {
    let folder = tempfile::tempdir().unwrap();
    let (field, web, life) = (Field::new(), Arc::new(Web::tree(3)), Life::default());
    let service = Service::builder(config(folder.path())).lead(field.lead_of(&web, &life).await).clock(clock());
    let service = service.start().await.unwrap();
    assert!(service.act("s", Action::Check).await.unwrap().changed);
    let nobody = "the queue sitewatch.fetch has 1 job that nobody takes: is there a worker with room?".to_owned();
    sleep(Duration::from_secs(105)).await;
    assert!(service.readiness().await.reasons.contains(&nobody));
    life.set_away(true);
    sleep(Duration::from_secs(60)).await;
    let readiness = service.readiness().await;
    assert!(readiness.reasons.contains(&nobody), "{readiness:?}");
    life.set_away(false);
    let (a, _) = field.worker(&web, "a").await;
    let run = idle(&service).await;
    assert_eq!((run.state, run.numbers.pages), (RunState::Done, 3), "{run:?}");
    sleep(Duration::from_secs(60)).await;
    assert!(!service.readiness().await.reasons.contains(&nobody));
    end(service).await;
    stop([a]).await;
}

#[tokio::test(start_paused = true)]
async fn a_check_whose_workers_are_gone_when_it_asks_once_more_ends_in_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config_with(folder.path(), "max_time = '10m'");
    let confirm = &mut config.sites.get_mut("s").unwrap().confirm;
    (confirm.times, confirm.after) = (1, Duration::from_secs(30));
    let (field, web) = (Field::new(), Arc::new(Web::tree(5)));
    let (a, _) = field.worker(&web, "a").await;
    let service = Service::builder(config).lead(field.lead(&web).await).clock(clock()).start().await.unwrap();
    assert!(service.act("s", Action::Check).await.unwrap().changed);
    sleep(Duration::from_secs(20)).await;
    let asked = web.asked.lock().len();
    assert_eq!(asked, 6, "five pages and one that is gone");
    stop([a]).await;
    let run = timeout(Duration::from_secs(900), idle(&service)).await.expect("there is an end to it");
    assert_eq!((run.state, run.why.as_deref()), (RunState::Cancelled, Some("it took longer than 10m")), "{run:?}");
    let jobs = field.jobs().await;
    assert!(jobs.len() > asked && jobs.iter().all(|job| job.state.is_over()), "{jobs:?}");
    end(service).await;
}

#[tokio::test(start_paused = true)]
async fn a_site_whose_credentials_no_worker_has_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let config = config_with(folder.path(), "auth.bearer = 'hunter2'");
    let web = Arc::new(Web::tree(3));
    let field = Field::new();
    let (stranger, _) = field.worker(&web, "stranger").await;
    let service = Service::builder(config.clone()).lead(field.lead(&web).await).clock(clock());
    let service = service.start().await.unwrap();
    assert!(service.act("s", Action::Check).await.unwrap().changed);
    sleep(Duration::from_secs(105)).await;
    let told = "the queue sitewatch.fetch.s has 1 job that nobody takes: is there a worker with the credentials of s?";
    assert_eq!(service.readiness().await.reasons, [told]);
    let (friend, _) = field.worker_with(&web, "friend", |worker| worker.identities(&config)).await;
    let run = idle(&service).await;
    assert_eq!((run.state, run.numbers.pages), (RunState::Done, 3), "{run:?}");
    assert_eq!(web.askers(), ["friend"]);
    end(service).await;
    stop([stranger, friend]).await;
}
