//! Taking over what others have left behind.

use jiff::Timestamp;
use rusqlite::Transaction;

use super::super::rules::{Open, State, nanos};
use super::super::{Lease, Recovered, StoreError};
use super::firings::renew;

const OPEN: &str = "
    select f.schedule, f.instant, f.state, f.owner, coalesce(l.until >= ?2, 0)
    from durable_schedule s
    join durable_firing f on f.schedule = s.id and f.state <> 'finished'
    left join durable_lease l on l.owner = f.owner
    where s.name = ?1
    order by f.instant";

const TAKE_OVER: &str = "
    update durable_firing set state = 'interrupted', owner = ?3 where schedule = ?1 and instant = ?2";

const FORGET_LEASES: &str = "
    delete from durable_lease
    where until < ?1 and not exists (
        select 1 from durable_firing f
        where f.owner = durable_lease.owner and f.state <> 'finished' and f.state <> 'released')";

pub(super) fn recover(
    tx: &Transaction<'_>,
    lease: &Lease,
    now: Timestamp,
    schedules: &[String],
) -> Result<Vec<Recovered>, StoreError> {
    renew(tx, lease)?;
    let now = nanos(now)?;
    let found = schedules.iter().map(|schedule| recover_one(tx, &lease.owner, now, schedule)).collect();
    tx.execute(FORGET_LEASES, (now,))?;
    found
}

fn recover_one(tx: &Transaction<'_>, owner: &str, now: i64, schedule: &str) -> Result<Recovered, StoreError> {
    let mut found = Recovered::default();
    let mut open = tx.prepare_cached(OPEN)?;
    let rows = open.query_map((schedule, now), |row| <(i64, i64, String, String, bool)>::try_from(row))?;
    // All of them, before any is changed.
    let rows: Vec<_> = rows.collect::<rusqlite::Result<_>>()?;
    for (id, instant, state, by, is_alive) in rows {
        let open = Open { instant, state: State::parse(&state)?, owner: &by, is_alive };
        if open.enter(owner, &mut found)? {
            tx.prepare_cached(TAKE_OVER)?.execute((id, instant, owner))?;
        }
    }
    Ok(found)
}
