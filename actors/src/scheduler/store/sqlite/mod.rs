mod firings;
mod recovery;
mod schedules;
mod schema;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use patterns_core::context::interruptible;
use rusqlite::Transaction;
use tokio::sync::Mutex;

use super::super::schedule_handle::undeterred;
use super::{Claim, Finished, Lease, Passed, Recovered, Registered, Registration, ScheduleStore, StoreError, Verdict};
use crate::connection_pool::ConnectionManager;
use crate::connection_pool::sqlite::{CallError, SqliteConnection, SqliteManager};

/// A store in a SQLite file: for the schedulers of one machine. A clone is the same store.
///
/// What it has answered is on the disk (`synchronous = full`), so it survives a crash of the process and of the
/// machine. Each call is one transaction, and runs on a blocking thread. Several processes may have the same file open;
/// one that writes is waited for, for 5 s at most.
///
/// However, a file on a network's file system must not be used by more than one machine: SQLite can't lock it there.
///
/// # How it works
///
/// The tables `durable_schedule`, `durable_firing`, `durable_lease` and `durable_version` may be in a file that has
/// others too. Instants are nanoseconds since 1970, outcomes and definitions JSON. A program may look into them, as in
/// `select name, instant, state, outcome from durable_firing join durable_schedule on id = schedule`.
///
/// Calls take turns on one connection. One that fails is rolled back, and its connection is not used again. One that is
/// dropped is rolled back, unless it was just being committed. Calls obey the ambient deadline, but not the ambient
/// token: a scheduler that is being stopped still has something to write.
///
/// # Examples
///
/// A schedule in two lives of a program:
///
/// ```
/// use actors::scheduler::VirtualClock;
/// use actors::scheduler::store::SqliteStore;
/// use actors::{Scheduler, System};
/// use std::time::Duration;
/// use tokio::time::{Instant, sleep};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let file = folder.path().join("schedules.db");
/// let clock = VirtualClock::starting_at("2026-05-01T00:30:00Z".parse()?);
/// let system = System::start()?;
/// for left in [3, 1] {
///     let store = SqliteStore::open(&file).await?;
///     let scheduler = Scheduler::builder().clock(clock.clone()).store(store).start(&system)?;
///     let hourly = scheduler.cron("hourly", "0 * * * *", "UTC").times(3).durable().run(async || {}).await?;
///     assert_eq!(hourly.preview(9).len(), left);
///     sleep(Duration::from_secs(2 * 3600)).await;
///     let _ = scheduler.drain(Instant::now() + Duration::from_secs(10)).await;
/// }
///
/// // A folder is no database.
/// assert!(SqliteStore::open(folder.path()).await.is_err());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct SqliteStore(Arc<Inner>);

struct Inner {
    manager: SqliteManager,
    /// Held by the call that runs. Empty after one that failed.
    connection: Mutex<Option<SqliteConnection>>,
}

impl SqliteStore {
    /// Opens the store in this file. The file and the tables are made if they are missing, and the tables brought up
    /// to date if an earlier version of this crate has made them.
    ///
    /// Dropping the last clone closes the file, which writes back its log and keeps the thread waiting for the disk.
    ///
    /// # Errors
    ///
    /// [`StoreError::Failed`]: the file can't be opened, is no database, or is in memory; a later version of this crate
    /// has made the tables; the ambient token was cancelled, or the ambient deadline passed.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the tables are made or not.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        // The second is for macOS, where the disk may otherwise keep to itself what it was told to write.
        let manager = SqliteManager::new(path).init("pragma synchronous = full; pragma fullfsync = on");
        let mut connection = manager.connect().await.map_err(StoreError::new)?;
        connection.transaction(schema::migrate).await.map_err(said)?;
        // From now on a file that is gone is an error, and not an empty store.
        let manager = manager.create(false);
        Ok(Self(Arc::new(Inner { manager, connection: Mutex::new(Some(connection)) })))
    }

    /// Calls `f` in a transaction, when it is its turn.
    async fn call<T, F>(&self, f: F) -> Result<T, StoreError>
    where
        F: FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
        T: Send + 'static,
    {
        let Inner { manager, connection: place } = &*self.0;
        undeterred(async move {
            let mut place = interruptible(place.lock()).await.map_err(StoreError::new)?;
            let connection = match &mut *place {
                Some(connection) => connection,
                empty => {
                    let opened = interruptible(manager.connect()).await.map_err(StoreError::new)?;
                    empty.insert(opened.map_err(StoreError::new)?)
                }
            };
            // It stays where it is while it is used: after a call that is dropped, the next one waits for its end.
            let answer = connection.transaction(f).await;
            if answer.as_ref().is_err_and(|error| !error.is_interrupted())
                && let Some(broken) = place.take()
            {
                manager.close(broken).await;
            }
            answer.map_err(said)
        })
        .await
    }
}

#[async_trait]
impl ScheduleStore for SqliteStore {
    async fn register(&self, registration: &Registration) -> Result<Registered, StoreError> {
        let registration = registration.clone();
        self.call(move |tx| schedules::register(tx, &registration)).await
    }

    async fn claim(&self, lease: &Lease, claims: &[Claim]) -> Result<Vec<Verdict>, StoreError> {
        let (lease, claims) = (lease.clone(), claims.to_vec());
        self.call(move |tx| firings::claim(tx, &lease, &claims)).await
    }

    async fn pass(&self, now: Timestamp, passed: &[Passed]) -> Result<(), StoreError> {
        let passed = passed.to_vec();
        self.call(move |tx| schedules::pass(tx, now, &passed)).await
    }

    async fn finish(&self, lease: &Lease, finished: &[Finished]) -> Result<(), StoreError> {
        let (lease, finished) = (lease.clone(), finished.to_vec());
        self.call(move |tx| firings::finish(tx, &lease, &finished)).await
    }

    async fn recover(&self, lease: &Lease, now: Timestamp, schedules: &[String]) -> Result<Vec<Recovered>, StoreError> {
        let (lease, schedules) = (lease.clone(), schedules.to_vec());
        self.call(move |tx| recovery::recover(tx, &lease, now, &schedules)).await
    }

    async fn forget(&self, schedule: &str) -> Result<bool, StoreError> {
        let schedule = schedule.to_owned();
        self.call(move |tx| schedules::forget(tx, &schedule)).await
    }
}

/// What a call said.
fn said(error: CallError<StoreError>) -> StoreError {
    match error {
        CallError::Failed(error) => error,
        CallError::Panicked(panic) => StoreError::Panicked(panic),
        other => StoreError::new(other),
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::new(error)
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.0.manager.path()).finish_non_exhaustive()
    }
}
