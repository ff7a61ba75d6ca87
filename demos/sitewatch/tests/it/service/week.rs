//! A week of many sites, with a night in which nobody watches, and crashes.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actors::scheduler::{CatchUp, Overlap, VirtualClock, WallClock};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sitewatch::service::config::{ServiceConfig, SiteConfig, When};
use sitewatch::service::{Action, Activity, Cause, RunState, RunView, Service, SiteView, Watch};
use tokio::time::sleep;

use super::setup::{config, dial, idle, site, stop};
use super::web::Web;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const SITES: usize = 200;
const ZONES: [&str; 4] = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"];

/// Sites with schedules and policies of all kinds. The first few are checked each hour.
fn sites() -> Vec<(&'static str, SiteConfig)> {
    let watched = (0..SITES).map(|n| {
        let name: &'static str = format!("{}-{n:03}", if n < 4 { "busy" } else { "site" }).leak();
        let when = match n {
            0..4 => When::Every(HOUR),
            _ if n % 8 == 0 => When::ByHand,
            _ if n % 8 == 1 => When::Every(12 * HOUR),
            _ if n % 8 < 4 => When::Every(24 * HOUR),
            _ => When::Cron {
                expression: format!("{} {} * * *", 15 + n % 30, n % 20),
                time_zone: ZONES[n % 4].to_owned(),
            },
        };
        let mut watched = site(&format!("http://{name}.test/"), when);
        watched.schedule.overlap = [Overlap::Skip, Overlap::Queue(2), Overlap::CancelOther, Overlap::Allow][n % 4];
        let all = CatchUp::All { within: 12 * HOUR, at_most: 3 };
        watched.schedule.catch_up = [CatchUp::Latest, CatchUp::Skip, all][n % 3];
        watched.schedule.jitter = if n % 2 == 0 { 5 * MINUTE } else { Duration::ZERO };
        (name, watched)
    });
    watched.collect()
}

/// How many instants a schedule has from one to another.
fn due(when: &When, from: Timestamp, to: Timestamp) -> u64 {
    let elapsed = to.duration_since(from).as_secs().unsigned_abs();
    match when {
        When::Every(period) => elapsed / period.as_secs() + 1,
        When::Cron { expression, time_zone } => {
            let fields: Vec<i8> = expression.split(' ').take(2).map(|field| field.parse().unwrap()).collect();
            let zone = TimeZone::get(time_zone).unwrap();
            let first = from.to_zoned(zone.clone()).date();
            let days = first.series(jiff::Span::new().days(1)).take(9);
            let instants =
                days.map(|day| day.at(fields[1], fields[0], 0, 0).to_zoned(zone.clone()).unwrap().timestamp());
            instants.filter(|at| from < *at && *at <= to).count() as u64
        }
        When::ByHand => 0,
    }
}

/// One life of the service, which ends as it may: with its runtime, as in a crash, where `life` doesn't stop it. Gives
/// what the wall clock read then.
fn live(
    settings: &ServiceConfig,
    web: &Arc<Web>,
    wall: Timestamp,
    life: impl AsyncFnOnce(Service, VirtualClock),
) -> Timestamp {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let clock = VirtualClock::starting_at(wall);
        let builder = Service::builder(settings.clone()).dial(dial(Arc::clone(web))).clock(clock.clone());
        life(builder.start().await.unwrap(), clock.clone()).await;
        clock.now()
    })
}

async fn sleep_until(clock: &VirtualClock, at: Timestamp) {
    sleep(Duration::try_from(at.duration_since(clock.now())).unwrap()).await;
}

