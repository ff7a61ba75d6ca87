use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
#[cfg(feature = "jobs")]
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use parking_lot::Mutex;
use patterns_core::context::interruptible;
use tokio::time::timeout;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row, SimpleQueryMessage, Statement, ToStatement};

use super::PostgresError;
use super::cancel::{Cancel, cancelling};
use super::care::Care;
use super::dial::{Dialer, Peer};
use super::wire::Status;

/// What queries are made on: a connection, and within a transaction the transaction.
///
/// Every method obeys the ambient token and deadline, and the manager's
/// [`query_timeout`](super::PostgresManager::query_timeout). Several queries may be under way at once: they are sent one
/// after the other, without waiting for the answers in between.
pub struct Session {
    client: Client,
    status: Arc<Status>,
    care: Care,
    /// Statements that were prepared to be kept, by their text.
    statements: Mutex<HashMap<&'static str, Statement>>,
    dialer: Arc<Dialer>,
    peer: Peer,
    limit: Duration,
    /// Whether what is done now are effects of a job, in the transaction that ends it.
    #[cfg(feature = "jobs")]
    effects: AtomicBool,
}

/// That effects of a job are done. Dropped, they are over.
#[cfg(feature = "jobs")]
pub(crate) struct WithinEffects<'a>(&'a AtomicBool);

#[cfg(feature = "jobs")]
impl Drop for WithinEffects<'_> {
    fn drop(&mut self) {
        self.0.store(false, SeqCst);
    }
}

impl Session {
    pub(super) fn new(client: Client, status: Arc<Status>, dialer: Arc<Dialer>, peer: Peer, limit: Duration) -> Self {
        let (care, statements) = (Care::default(), Mutex::default());
        Self {
            client,
            status,
            care,
            statements,
            dialer,
            peer,
            limit,
            #[cfg(feature = "jobs")]
            effects: AtomicBool::new(false),
        }
    }

