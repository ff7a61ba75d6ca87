//! Connections that are kept open and lent out, to a real SQLite; on real time also to a PostgreSQL and a Redis.
mod servers;

use std::cell::Cell;

use actors::connection_pool::sqlite::rusqlite::{self, Connection};
use actors::connection_pool::sqlite::{CallError, SqliteManager};
use actors::{ConnectionPool, System};
use patterns_core::cancel::move_on_after;
use patterns_core::gather::gather;
use patterns_core::outcome::BoxError;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::{Instant, sleep};

use crate::{Demo, Stage, ms};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "connection_pool",
    "Two connections to a real SQLite for five readers, in turn and with reasons; a transaction per batch, or nothing.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(broken(stage)));

/// A pool of connections to SQLite.
type Pool = ConnectionPool<SqliteManager>;

const SCHEMA: &str =
    "create table if not exists link (url text primary key) strict";

async fn play(stage: Stage) -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    // ANCHOR: start
    let system = System::start()?;
    let manager =
        SqliteManager::new(folder.path().join("links.db")).init(SCHEMA);
    let pool = ConnectionPool::builder(manager)
        .max_size(2)
        .acquire_timeout(ms(400))
        .start(&system)
        .await?;
    // ANCHOR_END: start
    stage.bound("connections in use", 2);

    stage.scene("five readers, two connections, some 60 ms each");
    let in_use = Cell::new(0);
    for ended in gather((1..=5).map(|n| read(&stage, &pool, &in_use, n))).await
    {
        ended?;
    }
    say!(stage, "never more than two; opened: {}", pool.status().counts.opened);
    assert!(pool.status().counts.opened <= 2);

    stage.scene("both are held for too long: the error says by whom");
    // ANCHOR: held
    let (first, second) = (pool.acquire().await?, pool.acquire().await?);
    let error = pool.acquire().await.map(drop).expect_err("both are held");
    let report = error.report().expect("it has waited");
    say!(
        stage,
        "after {} ms: {} of {} are in use",
        report.waited.as_millis(),
        report.in_use,
        report.max_size
    );
    for holder in &report.holders {
        say!(stage, "held since {}", holder.place);
    }
    // ANCHOR_END: held
    assert_eq!(
        (error.is_timeout(), report.in_use, report.holders.len()),
        (true, 2, 2)
    );
    drop((first, second));

    stage.scene("three batches of links, a transaction for each; the second has a bad row");
    let batches = [vec!["/a", "/b"], vec!["/c", "/a", "/d"], vec!["/e"]];
    for (n, batch) in (1..).zip(batches) {
        match insert(&pool, batch).await {
            Ok(rows) => say!(stage, "batch {n}: {rows} rows"),
            Err(error) => say!(stage, "batch {n} is rolled back: {error}"),
        }
    }
    let links = all(&pool).await?;
    say!(stage, "in the database: {links:?}");
    assert_eq!(
        links,
        ["/a", "/b", "/e"],
        "nothing of the batch with the bad row"
    );

    stage.scene("a panic in a call is that call's error, and is rolled back");
    let failed = pool.transaction(|tx| {
        tx.execute("insert into link values ('/x')", [])?;
        let rows: u32 = "many".parse().expect("a number of rows");
        Ok::<_, rusqlite::Error>(rows)
    });
    let error = failed.await.expect_err("it panics");
    say!(stage, "panicked: {}", matches!(error, CallError::Panicked(_)));
    assert_eq!(all(&pool).await?.len(), 3);

    stage.scene("the end");
    let receipt = pool.drain(Instant::now() + ms(2000)).await;
    say!(
        stage,
        "{} connections opened, {} closed",
        receipt.counts.opened,
        receipt.counts.closed
    );
    assert!(receipt.is_complete());
    assert_eq!(receipt.counts.opened, receipt.counts.closed);
    if !stage.is_virtual() {
        servers::play(&stage, &system).await?;
    }
    assert!(system.shutdown(ms(2000)).await.is_clean());
    Ok(())
}

