//! Entering schedules, noting how far they got, and forgetting them.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Transaction};

use super::super::rules::{self, Row, count, nanos, record, timestamp};
use super::super::{Passed, Registered, Registration, StoreError};

const REGISTER: &str = "
    insert into durable_schedule (name, definition, anchor, keep) values (?1, ?2, ?3, ?4)
    on conflict (name) do update set definition = excluded.definition, keep = excluded.keep
    returning id, anchor, runs, passed";

const BEFORE: &str = "select definition from durable_schedule where name = ?1";

const REPLACE: &str = "update durable_schedule set passed = ?2 where name = ?1";

const LAST: &str = "
    select instant from durable_firing where schedule = ?1 and instant <= ?2 and state <> 'released' and triggered = 0
    order by instant desc limit 1";

const UNFINISHED: &str = "
    select count(*) from durable_firing
    where schedule = ?1 and state <> 'finished' and state <> 'released'";

const RECENT: &str = "
    select instant, claimed_at, finished_at, outcome from durable_firing where schedule = ?1
    order by instant desc limit ?2";

const PASS: &str = "
    update durable_schedule set passed = ?2
    where name = ?1 and (passed is null or passed < ?2 or passed > ?3)";

const DROP_RELEASED: &str = "
    delete from durable_firing
    where schedule = (select id from durable_schedule where name = ?1) and instant between ?2 and ?3
        and state = 'released'";

pub(super) fn register(tx: &Transaction<'_>, registration: &Registration) -> Result<Registered, StoreError> {
    let Registration { definition, anchor, now, keep } = registration;
    let (anchor, now, keep) = (nanos(*anchor)?, nanos(*now)?, i64::try_from(*keep).unwrap_or(i64::MAX));
    let before: Option<String> =
        tx.prepare_cached(BEFORE)?.query_row((&definition.name,), |row| row.get(0)).optional()?;
    if before.is_some_and(|before| rules::replaces(definition, &before)) {
        tx.prepare_cached(REPLACE)?.execute((&definition.name, now))?;
    }
    let values = (&definition.name, rules::definition(definition)?, anchor, keep);
    let mut entered = tx.prepare_cached(REGISTER)?;
    let (id, anchor, runs, passed) = entered.query_row(values, |row| <(i64, i64, i64, Option<i64>)>::try_from(row))?;
    let fired: Option<i64> = tx.prepare_cached(LAST)?.query_row((id, now), |row| row.get(0)).optional()?;
    let unfinished: i64 = tx.prepare_cached(UNFINISHED)?.query_row((id,), |row| row.get(0))?;
    let mut recent = tx.prepare_cached(RECENT)?;
    let recent = recent.query_map((id, keep), |row| Row::try_from(row))?;
    let recent: Vec<Row> = recent.collect::<rusqlite::Result<_>>()?;
    Ok(Registered {
        anchor: timestamp(anchor)?,
        last: fired.max(passed.filter(|passed| *passed <= now)).map(timestamp).transpose()?,
        runs: count(runs),
        unfinished: count(unfinished),
        recent: recent.into_iter().rev().map(record).collect::<Result<_, _>>()?,
    })
}

pub(super) fn pass(tx: &Transaction<'_>, now: Timestamp, passed: &[Passed]) -> Result<(), StoreError> {
    let now = nanos(now)?;
    let mut pass = tx.prepare_cached(PASS)?;
    let mut drop_released = tx.prepare_cached(DROP_RELEASED)?;
    for Passed { schedule, first, through, .. } in passed {
        let (first, through) = (nanos(*first)?, nanos(*through)?);
        pass.execute((schedule, through, now))?;
        drop_released.execute((schedule, first, through))?;
    }
    Ok(())
}

pub(super) fn forget(tx: &Transaction<'_>, schedule: &str) -> Result<bool, StoreError> {
    // Its firings go with it.
    Ok(tx.execute("delete from durable_schedule where name = ?1", (schedule,))? > 0)
}
