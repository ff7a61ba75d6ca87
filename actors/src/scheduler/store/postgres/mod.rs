mod firings;
mod ledger;
mod recovery;
mod schedules;
mod schema;

use async_trait::async_trait;
use jiff::Timestamp;

use super::super::schedule_handle::undeterred;
use super::{Claim, Finished, Lease, Passed, Recovered, Registered, Registration, ScheduleStore, StoreError, Verdict};
use crate::ConnectionPool;
use crate::connection_pool::Pooled;
use crate::connection_pool::postgres::{PostgresError, PostgresManager};

/// A store in a PostgreSQL database: for schedulers on any number of machines. A clone is the same store.
///
/// What it has answered is on the server's disk, also where `synchronous_commit` is off; whether a standby has it too is
/// that setting's. A connection that breaks is replaced by the [pool](ConnectionPool); the scheduler asks again, and has
/// the same answer. Each call is one transaction, at the isolation that it needs, whatever the server's default is.
///
/// However:
///
/// - Whoever shares the store goes by the wall clock of his own machine, so the clocks must be closer together than the
///   scheduler's [`lease`](crate::scheduler::SchedulerConfig::lease) is long.
/// - The names of schedules must not have a NUL in them, which is no text to PostgreSQL, nor more than 2,000 bytes, as
///   they are in an index. Such a schedule is refused when it is made.
/// - The database must be in UTF-8, or it could not hold every text.
///
/// # How it works
///
/// The tables `durable_schedule`, `durable_firing`, `durable_lease` and `durable_version` are in the first schema of
/// the connections' search path. Instants are nanoseconds since 1970, finer than PostgreSQL's own; outcomes and
/// definitions are JSON, as text. A program may look into them, as in `select name, to_timestamp(instant / 1e9), state,
/// outcome from durable_firing join durable_schedule on id = schedule`.
///
/// A call locks the rows of its schedules, in an order that is the same for all, looks at their firings, decides, and
/// writes; each is one statement for a whole batch. So calls about the same schedule take turns, and none meets another
/// in a deadlock. A call that is dropped is rolled back before the connection goes to its next user, unless it was just
/// being committed. A transaction in which nothing happens for ten seconds is ended by the server.
///
/// Calls obey the ambient deadline, but not the ambient token: a scheduler that is being stopped still has something to
/// write. So the pool must live for longer than the scheduler; a system that has started both in this order stops them
/// in the reverse one.
///
/// # Examples
///
/// ```no_run
/// use actors::connection_pool::postgres::PostgresManager;
/// use actors::scheduler::store::PostgresStore;
/// use actors::{ConnectionPool, Scheduler, System};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let system = System::start()?;
/// let manager = PostgresManager::new("postgres://app:secret@localhost/shop")?;
/// let pool = ConnectionPool::builder(manager).max_size(2).start(&system).await?;
/// let scheduler = Scheduler::builder().store(PostgresStore::new(pool).await?).start(&system)?;
///
/// let nightly = scheduler.cron("nightly", "0 3 * * *", "Europe/Berlin").durable().run(async || {}).await?;
/// assert!(nightly.status().durable);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct PostgresStore {
    pool: ConnectionPool<PostgresManager>,
}

/// What a transaction begins with. Where commits are not waited for, these are. A machine that vanishes in the middle
/// must not keep its locks for as long as the server takes to notice that.
const BEGIN: &str = "
    begin isolation level read committed read write;
    set local idle_in_transaction_session_timeout = '10s';
    select set_config('synchronous_commit', 'on', true) where current_setting('synchronous_commit') = 'off'";

/// How many connections are tried that may have broken while nobody used them.
const ATTEMPTS: usize = 16;

impl PostgresStore {
    /// The store in the database of a pool, of which each call takes one connection. The tables are made if they are
    /// missing, and brought up to date if an earlier version of this crate has made them; several programs may do that
    /// at the same time.
    ///
    /// # Errors
    ///
    /// [`StoreError::Failed`]: there is no connection to be had; the server refused it, as it does where the user may
    /// not make tables; a later version of this crate has made them; the database is not in UTF-8; the ambient token was
    /// cancelled, or the ambient deadline passed. Without these it waits for as long as another makes the tables.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the tables are made or not.
    pub async fn new(pool: ConnectionPool<PostgresManager>) -> Result<Self, StoreError> {
        let store = Self { pool };
        store.migrate().await?;
        Ok(store)
    }

    /// A connection with a transaction, which is rolled back if the connection is dropped.
    async fn begin(&self) -> Result<Pooled<PostgresManager>, StoreError> {
        for _ in 0..ATTEMPTS {
            let tx = self.pool.acquire().await.map_err(StoreError::new)?;
            match tx.batch_execute(BEGIN).await {
                Ok(()) => return Ok(tx),
                // It broke while nobody used it. Nothing was begun, and the pool does not lend it again.
                Err(PostgresError::Failed(error)) if error.is_closed() => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::new("every connection was found closed"))
    }
}

async fn commit(tx: Pooled<PostgresManager>) -> Result<(), StoreError> {
    tx.batch_execute("commit").await?;
    Ok(())
}

#[async_trait]
impl ScheduleStore for PostgresStore {
    async fn register(&self, registration: &Registration) -> Result<Registered, StoreError> {
        undeterred(self.enter(registration)).await
    }

    async fn claim(&self, lease: &Lease, claims: &[Claim]) -> Result<Vec<Verdict>, StoreError> {
        undeterred(self.decide(lease, claims)).await
    }

    async fn pass(&self, now: Timestamp, passed: &[Passed]) -> Result<(), StoreError> {
        undeterred(self.note(now, passed)).await
    }

    async fn finish(&self, lease: &Lease, finished: &[Finished]) -> Result<(), StoreError> {
        undeterred(self.end(lease, finished)).await
    }

    async fn recover(&self, lease: &Lease, now: Timestamp, schedules: &[String]) -> Result<Vec<Recovered>, StoreError> {
        undeterred(self.take_over(lease, now, schedules)).await
    }

    async fn forget(&self, schedule: &str) -> Result<bool, StoreError> {
        undeterred(self.delete(schedule)).await
    }
}

impl From<PostgresError> for StoreError {
    fn from(error: PostgresError) -> Self {
        // tokio-postgres' own error shows nothing of what the server said.
        match error.as_db_error().cloned() {
            Some(said) => Self::new(said),
            None => Self::new(error),
        }
    }
}
