use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actors::scheduler::Overlap;
use jiff::{SignedDuration, Timestamp};
use sitewatch::service::config::{ServiceConfig, When};
use sitewatch::service::{Action, Cause, RunState, Service, Watch};

use super::setup::{clock, config, dial, idle, site, stop};
use super::web::Web;

const HOUR: Duration = Duration::from_secs(3_600);
const SITES: usize = 20;

fn sites() -> Vec<(&'static str, sitewatch::service::config::SiteConfig)> {
    let names = (0..SITES).map(|n| if n < 3 { format!("busy-{n}") } else { format!("site-{n:03}") });
    let watched = names.enumerate().map(|(n, name)| {
        let name: &'static str = name.leak();
        let when = match n {
            0..3 => When::Every(HOUR / 6),
            _ if n % 20 < 3 => When::Every(12 * HOUR),
            _ if n % 20 < 12 => When::Every(24 * HOUR),
            _ => When::Cron {
                expression: format!("{} {} * * *", n % 60, n % 20),
                time_zone: ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"][n % 4].to_owned(),
            },
        };
        let mut watched = site(&format!("http://{name}.test/"), when);
        watched.schedule.overlap = match n % 3 {
            0 => Overlap::Skip,
            1 => Overlap::Queue(2),
            _ => Overlap::Allow,
        };
        watched.schedule.jitter = Duration::from_secs(300);
        (name, watched)
    });
    watched.collect()
}

/// The instants in which a schedule has a check due, from its beginning up to an instant.
fn due(when: &When, from: Timestamp, to: Timestamp) -> u64 {
    match when {
        When::Every(period) => {
            let whole = u64::try_from(to.duration_since(from).as_secs()).unwrap() / period.as_secs();
            whole + 1
        }
        When::Cron { expression, time_zone } => {
            let fields: Vec<i8> = expression.split(' ').take(2).map(|field| field.parse().unwrap()).collect();
            let zone = jiff::tz::TimeZone::get(time_zone).unwrap();
            let mut day = from.to_zoned(zone.clone()).date();
            let mut count = 0;
            loop {
                let at = day.at(fields[1], fields[0], 0, 0).to_zoned(zone.clone()).unwrap().timestamp();
                if at > to {
                    return count;
                }
                count += u64::from(at > from);
                day = day.tomorrow().unwrap();
            }
        }
        When::ByHand => 0,
    }
}

#[tokio::test(start_paused = true)]
async fn in_a_week_every_check_ran_or_has_its_reason_and_none_overlapped() {
    let folder =
        tempfile::tempdir_in(if std::path::Path::new("/dev/shm").is_dir() { "/dev/shm" } else { "." }).unwrap();
    let web = Arc::new(Web::default());
    let sites = sites();
    for (_, watched) in &sites {
        web.put(&watched.target, "<a href=a>a</a> <a href=gone>gone</a>");
        web.put(&format!("{}a", watched.target), "fine");
    }
    web.delay(Duration::from_secs(1));
    let config = config(folder.path(), sites.clone());
    let config = ServiceConfig { checks_at_once: 50.try_into().unwrap(), ..config };
    let clock = clock();
    let began = actors::scheduler::WallClock::now(&clock);
    let start = async || {
        Service::builder(config.clone()).dial(dial(Arc::clone(&web))).clock(clock.clone()).start().await.unwrap()
    };
    let service = start().await;
    tokio::time::sleep(25 * HOUR).await;
    // For a day, some take longer than it is to their next check.
    web.slow("busy", HOUR / 9);
    tokio::time::sleep(24 * HOUR).await;
    web.slow("busy", Duration::ZERO);
    service.act("site-004", Action::Pause).await.unwrap();
    // It is down for a night and a day.
    stop(service).await;
    tokio::time::sleep(30 * HOUR).await;
    let service = start().await;
    tokio::time::sleep(24 * HOUR).await;
    service.act("site-004", Action::Resume).await.unwrap();
    tokio::time::sleep(64 * HOUR + HOUR / 2).await;
    let ended = actors::scheduler::WallClock::now(&clock);
    // What is due by now has begun within its jitter, and ends some time.
    for (name, _) in &sites {
        service.act(name, Action::Pause).await.unwrap();
    }
    idle(&service).await;
    tokio::time::sleep(Duration::from_secs(120)).await;

    let mut states = BTreeMap::new();
    for (name, watched) in &sites {
        let runs = service.runs(Some(name), 10_000, None).await.unwrap();
        for run in &runs {
            *states.entry(format!("{:?}", run.state)).or_insert(0_u64) += run.times;
            assert!(run.state == RunState::Done || run.why.is_some(), "a reason is there: {run:#?}");
        }
        let scheduled = runs.iter().filter(|run| run.cause == Cause::Schedule);
        let accounted: u64 = scheduled.map(|run| run.times).sum();
        let due = due(&watched.schedule.when, began, ended);
        // What is due in its last minutes may still wait for its jitter.
        assert!((due.saturating_sub(1)..=due).contains(&accounted), "{name}: {accounted} of {due}: {runs:#?}");
        if watched.schedule.overlap != Overlap::Allow {
            let mut ran: Vec<_> = runs.iter().filter(|run| run.state == RunState::Done).collect();
            ran.sort_by_key(|run| run.began);
            for pair in ran.windows(2) {
                assert!(pair[0].ended.unwrap() <= pair[1].began + SignedDuration::from_millis(1), "{name}: {pair:#?}");
            }
        }
    }
    assert!(states["Done"] > 1_000 && states["Skipped"] > 50 && states["Missed"] > 50, "{states:?}");
    stop(service).await;
}
