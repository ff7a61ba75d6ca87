//! Notices that wait to be delivered.

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::Timestamp;

use super::db::{Statement, values};
use super::{Store, StoreError};
use crate::notify::{Outbox, OutboxError, Queued};

impl From<StoreError> for OutboxError {
    fn from(error: StoreError) -> Self {
        Self::new(error.to_string())
    }
}

#[async_trait]
impl Outbox for Store {
    async fn due(&self, channel: &str, now: Timestamp, limit: usize) -> Result<Vec<Queued>, OutboxError> {
        let find = "select id, content, attempts, since from notice
            where channel = $1 and ended is null and next <= $2 order by id limit $3";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = self.db.read(find, values![channel, now, limit]).await?;
        let queued = rows.into_iter().filter_map(|mut row| {
            let id = row.int();
            let notice = row.json()?;
            let attempts = u32::try_from(row.int()).unwrap_or(u32::MAX);
            Some(Queued { id, notice, attempts, since: row.instant() })
        });
        Ok(queued.collect())
    }

    async fn delivered(&self, ids: &[i64]) -> Result<(), OutboxError> {
        let update = "update notice set ended = $1, why = null where id = $2";
        let now = Timestamp::now();
        self.db.write(vec![Statement::each(update, ids.iter().map(|id| values![now, *id]))]).await?;
        Ok(())
    }

    async fn failed(&self, ids: &[i64], next: Timestamp, why: &str) -> Result<(), OutboxError> {
        let update = "update notice set next = $1, why = $2, attempts = attempts + 1
            where id = $3 and ended is null";
        self.db.write(vec![Statement::each(update, ids.iter().map(|id| values![next, why, *id]))]).await?;
        Ok(())
    }

    async fn given_up(&self, ids: &[i64], why: &str) -> Result<(), OutboxError> {
        let update = "update notice set ended = $1, why = $2, attempts = attempts + 1
            where id = $3 and ended is null";
        let now = Timestamp::now();
        self.db.write(vec![Statement::each(update, ids.iter().map(|id| values![now, why, *id]))]).await?;
        Ok(())
    }

    async fn give_up_others(&self, channels: &BTreeSet<String>, why: &str) -> Result<u64, OutboxError> {
        let find = "select channel, count(*) from notice where ended is null group by channel";
        let waiting = self.db.read(find, Vec::new()).await?.into_iter().map(|mut row| (row.text(), row.count()));
        let others: Vec<(String, u64)> = waiting.filter(|(channel, _)| !channels.contains(channel)).collect();
        if !others.is_empty() {
            let update = "update notice set ended = $1, why = $2 where channel = $3 and ended is null";
            let now = Timestamp::now();
            let rows = others.iter().map(|(channel, _)| values![now, why, channel]);
            self.db.write(vec![Statement::each(update, rows)]).await?;
        }
        Ok(others.iter().map(|(_, count)| count).sum())
    }
}