#[test]
fn in_a_week_of_two_hundred_sites_each_due_check_ran_or_has_its_reason_and_none_overlapped() {
    let memory = Path::new("/dev/shm");
    let folder = tempfile::tempdir_in(if memory.is_dir() { memory } else { Path::new(".") }).unwrap();
    let web = Arc::new(Web::default());
    let sites = sites();
    for (_, watched) in &sites {
        web.put(&watched.target, "<a href=a>a</a> <a href=gone>gone</a>");
        web.put(&format!("{}a", watched.target), "fine");
    }
    web.delay(Duration::from_secs(1));
    let settings = config(folder.path(), sites.clone());
    let settings = ServiceConfig { checks_at_once: 20.try_into().unwrap(), ..settings };
    let began: Timestamp = "2026-03-02T00:00:00Z".parse().unwrap();

    let stopped = live(&settings, &web, began, async |service, _| {
        sleep(24 * HOUR + HOUR / 2).await;
        // For some time a check takes longer than it is to the next.
        web.slow(Some(("busy", 45 * MINUTE)));
        sleep(4 * HOUR).await;
        web.slow(None);
        sleep(20 * HOUR).await;
        // Three are paused, one for less than a day, and two until after the night.
        for name in ["site-005", "site-009", "busy-001"] {
            service.act(name, Action::Pause).await.unwrap();
        }
        sleep(20 * HOUR).await;
        service.act("site-005", Action::Resume).await.unwrap();
        sleep(5 * HOUR + 7 * MINUTE).await;
        stop(service).await;
    });
    // Nobody watches for a night and a morning. Then it crashes just when some checks are in the middle, as it does
    // again while those are gone on with.
    let crash = began + 96 * HOUR + Duration::from_secs(2);
    let crashed = live(&settings, &web, stopped + 15 * HOUR, async |service, clock| {
        service.act("site-008", Action::Check).await.unwrap();
        sleep_until(&clock, crash).await;
        let checking = |site: &SiteView| site.activity == Activity::Checking;
        assert!(service.sites().await.unwrap().iter().any(checking), "nothing is cut off");
    });
    let crashed = live(&settings, &web, crashed + MINUTE, async |_, _| sleep(Duration::from_secs(1)).await);
    // The end is not within any jitter.
    let end = began + 7 * 24 * HOUR + 9 * MINUTE;
    live(&settings, &web, crashed + 2 * HOUR, async |service, clock| {
        sleep(15 * HOUR).await;
        for name in ["site-009", "busy-001"] {
            service.act(name, Action::Resume).await.unwrap();
        }
        sleep_until(&clock, end).await;
        for (name, _) in &sites {
            service.act(name, Action::Pause).await.unwrap();
        }
        idle(&service).await;
        let mut states = BTreeMap::new();
        for (name, watched) in &sites {
            let runs = service.runs(Some(name), 100_000, None).await.unwrap();
            assert_accounted_for(name, watched, &runs, due(&watched.schedule.when, began, end));
            for run in &runs {
                *states.entry(format!("{:?}", run.state)).or_insert(0_u64) += run.times;
            }
        }
        let [done, skipped, missed] = ["Done", "Skipped", "Missed"].map(|state| states[state]);
        assert!(done > 1_500 && skipped > 50 && missed > 50, "{states:?}");
        stop(service).await;
    });
}

fn assert_accounted_for(name: &str, watched: &SiteConfig, runs: &[RunView], due: u64) {
    for run in runs {
        assert!(run.state == RunState::Done || run.why.is_some(), "a reason is there: {run:#?}");
    }
    let scheduled = runs.iter().filter(|run| run.cause == Cause::Schedule);
    let accounted: u64 = scheduled.map(|run| run.times).sum();
    assert_eq!(accounted, due, "{name}, {:?}: {runs:#?}", watched.schedule);
    if watched.schedule.overlap == Overlap::Allow {
        return;
    }
    let ran = |run: &&RunView| !matches!(run.state, RunState::Skipped | RunState::Missed);
    let mut ran: Vec<_> = runs.iter().filter(ran).collect();
    ran.sort_by_key(|run| run.began);
    for pair in ran.windows(2) {
        assert!(pair[0].ended.unwrap() <= pair[1].began, "{name}: {pair:#?}");
    }
}
