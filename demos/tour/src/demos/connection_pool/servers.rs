//! The same on a real PostgreSQL and a real Redis, which are started for it.
use actors::connection_pool::postgres::PostgresManager;
use actors::connection_pool::redis::RedisManager;
use actors::connection_pool::redis::redis::cmd;
use actors::{ConnectionPool, System};
use integration_tests::{Postgres, Redis};
use patterns_core::gather::try_gather;
use patterns_core::outcome::BoxError;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};

use crate::{Stage, ms};

const LIMIT: usize = 4;
const TASKS: usize = 40;
const MISSING: &str = "it is not installed; `cargo xtask setup` installs it";

pub(super) async fn play(
    stage: &Stage,
    system: &System,
) -> Result<(), BoxError> {
    stage.scene("a real PostgreSQL, which is killed and started again");
    match spawn_blocking(Postgres::start).await?? {
        Some(server) => postgres(stage, system, server).await?,
        None => say!(stage, "{MISSING}"),
    }
    stage.scene("a real Redis");
    match spawn_blocking(|| Redis::start(None)).await?? {
        Some(server) => redis(stage, system, &server).await?,
        None => say!(stage, "{MISSING}"),
    }
    Ok(())
}

async fn postgres(
    stage: &Stage,
    system: &System,
    mut server: Postgres,
) -> Result<(), BoxError> {
    let manager = PostgresManager::new(&server.url("application_name=tour"))?;
    let pool =
        ConnectionPool::builder(manager).max_size(LIMIT).start(system).await?;
    let most = try_gather((0..TASKS).map(|_| sessions(&pool)))
        .await
        .map_err(|error| error.to_string())?;
    let most = most.into_iter().max().unwrap_or_default();
    say!(
        stage,
        "{TASKS} tasks; by the server's own count at most {most} connections"
    );
    assert!(most <= i64::try_from(LIMIT)?);

    server = spawn_blocking(move || {
        server.kill();
        server.restart().map(|()| server)
    })
    .await??;
    let (start, mut failed) = (Instant::now(), 0);
    while let Err(error) = sessions(&pool).await {
        failed += 1;
        assert!(start.elapsed() < ms(20_000), "it is up again: {error}");
        sleep(ms(10)).await;
    }
    say!(
        stage,
        "killed and started again: {failed} queries failed, then it goes on"
    );
    let receipt = pool.drain(Instant::now() + ms(2000)).await;
    assert!(receipt.is_complete());
    drop(server);
    Ok(())
}

/// How many connections of ours the server has, seen from one of them.
async fn sessions(
    pool: &ConnectionPool<PostgresManager>,
) -> Result<i64, BoxError> {
    let connection = pool.acquire().await?;
    connection.batch_execute("select pg_sleep(0.01)").await?;
    let count = "select count(*) from pg_stat_activity \
                 where application_name = 'tour'";
    Ok(connection.query_one(count, &[]).await?.get(0))
}

async fn redis(
    stage: &Stage,
    system: &System,
    server: &Redis,
) -> Result<(), BoxError> {
    let manager = RedisManager::new(server.url("", ""))?;
    let pool =
        ConnectionPool::builder(manager).max_size(LIMIT).start(system).await?;
    let most = try_gather((0..TASKS).map(|_| count_a_link(&pool)))
        .await
        .map_err(|error| error.to_string())?;
    let most = most.into_iter().max().unwrap_or_default();
    let mut connection = pool.acquire().await?;
    let links: usize =
        cmd("GET").arg("links").query_async(&mut *connection).await?;
    drop(connection);
    say!(stage, "{links} links are counted, over at most {most} connections");
    assert_eq!(links, TASKS);
    assert!(most <= LIMIT);
    assert!(pool.drain(Instant::now() + ms(2000)).await.is_complete());
    Ok(())
}

/// How many connections the server has meanwhile.
async fn count_a_link(
    pool: &ConnectionPool<RedisManager>,
) -> Result<usize, BoxError> {
    let mut connection = pool.acquire().await?;
    let () = cmd("INCR").arg("links").query_async(&mut *connection).await?;
    let list: String =
        cmd("CLIENT").arg("LIST").query_async(&mut *connection).await?;
    Ok(list.lines().count())
}
