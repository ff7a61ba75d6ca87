use actors::connection_pool::postgres::PostgresManager;
use actors::connection_pool::sqlite::SqliteManager;
use actors::jobs::driver::{NatsDriver, PostgresDriver, SqliteDriver};
use actors::{ConnectionPool, System};

pub(super) async fn sqlite(file: &str, system: &System) -> SqliteDriver {
    let manager = SqliteManager::new(file).init("pragma synchronous = full; pragma fullfsync = on");
    let pool = ConnectionPool::builder(manager).max_size(3).start(system).await.expect("it opens");
    SqliteDriver::new(pool).await.expect("it makes its tables")
}

pub(super) async fn postgres(url: &str, connections: usize, system: &System) -> PostgresDriver {
    let manager = PostgresManager::new(url).expect("it is an address");
    let pool = ConnectionPool::builder(manager).max_size(connections).start(system).await.expect("it connects");
    PostgresDriver::new(pool).await.expect("it makes its tables")
}

/// `place` is the URLs of the server and of its monitor, and what the streams are to be named by.
pub(super) async fn nats(place: &str) -> NatsDriver {
    let [url, monitor, name] = parts(place);
    NatsDriver::builder(url).monitor(monitor).namespace(name).connect().await.expect("it connects, and is synced")
}

pub(super) fn parts(place: &str) -> [&str; 3] {
    let parts: Vec<&str> = place.split(' ').collect();
    parts.try_into().expect("a server, its monitor and a name")
}
