//! sitewatch's database on a real PostgreSQL server.
mod lock;
mod tables;

use actors::connection_pool::postgres::tokio_postgres::{Client, NoTls, connect};
use integration_tests::Postgres;

/// A connection that is none of sitewatch's.
async fn observer(server: &Postgres) -> Client {
    let (client, connection) = connect(&server.url("application_name=observer"), NoTls).await.expect("it answers");
    tokio::spawn(async move {
        let _ = connection.await;
    });
    client
}
