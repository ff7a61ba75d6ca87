//! Durable jobs in processes that are killed, stopped and set back in time, on engines that die: the example
//! `jobs_worker` of `actors`.
//!
//! A scenario puts jobs all the time, and lets something happen to a [fleet](fleet::Fleet) of workers or to their
//! engine, a [misfortune](misfortune::Misfortune) a round. Then all workers are killed at once, and new ones finish
//! what is left. What is checked in the end says the [verdict](verdict::Verdict). `ROUNDS=1000` makes it as long as it
//! takes to be sure; `SEED=n` has other things happen than usual.
#![cfg(unix)]

mod fleet;
mod ledger;
mod machines;
mod misfortune;
mod nats;
mod orders;
mod rescues;
mod story;
mod verdict;
mod watch;
mod world;

use std::fs;
use std::time::Duration;

use actors::jobs::driver::{Owners, QueueCounts};
use jiff::Timestamp;
use tempfile::TempDir;
use tokio::time::{Instant, sleep, timeout};

use crate::dice::Dice;
use crate::pool_support::{blocking, millis, postgres};
use crate::support::stalls::Stalls;
use fleet::Fleet;
use orders::Orders;
use verdict::Verdict;
use watch::Watch;
use world::{Postgres, Sqlite, World, asked};

/// After so long without a sign of life a worker is given up.
const LEASE: Duration = Duration::from_secs(1);
/// What nobody waits longer for, once nothing happens any more.
const BOUND: Duration = Duration::from_secs(90);
/// From one instant of the schedule to the next.
const PERIOD: Duration = Duration::from_millis(250);
/// How many jobs are put in a round.
const EACH: usize = 12;
/// Where a round hangs. It takes a second or two where the machine is its own.
const ROUND: Duration = Duration::from_secs(20);

fn rounds() -> u32 {
    let wanted = std::env::var("ROUNDS").ok().and_then(|rounds| rounds.parse().ok());
    wanted.unwrap_or(12)
}

/// All that a scenario has.
struct Scene<W> {
    world: W,
    fleet: Fleet,
    orders: Orders,
    dice: Dice,
    /// Ledgers, and the files by which workers are told something.
    folder: TempDir,
}

impl<W: World> Scene<W> {
    async fn counts(&self) -> Vec<QueueCounts> {
        asked(async || self.world.driver().counts().await).await
    }

    async fn owners(&self) -> Owners {
        asked(async || self.world.driver().owners().await).await
    }

    /// Waits until something holds.
    async fn until(&mut self, what: &str, mut holds: impl AsyncFnMut(&Self) -> bool) {
        let late = Instant::now() + BOUND;
        while !holds(&*self).await {
            assert!(Instant::now() < late, "not within {BOUND:?}: {what}: {:?}", self.counts().await);
            sleep(millis(200)).await;
            self.fleet.mend();
        }
    }

    /// Rounds in which something happens.
    async fn suffer(&mut self) {
        for slot in 0..self.fleet.size() {
            self.fleet.start(slot);
        }
        for _ in 0..rounds() {
            self.orders.put(&self.world, EACH).await;
            sleep(LEASE.mul_f64(1.5 * self.dice.share())).await;
            self.fleet.mend();
            let misfortune = self.dice.any(self.world.misfortunes());
            misfortune.strike(self).await;
        }
        self.fleet.mend();
    }

    /// Whoever has come through works still.
    async fn call_the_roll(&mut self) {
        // What is due later because the clock was set back is due now.
        misfortune::set_clock(self.folder.path(), 7_200);
        let called = self.orders.put_for_each(&self.world, self.fleet.size()).await;
        let answered = async |scene: &Self| {
            let records = asked(async || scene.world.driver().look(&called).await).await;
            records.iter().flatten().filter(|record| record.state.is_over()).count() == called.len()
        };
        self.until("each worker does what is put for it", answered).await;
    }

    /// All are killed at once, in the middle of their work, and others finish all that there is.
    async fn finish(&mut self) {
        self.orders.put(&self.world, 4 * EACH).await;
        sleep(LEASE).await;
        self.fleet.kill_all().await;
        for slot in 0..self.fleet.size() {
            self.fleet.start(slot);
            self.fleet.ready(slot).await;
        }
        let now = Timestamp::now();
        self.until("a leader has put what was due", async |scene: &Self| {
            let fired = orders::fired(&scene.world).await;
            orders::is_complete(&fired, PERIOD) && fired.last().is_some_and(|latest| *latest >= now)
        })
        .await;
        // Whoever ends in order leaves nothing half done; what the last of them has put, somebody else does who has no
        // schedule.
        fs::remove_file(self.folder.path().join("period")).unwrap();
        for slot in 0..self.fleet.size() {
            self.fleet.end(slot).await;
        }
        self.fleet.start(0);
        self.fleet.ready(0).await;
        self.until("all jobs are over", async |scene: &Self| {
            scene.counts().await.iter().all(|queue| queue.waiting + queue.running == 0)
        })
        .await;
        self.until("all are given up who are gone", async |scene: &Self| {
            // Who is left has to be the one that runs: it may be ready before it is entered.
            let instances = scene.owners().await.all.into_iter().map(|seen| seen.instance.unwrap_or_default());
            instances.map(|instance| scene.fleet.slot_of(&instance)).eq([Some(0)])
        })
        .await;
        self.fleet.end(0).await;
        let owners = self.owners().await;
        assert!(owners.all.is_empty() && owners.leader.is_none(), "somebody was left behind: {owners:?}");
    }
}

/// Rounds of misfortunes, and what came of them. The world is given back, as its end may block.
async fn live_through<W: World>(world: W, seed: u64) -> W {
    let scenario = async {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("period"), PERIOD.as_millis().to_string()).unwrap();
        let world = world.prepared(folder.path()).await;
        let dice = Dice::new(seed);
        let fleet = Fleet::new(world.places(), folder.path()).await;
        let (watch, stalls) = (Watch::start(world.driver()), Stalls::watch());
        let mut scene = Scene { world, fleet, orders: Orders::default(), dice, folder };
        scene.suffer().await;
        scene.call_the_roll().await;
        scene.finish().await;
        let Scene { world, fleet, orders, folder, .. } = scene;
        let verdict = Verdict::reach(&world, orders, fleet.over(), watch.over(), stalls, folder.path()).await;
        verdict.assert_all(PERIOD);
        world
    };
    timeout(4 * BOUND + ROUND * rounds(), scenario).await.expect("the scenario hangs")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_to_workers_and_the_clock_each_job_is_done_and_counts_once_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    live_through(Sqlite::new(folder.path()), 0x5eed_0071).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_to_workers_and_their_server_each_job_is_done_and_counts_once_on_postgres() {
    let Some(server) = postgres("jobs whose workers and server are killed").await else { return };
    let world = live_through(Postgres::new(server), 0x5eed_0072).await;
    blocking(move || drop(world)).await;
}
