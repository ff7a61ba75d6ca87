//! The service in a process that is killed again and again in the middle of a check, or is asked to stop.
//!
//! What is checked in the end:
//!
//! 1. The findings and the numbers are those of a check that nobody has disturbed.
//! 2. It is one run, which was gone on with as often as the service was killed.
//! 3. No more was asked for twice than was under way when it was killed, each time; but for robots.txt.
#![cfg(unix)]

use std::collections::HashMap;
use std::time::Duration;

use actors::connection_pool::sqlite::rusqlite::Connection;
use integration_tests::sitewatch::Service;
use serde_json::Value;
use sitewatch::demo_site::{DemoSite, Fault};
use tokio::time::{Instant, sleep, timeout};

use crate::dice::Dice;
use crate::pool_support::{blocking, millis, postgres};

const PAGES: u32 = 5_000;

/// How often it is killed: by default less often than it takes to be sure, as each life takes seconds. `CRASHES=100`
/// says otherwise.
fn kills() -> u64 {
    let wanted = std::env::var("CRASHES").ok().and_then(|kills| kills.parse().ok());
    wanted.unwrap_or(12)
}

/// So many requests are left for after the last kill.
const RESERVE: u64 = 500;
/// How many requests are under way at most.
const AT_ONCE: u64 = 8;
/// Where its database is, in its folder.
pub(crate) const FILE: &str = "sitewatch.db";
/// What nobody waits longer for.
pub(crate) const BOUND: Duration = Duration::from_secs(60);
/// Where a scenario hangs. Alone it takes a minute or two; others share the machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(600);
/// What each kill adds to that. Alone a life takes a second or two.
const LIFE: Duration = Duration::from_secs(10);

/// What a check that nobody has disturbed has found.
pub(crate) struct Calm {
    findings: Vec<(String, String, String)>,
    run: Value,
    /// What the site was asked for by then.
    fetched: HashMap<String, u64>,
}

/// A site with a broken link on each fiftieth page, so slow that something is under way at most times.
pub(crate) async fn site(pages: u32) -> DemoSite {
    DemoSite::builder().pages(pages).faults([Fault::Scattered]).delay(millis(4)).start().await.unwrap()
}

/// Whether something holds within a time.
pub(crate) async fn within(limit: Duration, mut holds: impl AsyncFnMut() -> bool) -> bool {
    let late = Instant::now() + limit;
    while !holds().await {
        if Instant::now() > late {
            return false;
        }
        sleep(millis(10)).await;
    }
    true
}

/// How often the site was asked for anything.
pub(crate) fn requests(site: &DemoSite) -> u64 {
    site.fetched().values().sum()
}

/// Waits until the site has been asked so many times more.
pub(crate) async fn asked_for(site: &DemoSite, more: u64) {
    let most = requests(site) + more;
    assert!(within(BOUND, async || requests(site) >= most).await, "the check does not go on");
}

pub(crate) async fn runs(service: &Service) -> Vec<Value> {
    let runs = service.get_json("/api/v1/sites/docs/runs").await.unwrap();
    runs.as_array().unwrap().clone()
}

/// The settings of a service that keeps its history here and checks one site, `docs`: so many requests at the same time,
/// and so many in a second; 0 for as many as it answers.
pub(crate) fn settings(target: &str, database: &str, at_once: u64, rate: u32) -> String {
    // A link that is broken is told at once, and nothing is asked for once more because it failed: who counts requests
    // counts what was asked for again on account of the kills.
    format!(
        "database = \"{database}\"\n[defaults]\nconfirm = {{ times = 0 }}\n\
         [defaults.http]\nper_host = {at_once}\nrate = {rate}.0\nretries = 0\n[sites.docs]\ntarget = \"{target}\"\n"
    )
}

/// Starts the service with this database, and a check of the site.
pub(crate) async fn begin(site: &DemoSite, database: &str) -> Service {
    begin_with(&settings(site.url(), database, AT_ONCE, 0)).await
}

