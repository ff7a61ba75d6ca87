use patterns_core::outcome::catch_panic;
use rusqlite::Transaction;

use super::super::{DriverError, Effects};
use super::work::Work;
use crate::chain::chain;

type Effect = dyn Fn(&Transaction<'_>) -> Result<(), rusqlite::Error> + Send + Sync;

/// What [`SqliteDriver::effects`](super::SqliteDriver::effects) makes.
pub(super) struct SqliteEffects(Box<Effect>);

impl SqliteEffects {
    pub(super) fn new(f: impl Fn(&Transaction<'_>) -> Result<(), rusqlite::Error> + Send + Sync + 'static) -> Self {
        Self(Box::new(f))
    }
}

impl Work<'_> {
    /// Does the effects in a savepoint. Why they failed, if they did: then nothing of them is left.
    pub(super) fn effects(&mut self, effects: &Effects) -> Result<Option<String>, DriverError> {
        let Some(SqliteEffects(effect)) = effects.get::<SqliteEffects>() else {
            let why = "the driver in SQLite does only effects of `SqliteDriver::effects`";
            return Ok(Some(why.to_owned()));
        };
        // They may put jobs of their own.
        self.flush()?;
        let tx = self.tx;
        tx.execute_batch("savepoint durable_effects")?;
        let failed = match catch_panic(|| effect(tx)) {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(chain(&error)),
            Err(panic) => Some(format!("the effects {panic}")),
        };
        if tx.is_autocommit() {
            let why = failed.unwrap_or_else(|| "the effects did".to_owned());
            return Err(DriverError::new(format!("the transaction was ended: {why}")));
        }
        let undo = if failed.is_some() { "rollback to durable_effects; " } else { "" };
        tx.execute_batch(&format!("{undo}release durable_effects"))?;
        Ok(failed)
    }
}
