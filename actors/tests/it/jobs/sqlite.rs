//! The driver in a SQLite file, on a clock that the test moves.

mod effects;
mod file;
mod putting;

use std::path::Path;
use std::time::Duration;

use actors::connection_pool::sqlite::SqliteManager;
use actors::jobs::JobId;
use actors::jobs::driver::{JobDriver, NewJob, Owner, SqliteDriver, Take, TakenJob};
use actors::scheduler::VirtualClock;
use actors::{ConnectionPool, System};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use tempfile::TempDir;

use super::cancellation::can_be_cut_off_anywhere;
use super::conformance::{World, conforms};
use super::model::{Step, agrees, corners, start, step};

type Pool = ConnectionPool<SqliteManager>;

const DURABLE: &str = "pragma synchronous = full; pragma fullfsync = on;";

/// What the user has in the same file.
const NOTES: &str = "create table if not exists note (text text primary key) strict;";

fn folder() -> TempDir {
    tempfile::tempdir().expect("there is room for temporary files")
}

async fn pool(file: &Path, init: &str) -> Pool {
    let system = System::start().expect("it lives on this test's thread");
    // Several of them write at the same time, and SQLite lets them wait in no order.
    let manager = SqliteManager::new(file).busy_timeout(Duration::from_secs(60)).init(init);
    ConnectionPool::builder(manager).max_size(3).start(&system).await.expect("there is a folder for it")
}

/// A pool on the only file of a folder, and a driver in it.
async fn open(folder: &TempDir) -> (Pool, SqliteDriver) {
    let pool = pool(&folder.path().join("jobs.db"), &format!("{DURABLE} {NOTES}")).await;
    let driver = SqliteDriver::new(pool.clone()).await.expect("its connections are durable");
    (pool, driver.with_clock(clock()))
}

fn clock() -> VirtualClock {
    VirtualClock::starting_at(start_of_tests())
}

fn start_of_tests() -> Timestamp {
    "2026-05-01T12:00:00Z".parse().unwrap()
}

fn id(name: &str) -> JobId {
    JobId::of(&["sqlite", name])
}

/// A job of one queue, whose kind is its name.
fn job(name: &str) -> NewJob {
    NewJob::new(id(name), "q", name, "{}")
}

/// Enters an owner who takes all that there is.
async fn take_all(driver: &SqliteDriver, owner: &str) -> Vec<TakenJob> {
    driver.enter(&Owner { owner: owner.to_owned(), instance: None, poison: 3 }).await.unwrap();
    let (queues, ageing) = (vec!["q".to_owned()], Duration::from_secs(60));
    let take = Take { owner: owner.to_owned(), serial: 1, queues, most: 100, suspect: true, ageing };
    driver.take(&take).await.unwrap().expect("it was entered").jobs
}

fn kinds(jobs: &[TakenJob]) -> Vec<&str> {
    jobs.iter().map(|job| &*job.kind).collect()
}

/// One file; drivers that are clones of one, or each with connections of its own, as those of several processes are.
struct InSqlite {
    clock: VirtualClock,
    folder: TempDir,
    shared: Option<SqliteDriver>,
}

impl InSqlite {
    async fn new(is_shared: bool) -> Self {
        let mut world = Self { clock: clock(), folder: folder(), shared: None };
        if is_shared {
            world.shared = Some(world.open().await);
        }
        world
    }
}

impl World for InSqlite {
    type Driver = SqliteDriver;

    async fn open(&self) -> SqliteDriver {
        match &self.shared {
            Some(driver) => driver.clone(),
            None => open(&self.folder).await.1.with_clock(self.clock.clone()),
        }
    }

    async fn pass(&self, units: u32) {
        self.clock.step(SignedDuration::from_secs(i64::from(units)));
    }

    fn unit(&self) -> Duration {
        Duration::from_secs(1)
    }
}

#[tokio::test(start_paused = true)]
async fn the_driver_in_sqlite_conforms() {
    conforms(&InSqlite::new(true).await).await;
}

#[tokio::test(start_paused = true)]
async fn drivers_with_connections_of_their_own_conform_on_one_file() {
    conforms(&InSqlite::new(false).await).await;
}

#[test]
fn each_call_of_the_driver_in_sqlite_can_be_cut_off_anywhere() {
    can_be_cut_off_anywhere(async || {
        let folder = folder();
        let (_, driver) = open(&folder).await;
        (driver, folder)
    });
}

async fn sqlite_agrees(steps: &[Step]) -> TestCaseResult {
    let (folder, clock) = (folder(), VirtualClock::starting_at(start()));
    let driver = open(&folder).await.1.with_clock(clock.clone());
    agrees(&driver, &clock, steps).await
}

#[tokio::test(start_paused = true)]
async fn the_driver_in_sqlite_does_what_it_must_in_each_corner() {
    for (name, steps) in corners() {
        sqlite_agrees(&steps).await.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

proptest! {
    // Each waits for the disk again and again.
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_driver_in_sqlite_does_what_it_must_whatever_it_is_asked(steps in prop::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(sqlite_agrees(&steps))?;
    }
}
