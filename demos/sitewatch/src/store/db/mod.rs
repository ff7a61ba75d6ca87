//! A database, as narrow as it is of use here: statements are read, or written together.
//!
//! Whatever is kept is written in a dialect that both engines understand, so that there is one text for each statement.
mod error;
pub(crate) mod file;
pub(super) mod key;
mod location;
mod lock;
mod migrate;
mod postgres;
mod sqlite;
mod value;

use std::fmt;
use std::time::Duration;

use actors::System;
use actors::connection_pool::postgres::PostgresManager;
use actors::connection_pool::sqlite::SqliteManager;
use actors::connection_pool::{ConnectionPool, ConnectionPoolStatus};

pub use error::StoreError;
pub(crate) use location::without_secrets;
pub use location::{BadLocation, Location};
pub(crate) use lock::{Ours, ServeLock};
pub(crate) use value::{Row, Statement, Value, values};

/// An open database. A clone is the same.
#[derive(Clone, Debug)]
pub(crate) struct Db {
    name: String,
    engine: Engine,
}

#[derive(Clone, Debug)]
enum Engine {
    Sqlite(ConnectionPool<SqliteManager>),
    Postgres(ConnectionPool<PostgresManager>),
}

/// How many connections there are at most: a SQLite file has one writer, and readers are quick.
const SQLITE_CONNECTIONS: usize = 3;

/// The same of a server, of which one is held for as long as the service runs.
const POSTGRES_CONNECTIONS: usize = 6;

/// How long a statement waits for another program that writes. Nothing can cut that short, and a check that was asked
/// to stop has five seconds. Whoever can wait longer tries again.
const LOCKED: Duration = Duration::from_millis(1_500);

/// The tables are in a schema of their own, as the database may have others. Whoever makes the tables makes it.
const IN_SCHEMA: &str = "set client_min_messages = warning; set search_path = sitewatch";

impl Db {
    /// Opens it, and makes it or brings it up to date.
    pub(crate) async fn open(location: &Location, system: &System) -> Result<Self, StoreError> {
        let db = Self::connect(location, system, true).await?;
        db.migrate().await?;
        Ok(db)
    }

    /// Opens one that is there, to read it.
    pub(crate) async fn open_existing(location: &Location, system: &System) -> Result<Self, StoreError> {
        if let Location::Sqlite(path) = location
            && !path.is_file()
        {
            return Err(StoreError::Missing { path: path.clone() });
        }
        let db = Self::connect(location, system, false).await?;
        db.migrate().await?;
        Ok(db)
    }

    async fn connect(location: &Location, system: &System, create: bool) -> Result<Self, StoreError> {
        let name = location.to_string();
        let refused = |why: &dyn fmt::Display| StoreError::Refused { name: location.to_string(), why: why.to_string() };
        let engine = match location {
            Location::Sqlite(path) => {
                file::look(path).await?;
                let manager = SqliteManager::new(path).busy_timeout(LOCKED).create(create);
                let manager = manager.init("pragma synchronous = full; pragma fullfsync = on");
                let pool = ConnectionPool::builder(manager).name("store").max_size(SQLITE_CONNECTIONS);
                let pool = pool.acquire_timeout(Duration::from_secs(10)).warm_up(false).start(system).await;
                Engine::Sqlite(pool.map_err(|why| refused(&why))?)
            }
            Location::Postgres(server) => {
                let manager = PostgresManager::new(server).map_err(|why| refused(&why))?;
                let manager = manager.query_timeout(Duration::from_secs(60)).init(IN_SCHEMA);
                let pool = ConnectionPool::builder(manager).name("store").max_size(POSTGRES_CONNECTIONS);
                // One is held for as long as the service runs, on purpose.
                let pool = pool.leak_after(None);
                let pool = pool.acquire_timeout(Duration::from_secs(10)).warm_up(false).start(system).await;
                Engine::Postgres(pool.map_err(|why| refused(&why))?)
            }
        };
        Ok(Self { name, engine })
    }

    /// Reads rows.
    pub(crate) async fn read(&self, sql: &'static str, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        match &self.engine {
            Engine::Sqlite(pool) => sqlite::read(&self.name, pool, sql, values).await,
            Engine::Postgres(pool) => postgres::read(&self.name, pool, sql, values).await,
        }
    }

    /// Runs statements in one transaction, and gives what the runs of each gave.
    pub(crate) async fn write(&self, batch: Vec<Statement>) -> Result<Vec<Vec<Row>>, StoreError> {
        match &self.engine {
            Engine::Sqlite(pool) => sqlite::write(&self.name, pool, batch).await,
            Engine::Postgres(pool) => postgres::write(&self.name, pool, batch).await,
        }
    }

    /// Runs a statement that gives a row.
    pub(crate) async fn write_row(&self, sql: &'static str, values: Vec<Value>) -> Result<Row, StoreError> {
        let row = self.write(vec![Statement::once(sql, values)]).await?.pop().and_then(|mut rows| rows.pop());
        row.ok_or_else(|| StoreError::Refused { name: self.name.clone(), why: "a row is missing".to_owned() })
    }

    /// Whether it answers.
    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        self.read("select 1", Vec::new()).await.map(drop)
    }

    pub(crate) fn status(&self) -> ConnectionPoolStatus {
        match &self.engine {
            Engine::Sqlite(pool) => pool.status(),
            Engine::Postgres(pool) => pool.status(),
        }
    }

    /// The pool of a SQLite file, for a coordinator.
    pub(crate) fn sqlite(&self) -> Option<&ConnectionPool<SqliteManager>> {
        if let Engine::Sqlite(pool) = &self.engine { Some(pool) } else { None }
    }

    /// The pool of a PostgreSQL server.
    pub(crate) fn postgres(&self) -> Option<&ConnectionPool<PostgresManager>> {
        if let Engine::Postgres(pool) = &self.engine { Some(pool) } else { None }
    }
}
