//! A whole service: connections, workers, a schedule, and an end in order.
//!
//! `cargo run -p actors --example service -- pages.db`, then Ctrl-C: what has begun is finished and stored. A second
//! Ctrl-C does not wait for that. With `stubborn` as another argument there is something that never ends.
#![allow(clippy::print_stdout, reason = "it shows what it does")]

use std::error::Error;
use std::future::pending;
use std::process::ExitCode;
use std::time::Duration;

use actors::connection_pool::sqlite::SqliteManager;
use actors::scheduler::Overlap;
use actors::{ConnectionPool, Coordinator, Scheduler, System, WorkerPool};
use patterns_core::outcome::BoxError;
use patterns_core::shutdown::Shutdown;

const SCHEMA: &str = "create table if not exists page (id integer primary key, title text not null) strict";

/// The work: something to compute, and something to store.
async fn visit(pages: ConnectionPool<SqliteManager>, workers: WorkerPool, stubborn: bool) -> Result<(), BoxError> {
    let title = workers.submit_cpu(|| (0..1_000).map(|n| n * n).sum::<u64>().to_string()).await?;
    if stubborn {
        pending::<()>().await;
    }
    pages.transaction(move |tx| tx.execute("insert into page (title) values (?1)", [title])).await?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    // From here on, signals don't end the process any more.
    let shutdown = Shutdown::on_signals()?;
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("it takes the name of a SQLite file")?;
    let stubborn = arguments.next().is_some_and(|argument| argument == "stubborn");

    let system = System::start()?;
    let manager = SqliteManager::new(file).init(SCHEMA);
    let pages = ConnectionPool::builder(manager).name("pages").max_size(4).start(&system).await?;
    let workers = WorkerPool::builder().cpu_threads(2).start(&system)?;
    let scheduler = Scheduler::builder().start(&system)?;
    let coordinator = Coordinator::builder()
        .add("pages", pages.clone())
        .add("workers", workers.clone())
        .add("scheduler", scheduler.clone())
        .after(["pages", "workers"])
        .start(&system)?;
    tokio::select! {
        ready = coordinator.wait_ready() => ready?,
        // Then what follows ends at once, in order.
        _ = shutdown.requested() => {}
    }
    let visits = scheduler.every("visit", Duration::from_millis(10)).overlap(Overlap::Allow);
    visits.run(move || visit(pages.clone(), workers.clone(), stubborn)).await?;
    println!("ready");

    let no_more_time = async {
        shutdown.forced().await;
        coordinator.force();
        pending().await
    };
    let report = tokio::select! {
        report = coordinator.run_until(shutdown.requested()) => report,
        report = no_more_time => report,
    };
    println!("{report}");
    Ok(report.exit_code())
}
