use std::sync::Arc;
use std::time::Duration;

use sitewatch::report::{Links, Report, Summary};
use sitewatch::service::config::{SiteConfig, When};
use sitewatch::service::{Action, AtRest, FindingQuery, RunState, Service, Watch};
use sitewatch::store::{Location, Store};

use super::setup::{clock, config, dial, done, idle, site, stop};
use super::web::Web;

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test(start_paused = true)]
async fn a_site_is_checked_on_its_schedule_and_its_history_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let web = Web::new([
        ("http://s.test/", "<a href=a>a</a> <a href=gone>gone</a>"),
        ("http://s.test/a", "<a href=/>home</a><a href=/gone>gone, too</a>"),
    ]);
    let config = config(folder.path(), [("s", site("http://s.test/", When::Every(6 * HOUR)))]);
    let service = Service::builder(config).dial(dial(web)).clock(clock()).start().await.unwrap();
    idle(&service).await;
    let runs = done(&service, "s").await;
    assert_eq!(runs.len(), 1);
    assert_eq!((runs[0].numbers.pages, runs[0].numbers.broken, runs[0].numbers.newly_broken), (2, 2, 2));
    tokio::time::sleep(12 * HOUR).await;
    idle(&service).await;
    let runs = done(&service, "s").await;
    assert_eq!(runs.len(), 3, "{runs:#?}");
    assert_eq!((runs[0].numbers.newly_broken, runs[0].numbers.fixed, runs[0].numbers.unchanged), (0, 0, 2));
    let found = service.findings("s", &FindingQuery::default()).await.unwrap();
    assert_eq!(found.total, 2);
    assert!(found.items.iter().all(|finding| finding.times == 3 && finding.first_seen < finding.last_seen));
    stop(service).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_mended_is_fixed_and_what_breaks_again_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let web = Web::new([("http://s.test/", "<a href=a>a</a> <a href=b>b</a>"), ("http://s.test/a", "fine")]);
    let config = config(folder.path(), [("s", site("http://s.test/", When::ByHand))]);
    let service = Service::builder(config).dial(dial(Arc::clone(&web))).clock(clock()).start().await.unwrap();
    idle(&service).await;
    assert!(done(&service, "s").await.is_empty(), "by hand means that nobody else begins");
    let check = async || {
        assert!(service.act("s", Action::Check).await.unwrap().changed);
        idle(&service).await;
        let numbers = done(&service, "s").await[0].numbers;
        (numbers.newly_broken, numbers.fixed)
    };
    assert_eq!(check().await, (1, 0));
    web.put("http://s.test/b", "there");
    assert_eq!(check().await, (0, 1));
    assert_eq!(service.site("s").await.unwrap().broken, 0);
    web.remove("http://s.test/b");
    assert_eq!(check().await, (1, 0));
    let all = service.findings("s", &FindingQuery { fixed: true, ..FindingQuery::default() }).await.unwrap();
    assert_eq!(all.items.iter().map(|finding| finding.fixed_at.is_some()).collect::<Vec<_>>(), [false, true]);
    let trend: Vec<u64> = service.site("s").await.unwrap().trend.iter().map(|point| point.broken).collect();
    assert_eq!(trend, [1, 0, 1]);
    stop(service).await;
}

#[tokio::test(start_paused = true)]
async fn pages_that_have_not_changed_are_not_read_again_and_externals_are_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let web = Web::new([
        ("http://s.test/", "<a href=a>a</a> <a href=http://other.test/>o</a>"),
        ("http://s.test/a", "<a href=b>b</a>"),
        ("http://s.test/b", "<i id=x>"),
        ("http://other.test/", "elsewhere"),
    ]);
    let config = config(folder.path(), [("s", site("http://s.test/", When::Every(6 * HOUR)))]);
    let service = Service::builder(config).dial(dial(Arc::clone(&web))).clock(clock()).start().await.unwrap();
    idle(&service).await;
    assert_eq!((web.asked().len(), web.unchanged()), (4, 0));
    web.put("http://s.test/a", "<a href=b#x>b</a> <a href=b#y>b</a>");
    tokio::time::sleep(6 * HOUR).await;
    idle(&service).await;
    assert_eq!((web.asked().len(), web.unchanged()), (3, 2), "the other site was well a few hours ago");
    let numbers = done(&service, "s").await[0].numbers;
    assert_eq!((numbers.fetched, numbers.unchanged, numbers.remembered), (3, 2, 1));
    let found = service.findings("s", &FindingQuery::default()).await.unwrap();
    assert_eq!(found.items[0].url, "http://s.test/b#y", "anchors are known of a page that was not read again");
    tokio::time::sleep(24 * HOUR).await;
    idle(&service).await;
    assert!(web.asked().contains_key("http://other.test/"), "a day later it is asked again");
    stop(service).await;
}

