//! What is told of checks that crashes have cut off.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actors::scheduler::{Overlap, VirtualClock, WallClock};
use jiff::Timestamp;
use sitewatch::service::config::{ServiceConfig, When};
use sitewatch::service::{Action, Cause, RunState, RunView, Service, Watch};
use tokio::time::sleep;

use super::setup::{config, dial, idle, site};
use super::web::Web;

const HOUR: Duration = Duration::from_secs(3_600);

/// A life of the service that ends with its runtime, as in a crash.
fn live<R>(config: &ServiceConfig, web: &Arc<Web>, wall: &mut Timestamp, life: impl AsyncFnOnce(Service) -> R) -> R {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let clock = VirtualClock::starting_at(*wall);
        let service = Service::builder(config.clone()).dial(dial(Arc::clone(web))).clock(clock.clone());
        let result = life(service.start().await.unwrap()).await;
        *wall = clock.now();
        result
    })
}

fn watched(folder: &Path, when: When, overlap: Overlap) -> ServiceConfig {
    let mut watched = site("http://s.test/", when);
    watched.schedule.overlap = overlap;
    config(folder, [("s", watched)])
}

async fn runs(service: &Service) -> Vec<RunView> {
    let mut runs = service.runs(Some("s"), 1_000, None).await.unwrap();
    runs.sort_by_key(|run| (run.due, run.id));
    runs
}

#[test]
fn a_check_that_is_cut_off_twice_is_one_check_and_what_was_due_meanwhile_has_its_reason() {
    for overlap in [Overlap::Skip, Overlap::Queue(3), Overlap::Allow] {
        let folder = tempfile::tempdir().unwrap();
        let web = Web::tree("s.test", 40);
        web.delay(Duration::from_secs(20));
        let config = watched(folder.path(), When::Every(HOUR), overlap);
        let mut wall: Timestamp = "2026-03-02T00:00:00Z".parse().unwrap();
        // The first check is cut off; the next instant comes while nobody looks, and takes it up; and is cut off, too.
        live(&config, &web, &mut wall, async |_| sleep(Duration::from_secs(30)).await);
        wall += HOUR;
        live(&config, &web, &mut wall, async |_| sleep(Duration::from_secs(30)).await);
        // Until all leases are over.
        let (all, due) = live(&config, &web, &mut wall, async |service| {
            sleep(HOUR / 2).await;
            idle(&service).await;
            (runs(&service).await, 2)
        });
        let states: Vec<_> = all.iter().map(|run| (run.state, run.cause)).collect();
        assert_eq!(states.len(), due, "{overlap:?}: {all:#?}");
        assert!(states.iter().all(|(_, cause)| *cause == Cause::Schedule), "{all:#?}");
        assert_eq!((states[0].0, states[1].0), (RunState::Done, RunState::Skipped), "{overlap:?}: {all:#?}");
        assert_eq!(all[0].resumed, 2, "{all:#?}");
        let why = all[1].why.as_deref();
        assert_eq!(why, Some("the check before it had been cut off, and was gone on with"), "{overlap:?}");
    }
}

#[test]
fn a_check_by_hand_that_is_cut_off_again_and_again_is_one_check() {
    let folder = tempfile::tempdir().unwrap();
    let web = Web::tree("s.test", 40);
    web.delay(Duration::from_secs(20));
    let config = watched(folder.path(), When::ByHand, Overlap::Skip);
    let mut wall: Timestamp = "2026-03-02T00:00:00Z".parse().unwrap();
    live(&config, &web, &mut wall, async |service| {
        assert!(service.act("s", Action::Check).await.unwrap().changed);
        sleep(Duration::from_secs(30)).await;
    });
    for _ in 0..3 {
        live(&config, &web, &mut wall, async |_| sleep(Duration::from_secs(30)).await);
    }
    let all = live(&config, &web, &mut wall, async |service| {
        sleep(HOUR / 2).await;
        idle(&service).await;
        runs(&service).await
    });
    assert_eq!(all.len(), 1, "{all:#?}");
    assert_eq!((all[0].state, all[0].cause, all[0].due), (RunState::Done, Cause::Request, None), "{all:#?}");
}
