use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use patterns_core::context::interruptible;
use patterns_core::outcome::catch_panic;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::task::spawn_blocking;

use super::calls::Calls;
use super::group;
use super::writer::Writer;
use super::{CallError, SqliteError};

/// An open connection to a SQLite database.
///
/// Made by a [`SqliteManager`](super::SqliteManager); see the [module](super).
pub struct SqliteConnection {
    /// Held by the call that runs, also when nobody waits for it any more. Empty once it is closed.
    db: Arc<Mutex<Option<Connection>>>,
    calls: Arc<Calls>,
    /// How long a statement waits for another writer.
    patience: Duration,
}

impl SqliteConnection {
    /// How often SQLite asks whether to go on: every so many of its virtual machine's instructions, which is
    /// some microseconds.
    const INSTRUCTIONS: std::ffi::c_int = 1_000;

    pub(super) fn new(mut db: Connection) -> rusqlite::Result<Self> {
        let calls = Arc::new(Calls::default());
        let asked = Arc::clone(&calls);
        db.progress_handler(Self::INSTRUCTIONS, Some(move || asked.should_stop()))?;
        let asked = Arc::clone(&calls);
        db.authorizer(Some(move |asking: AuthContext<'_>| match asking.action {
            AuthAction::Transaction { .. } if asked.is_confined() => Authorization::Deny,
            _ => Authorization::Allow,
        }))?;
        // As it was opened with, or as the user's own statements have set it.
        let patience = db.pragma_query_value(None, "busy_timeout", |row| row.get::<_, u32>(0))?;
        let patience = Duration::from_millis(u64::from(patience));
        Ok(Self { db: Arc::new(Mutex::new(Some(db))), calls, patience })
    }

    /// Calls `f` with the connection on a blocking thread.
    ///
    /// A transaction that `f` begins may stay open for the next call; one that is open when the
    /// connection goes back to its pool is rolled back.
    ///
    /// # Errors
    ///
    /// - [`CallError::Failed`]: `f` said so.
    /// - [`CallError::Panicked`]: `f` panicked; an open transaction is rolled back.
    /// - [`CallError::Interrupted`]: the ambient token was cancelled or the ambient deadline passed.
    /// - [`CallError::Closed`]: the runtime was shut down.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropped, or interrupted, the call is stopped at its next statement (or in the
    /// middle of one), and an open transaction is rolled back. The next call waits for that.
    pub async fn call<T, E, F>(&mut self, f: F) -> Result<T, CallError<E>>
    where
        F: FnOnce(&mut Connection) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        self.numbered_call(|db, _, _| f(db)).await
    }

    /// Calls `f` in a transaction, which is committed if `f` returns `Ok`, and rolled back on anything
    /// else: an error, a panic, an interruption, a drop.
    ///
    /// The transaction begins `immediate`: it waits for other writers when it begins, for as long as the
    /// manager's busy timeout, and does not fail in the middle because of them.
    ///
    /// # Errors
    ///
    /// Those of [`call`](Self::call). SQLite's own come as `E` too.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropped, or interrupted, before the commit has begun, nothing is changed. After that
    /// it is committed, though nobody is told.
    pub async fn transaction<T, E, F>(&mut self, f: F) -> Result<T, CallError<E>>
    where
        F: FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<rusqlite::Error> + Send + 'static,
    {
        let in_transaction = move |db: &mut Connection, calls: &Calls, call: u64| {
            let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = f(&transaction)?;
            if calls.is_abandoned(call) {
                // Nobody will ever see it: it is rolled back when it is dropped.
                return Ok(value);
            }
            transaction.commit()?;
            Ok(value)
        };
        self.numbered_call(in_transaction).await
    }

    /// Runs what waits at the writer, and commits it together.
    pub(super) async fn write(&mut self, writer: &Arc<Writer>) {
        let db = Arc::clone(&self.db).lock_owned().await;
        let (calls, writer, patience) = (Arc::clone(&self.calls), Arc::clone(writer), self.patience);
        // Cut off by the end of the runtime, those who wait are told by what they wait for.
        let _ = spawn_blocking(move || run_group(db, &calls, &writer, patience)).await;
    }

    async fn numbered_call<T, E, F>(&mut self, f: F) -> Result<T, CallError<E>>
    where
        F: FnOnce(&mut Connection, &Calls, u64) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        let lock = Arc::clone(&self.db).lock_owned();
        let db = interruptible(lock).await.map_err(CallError::Interrupted)?;
        let call = self.calls.next();
        let calls = Arc::clone(&self.calls);
        let running = spawn_blocking(move || run(db, &calls, call, f));
        let _abandon = Abandon { calls: &self.calls, call };
        match interruptible(running).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(CallError::Closed),
            Err(interrupt) => Err(CallError::Interrupted(interrupt)),
        }
    }

    /// Whether a call still runs that nobody waits for, or a transaction was left open.
    pub(super) fn needs_care(&self) -> bool {
        self.calls.in_transaction() || self.db.try_lock().is_err()
    }

    /// Waits for the call that still runs, rolls back what was left open, and asks for an answer.
    pub(super) async fn check(&self) -> Result<(), SqliteError> {
        let mut db = Arc::clone(&self.db).lock_owned().await;
        let calls = Arc::clone(&self.calls);
        let checked = spawn_blocking(move || {
            let db = db.as_mut().ok_or(SqliteError::Closed)?;
            tidy(db, &calls).map_err(SqliteError::Check)?;
            db.query_row("select 1", [], |_| Ok(())).map_err(SqliteError::Check)
        });
        checked.await.unwrap_or(Err(SqliteError::Closed))
    }

    /// Waits for the call that still runs, and closes the connection.
    pub(super) async fn close(self) {
        let mut db = self.db.lock_owned().await;
        let Some(db) = db.take() else { return };
        // Closing the last connection to a file writes its log back.
        if let Ok(Err(error)) = spawn_blocking(move || db.close().map_err(|(_, error)| error)).await {
            tracing::warn!(%error, "a database connection was not closed cleanly");
        }
    }
}