/// Starts the service with these settings, and a check of its site.
pub(crate) async fn begin_with(settings: &str) -> Service {
    let service = Service::start(settings).await.unwrap();
    let bearer = format!("Bearer {}", service.token().unwrap());
    let headers = [("authorization", &*bearer)];
    let reply = service.ask("POST", "/api/v1/sites/docs/check", &headers, "").await.unwrap();
    assert_eq!(reply.status, 200, "{}", reply.text());
    let begun = within(BOUND, async || !runs(&service).await.is_empty()).await;
    assert!(begun, "no check begins; it said: {}", service.said());
    service
}

/// Waits for the end of the one check there is.
pub(crate) async fn ended(service: &Service, limit: Duration) -> Value {
    let ended = within(limit, async || runs(service).await.iter().all(|run| !run["ended"].is_null())).await;
    let mut runs = runs(service).await;
    assert!(ended, "it does not end: {runs:?}; it said: {}", service.said());
    assert_eq!(runs.len(), 1, "{runs:?}");
    runs.remove(0)
}

async fn findings(service: &Service) -> Vec<(String, String, String)> {
    let found = service.get_json("/api/v1/sites/docs/findings?limit=10000").await.unwrap();
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let items = found["items"].as_array().unwrap();
    assert_eq!(found["total"], items.len());
    let mut findings: Vec<_> =
        items.iter().map(|item| (text(item, "page"), text(item, "url"), text(item, "reason"))).collect();
    findings.sort_unstable();
    findings
}

/// A check that nobody disturbs, with a database of its own.
pub(crate) async fn undisturbed(site: &DemoSite, pages: u32) -> Calm {
    undisturbed_with(&settings(site.url(), FILE, AT_ONCE, 0), site, pages).await
}

/// The same with these settings, which may know the site by another address.
pub(crate) async fn undisturbed_with(settings: &str, site: &DemoSite, pages: u32) -> Calm {
    let service = begin_with(settings).await;
    let run = ended(&service, 2 * BOUND + millis(20) * pages).await;
    let (findings, fetched) = (findings(&service).await, site.fetched());
    assert_eq!(run["state"], "done", "{run}");
    // The list of the faults and the page of the one that there is belong to the site, and no page of the tree links to
    // what is missing there.
    assert_eq!(run["numbers"]["pages"], pages + 2, "{run}");
    assert_eq!(findings.len(), pages as usize / 50 + 1);
    for (path, times) in &fetched {
        assert_eq!(*times, 1, "{path} was asked for {times} times");
    }
    Calm { findings, run, fetched }
}

/// Waits until the check ends, and sees that it has come to what the undisturbed one has. The run, and how often
/// something was asked for again.
pub(crate) async fn assert_same(calm: &Calm, service: &Service, site: &DemoSite, limit: Duration) -> (Value, u64) {
    let run = ended(service, limit).await;
    assert_eq!(run["state"], "done", "{run}");
    let found = findings(service).await;
    let differ = found.iter().filter(|finding| !calm.findings.contains(finding)).count();
    assert!(found == calm.findings, "{} findings, {differ} of which are new: {run}", found.len());
    for key in ["pages", "links", "ok", "redirected", "broken", "skipped", "fetched", "newly_broken"] {
        assert_eq!(run["numbers"][key], calm.run["numbers"][key], "{key}: {run}");
    }
    let mut again = 0;
    for (path, after) in site.fetched() {
        // Each life asks what it may do; that is no answer of a page, and is in no journal.
        if path != "/robots.txt" {
            let times = after - calm.fetched.get(&path).copied().unwrap_or_default();
            assert!(times > 0, "{path} was not asked for");
            again += times - 1;
        }
    }
    (run, again)
}