    /// Effects of a job begin; see [`PostgresDriver::effects`](crate::jobs::driver::PostgresDriver::effects).
    #[cfg(feature = "jobs")]
    pub(crate) fn within_effects(&self) -> WithinEffects<'_> {
        self.effects.store(true, SeqCst);
        WithinEffects(&self.effects)
    }

    #[cfg(feature = "jobs")]
    pub(crate) fn is_within_effects(&self) -> bool {
        self.effects.load(SeqCst)
    }

    /// Runs a statement with parameters (`$1`, `$2`, ...), and gives the rows.
    ///
    /// # Errors
    ///
    /// - [`PostgresError::Failed`]: the server refused it, or the connection is lost.
    /// - [`PostgresError::TimedOut`]: it took longer than the manager's `query_timeout`.
    /// - [`PostgresError::Interrupted`]: the ambient token was cancelled or the ambient deadline passed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropped, or interrupted, the statement is cancelled before the connection goes to its next
    /// user. What it has done by then stays, outside of a transaction.
    pub async fn query<S>(&self, statement: &S, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, PostgresError>
    where
        S: ToStatement + ?Sized,
    {
        self.ask(self.client.query(statement, params)).await
    }

    /// [`query`](Self::query) for a statement that gives exactly one row.
    ///
    /// # Errors
    ///
    /// Those of [`query`](Self::query). [`PostgresError::Failed`] too where there is none, or more than one.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe, as [`query`](Self::query) is.
    pub async fn query_one<S>(&self, statement: &S, params: &[&(dyn ToSql + Sync)]) -> Result<Row, PostgresError>
    where
        S: ToStatement + ?Sized,
    {
        self.ask(self.client.query_one(statement, params)).await
    }

    /// [`query`](Self::query) for a statement that gives one row or none.
    ///
    /// # Errors
    ///
    /// Those of [`query`](Self::query). [`PostgresError::Failed`] too where there is more than one row.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe, as [`query`](Self::query) is.
    pub async fn query_opt<S>(
        &self,
        statement: &S,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<Row>, PostgresError>
    where
        S: ToStatement + ?Sized,
    {
        self.ask(self.client.query_opt(statement, params)).await
    }

    /// Runs a statement with parameters, and says how many rows it changed.
    ///
    /// # Errors
    ///
    /// Those of [`query`](Self::query).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe, as [`query`](Self::query) is.
    pub async fn execute<S>(&self, statement: &S, params: &[&(dyn ToSql + Sync)]) -> Result<u64, PostgresError>
    where
        S: ToStatement + ?Sized,
    {
        self.ask(self.client.execute(statement, params)).await
    }

    /// Runs statements without parameters, one after the other until one fails. Not for text from users: use
    /// parameters for that.
    ///
    /// # Errors
    ///
    /// Those of [`query`](Self::query).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe, as [`query`](Self::query) is.
    pub async fn batch_execute(&self, statements: &str) -> Result<(), PostgresError> {
        self.ask(self.client.batch_execute(statements)).await
    }

    /// [`batch_execute`](Self::batch_execute) that gives what the statements give, as text.
    ///
    /// # Errors
    ///
    /// Those of [`query`](Self::query).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe, as [`query`](Self::query) is.
    pub async fn simple_query(&self, statements: &str) -> Result<Vec<SimpleQueryMessage>, PostgresError> {
        self.ask(self.client.simple_query(statements)).await
    }

    /// Prepares a statement to be run often; it is of use on this connection only.
    ///
    /// # Errors
    ///
    /// Those of [`query`](Self::query).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe, as [`query`](Self::query) is.
    pub async fn prepare(&self, statement: &str) -> Result<Statement, PostgresError> {
        self.ask(self.client.prepare(statement)).await
    }

    /// The statement of this text, which is prepared when somebody first asks for it on this connection, and kept for as
    /// long as the connection lives: for texts of the program, which are run again and again.
    ///
    /// # Errors
    ///
    /// Those of [`query`](Self::query).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe, as [`query`](Self::query) is.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use actors::connection_pool::postgres::{PostgresError, Session};
    ///
    /// # async fn f(session: &Session) -> Result<(), PostgresError> {
    /// for id in [1_i64, 2, 3] {
    ///     // One way to the server and back for each, and one more for the first.
    ///     let statement = session.prepared("select title from page where id = $1").await?;
    ///     assert!(session.query(&statement, &[&id]).await?.len() <= 1);
    /// }
    /// # Ok(()) }
    /// ```
    pub async fn prepared(&self, statement: &'static str) -> Result<Statement, PostgresError> {
        let kept = self.statements.lock().get(statement).cloned();
        match kept {
            Some(kept) => Ok(kept),
            None => {
                let prepared = self.prepare(statement).await?;
                self.statements.lock().insert(statement, prepared.clone());
                Ok(prepared)
            }
        }
    }

    /// tokio-postgres' client, for what there is no method for: rows as a stream, `COPY`.
    ///
    /// It obeys no deadline, and as nobody knows what it was used for, the connection is checked before it goes to
    /// its next user.
    #[must_use]
    pub fn client(&self) -> &Client {
        self.care.unsure();
        &self.client
    }

    /// Asks the server something. Dropped before there is an answer, the connection needs care.
    async fn ask<T>(&self, question: impl Future<Output = Result<T, Error>>) -> Result<T, PostgresError> {
        if self.care.is_rollback_due() {
            // A transaction on this very connection was dropped.
            self.limited(self.tidy()).await??;
        }
        let asking = self.care.asking();
        let answer = self.limited(question).await?;
        asking.answered();
        answer.map_err(|error| {
            self.care.failed(&error);
            PostgresError::Failed(error)
        })
    }

    /// Waits for an answer for as long as it may take.
    pub(super) async fn limited<T>(&self, answer: impl Future<Output = T>) -> Result<T, PostgresError> {
        match interruptible(timeout(self.limit, answer)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => Err(PostgresError::TimedOut(self.limit)),
            Err(interrupt) => Err(PostgresError::Interrupted(interrupt)),
        }
    }

    /// Has the server end what nobody waits for, rolls back what was left open, and asks for an answer.
    pub(super) async fn tidy(&self) -> Result<(), PostgresError> {
        let cancel = self.care.is_abandoned().then(|| self.cancel());
        let answer = cancelling(cancel.as_ref(), self.client.batch_execute("")).await;
        // A cancellation that came late has hit this instead of what it was meant for.
        let answer = if answer.is_err() { self.client.batch_execute("").await } else { answer };
        answer.map_err(PostgresError::Failed)?;
        if !self.status.is_idle() {
            self.client.batch_execute("rollback").await.map_err(PostgresError::Failed)?;
        }
        if !self.status.is_idle() {
            return Err(PostgresError::NotIdle);
        }
        self.care.done();
        Ok(())
    }

    /// The means to cancel what the server is at, also when the session itself is over.
    pub(super) fn cancel(&self) -> Cancel {
        let (dialer, peer) = (Arc::clone(&self.dialer), self.peer.clone());
        Cancel { token: self.client.cancel_token(), dialer, peer }
    }

    pub(super) fn care(&self) -> &Care {
        &self.care
    }

    /// Whether it can be used by somebody else as it is.
    pub(super) fn is_tidy(&self) -> bool {
        self.status.is_idle() && !self.care.is_due()
    }

    /// Whether a transaction is open that can only be rolled back; asks the server if that is not known.
    pub(super) async fn is_failed(&self) -> Result<bool, PostgresError> {
        if self.care.is_status_unsure() {
            self.batch_execute("").await?;
        }
        Ok(self.status.is_failed())
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("peer", &format_args!("{}", self.peer))
            .field("idle", &self.status.is_idle())
            .field("care", &self.care)
            .finish_non_exhaustive()
    }
}
