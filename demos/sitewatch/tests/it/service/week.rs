//! A week of many sites, with a night in which nobody watches.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actors::scheduler::{CatchUp, Overlap, WallClock};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sitewatch::service::config::{ServiceConfig, SiteConfig, When};
use sitewatch::service::{Action, Cause, RunState, Service, Watch};

use super::setup::{clock, config, dial, idle, site, stop};
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

#[tokio::test(start_paused = true)]
async fn in_a_week_of_two_hundred_sites_each_due_check_ran_or_has_its_reason_and_none_overlapped() {
    let memory = std::path::Path::new("/dev/shm");
    let folder = tempfile::tempdir_in(if memory.is_dir() { memory } else { ".".as_ref() }).unwrap();
    let web = Arc::new(Web::default());
    let sites = sites();
    for (_, watched) in &sites {
        web.put(&watched.target, "<a href=a>a</a> <a href=gone>gone</a>");
        web.put(&format!("{}a", watched.target), "fine");
    }
    web.delay(Duration::from_secs(1));
    let settings = config(folder.path(), sites.clone());
    let settings = ServiceConfig { checks_at_once: 20.try_into().unwrap(), ..settings };
    let clock = clock();
    let began = clock.now();
    let start = async || {
        let builder = Service::builder(settings.clone()).dial(dial(Arc::clone(&web))).clock(clock.clone());
        builder.start().await.unwrap()
    };
    let service = start().await;
    tokio::time::sleep(24 * HOUR + HOUR / 2).await;
    // For some time a check takes longer than it is to the next.
    web.slow(Some(("busy", 45 * MINUTE)));
    tokio::time::sleep(4 * HOUR).await;
    web.slow(None);
    tokio::time::sleep(20 * HOUR).await;
    // Two are paused, one for less than a day, and one until after the night.
    for name in ["site-005", "site-009", "busy-001"] {
        service.act(name, Action::Pause).await.unwrap();
    }
    tokio::time::sleep(20 * HOUR).await;
    service.act("site-005", Action::Resume).await.unwrap();
    tokio::time::sleep(5 * HOUR + 7 * MINUTE).await;
    stop(service).await;
    // Nobody watches for a night and a morning.
    tokio::time::sleep(15 * HOUR).await;
    let service = start().await;
    tokio::time::sleep(24 * HOUR).await;
    for name in ["site-009", "busy-001"] {
        service.act(name, Action::Resume).await.unwrap();
    }
    service.act("site-008", Action::Check).await.unwrap();
    // Until nothing was due for ten minutes, which is longer than any jitter.
    let end = began + 7 * 24 * HOUR + 10 * MINUTE;
    let left = Duration::try_from(end.duration_since(clock.now())).unwrap();
    tokio::time::sleep(left - MINUTE).await;
    for (name, _) in &sites {
        service.act(name, Action::Pause).await.unwrap();
    }
    idle(&service).await;

    let mut states = BTreeMap::new();
    for (name, watched) in &sites {
        let runs = service.runs(Some(name), 100_000, None).await.unwrap();
        for run in &runs {
            *states.entry(format!("{:?}", run.state)).or_insert(0_u64) += run.times;
            assert!(run.state == RunState::Done || run.why.is_some(), "a reason is there: {run:#?}");
        }
        let scheduled = runs.iter().filter(|run| run.cause == Cause::Schedule);
        let accounted: u64 = scheduled.map(|run| run.times).sum();
        let due = due(&watched.schedule.when, began, end - MINUTE);
        assert_eq!(accounted, due, "{name}, {:?}: {runs:#?}", watched.schedule);
        if watched.schedule.overlap != Overlap::Allow {
            let mut ran: Vec<_> = runs.iter().filter(|run| run.state == RunState::Done).collect();
            ran.sort_by_key(|run| run.began);
            for pair in ran.windows(2) {
                assert!(pair[0].ended.unwrap() <= pair[1].began, "{name}: {pair:#?}");
            }
        }
    }
    eprintln!("{states:?}");
    let [done, skipped, missed] = ["Done", "Skipped", "Missed"].map(|state| states[state]);
    assert!(done > 1_500 && skipped > 50 && missed > 50, "{states:?}");
    stop(service).await;
}
