//! What is done in the transaction that ends a job.

use std::error::Error;
use std::io;

use futures_util::future::BoxFuture;
use patterns_core::outcome::catch_panics;

use super::super::Effects;
use super::PostgresDriver;
use super::setback::Setback;
use super::tx::{NO_SETTINGS, SETTINGS};
use crate::chain::chain;
use crate::connection_pool::postgres::{PostgresError, Session};

type Work = dyn Fn(&Session) -> BoxFuture<'_, Result<(), PostgresError>> + Send + Sync;

/// Rows that are written with the end of a job.
pub(super) struct Rows(Box<Work>);

impl PostgresDriver {
    /// Effects of an [answer](super::super::Answer::effects): `f` is called on the transaction that ends the job, so
    /// what it writes is there if and only if the answer counts.
    ///
    /// If it fails, or panics, its writes are rolled back, the answer is
    /// [`Accepted::Failed`](super::super::Accepted::Failed) with its error, and other answers of the batch are as
    /// good as before. It is called again where the whole transaction is begun anew, after a deadlock with others, or
    /// on another connection. So it must do nothing but write rows, must not end the transaction, and should be
    /// short: it holds up those that are answered for with it, and the server ends a transaction in which nothing
    /// happens for ten seconds. A lock that others hold is waited for up to two seconds, where the connections have no
    /// `lock_timeout` of their own, and then that has failed.
    ///
    /// It can't put jobs: [`put_in`](Self::put_in) refuses to, as what is put with an answer is decided before. That is
    /// what [`Run::then`](crate::jobs::Run::then) is for.
    ///
    /// # Examples
    ///
    /// ```
    /// use actors::jobs::driver::PostgresDriver;
    ///
    /// let effects = PostgresDriver::effects(|tx| {
    ///     Box::pin(async move {
    ///         tx.execute("update customer set welcomed = true where name = 'ada'", &[]).await?;
    ///         Ok(())
    ///     })
    /// });
    /// assert_eq!(format!("{effects:?}"), "Effects");
    /// ```
    pub fn effects<F>(f: F) -> Effects
    where
        F: Fn(&Session) -> BoxFuture<'_, Result<(), PostgresError>> + Send + Sync + 'static,
    {
        Effects::new(Rows(Box::new(f)))
    }
}

/// What others hold for longer is one job's failure, and does not hold up all. What it was before is kept in a setting,
/// too: the default is not what the pool may have set on its connections.
const PATIENCE: &str = "select set_config('durable.lock_timeout', current_setting('lock_timeout'), true); \
     select set_config('lock_timeout', '2s', true) where current_setting('lock_timeout') = '0'";

const NO_PATIENCE: &str = "select set_config('lock_timeout', current_setting('durable.lock_timeout'), true)";

/// Does them, if this driver can; the error that the answer fails with.
pub(super) async fn perform(tx: &Session, effects: &Effects) -> Result<Result<(), String>, Setback> {
    let Some(Rows(f)) = effects.get::<Rows>() else {
        return Ok(Err("these effects are another driver's, expected those of PostgresDriver::effects".to_owned()));
    };
    // The user's own statements have the plans that they have elsewhere.
    tx.batch_execute(&format!("savepoint durable_effects; {NO_SETTINGS}; {PATIENCE}")).await?;
    let within = tx.within_effects();
    let done = catch_panics(async { f(tx).await }).await;
    drop(within);
    let release = format!("release savepoint durable_effects; {SETTINGS}; {NO_PATIENCE}");
    let failed = match done {
        Ok(Ok(())) => match tx.batch_execute(&release).await {
            Ok(()) => return Ok(Ok(())),
            // It kept to itself that a statement had failed, and with it all that came before.
            Err(error) => error,
        },
        Ok(Err(error)) => error,
        Err(panic) => {
            back(tx).await?;
            return Ok(Err(panic.to_string()));
        }
    };
    if is_of_others(&failed) {
        return Err(failed.into());
    }
    back(tx).await?;
    Ok(Err(chain(&failed)))
}

async fn back(tx: &Session) -> Result<(), PostgresError> {
    tx.batch_execute("rollback to savepoint durable_effects; release savepoint durable_effects").await
}

/// Whether it has nothing to do with what was to be written.
fn is_of_others(error: &PostgresError) -> bool {
    match error {
        PostgresError::Failed(said) => {
            let is_lost = said.source().is_some_and(|source| source.is::<io::Error>());
            said.is_closed() || is_lost || error.is_serialization_failure()
        }
        _ => true,
    }
}
