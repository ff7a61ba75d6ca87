//! Opening a queue's engine, where it is.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use actors::System;
use actors::connection_pool::ConnectionPool;
use actors::connection_pool::postgres::PostgresManager;
use actors::connection_pool::sqlite::SqliteManager;
use actors::coordinator::CoordinatorBuilder;
use actors::jobs::driver::{DriverError, NatsDriver, PostgresDriver, SqliteDriver};
use actors::jobs::{JobQueue, JobQueueBuilder};
use patterns_core::outcome::BoxError;

use super::{NatsPlace, Place};
use crate::causes::innermost;
use crate::store::{Location, StoreError, file};

/// The tables are in a schema of their own: the database may have others, and to whom the current schema belongs differs
/// with the user. Whoever may make no schema may use one that is there; two may be about to make it.
const IN_SCHEMA: &str = "
    set client_min_messages = warning;
    do $$ begin
        if to_regnamespace('sitewatch_queue') is null then create schema sitewatch_queue; end if;
    exception when duplicate_schema or unique_violation then null;
    end $$;
    set search_path = sitewatch_queue";

/// When a NATS server is believed, or what it may lose accepted.
const SYNCED: &str = "expected `sync_interval: always` in its JetStream settings and monitor=http://host:8222 in the \
    queue's URL, or unsynced=accept in it";

/// How many connections there are at most: writes of a process go together, and turns are asked for beside them.
const CONNECTIONS: usize = 4;

/// How long a writer waits for another program that writes to the file.
const LOCKED: Duration = Duration::from_secs(5);

/// How long a statement of a server may take. The queue has a limit of its own, and asks again.
const STATEMENT: Duration = Duration::from_secs(30);

/// How long it is waited for a connection.
const ACQUIRE: Duration = Duration::from_secs(10);

/// The name of the connections, among what is stopped.
pub(super) const NAME: &str = "engine";

/// What keeps the jobs. A clone is the same.
#[derive(Clone)]
pub struct Engine(Kind);

#[derive(Clone)]
enum Kind {
    Sqlite(SqliteDriver, ConnectionPool<SqliteManager>),
    Postgres(PostgresDriver, ConnectionPool<PostgresManager>),
    Nats(NatsDriver),
}

/// Why an engine can't be used.
#[derive(Clone, Debug, thiserror::Error)]
#[error("cannot use the queue {place}: {why}")]
pub struct OpenError {
    place: String,
    why: String,
    temporary: bool,
}

impl OpenError {
    /// What keeps us from it, whoever comes.
    fn refused(place: &Place, why: &dyn Error) -> Self {
        Self { place: place.to_string(), why: innermost(why), temporary: false }
    }

    fn failed(place: &Place, why: &DriverError) -> Self {
        tracing::debug!(%place, error = %why, "the queue can't be used");
        let words = match why {
            DriverError::Refused(why) | DriverError::Ended(why) => why.clone(),
            // In words of who has a URL, and no builder.
            DriverError::Unsynced(what) => format!("{what}, {SYNCED}"),
            why => innermost(why),
        };
        Self { place: place.to_string(), why: words, temporary: why.may_pass() }
    }

    /// SQLite says the same of a folder that is missing and of a disk that is away for a moment, so the file was looked at.
    fn of_file(place: &Place, error: StoreError) -> Self {
        let (why, temporary) = match error {
            StoreError::Away { why, .. } | StoreError::Full { why, .. } => (why, true),
            StoreError::Refused { why, .. } => (why, false),
            error => (error.to_string(), false),
        };
        Self { place: place.to_string(), why, temporary }
    }

    /// Whether it may answer later: it is away.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        self.temporary
    }
}

impl Engine {
    /// Opens it, and makes what it needs there.
    ///
    /// # Errors
    ///
    /// [`OpenError`]: it does not answer, which [may pass](OpenError::is_temporary); it refuses us, as with a wrong
    /// password; it has tables of a later version; a NATS server answers before it has synced, and that was not accepted.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn open(place: &Place, system: &System) -> Result<Self, OpenError> {
        let refused = |why: BoxError| OpenError::refused(place, &*why);
        let failed = |why: DriverError| OpenError::failed(place, &why);
        match place {
            Place::Sqlite(path) => {
                if let Some(trouble) = Location::Sqlite(path.clone()).trouble() {
                    return Err(refused(trouble.into()));
                }
                file::look(path).await.map_err(|why| OpenError::of_file(place, why))?;
                let manager = SqliteManager::new(path).busy_timeout(LOCKED);
                let manager = manager.init("pragma synchronous = full; pragma fullfsync = on");
                let pool = ConnectionPool::builder(manager).name("queue").max_size(CONNECTIONS);
                let pool = pool.acquire_timeout(ACQUIRE).warm_up(false).start(system).await;
                let pool = pool.map_err(|why| refused(why.into()))?;
                let driver = SqliteDriver::new(pool.clone()).await.map_err(failed)?;
                Ok(Self(Kind::Sqlite(driver, pool)))
            }
            Place::Postgres(server) => {
                let manager = PostgresManager::new(server).map_err(|why| refused(why.into()))?;
                let manager = manager.query_timeout(STATEMENT).init(IN_SCHEMA);
                let pool = ConnectionPool::builder(manager).name("queue").max_size(CONNECTIONS);
                let pool = pool.acquire_timeout(ACQUIRE).warm_up(false).start(system).await;
                let pool = pool.map_err(|why| refused(why.into()))?;
                let driver = PostgresDriver::new(pool.clone()).await.map_err(failed)?;
                Ok(Self(Kind::Postgres(driver, pool)))
            }
            Place::Nats(NatsPlace { server, monitors, accept_unsynced }) => {
                let nats = NatsDriver::builder(server).namespace("sitewatch");
                let mut nats = monitors.iter().fold(nats, |nats, monitor| nats.monitor(monitor));
                if *accept_unsynced {
                    nats = nats.accept_unsynced();
                }
                Ok(Self(Kind::Nats(nats.connect().await.map_err(failed)?)))
            }
        }
    }

    /// A queue on it, to be started.
    pub fn queue(&self) -> JobQueueBuilder {
        match &self.0 {
            Kind::Sqlite(driver, _) => JobQueue::builder(driver.clone()),
            Kind::Postgres(driver, _) => JobQueue::builder(driver.clone()),
            Kind::Nats(driver) => JobQueue::builder(driver.clone()),
        }
    }

    /// Has its connections stopped with a plan, under this [name](NAME); whether it has some that are to be stopped.
    pub(crate) fn add_to(&self, plan: CoordinatorBuilder) -> (CoordinatorBuilder, bool) {
        match &self.0 {
            Kind::Sqlite(_, pool) => (plan.add(NAME, pool.clone()), true),
            Kind::Postgres(_, pool) => (plan.add(NAME, pool.clone()), true),
            Kind::Nats(_) => (plan, false),
        }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Kind::Sqlite(..) => "Engine::Sqlite",
            Kind::Postgres(..) => "Engine::Postgres",
            Kind::Nats(_) => "Engine::Nats",
        })
    }
}
