//! Rows that are there if and only if a completion counts.

use std::sync::Arc;

use actors::jobs::JobId;
use actors::jobs::driver::{Effects, PostgresDriver, SqliteDriver};

use crate::ledger::Delivery;
use crate::shop::Shop;

/// Where they are: in a table `effect (job text, life text, number bigint)`, which is there. No key keeps a second one
/// out.
#[derive(Clone, Copy)]
pub(crate) enum Rows {
    /// Beside the jobs, in the same file.
    Sqlite,
    /// Beside the jobs, in the same database.
    Postgres,
    /// The engine has none.
    #[cfg(feature = "nats")]
    None,
}

impl Rows {
    /// One for a delivery, to be committed with its end.
    pub(crate) fn effects(self, shop: &Arc<Shop>, job: JobId, delivery: &Delivery) -> Option<Effects> {
        let (shop, job, delivery) = (Arc::clone(shop), job.to_string(), delivery.clone());
        let number = i64::try_from(delivery.number).unwrap_or(i64::MAX);
        match self {
            Self::Sqlite => Some(SqliteDriver::effects(move |tx| {
                tx.execute("insert into effect values (?1, ?2, ?3)", (&job, &delivery.life, number))?;
                shop.passes("effects");
                Ok(())
            })),
            Self::Postgres => Some(PostgresDriver::effects(move |tx| {
                let (shop, job, life) = (Arc::clone(&shop), job.clone(), delivery.life.clone());
                Box::pin(async move {
                    tx.execute("insert into effect values ($1, $2, $3)", &[&job, &life, &number]).await?;
                    shop.passes("effects");
                    Ok(())
                })
            })),
            #[cfg(feature = "nats")]
            Self::None => None,
        }
    }
}
