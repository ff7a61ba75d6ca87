//! A first attempt: a table with a column for how far each job is.
use actors::System;
use actors::connection_pool::sqlite::CallError;
use actors::connection_pool::sqlite::rusqlite::{self, OptionalExtension as _};
use patterns_core::cancel::move_on_after;
use patterns_core::gather::gather;
use patterns_core::outcome::BoxError;
use tokio::time::sleep;

use super::{Pool, open};
use crate::site::Host;
use crate::{Stage, ms};

/// Nobody needs this file, so nobody waits for the disk.
const TODO: &str = "
    pragma synchronous = off;
    create table if not exists todo (
        page integer primary key,
        state text not null default 'waiting'
    ) strict;
    insert or ignore into todo (page) values (1), (2), (3);";

// ANCHOR: first_attempt
/// Fetches the pages that wait, until there is none.
async fn worker(
    stage: &Stage,
    pool: &Pool,
    host: &Host,
    me: &'static str,
) -> Result<(), BoxError> {
    while let Some(page) = next(pool).await? {
        sleep(ms(5)).await; // it looks up where the page is
        mark(pool, page, "running").await?;
        say!(stage, "{me} fetches page {page}");
        let work = stage.busy(me, format!("page {page}"));
        work.ended(host.get(page).await)?;
        mark(pool, page, "done").await?;
    }
    Ok(())
}
// ANCHOR_END: first_attempt

async fn next(pool: &Pool) -> Result<Option<u32>, CallError> {
    let next = "select page from todo where state = 'waiting' order by page";
    pool.call(move |c| c.query_row(next, [], |row| row.get(0)).optional()).await
}

async fn mark(
    pool: &Pool,
    page: u32,
    state: &'static str,
) -> Result<(), CallError> {
    let mark = "update todo set state = ?2 where page = ?1";
    pool.transaction(move |tx| tx.execute(mark, (page, state)).map(drop)).await
}

pub(super) async fn broken(stage: Stage) -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let system = System::start()?;
    let pool = open(&folder.path().join("todo.db"), TODO, &system).await?;
    let host = Host::answering("docs.example", |_, page| {
        (ms(if page == 3 { 60_000 } else { 40 }), 200)
    });

    stage.scene("a table with a column, two workers, and then a power cut");
    let workers = [("worker 1", 0), ("worker 2", 2)].map(|(me, late)| {
        let (stage, pool, host) = (&stage, &pool, &host);
        async move {
            sleep(ms(late)).await;
            worker(stage, pool, host, me).await
        }
    });
    let all = move_on_after(ms(300), gather(workers)).await;
    say!(stage, "the power is gone; the work was over: {}", all.is_some());

    stage.scene("it is there again, and so is a worker");
    worker(&stage, &pool, &host, "worker 1").await?;
    let rows = pool.call(|c| -> Result<Vec<(u32, String)>, rusqlite::Error> {
        let mut rows = c.prepare("select page, state from todo")?;
        rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    });
    let rows = rows.await?;
    say!(stage, "it finds nothing to do: {rows:?}");
    say!(stage, "{} requests, and page 3 runs for ever", host.requests());
    assert!(rows.contains(&(3, "running".to_owned())));
    // On a machine that is busy the second worker may come too late for that.
    assert!(!stage.is_virtual() || host.requests() == 6);
    drop(pool);
    assert!(system.shutdown(ms(2000)).await.is_clean());
    Ok(())
}
