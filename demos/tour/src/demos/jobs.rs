//! Jobs that outlive the process that asked for them, in a real SQLite file.
mod crash;
mod kinds;
mod scenes;
mod todo;

use std::path::Path;

use actors::connection_pool::sqlite::SqliteManager;
use actors::jobs::JobQueue;
use actors::jobs::driver::SqliteDriver;
use actors::scheduler::VirtualClock;
use actors::{ConnectionPool, System};
use patterns_core::outcome::BoxError;
use tokio::time::Instant;

use self::kinds::{Check, Lab, Save, Tell};
use crate::{Demo, Stage, ms};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "jobs",
    "Jobs in a SQLite file: tried again, put back from the dead, once for each id, and done by others if their process is gone.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(todo::broken(stage)));

/// A pool of connections to SQLite.
type Pool = ConnectionPool<SqliteManager>;

/// What is committed survives a power cut; the driver insists on it.
const DURABLE: &str = "pragma synchronous = full; pragma fullfsync = on;";

const RESULTS: &str = "create table if not exists result (
    page integer primary key,
    status integer not null check (status < 600)
) strict;";

async fn play(stage: Stage) -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("jobs.db");
    let system = System::start()?;
    // It goes with tokio's clock, also where that is virtual. Programs leave
    // the driver at the machine's.
    let clock = VirtualClock::starting_at("2026-05-01T03:00:00Z".parse()?);
    let lab = Lab::new(&stage);
    // ANCHOR: start
    let pool = open(&file, &format!("{DURABLE} {RESULTS}"), &system).await?;
    let driver = SqliteDriver::new(pool.clone()).await?.with_clock(clock);
    let queue = JobQueue::builder(driver.clone())
        .handle::<Check>(lab.clone())
        .handle::<Save>(())
        .handle::<Tell>(stage.clone())
        .concurrency(4)
        .lease(ms(1500))
        .grace(ms(200))
        .start(&system)
        .await?;
    // ANCHOR_END: start

    scenes::put(&stage, &queue).await?;
    scenes::retried(&stage, &queue).await?;
    scenes::dead(&stage, &queue, &lab).await?;
    scenes::once(&stage, &queue).await?;
    scenes::keys(&stage, &queue, &lab).await?;
    scenes::effects(&stage, &queue, &pool).await?;
    let id = crash::drain(&stage, &queue, &driver).await?;
    crash::killed(&stage, &driver).await?;
    let third = crash::rescue(&stage, &system, &driver, &lab, id).await?;

    stage.scene("the end: each job that ever was is in exactly one state");
    let counts = third.counts().await?.remove(0);
    say!(
        stage,
        "{}: {} entered: {} done, {} dead",
        counts.queue,
        counts.entered(),
        counts.done,
        counts.dead
    );
    assert_eq!((counts.entered(), counts.done, counts.dead), (16, 15, 1));
    let receipt = third.drain(Instant::now() + ms(2000)).await;
    assert!(receipt.is_complete());
    assert!(system.shutdown(ms(2000)).await.is_clean());
    Ok(())
}

async fn open(
    file: &Path,
    init: &str,
    system: &System,
) -> Result<Pool, BoxError> {
    let manager = SqliteManager::new(file).init(init);
    Ok(ConnectionPool::builder(manager).max_size(3).start(system).await?)
}