/// Kills the service [so many times](kills), and starts it again at once each time.
///
/// Each third life ends when the site has been asked for so many pages more, at random, and so in the middle of what it
/// is asked for. The others end after a random time, wherever they are then: also in the middle of finding out where
/// the one before was. So that there is something left to ask for until the last, a life makes no more than its share.
async fn kill_again_and_again(service: &mut Service, site: &DemoSite, seed: u64) {
    let (begun, mut dice) = (requests(site), Dice::new(seed));
    let wanted = kills();
    for kills in 0..wanted {
        let gone_on = within(BOUND, async || matches!(&*runs(service).await, [run] if run["resumed"] == kills)).await;
        assert!(gone_on, "kill {kills}, seed {seed}: {:?}; it said: {}", runs(service).await, service.said());
        let before = requests(site);
        let room = (u64::from(PAGES) - RESERVE).saturating_sub(before - begun);
        let most = before + 1 + dice.below(2 * room / (wanted - kills + 1) + 1);
        let is_timed = kills % 3 > 0;
        let time = if is_timed { millis(dice.below(100)) } else { BOUND };
        let has_asked = within(time, async || requests(site) >= most).await;
        assert!(has_asked || is_timed, "kill {kills}, seed {seed}: nothing is asked for; it said: {}", service.said());
        service.restart().await.unwrap();
    }
}

async fn assert_kills_change_nothing(database: &str, seed: u64) {
    let scenario = async {
        let site = site(PAGES).await;
        let calm = undisturbed(&site, PAGES).await;
        let mut service = begin(&site, database).await;
        kill_again_and_again(&mut service, &site, seed).await;
        let (run, again) = assert_same(&calm, &service, &site, 2 * BOUND).await;
        assert_eq!(run["resumed"], kills(), "{run}");
        assert!(again <= kills() * AT_ONCE, "{again} answers were lost");
        // Else it was never killed in the middle of anything.
        assert!(again > 0, "nothing was under way");
    };
    let lives = Duration::from_secs(LIFE.as_secs() * kills());
    timeout(LIMIT + lives, scenario).await.expect("the scenario hangs");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_many_times_a_check_of_5000_pages_finds_what_an_undisturbed_one_does_on_sqlite() {
    assert_kills_change_nothing(FILE, 0x5eed_0001).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_many_times_a_check_of_5000_pages_finds_what_an_undisturbed_one_does_on_postgres() {
    let Some(server) = postgres("a check that is killed many times").await else { return };
    // The undisturbed check is in a file: what is found does not depend on where that is kept.
    let url = server.url("application_name=sitewatch");
    assert_kills_change_nothing(&url, 0x5eed_0002).await;
    blocking(move || drop(server)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_in_the_middle_hands_back_what_is_left_and_exits_with_0() {
    const FEWER: u32 = 1_000;
    let scenario = async {
        let site = site(FEWER).await;
        let calm = undisturbed(&site, FEWER).await;
        let before = requests(&site);
        let mut service = begin(&site, FILE).await;
        asked_for(&site, 300).await;
        let asked = Instant::now();
        let code = service.terminate().await.unwrap();
        assert_eq!(code, Some(0), "it said: {}", service.said());
        assert!(asked.elapsed() < Duration::from_secs(20), "it stopped after {:?}", asked.elapsed());

        // The run is as one that goes on, and its journal has every answer but those that were under way.
        let fetched = requests(&site) - before - 1;
        let db = Connection::open(service.home().join(FILE)).unwrap();
        let left: String = db.query_row("select state || ' ' || resumed from run", [], |row| row.get(0)).unwrap();
        let kept: i64 = db.query_row("select count(*) from visit", [], |row| row.get(0)).unwrap();
        let kept = u64::try_from(kept).unwrap();
        assert_eq!(left, "running 0");
        assert!(kept < u64::from(FEWER), "it was at its end already");
        assert!(kept <= fetched && fetched <= kept + AT_ONCE, "{fetched} were asked for, {kept} kept");
        drop(db);

        service.restart().await.unwrap();
        let (run, again) = assert_same(&calm, &service, &site, BOUND).await;
        assert_eq!(run["resumed"], 1, "{run}");
        assert!(again <= AT_ONCE, "{again} answers were lost");
    };
    timeout(LIMIT, scenario).await.expect("the scenario hangs");
}
