//! `ConnectionPool` on a real PostgreSQL server, which is killed, and asked what it has seen.

mod batches;
mod faults;
mod limits;
mod secure;
mod transactions;

use std::sync::Arc;

use actors::connection_pool::postgres::PostgresManager;
use actors::connection_pool::postgres::tokio_postgres::{Client, NoTls, connect};
use actors::{ConnectionPool, System};
use integration_tests::Postgres;

use crate::pool_support::{Watch, assert_books, blocking, bounded, eventually, millis, postgres as server};

type Pool = ConnectionPool<PostgresManager>;

fn manager(server: &Postgres) -> PostgresManager {
    PostgresManager::new(&server.url("application_name=pool")).expect("it is a URL")
}

async fn start(server: &Postgres, max_size: usize) -> Pool {
    let system = System::start().expect("there is a thread for it");
    ConnectionPool::builder(manager(server)).max_size(max_size).start(&system).await.expect("the server answers")
}

/// A connection that is none of a pool.
async fn observer(server: &Postgres) -> Arc<Client> {
    let (client, connection) = connect(&server.url("application_name=observer"), NoTls).await.expect("it answers");
    tokio::spawn(async move {
        let _ = connection.await;
    });
    Arc::new(client)
}

async fn count(client: &Client, of: &str) -> usize {
    let row = client.query_one(&format!("select count(*) from {of}"), &[]).await.expect("the observer is there");
    usize::try_from(row.get::<_, i64>(0)).expect("nothing is negative here")
}

const CONNECTIONS: &str = "pg_stat_activity where application_name = 'pool'";

/// Watches how many of the pool's connections the server has.
fn watch(observer: &Arc<Client>) -> Watch {
    let observer = Arc::clone(observer);
    Watch::start(move || {
        let observer = Arc::clone(&observer);
        async move { count(&observer, CONNECTIONS).await }
    })
}

async fn table(pool: &Pool) {
    let conn = pool.acquire().await.expect("the server answers");
    conn.batch_execute("create table page (url text primary key)").await.expect("there is none");
}

async fn pages(pool: &Pool) -> i64 {
    let conn = pool.acquire().await.expect("the server answers");
    conn.query_one("select count(*) from page", &[]).await.expect("there is a table").get(0)
}