// ANCHOR: read
async fn read(
    stage: &Stage,
    pool: &Pool,
    in_use: &Cell<usize>,
    n: u32,
) -> Result<(), BoxError> {
    let me = format!("reader {n}");
    stage.waits(me.clone(), "for a connection");
    let mut connection = pool.acquire().await?;
    in_use.set(in_use.get() + 1);
    stage.level("connections in use", in_use.get());
    assert!(in_use.get() <= 2 && pool.status().in_use <= 2);
    let work = stage.busy(me.clone(), "reads");
    let links: u32 = connection
        .call(|c| {
            c.query_row("select count(*) from link", [], |row| row.get(0))
        })
        .await?;
    sleep(ms(60 + u64::from(n))).await; // it renders a report
    work.done();
    in_use.set(in_use.get() - 1);
    stage.level("connections in use", in_use.get());
    drop(connection);
    say!(stage, "{me} has seen {links} links");
    Ok(())
}
// ANCHOR_END: read

// ANCHOR: insert
async fn insert(
    pool: &Pool,
    batch: Vec<&'static str>,
) -> Result<usize, CallError> {
    let inserted = pool.transaction(move |tx| {
        let mut rows = 0;
        for url in batch {
            rows += tx.execute("insert into link values (?1)", [url])?;
        }
        Ok::<_, rusqlite::Error>(rows)
    });
    inserted.await
}
// ANCHOR_END: insert

async fn all(pool: &Pool) -> Result<Vec<String>, CallError> {
    pool.call(|connection| links(connection)).await
}

fn links(connection: &Connection) -> Result<Vec<String>, rusqlite::Error> {
    let mut statement =
        connection.prepare("select url from link order by url")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    rows.collect::<Result<Vec<String>, rusqlite::Error>>()
}

// ANCHOR: first_attempt
async fn import(
    stage: &Stage,
    take: &mut Receiver<Connection>,
    put: &Sender<Connection>,
    name: &'static str,
    batch: [&'static str; 2],
) -> Result<(), BoxError> {
    stage.waits(name, "for a connection");
    let connection = take.recv().await.ok_or("the channel is closed")?;
    let work = stage.busy(name, "inserts");
    sleep(ms(20)).await; // it looks at the pages first
    let inserted = batch.iter().try_for_each(|url| {
        connection.execute("insert into link values (?1)", [url]).map(drop)
    });
    work.ended(inserted)?;
    let _ = put.send(connection).await;
    say!(stage, "{name}: saved");
    Ok(())
}
// ANCHOR_END: first_attempt

async fn broken(stage: Stage) -> Result<(), BoxError> {
    stage.scene("two connections in a channel: take one, and put it back");
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("links.db");
    // ANCHOR: channel
    let (put, mut take) = mpsc::channel(2);
    for _ in 0..2 {
        let connection = Connection::open(&file)?;
        connection.execute_batch(SCHEMA)?;
        let _ = put.send(connection).await;
    }
    // ANCHOR_END: channel
    let batches = [
        ("batch 1", ["/a", "/b"]),
        ("batch 2", ["/c", "/a"]),
        ("batch 3", ["/d", "/e"]),
        ("batch 4", ["/f", "/a"]),
        ("batch 5", ["/g", "/h"]),
    ];
    for (name, batch) in batches {
        let import = import(&stage, &mut take, &put, name, batch);
        match move_on_after(ms(400), import).await {
            Some(Ok(())) => {}
            Some(Err(error)) => say!(stage, "{name}: {error}"),
            None => {
                say!(stage, "{name} has waited for 400 ms; nobody says why")
            }
        }
    }
    let links = links(&Connection::open(&file)?)?;
    say!(stage, "in the database, half of batches 2 and 4 as well: {links:?}");
    assert!(links.contains(&"/c".to_owned()));
    Ok(())
}
