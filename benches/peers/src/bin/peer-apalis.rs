//! apalis on SQLite.
//!
//! Its own `setup` would turn the syncs off, so the migrations run without it. One connection, as SQLite has one
//! writer: more would only wait for each other, asleep. A batch is as wide as the worker, which looks every 10 ms; one
//! that is to idle is told by a hook, and by that alone.

use std::time::{Duration, Instant};

use apalis::prelude::*;
use apalis_sqlite::{Config, SqliteConnectOptions, SqlitePool, SqlitePoolOptions, SqliteStorage};
use peers::{Greeting, How, LOOK, Load};
use sqlx09::sqlite::{SqliteJournalMode, SqliteSynchronous};
use tokio::time::sleep;

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
    SqliteStorage::migrations().run(&pool).await.expect("it makes its tables");
    let config = Config::default().queue("greetings").batch_size(load.width);
    let storage = SqliteStorage::<Greeting>::new(&pool).with_config(config.clone());
    let began = Instant::now();
    if load.how == How::Idle {
        // What is there when it begins, a worker finds without being told.
        put(load, &storage).await;
        // The mode is the file's, and SQLite syncs fully unless it is told otherwise.
        let url = format!("sqlite://{}", load.place);
        let (hooked, told) = SqliteStorage::connect_with_callback(&url).expect("it is an address");
        let backend = SqliteStorage::<Greeting>::new(&hooked).with_config(config).with_callback(told);
        let worker = WorkerBuilder::new("worker").backend(backend).concurrency(load.width).build(greet);
        tokio::select! {
            ended = worker.run() => panic!("the worker ended: {ended:?}"),
            () = finish(load, &pool) => {}
        }
    } else {
        let backend = storage.clone().poll_with_interval(Duration::from_millis(10));
        let worker = WorkerBuilder::new("worker").backend(backend).concurrency(load.width).build(greet);
        let whole = async {
            put(load, &storage).await;
            finish(load, &pool).await;
        };
        tokio::select! {
            ended = worker.run() => panic!("the worker ended: {ended:?}"),
            () = whole => {}
        }
    }
    began
}

async fn greet(greeting: Greeting) -> Result<(), BoxDynError> {
    peers::ran(&greeting);
    Ok(())
}

async fn put(load: &Load, storage: &SqliteStorage<Greeting>) {
    let storage = storage.clone();
    peers::put_singly(load, move |greeting| {
        let mut storage = storage.clone();
        async move { storage.push(greeting).await.expect("SQLite takes it") }
    })
    .await;
}

/// Until the last one is acknowledged.
async fn finish(load: &Load, pool: &SqlitePool) {
    peers::until_ran(load.jobs).await;
    let left = "select count(*) from Jobs where status <> 'Done'";
    while sqlx09::query_scalar::<_, i64>(left).fetch_one(pool).await.expect("SQLite answers") > 0 {
        sleep(LOOK).await;
    }
    peers::idle(load).await;
}
