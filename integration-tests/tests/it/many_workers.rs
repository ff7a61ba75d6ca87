//! A check whose pages are fetched by four worker processes, one of which is killed every few seconds, or the service
//! itself is, or which are on two machines with the link between them cut and healed.
//!
//! What is checked in the end:
//!
//! 1. The findings and the numbers are those of one process alone that nobody has disturbed.
//! 2. Nothing was asked for twice but what was under way at a worker that died, or that nobody heard of for so long that
//!    it was taken for dead; where only the service was killed, nothing at all. But for robots.txt, which each life of the
//!    service asks for.
//! 3. All of them together have never asked the site faster than it wants to be asked, by the times at which it was.
//!
//! `PAGES=20000` makes it as long as it takes to be sure.
#![cfg(unix)]

mod crew;
mod door;
mod engine;
mod machines;
mod scene;

use std::net::Ipv4Addr;
use std::time::Duration;

use actors::connection_pool::postgres::PostgresManager;
use actors::{ConnectionPool, System};
use sitewatch::remote::Place;
use tokio::time::{sleep, timeout};

use crate::pool_support::millis;
use crate::service_crashes::{BOUND, within};
use crew::Crew;
use engine::Engine;
use scene::{Scene, Size, Story, beats};

/// How many workers there are.
const WORKERS: usize = 4;

/// How many fetches a worker has under way at a time.
const AT_ONCE: usize = 4;

/// What a worker may go away with: what it is at, and as many answers that are on their way to the queue.
const HELD: u64 = 2 * AT_ONCE as u64;

/// How many fetches the service waits for. More than the workers can have under way, so that those that were with dead
/// ones do not keep the living from work.
const PER_HOST: u64 = 48;

/// How long each answer of the site takes: so long that a kill finds something under way.
const ANSWER: Duration = Duration::from_millis(150);

/// How much later than its turn a request may come: it is on its way, and others use the machine too. Of turns, at most
/// one is used that is a spacing late.
const LATE: Duration = Duration::from_millis(100);

/// How often a worker is killed.
const EVERY: Duration = Duration::from_secs(2);

/// What each life of the service asks for, and is in no journal.
const ROBOTS: &str = "/robots.txt";

/// How many pages the site has, in hundreds: by default fewer than it takes to be sure.
fn pages() -> u32 {
    let wanted = std::env::var("PAGES").ok().and_then(|pages| pages.parse::<u32>().ok());
    wanted.unwrap_or(600).max(600) / 100 * 100
}

/// So many pages; many of them at a faster rate than few, which are to last for a while.
fn size(pages: u32, few: u32) -> Size {
    Size { pages, rate: if pages > 2_000 { 80 } else { few } }
}

/// Workers that all are on this machine. Every other has a name: whoever replaces it does at once what was under way
/// there. What was with the others is done when nobody has heard of them for some time.
fn places(engine: &Engine) -> Vec<crew::Place> {
    let place = |slot: usize| {
        let name = slot.is_multiple_of(2).then(|| format!("host-{slot}"));
        crew::Place { queue: engine.queue(), name, through: Vec::new() }
    };
    (0..WORKERS).map(place).collect()
}

async fn assert_killed_workers_change_nothing(engine: &Engine) {
    let size = size(pages(), 50);
    let scenario = async {
        let scene = Scene::new(size, Ipv4Addr::LOCALHOST).await;
        let mut crew = Crew::start(places(engine));
        let service = scene.begin(&engine.queue()).await;
        let are_seen = within(size.limit(), async || beats(&service).await.len() == WORKERS).await;
        assert!(are_seen, "the service does not see its workers: {:?}", beats(&service).await);
        // A check goes level by level. The first levels have few pages, and the next waits for the last of them.
        scene.reached(1).await;
        let mut kills = Vec::new();
        while scene.left() > EVERY + millis(1_000) {
            sleep(EVERY).await;
            let slot = kills.len() % WORKERS;
            kills.push(crew.replace(slot).await);
        }
        assert!(kills.len() >= 3, "it was over after {} kills", kills.len());
        let what = format!("of whom some are killed, on {}", engine.name());
        let story = Story { what, times: kills.len(), resumed: 0, repeated: kills.len() as u64 * HELD };
        let repeated = scene.assert_all(&story, &service).await;
        assert!(repeated > 0, "nobody was killed in the middle of anything");
        scene.assert_only_the_dead_repeat(&kills);
        crew.stop().await;
    };
    timeout(size.limit(), scenario).await.expect("the scenario hangs");
}

async fn assert_a_killed_service_changes_nothing(engine: &Engine) {
    let size = size(pages() / 2, 50);
    let scenario = async {
        let scene = Scene::new(size, Ipv4Addr::LOCALHOST).await;
        let crew = Crew::start(places(engine));
        let mut service = scene.begin(&engine.queue()).await;
        for quarter in 1..=3 {
            scene.reached(quarter).await;
            service.restart().await.unwrap();
        }
        let what = format!("whose service is killed, on {}", engine.name());
        // Nobody is dead who has anything under way, and what was asked for is found.
        let story = Story { what, times: 3, resumed: 3, repeated: 0 };
        scene.assert_all(&story, &service).await;
        crew.stop().await;
    };
    timeout(size.limit(), scenario).await.expect("the scenario hangs");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_worker_killed_every_few_seconds_four_of_them_find_what_one_process_does_on_postgres() {
    let Some(engine) = Engine::postgres("many workers, of whom some are killed").await else { return };
    assert_killed_workers_change_nothing(&engine).await;
    engine.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_worker_killed_every_few_seconds_four_of_them_find_what_one_process_does_on_nats() {
    let Some(engine) = Engine::nats("many workers, of whom some are killed").await else { return };
    assert_killed_workers_change_nothing(&engine).await;
    engine.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_is_killed_goes_on_and_has_nothing_fetched_twice_on_postgres() {
    let Some(engine) = Engine::postgres("many workers, whose service is killed").await else { return };
    assert_a_killed_service_changes_nothing(&engine).await;
    engine.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_is_killed_goes_on_and_has_nothing_fetched_twice_on_nats() {
    let Some(engine) = Engine::nats("many workers, whose service is killed").await else { return };
    assert_a_killed_service_changes_nothing(&engine).await;
    engine.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_stays_where_it_is_whatever_schemas_are_made_beside_it() {
    const QUEUE: &str = "mail";
    let Some(engine) = Engine::postgres("a queue beside other schemas").await else { return };
    let scenario = async {
        let place = Place::of(&engine.queue()).unwrap();
        let system = System::start().unwrap();
        let open = async || {
            let engine = sitewatch::remote::Engine::open(&place, &system).await.unwrap();
            engine.queue().start(&system).await.unwrap()
        };
        open().await.pause(QUEUE).await.unwrap();
        let server = PostgresManager::new(&engine.queue()).unwrap();
        let pool = ConnectionPool::builder(server).start(&system).await.unwrap();
        // Where it exists it comes before all others, by default.
        pool.acquire().await.unwrap().batch_execute("create schema authorization current_user").await.unwrap();
        let counts = open().await.counts().await.unwrap();
        assert!(counts.iter().any(|queue| queue.queue == QUEUE && queue.paused), "{counts:?}");
        assert!(system.shutdown(BOUND).await.is_clean());
    };
    timeout(BOUND, scenario).await.expect("the scenario hangs");
    engine.end().await;
}
