//! azums on SQLite.
//!
//! Its own pool would sync only now and then, so it is given another one. One connection: it begins transactions with a
//! read, which SQLite refuses to go on with after somebody else has written. One worker, which takes 32 jobs and does
//! one after the other: more would only wait for that connection. The lease is long, as a job's lease begins when its
//! batch is taken.

use std::sync::Arc;
use std::time::Instant;

use azums::{Job, QuickstartFlow, SqliteBackend, StorageBackend};
use peers::{Greeting, LOOK, Load};
use sqlx08::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use tokio::time::sleep;

const KIND: &str = "greeting";

fn main() {
    peers::run(load);
}

async fn load(load: &Load) -> Instant {
    let options = SqliteConnectOptions::new()
        .filename(&load.place)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.expect("it opens");
    let backend = SqliteBackend::new(pool.clone());
    backend.run_migrations().await.expect("it makes its tables");
    let flow = QuickstartFlow::new(Arc::new(backend)).with_lease_seconds(300);
    flow.register_handler(KIND, |job: Job| async move {
        peers::ran(&serde_json::from_value::<Greeting>(job.payload).expect("it is one"));
        Ok(())
    })
    .await;
    let began = Instant::now();
    let whole = async {
        let putter = flow.clone();
        peers::put_singly(load, move |greeting| {
            let flow = putter.clone();
            async move {
                let job = Job::new(KIND, serde_json::to_value(greeting).expect("it is plain"));
                flow.enqueue(job).await.expect("SQLite takes it");
            }
        })
        .await;
        finish(load, &pool).await;
    };
    tokio::select! {
        ended = flow.run() => panic!("the worker ended: {ended:?}"),
        () = whole => {}
    }
    began
}

/// Until the last one is acknowledged.
async fn finish(load: &Load, pool: &SqlitePool) {
    peers::until_ran(load.jobs).await;
    let left = "select count(*) from jobs where status <> 'succeeded'";
    while sqlx08::query_scalar::<_, i64>(left).fetch_one(pool).await.expect("SQLite answers") > 0 {
        sleep(LOOK).await;
    }
    peers::idle(load).await;
}