/// A call, on its blocking thread.
fn run<T, E>(
    mut db: OwnedMutexGuard<Option<Connection>>,
    calls: &Calls,
    call: u64,
    f: impl FnOnce(&mut Connection, &Calls, u64) -> Result<T, E>,
) -> Result<T, CallError<E>> {
    let Some(db) = db.as_mut() else { return Err(CallError::Closed) };
    if calls.is_abandoned(call) {
        // Nobody sees the answer.
        return Err(CallError::Closed);
    }
    calls.begin(call);
    let result = catch_panic(|| f(db, calls, call));
    calls.end();
    calls.note_transaction(!db.is_autocommit());
    if result.is_err() || calls.is_abandoned(call) {
        // If it can't be tidied up now, the check before its next use finds that out.
        let _ = tidy(db, calls);
    }
    match result {
        Ok(result) => result.map_err(CallError::Failed),
        Err(panic) => Err(CallError::Panicked(panic)),
    }
}

/// A group of calls, on its blocking thread.
fn run_group(mut db: OwnedMutexGuard<Option<Connection>>, calls: &Arc<Calls>, writer: &Writer, patience: Duration) {
    let Some(db) = db.as_mut() else { return };
    group::run(db, calls, writer, patience);
    calls.note_transaction(!db.is_autocommit());
}

/// Rolls back a transaction that was left open.
fn tidy(db: &mut Connection, calls: &Calls) -> rusqlite::Result<()> {
    if !db.is_autocommit() {
        db.execute_batch("rollback")?;
    }
    calls.note_transaction(false);
    Ok(())
}

/// Gives a call up when whoever waits for it is gone; of no effect on one that is over.
struct Abandon<'a> {
    calls: &'a Calls,
    call: u64,
}

impl Drop for Abandon<'_> {
    fn drop(&mut self) {
        self.calls.abandon(self.call);
    }
}

impl fmt::Debug for SqliteConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteConnection").field("calls", &self.calls).finish_non_exhaustive()
    }
}
