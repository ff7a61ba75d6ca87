//! What all scenarios have, and what is checked at the end of each.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use integration_tests::sitewatch::Service;
use serde_json::Value;
use sitewatch::demo_site::DemoSite;
use tokio::time::{Instant, sleep};

use super::door::Door;
use super::{ANSWER, LATE, PER_HOST};
use crate::service_crashes::{BOUND, Calm, FILE, assert_same, begin_with, settings, site, undisturbed_with, within};

/// What may lie between a request and the end of whoever made it, and between that and the end of his connections.
const LATELY: Duration = Duration::from_secs(2);

/// How large a site is, and how many requests in a second it can bear.
#[derive(Clone, Copy)]
pub(super) struct Size {
    pub(super) pages: u32,
    pub(super) rate: u32,
}

impl Size {
    /// Where a scenario hangs: what it needs where nothing happens, several times over.
    pub(super) fn limit(self) -> Duration {
        6 * BOUND + Duration::from_secs(u64::from(4 * self.pages / self.rate))
    }
}

/// A site behind a door, and what one process alone finds there.
pub(super) struct Scene {
    pub(super) door: Door,
    site: DemoSite,
    calm: Calm,
    size: Size,
    /// How often a check asks for anything.
    all: usize,
    began: Instant,
}

/// What has happened in a scenario.
pub(super) struct Story {
    /// What, and to whom.
    pub(super) what: String,
    /// How often.
    pub(super) times: usize,
    /// How often the service had to go on with what it had begun.
    pub(super) resumed: u64,
    /// So many requests may have been made another time on account of that.
    pub(super) repeated: u64,
}

impl Scene {
    /// The site is at an address of this machine.
    pub(super) async fn new(size: Size, at: Ipv4Addr) -> Self {
        let site = site(size.pages).await;
        let door = Door::open(IpAddr::V4(at), site.address()).await;
        let calm = undisturbed_with(&settings_of(&door, 8, 0), &site, size.pages).await;
        let all = door.requests();
        door.begin(ANSWER);
        Self { door, site, calm, size, all, began: Instant::now() }
    }

    /// When all that was made ready.
    pub(super) fn began(&self) -> Instant {
        self.began
    }

    /// Starts the service, which has the site checked by the workers of this queue.
    pub(super) async fn begin(&self, queue: &str) -> Service {
        let settings = settings_of(&self.door, PER_HOST, self.size.rate);
        begin_with(&format!("queue = \"{queue}\"\n{settings}")).await
    }

    /// Waits until the site was asked for so many quarters of what there is.
    pub(super) async fn reached(&self, quarters: usize) {
        let wanted = self.all * quarters / 4;
        let goes_on = within(self.size.limit(), async || self.door.requests() >= wanted).await;
        assert!(goes_on, "the check does not go on: {} of {}", self.door.requests(), self.all);
    }

    /// For how long there is something to be asked for, at the rate that is allowed.
    pub(super) fn left(&self) -> Duration {
        let left = self.all.saturating_sub(self.door.requests()) as u64;
        Duration::from_millis(left * 1_000 / u64::from(self.size.rate))
    }

    /// Waits for the end of the check, and sees that all is as it is to be. How many requests were made another time.
    pub(super) async fn assert_all(&self, story: &Story, service: &Service) -> u64 {
        let (run, repeated) = assert_same(&self.calm, service, &self.site, self.size.limit()).await;
        let took = self.began.elapsed();
        assert_eq!(run["resumed"], story.resumed, "{run}");
        let Story { what, times, repeated: allowed, .. } = story;
        let most = self.door.most_within(Duration::from_secs(1));
        let Size { pages, rate } = self.size;
        let _ = writeln!(
            io::stderr(),
            "many workers, {what}: {pages} pages, {times} times, {repeated} requests made another time, \
             at most {most} in a second of {rate}, {took:.1?}"
        );
        assert!(repeated <= *allowed, "{repeated} requests were made another time, at most {allowed} were under way");
        self.assert_rate();
        repeated
    }

    /// At no time was it asked faster than it can bear, by all of them together, though they would have been able to.
    fn assert_rate(&self) {
        let rate = u128::from(self.size.rate);
        for seconds in [1, 5, 20] {
            let time = Duration::from_secs(seconds);
            let most = self.door.most_within(time) as u128;
            let allowed = rate * (time + LATE).as_millis() / 1_000 + 1;
            assert!(most <= allowed, "{most} requests within {time:?}, at most {allowed} are allowed");
        }
        let most = self.door.most_within(Duration::from_secs(1)) as u128;
        assert!(2 * most > rate, "the rate was never reached: {most} in a second at most");
    }

    /// Whatever was asked for another time was under way at somebody who was killed: it had been asked for shortly
    /// before, by somebody who was gone at that moment.
    pub(super) fn assert_only_the_dead_repeat(&self, kills: &[Instant]) {
        for request in self.door.repeated() {
            let was_killed = kills.iter().any(|kill| {
                let is_lately = request.at <= *kill + LATELY && *kill <= request.at + LATELY;
                is_lately && request.gone.is_some_and(|gone| *kill <= gone && gone <= *kill + LATELY)
            });
            let ago = |at: Instant| at.duration_since(self.began);
            assert!(
                was_killed,
                "{} was asked for another time, though who had asked for it at {:?} was gone at {:?}, and killed were: {:?}",
                request.path,
                ago(request.at),
                request.gone.map(ago),
                kills.iter().copied().map(ago).collect::<Vec<_>>()
            );
        }
    }
}

fn settings_of(door: &Door, per_host: u64, rate: u32) -> String {
    // Addresses that are for tests are no public ones.
    settings(&door.url(), FILE, per_host, rate) + "allow_private = true\n"
}

/// The signs of life of the workers that are there, by their names.
pub(super) async fn beats(service: &Service) -> Vec<(String, u64)> {
    let workers = service.get_json("/api/v1/workers").await.unwrap();
    let beat = |worker: &Value| (worker["owner"].as_str().unwrap().to_owned(), worker["beats"].as_u64().unwrap());
    workers.as_array().unwrap().iter().map(beat).collect()
}

/// Waits until so many workers give signs of life: from now on, and not only until some time ago.
pub(super) async fn wait_for(workers: usize, service: &Service) {
    let before = beats(service).await;
    let are_there = within(BOUND, async || {
        sleep(Duration::from_millis(200)).await;
        let now = beats(service).await;
        now.iter().filter(|worker| !before.contains(worker)).count() == workers
    });
    assert!(are_there.await, "{before:?} was before, now: {:?}; it said: {}", beats(service).await, service.said());
}