#[tokio::test(start_paused = true)]
async fn a_check_that_is_stopped_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let web = Web::tree("s.test", 200);
    web.delay(Duration::from_secs(1));
    let config = config(folder.path(), [("s", site("http://s.test/", When::ByHand))]);
    let clock = clock();
    let start = async || {
        let service = Service::builder(config.clone()).dial(dial(Arc::clone(&web))).clock(clock.clone());
        service.start().await.unwrap()
    };
    let service = start().await;
    service.act("s", Action::Check).await.unwrap();
    tokio::time::sleep(Duration::from_millis(20_500)).await;
    let site = service.site("s").await.unwrap();
    assert!(site.progress.is_some_and(|progress| progress.pages > 20), "{site:?}");
    stop(service).await;
    let before = web.asked();
    assert!(before.len() < 150);

    let service = start().await;
    idle(&service).await;
    let after = web.asked();
    let twice = before.keys().filter(|url| after.contains_key(*url)).count();
    assert_eq!(twice, 0, "what was under way could be finished");
    assert_eq!(before.len() + after.len(), 220, "200 pages and 20 that are gone");
    let runs = done(&service, "s").await;
    assert_eq!((runs.len(), runs[0].resumed, runs[0].numbers.pages), (1, 1, 200));
    assert_eq!((runs[0].numbers.broken, runs[0].numbers.fetched), (20, 220));
    assert!((50_000..60_000).contains(&runs[0].numbers.elapsed_ms), "{:?}", runs[0].numbers);
    stop(service).await;
}

#[tokio::test(start_paused = true)]
async fn a_link_that_is_well_when_it_is_asked_again_is_not_reported() {
    let folder = tempfile::tempdir().unwrap();
    let links = "<a href=a>a</a> <a href=b>b</a> <a href=http://other.test/>o</a>";
    let web = Web::new([("http://s.test/", links), ("http://s.test/a", ""), ("http://other.test/", "")]);
    web.fail("http://s.test/a", 1);
    web.fail("http://other.test/", 2);
    let mut watched = site("http://s.test/", When::ByHand);
    watched.confirm.times = 1;
    let config = config(folder.path(), [("s", watched)]);
    let service = Service::builder(config).dial(dial(web)).clock(clock()).start().await.unwrap();
    service.act("s", Action::Check).await.unwrap();
    idle(&service).await;
    let numbers = done(&service, "s").await[0].numbers;
    assert_eq!((numbers.broken, numbers.flapping, numbers.newly_broken), (2, 1, 2));
    let found = service.findings("s", &FindingQuery::default()).await.unwrap();
    let urls: Vec<&str> = found.items.iter().map(|finding| &*finding.url).collect();
    assert_eq!(urls, ["http://s.test/b", "http://other.test/"]);
    stop(service).await;
}

#[tokio::test(start_paused = true)]
async fn a_check_can_be_cancelled_and_changes_nothing_then() {
    let folder = tempfile::tempdir().unwrap();
    let web = Web::tree("s.test", 200);
    web.delay(Duration::from_secs(1));
    let config = config(folder.path(), [("s", site("http://s.test/", When::ByHand))]);
    let service = Service::builder(config).dial(dial(web)).clock(clock()).start().await.unwrap();
    assert!(!service.act("s", Action::Cancel).await.unwrap().changed);
    service.act("s", Action::Check).await.unwrap();
    tokio::time::sleep(Duration::from_secs(20)).await;
    let again = service.act("s", Action::Check).await.unwrap();
    assert_eq!((again.changed, &*again.message), (false, "s: a check is running already"));
    assert!(service.act("s", Action::Cancel).await.unwrap().changed);
    idle(&service).await;
    let runs = service.runs(Some("s"), 10, None).await.unwrap();
    assert_eq!((runs.len(), runs[0].state), (1, RunState::Cancelled));
    assert_eq!(runs[0].why.as_deref(), Some("somebody cancelled it"));
    assert_eq!(service.findings("s", &FindingQuery::default()).await.unwrap().total, 0);
    stop(service).await;
}

#[tokio::test(start_paused = true)]
async fn a_site_that_is_down_has_failed_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let web = Web::new([]);
    let config = config(folder.path(), [("s", site("http://s.test/", When::Every(HOUR)))]);
    let service = Service::builder(config).dial(dial(web)).clock(clock()).start().await.unwrap();
    idle(&service).await;
    let runs = service.runs(Some("s"), 10, None).await.unwrap();
    assert_eq!((runs.len(), runs[0].state), (1, RunState::Failed));
    assert!(runs[0].why.as_deref().is_some_and(|why| why.contains("404")), "{:?}", runs[0].why);
    stop(service).await;
}

