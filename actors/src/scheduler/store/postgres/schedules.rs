//! Entering schedules, noting how far they got, and forgetting them.

use std::collections::HashMap;

use jiff::Timestamp;
use tokio_postgres::Row;

use super::super::rules::{self, count, nanos, record, timestamp, until};
use super::super::{Lease, Passed, Registered, Registration, StoreError};
use super::{PostgresStore, commit};
use crate::connection_pool::postgres::Session;

const REGISTER: &str = "
    insert into durable_schedule (name, definition, anchor, keep) values ($1, $2, $3, $4)
    on conflict (name) do update set definition = excluded.definition, keep = excluded.keep
    returning id, anchor, runs, passed";

const BEFORE: &str = "select definition from durable_schedule where name = $1 for no key update";

const REPLACE: &str = "update durable_schedule set passed = $2 where name = $1";

const LOOK: &str = "
    select
        (
            select instant from durable_firing
            where schedule = $1 and instant <= $2 and state <> 'released' and not triggered
            order by instant desc limit 1
        ),
        (
            select count(*) from durable_firing
            where schedule = $1 and state <> 'finished' and state <> 'released'
        )";

const RECENT: &str = "
    select instant, claimed_at, finished_at, outcome from durable_firing where schedule = $1
    order by instant desc limit $2";

const LOCK: &str = "
    select id, name, runs, floor, passed from durable_schedule where name = any($1)
    order by id for no key update";

/// The schedules first and then the lease, in all calls.
const LOCK_AND_RENEW: &str = "
    with renewed as (
        insert into durable_lease (owner, until) values ($2, $3)
        on conflict (owner) do update set until = excluded.until
    )
    select id, name, runs, floor, passed from durable_schedule where name = any($1)
    order by id for no key update";

const PASS: &str = "
    update durable_schedule s set passed = p.passed
    from unnest($1::bigint[], $2::bigint[]) as p (id, passed) where s.id = p.id";

const DROP_RELEASED: &str = "
    delete from durable_firing f using unnest($1::bigint[], $2::bigint[], $3::bigint[]) as p (id, first, through)
    where f.schedule = p.id and f.instant between p.first and p.through and f.state = 'released'";

/// A schedule whose row is locked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Locked {
    pub(super) id: i64,
    pub(super) runs: i64,
    pub(super) floor: Option<i64>,
    passed: Option<i64>,
}

/// Locks schedules until the transaction ends, and notes a sign of life. Those that are known, by name.
pub(super) async fn lock(
    tx: &Session,
    lease: Option<&Lease>,
    names: &[&str],
) -> Result<HashMap<String, Locked>, StoreError> {
    let rows = match lease {
        Some(lease) => tx.query(LOCK_AND_RENEW, &[&names, &lease.owner, &until(lease)]).await?,
        None => tx.query(LOCK, &[&names]).await?,
    };
    let locked = |row: &Row| Locked { id: row.get(0), runs: row.get(2), floor: row.get(3), passed: row.get(4) };
    Ok(rows.iter().map(|row| (row.get(1), locked(row))).collect())
}

impl PostgresStore {
    pub(super) async fn enter(&self, registration: &Registration) -> Result<Registered, StoreError> {
        let Registration { definition, anchor, now, keep } = registration;
        let (anchor, now, keep) = (nanos(*anchor)?, nanos(*now)?, i64::try_from(*keep).unwrap_or(i64::MAX));
        let definition_as_json = rules::definition(definition)?;
        let tx = self.begin().await?;
        if let Some(before) = tx.query_opt(BEFORE, &[&definition.name]).await?
            && rules::replaces(definition, before.get(0))
        {
            tx.execute(REPLACE, &[&definition.name, &now]).await?;
        }
        // This locks the row, too.
        let entered = tx.query_one(REGISTER, &[&definition.name, &definition_as_json, &anchor, &keep]).await?;
        let (id, anchor, runs): (i64, i64, i64) = (entered.get(0), entered.get(1), entered.get(2));
        let passed: Option<i64> = entered.get(3);
        let look = tx.query_one(LOOK, &[&id, &now]).await?;
        let (fired, unfinished): (Option<i64>, i64) = (look.get(0), look.get(1));
        let recent = tx.query(RECENT, &[&id, &keep]).await?;
        commit(tx).await?;
        let recent = recent.iter().rev().map(|row| record((row.get(0), row.get(1), row.get(2), row.get(3))));
        Ok(Registered {
            anchor: timestamp(anchor)?,
            last: fired.max(passed.filter(|passed| *passed <= now)).map(timestamp).transpose()?,
            runs: count(runs),
            unfinished: count(unfinished),
            recent: recent.collect::<Result<_, _>>()?,
        })
    }

    pub(super) async fn note(&self, now: Timestamp, passed: &[Passed]) -> Result<(), StoreError> {
        let now = nanos(now)?;
        let names: Vec<&str> = passed.iter().map(|passed| &*passed.schedule).collect();
        let tx = self.begin().await?;
        let mut locked = lock(&tx, None, &names).await?;
        let (mut of, mut from, mut to) = (Vec::<i64>::new(), Vec::<i64>::new(), Vec::<i64>::new());
        for Passed { schedule, first, through, .. } in passed {
            let (first, through) = (nanos(*first)?, nanos(*through)?);
            if let Some(schedule) = locked.get_mut(schedule) {
                schedule.passed = schedule.passed.filter(|passed| *passed <= now).max(Some(through));
                of.push(schedule.id);
                from.push(first);
                to.push(through);
            }
        }
        let (ids, passed): (Vec<i64>, Vec<Option<i64>>) = locked.values().map(|it| (it.id, it.passed)).unzip();
        tx.execute(PASS, &[&ids, &passed]).await?;
        tx.execute(DROP_RELEASED, &[&of, &from, &to]).await?;
        commit(tx).await
    }

    pub(super) async fn delete(&self, schedule: &str) -> Result<bool, StoreError> {
        let tx = self.begin().await?;
        // Its firings go with it.
        let deleted = tx.execute("delete from durable_schedule where name = $1", &[&schedule]).await?;
        commit(tx).await?;
        Ok(deleted > 0)
    }
}
