//! Jobs that outlive the process. Kill it in the middle, and start it again: what was not done is done then, and nothing
//! again that was.
//!
//! `cargo run -p actors --example jobs -- greetings.db`; instead of a file it may be
//! `postgres://user:password@host/database`, or `nats://host:4222`.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it shows what it does")]

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use actors::connection_pool::postgres::PostgresManager;
use actors::connection_pool::sqlite::SqliteManager;
use actors::jobs::driver::{NatsDriver, PostgresDriver, SqliteDriver};
use actors::jobs::{Failure, Job, JobId, JobQueue, JobQueueBuilder, Run};
use actors::{ConnectionPool, System};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

// ANCHOR: job
/// Somebody is to be greeted.
#[derive(Serialize, Deserialize)]
struct Greet {
    name: String,
}

#[async_trait]
impl Job for Greet {
    const KIND: &'static str = "greet";
    type Output = usize;
    /// What it needs of the process: clients, connections, settings. Here, how polite we are.
    type State = String;

    async fn run(self, hello: &String, run: &mut Run) -> Result<usize, Failure> {
        // Long enough to be killed in the middle.
        sleep(Duration::from_secs(1)).await;
        let greeting = format!("{hello}, {}", self.name);
        println!("{greeting} (attempt {})", run.attempt());
        Ok(greeting.len())
    }
}
// ANCHOR_END: job

// ANCHOR: engine
/// A queue on the engine that is at this place. The rest of the program is the same, whichever it is.
async fn queue(place: &str, system: &System) -> Result<JobQueueBuilder, Box<dyn Error>> {
    Ok(if place.starts_with("postgres://") || place.starts_with("postgresql://") {
        let pool = ConnectionPool::builder(PostgresManager::new(place)?).start(system).await?;
        JobQueue::builder(PostgresDriver::new(pool).await?)
    } else if place.starts_with("nats://") {
        // What the server has acknowledged may be lost if its power fails, unless it syncs first: then say `monitor`.
        JobQueue::builder(NatsDriver::builder(place).accept_unsynced().connect().await?)
    } else {
        let manager = SqliteManager::new(place).init("pragma synchronous = full; pragma fullfsync = on");
        let pool = ConnectionPool::builder(manager).start(system).await?;
        JobQueue::builder(SqliteDriver::new(pool).await?)
    })
}
// ANCHOR_END: engine

// ANCHOR: main
#[tokio::main]
async fn main() -> ExitCode {
    let place = std::env::args().nth(1).unwrap_or_else(|| "greetings.db".to_owned());
    match greet_all(&place).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn greet_all(place: &str) -> Result<(), Box<dyn Error>> {
    let system = System::start()?;
    // By its name the next life of this process is known, and has at once what this one leaves.
    let queue = queue(place, &system).await?.instance("greeter").concurrency(1).handle::<Greet>("hello".to_owned());
    let queue = queue.start(&system).await?;
    let mut tickets = Vec::new();
    for name in ["Ada", "Barbara", "Grace"] {
        // What is in already, by an earlier life, is not put again.
        let entry = Greet { name: name.to_owned() }.entry().id(JobId::of(&["greet", name]));
        tickets.push((name, queue.put(entry).await?));
    }
    for (name, ticket) in tickets {
        println!("{name}: {:?}", ticket.ended().await?);
    }
    let _receipt = system.shutdown(Duration::from_secs(5)).await;
    Ok(())
}
// ANCHOR_END: main