/// Checks a site that may take two minutes, and takes longer.
async fn takes_too_long(web: Arc<Web>, mut watched: SiteConfig) {
    let folder = tempfile::tempdir().unwrap();
    watched.max_time = Duration::from_secs(120);
    let config = config(folder.path(), [("s", watched)]);
    let service = Service::builder(config).dial(dial(web)).clock(clock()).start().await.unwrap();
    service.act("s", Action::Check).await.unwrap();
    idle(&service).await;
    let runs = service.runs(Some("s"), 10, None).await.unwrap();
    assert_eq!((runs.len(), runs[0].state), (1, RunState::Cancelled));
    assert_eq!(runs[0].why.as_deref(), Some("it took longer than 2m"));
    stop(service).await;
}

#[tokio::test(start_paused = true)]
async fn a_check_that_takes_too_long_is_stopped() {
    let web = Web::tree("s.test", 500);
    web.delay(Duration::from_secs(10));
    takes_too_long(web, site("http://s.test/", When::ByHand)).await;
}

#[tokio::test(start_paused = true)]
async fn a_check_that_takes_too_long_to_ask_once_more_is_stopped_too() {
    let web = Web::new([("http://s.test/", "<a href=gone>gone</a>")]);
    let mut watched = site("http://s.test/", When::ByHand);
    (watched.confirm.times, watched.confirm.after) = (1, HOUR);
    takes_too_long(web, watched).await;
}

#[tokio::test(start_paused = true)]
async fn a_start_page_that_is_away_for_a_moment_is_asked_for_again_before_that_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let web = Web::new([("http://s.test/", "<a href=a>a</a>"), ("http://s.test/a", "fine")]);
    let mut watched = site("http://s.test/", When::ByHand);
    (watched.confirm.times, watched.confirm.after) = (2, Duration::from_secs(30));
    let config = config(folder.path(), [("s", watched)]);
    let service = Service::builder(config).dial(dial(Arc::clone(&web))).clock(clock()).start().await.unwrap();
    let check = async |failures| {
        web.fail("http://s.test/", failures);
        assert!(service.act("s", Action::Check).await.unwrap().changed);
        idle(&service).await;
        service.runs(Some("s"), 1, None).await.unwrap().remove(0)
    };
    let run = check(2).await;
    assert_eq!((run.state, run.numbers.pages), (RunState::Done, 2), "{run:#?}");
    assert!(run.numbers.elapsed_ms >= 60_000, "{run:#?}");
    let run = check(3).await;
    assert_eq!(run.state, RunState::Failed);
    assert!(run.why.as_ref().unwrap().contains("503"), "{run:#?}");
    // What is not there is not there in a moment either; but a server says that also while it is started anew.
    web.asked();
    web.fail("http://s.test/", 0);
    web.remove("http://s.test/");
    let run = check(0).await;
    assert_eq!((run.state, web.asked()["http://s.test/"]), (RunState::Failed, 3), "{run:#?}");
    stop(service).await;
}

#[tokio::test(start_paused = true)]
async fn a_site_that_is_watched_no_more_is_not_among_the_sites_and_has_missed_nothing_when_it_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let web = Web::new([("http://s.test/", ""), ("http://t.test/", "")]);
    let both = [("s", site("http://s.test/", When::Every(HOUR))), ("t", site("http://t.test/", When::Every(HOUR)))];
    let both = config(folder.path(), both);
    // A third one is checked by hand, now and then.
    let location = Location::Sqlite(folder.path().join("watch.db"));
    let system = actors::System::start().unwrap();
    let at_rest = AtRest::new(Store::open(&location, &system).await.unwrap());
    let report = Report::new("by hand", Summary::default(), Links::default(), Vec::new());
    let by_hand = Store::open(&location, &system).await.unwrap();
    by_hand.save(report.into(), std::time::SystemTime::now()).await.unwrap();
    let one = config(folder.path(), [("s", site("http://s.test/", When::Every(HOUR)))]);
    let service = Service::builder(both.clone()).dial(dial(web)).clock(clock()).start().await.unwrap();
    idle(&service).await;
    service.reload(one).await.unwrap();
    tokio::time::sleep(10 * HOUR).await;
    let names: Vec<_> = at_rest.sites().await.unwrap().into_iter().map(|site| site.name).collect();
    assert_eq!(names, ["by hand", "s"]);
    // What was learned of it is there for whoever asks for it by its name.
    assert_eq!(at_rest.runs(Some("t"), 10, None).await.unwrap().len(), 1);
    assert_eq!(at_rest.site("t").await.unwrap().name, "t");
    service.reload(both).await.unwrap();
    idle(&service).await;
    let runs = service.runs(Some("t"), 100, None).await.unwrap();
    assert!(runs.len() == 2 && runs.iter().all(|run| run.state == RunState::Done), "{runs:#?}");
    assert_eq!(at_rest.sites().await.unwrap().len(), 3);
    stop(service).await;
}
