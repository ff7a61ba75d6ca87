//! A schedule that outlives its process.
//!
//! `cargo run -p actors --example durable -- ledger.txt schedules.db`, then kill it as you like, and run it again: in
//! the ledger is a line for each run, and none comes twice. Instead of the name of a SQLite file it takes the URL of a
//! PostgreSQL database. Ctrl-C ends it in order.
#![allow(clippy::print_stdout, reason = "it shows what it does")]

use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use actors::connection_pool::postgres::PostgresManager;
use actors::scheduler::store::{PostgresStore, SqliteStore};
use actors::scheduler::{CatchUp, Firing, Overlap};
use actors::{ConnectionPool, Scheduler, System};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};

/// The work: it takes a while, and at its end a line is in the ledger, and on the disk.
async fn work(ledger: Arc<File>) -> io::Result<()> {
    let firing = Firing::current().expect("this is a run");
    sleep(Duration::from_millis(5)).await;
    spawn_blocking(move || {
        // In one piece, so that there is a whole line or none.
        (&*ledger).write_all(format!("{}\n", firing.instant).as_bytes())?;
        ledger.sync_data()
    })
    .await?
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(ledger), Some(store)) = (arguments.next(), arguments.next()) else {
        return Err("it takes the name of a ledger, and a SQLite file or the URL of a PostgreSQL database".into());
    };
    let ledger = Arc::new(OpenOptions::new().create(true).append(true).open(ledger)?);
    let system = System::start()?;
    // What a crash cut off shows after a second. The store keeps all that happened, as somebody may want to check it.
    let builder = Scheduler::builder().lease(Duration::from_secs(1)).history(100_000).overlap_limit(10_000);
    let builder = if store.starts_with("postgres://") || store.starts_with("postgresql://") {
        let manager = PostgresManager::new(&store)?;
        let pool = ConnectionPool::builder(manager).max_size(2).start(&system).await?;
        builder.store(PostgresStore::new(pool).await?)
    } else {
        builder.store(SqliteStore::open(&store).await?)
    };
    let scheduler = builder.start(&system)?;
    // Nothing is left out: neither what is due while another run has not ended, nor what was while nobody was there.
    let all = CatchUp::All { within: Duration::from_secs(86_400), at_most: 10_000 };
    let beat = scheduler.every("beat", Duration::from_millis(20)).overlap(Overlap::Allow).catch_up(all).durable();
    beat.run(move || work(Arc::clone(&ledger))).await?;
    println!("ready");
    tokio::signal::ctrl_c().await?;
    let receipt = scheduler.drain(Instant::now() + Duration::from_secs(15)).await;
    println!("{receipt}");
    // The pool is closed after the scheduler.
    let _ = system.shutdown(Duration::from_secs(5)).await;
    if receipt.is_complete() { Ok(()) } else { Err("something was left behind".into()) }
}
