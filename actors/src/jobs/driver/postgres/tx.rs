//! Transactions, and how statements are asked.

use std::time::Duration;

use futures_util::future::join3;
use tokio::time::sleep;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::super::DriverError;
use super::super::rules::undeterred;
use super::PostgresDriver;
use super::setback::{Pause, Setback};
use crate::connection_pool::Pooled;
use crate::connection_pool::postgres::{PostgresError, PostgresManager, Session};

/// A connection of the pool. Dropped, what is open on it is rolled back, before anybody else has it.
pub(super) type Tx = Pooled<PostgresManager>;

/// How often something is begun anew, at most.
const ATTEMPTS: u32 = 16;

/// Every statement here looks up a few rows by an index. A plan that was made when the tables were empty must not be
/// another one, as the server would keep it until somebody has counted the rows.
macro_rules! settings {
    () => {
        "select set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true), \
         set_config('enable_mergejoin', 'off', true), set_config('jit', 'off', true)"
    };
}

/// What a transaction begins with. Where commits are not waited for, these are. A machine that vanishes in the middle
/// must not keep its locks for as long as the server takes to notice that.
pub(super) const BEGIN: &str = concat!(
    "begin isolation level read committed read write; ",
    settings!(),
    "; select set_config('idle_in_transaction_session_timeout', '10s', true); \
     select set_config('synchronous_commit', 'on', true) where current_setting('synchronous_commit') = 'off'"
);

/// What one begins with that changes nothing.
pub(super) const READ: &str = concat!("begin isolation level read committed read only; ", settings!());

pub(super) const COMMIT: &str = "commit";

/// The settings of a transaction, once more.
pub(super) const SETTINGS: &str = settings!();

/// What a connection begins with in their place.
pub(super) const NO_SETTINGS: &str = "set local enable_seqscan to default; set local enable_hashjoin to default; \
     set local enable_mergejoin to default; set local jit to default";

impl PostgresDriver {
    /// Does something on a connection, and anew where others were in the way, or the connection was broken.
    pub(super) async fn on_one<T, F>(&self, work: impl Fn(Tx) -> F) -> Result<T, DriverError>
    where
        F: Future<Output = Result<T, Setback>>,
    {
        undeterred(self.on_some(work)).await
    }

    async fn on_some<T, F>(&self, work: impl Fn(Tx) -> F) -> Result<T, DriverError>
    where
        F: Future<Output = Result<T, Setback>>,
    {
        let mut tried = 0;
        loop {
            let tx = self.inner.pool.acquire().await.map_err(DriverError::new)?;
            // Some of them are long: in a box they don't lie on the stack of whoever asks.
            let setback = match Box::pin(work(tx)).await {
                Ok(done) => return Ok(done),
                Err(setback) => setback,
            };
            match setback.passes().filter(|_| tried < ATTEMPTS) {
                Some(Pause::None) => {}
                Some(Pause::ForOthers) => sleep(pause(tried)).await,
                None => return Err(setback.into()),
            }
            tried += 1;
        }
    }
}

/// Longer each time, and never the same for two that got in each other's way.
fn pause(tried: u32) -> Duration {
    Duration::from_millis(5 << tried.min(6)).mul_f64(0.5 + rand::random::<f64>())
}

/// Has statements prepared on this connection. Only then can several be sent at once: one that has to be prepared
/// first is overtaken by those after it.
pub(super) async fn prepare(tx: &Session, statements: &[&'static str]) -> Result<(), PostgresError> {
    for statement in statements {
        tx.prepared(statement).await?;
    }
    Ok(())
}

/// Runs a statement, and gives its rows.
pub(super) async fn rows(
    tx: &Session,
    statement: &'static str,
    values: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, PostgresError> {
    let statement = tx.prepared(statement).await?;
    tx.query(&statement, values).await
}

/// The same, if there is something to be asked.
pub(super) async fn rows_if(
    there_is: bool,
    tx: &Session,
    statement: &'static str,
    values: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, PostgresError> {
    if there_is { rows(tx, statement, values).await } else { Ok(Vec::new()) }
}

/// Runs one statement as a transaction, in one way to the server and back.
pub(super) async fn alone(
    tx: &Session,
    statement: &'static str,
    values: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, PostgresError> {
    within(BEGIN, tx, statement, values).await
}

/// The same for one that only reads.
pub(super) async fn read(
    tx: &Session,
    statement: &'static str,
    values: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, PostgresError> {
    within(READ, tx, statement, values).await
}

async fn within(
    begin: &str,
    tx: &Session,
    statement: &'static str,
    values: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, PostgresError> {
    prepare(tx, &[statement]).await?;
    // Sent together: a statement that fails has the commit roll back, and one without its beginning is still a whole.
    let (begun, found, ended) =
        join3(tx.batch_execute(begin), rows(tx, statement, values), tx.batch_execute(COMMIT)).await;
    begun?;
    let found = found?;
    ended?;
    Ok(found)
}
