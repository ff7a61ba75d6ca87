//! A query through a pool, to a PostgreSQL that this row starts for itself.

mod server;

use std::rc::Rc;

use actors::connection_pool::postgres::PostgresManager;
use actors::{ConnectionPool, System};
use bb8_postgres::PostgresConnectionManager;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Config, NoTls, SimpleQueryMessage};

pub(super) use self::server::Cluster;
use super::pool::Load;
use crate::harness::{Row, Skipped, Target};

const LOAD: Load = Load { tasks: 16, connections: 4, each: 1_000, wait: None };

/// Sixteen tasks and four connections: a checkout, `SELECT 1`, and back. bb8's manager asks the server at each
/// checkout whether the connection still works, as it does by default.
pub(super) fn select1() -> Result<Row, Skipped> {
    let cluster = Rc::new(Cluster::new(&["fsync=off"])?);
    macro_rules! queries {
        ($open:ident, $get:ident) => {{
            let cluster = Rc::clone(&cluster);
            let mut repeat: Option<Box<dyn FnMut() -> f64>> = None;
            move || {
                let repeat = repeat.get_or_insert_with(|| {
                    let runtime = mt2_with_sockets();
                    let pool = runtime.block_on($open(cluster.config()));
                    let task = move |load: Load| {
                        let pool = pool.clone();
                        async move {
                            for _ in 0..load.each {
                                let client = pool.$get().await.expect("it connects");
                                let said = client.simple_query("SELECT 1").await.expect("the server answers");
                                assert!(said.iter().any(|said| matches!(said, SimpleQueryMessage::Row(_))));
                            }
                            Vec::new()
                        }
                    };
                    Box::new(LOAD.repeated(runtime, task))
                });
                repeat() / 1_000.0
            }
        }};
    }
    Ok(Row::new("pool_postgres_select1", "us/query", Target::Ratio(1.0))
        .ours("ConnectionPool", queries!(ours, acquire))
        .peer("deadpool-postgres", queries!(deadpool, get))
        .peer("bb8-postgres", queries!(bb8, get)))
}

/// As `mt2`, for connections that are sockets.
pub(super) fn mt2_with_sockets() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("the system gives a runtime")
}

async fn ours(config: Config) -> ConnectionPool<PostgresManager> {
    // It lives as long as the pool.
    let system = System::start().expect("a system starts");
    let pool = ConnectionPool::builder(PostgresManager::from_config(config)).max_size(LOAD.connections);
    pool.start(&system).await.expect("it connects")
}

async fn deadpool(config: Config) -> deadpool_postgres::Pool {
    let manager = deadpool_postgres::Manager::new(config, NoTls);
    deadpool_postgres::Pool::builder(manager).max_size(LOAD.connections).build().expect("it has no timeouts")
}

async fn bb8(config: Config) -> bb8::Pool<PostgresConnectionManager<NoTls>> {
    let manager = PostgresConnectionManager::new(config, NoTls);
    bb8::Pool::builder().max_size(LOAD.connections as u32).build(manager).await.expect("it connects")
}
