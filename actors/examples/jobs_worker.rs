//! A worker that is there to be killed: it takes jobs, does next to nothing, and writes down what it did.
//!
//! The tests start it, and put the jobs; a program to begin with is the example `jobs`.
//!
//! `cargo run -p actors --example jobs_worker -- sqlite jobs.db ledger worker-1 1000`: the engine (`sqlite`, `postgres`
//! or `nats`), where it is (a file or a URL), the folder of the ledger, which must be there, what this process is called, and the lease in
//! milliseconds. With a file `period` in that folder it has a schedule, too, which the process fires that leads; a file
//! `clock` sets the clock of engines that have none of their own. Ctrl-C ends it in order, and the end of its
//! standard input at once: whoever started it is gone.
#![allow(clippy::print_stdout, reason = "it shows what it does")]

#[path = "jobs_worker/clock.rs"]
mod clock;
#[path = "jobs_worker/fenced.rs"]
mod fenced;
#[path = "jobs_worker/kinds.rs"]
mod kinds;
#[path = "jobs_worker/lead.rs"]
mod lead;
#[path = "jobs_worker/ledger.rs"]
mod ledger;
#[path = "jobs_worker/rows.rs"]
mod rows;
#[path = "jobs_worker/shop.rs"]
mod shop;

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actors::connection_pool::postgres::PostgresManager;
use actors::connection_pool::sqlite::SqliteManager;
use actors::jobs::JobQueue;
use actors::jobs::driver::{JobDriver, PostgresDriver, SqliteDriver};
#[cfg(feature = "nats")]
use actors::jobs::driver::{NatsDriver, NatsDriverBuilder};
use actors::scheduler::store::{PostgresStore, ScheduleStore, SqliteStore};
use actors::{ConnectionPool, System};
use patterns_core::shutdown::Shutdown;
use tokio::time::{Instant, sleep};

use crate::clock::FileClock;
use crate::kinds::{After, Effect, Fired, Keyed, Plain, QUEUE, Slow};
use crate::lead::Lead;
use crate::ledger::Ledger;
use crate::rows::Rows;
use crate::shop::Shop;

/// How many jobs it has at the same time.
const CONCURRENCY: usize = 4;

/// How long it waits for an engine that is away when it starts.
const PATIENCE: Duration = Duration::from_secs(30);

/// So many processes may go away with a job: here they go away for no fault of it.
const POISON: u32 = 5;

struct Args {
    engine: String,
    place: String,
    folder: PathBuf,
    instance: String,
    lease: Duration,
}

impl Args {
    fn read() -> Result<Self, Box<dyn Error>> {
        let args: Vec<String> = std::env::args().skip(1).collect();
        let [engine, place, folder, instance, lease] = &*args else {
            return Err("it takes an engine, its file or URL, a folder, a name, and a lease in milliseconds".into());
        };
        Ok(Self {
            engine: engine.clone(),
            place: place.clone(),
            folder: folder.into(),
            instance: instance.clone(),
            lease: Duration::from_millis(lease.parse()?),
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // From here on, signals don't end the process any more.
    let stop = Shutdown::on_signals()?;
    let args = Args::read()?;
    std::thread::spawn(|| {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        std::process::exit(3);
    });
    let system = System::start()?;
    let file_clock = FileClock::of(&args.folder);
    match &*args.engine {
        "sqlite" => {
            let manager = SqliteManager::new(&args.place).init("pragma synchronous = full; pragma fullfsync = on");
            let pool = ConnectionPool::builder(manager).name("engine").max_size(3).start(&system).await?;
            let driver = patiently(async || SqliteDriver::new(pool.clone()).await).await?.with_clock(file_clock);
            let store = patiently(async || SqliteStore::open(&args.place).await).await?;
            work(driver, Arc::new(store), Rows::Sqlite, &args, &system, &stop).await
        }
        "postgres" => {
            // An answer that was lost on its way is not waited for long, nor is a server that comes again.
            let manager = PostgresManager::new(&args.place)?.query_timeout(2 * args.lease);
            let pool = ConnectionPool::builder(manager).name("engine").max_size(5).warm_up(false);
            let pool = pool.retry(args.lease / 20, args.lease / 5).start(&system).await?;
            let driver = patiently(async || PostgresDriver::new(pool.clone()).await).await?;
            let store = patiently(async || PostgresStore::new(pool.clone()).await).await?;
            work(driver, Arc::new(store), Rows::Postgres, &args, &system, &stop).await
        }
        #[cfg(feature = "nats")]
        "nats" => {
            let driver = patiently(async || nats(&args.place).connect().await).await?;
            // It keeps no schedules. A file that all workers have does.
            let file = args.folder.join("schedules.db");
            let store = patiently(async || SqliteStore::open(&file).await).await?;
            work(driver, Arc::new(store), Rows::None, &args, &system, &stop).await
        }
        other => Err(format!("no engine {other:?}, expected `sqlite`, `postgres` or `nats`").into()),
    }
}

/// The URL of a server, and behind a space that of its monitor: without one, it is not asked whether it syncs.
#[cfg(feature = "nats")]
fn nats(place: &str) -> NatsDriverBuilder {
    match place.split_once(' ') {
        Some((url, monitor)) => NatsDriver::builder(url).monitor(monitor),
        None => NatsDriver::builder(place).accept_unsynced(),
    }
}

/// Asks until there is an answer: the engine may be away just when a worker starts.
async fn patiently<T, E>(mut ask: impl AsyncFnMut() -> Result<T, E>) -> Result<T, E> {
    let late = Instant::now() + PATIENCE;
    loop {
        match ask().await {
            Err(_) if Instant::now() < late => sleep(Duration::from_millis(50)).await,
            answer => return answer,
        }
    }
}

async fn work(
    driver: impl JobDriver,
    store: Arc<dyn ScheduleStore>,
    rows: Rows,
    args: &Args,
    system: &System,
    stop: &Shutdown,
) -> Result<(), Box<dyn Error>> {
    let Args { folder, instance, lease, .. } = args;
    let shop = Shop::new(Ledger::open(folder, instance)?, rows, *lease);
    // Each also has a queue of its own, so that it can be asked whether it still works: what it is called up to the
    // first `-`, which is the same in all its lives.
    let own = instance.split('-').next().unwrap_or_default();
    let queue = JobQueue::builder(driver)
        .instance(instance.as_str())
        .handle::<Plain>(Arc::clone(&shop))
        .handle::<Keyed>(Arc::clone(&shop))
        .handle::<Slow>(Arc::clone(&shop))
        .handle::<Effect>(Arc::clone(&shop))
        .handle::<After>(Arc::clone(&shop))
        .handle::<Fired>(Arc::clone(&shop))
        .queues([QUEUE, own])
        .concurrency(CONCURRENCY)
        .poison(POISON)
        .lease(*lease)
        .poll(*lease)
        .grace(*lease / 10)
        .driver_timeout(3 * *lease)
        .start(system)
        .await?;
    shop.open()?;
    println!("ready");
    let lead = Lead { queue: queue.clone(), store, folder: folder.clone(), lease: *lease };
    lead.run(system, stop).await?;
    let receipt = queue.drain(Instant::now() + Duration::from_secs(15)).await;
    println!("{receipt}");
    let is_complete = receipt.is_complete();
    // The connections are closed after those who use them.
    drop((lead, queue));
    let _ = system.shutdown(Duration::from_secs(5)).await;
    if is_complete { Ok(()) } else { Err("something was left behind".into()) }
}
