//! Taking over what others have left behind.

use jiff::Timestamp;
use rusqlite::Transaction;

use super::super::rules::{Open, State, nanos};
use super::super::{Lease, Recovered, StoreError};
use super::firings::renew;

/// In one statement, as this is asked for all schedules with each sign of life.
const OPEN: &str = "
    select asked.key, f.schedule, f.instant, f.state, f.owner, coalesce(l.until >= ?2, 0)
    from json_each(?1) asked
    cross join durable_schedule s on s.name = asked.value
    cross join durable_firing f on f.schedule = s.id and f.state <> 'finished'
    left join durable_lease l on l.owner = f.owner
    order by asked.key, f.instant";

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
    let names = serde_json::to_string(schedules).map_err(StoreError::new)?;
    let mut open = tx.prepare_cached(OPEN)?;
    let rows = open.query_map((names, now), |row| <(i64, i64, i64, String, String, bool)>::try_from(row))?;
    // All of them, before any is changed.
    let rows: Vec<_> = rows.collect::<rusqlite::Result<_>>()?;
    let mut found = vec![Recovered::default(); schedules.len()];
    for (asked, id, instant, state, by, is_alive) in rows {
        let open = Open { instant, state: State::parse(&state)?, owner: &by, is_alive };
        let Some(found) = usize::try_from(asked).ok().and_then(|asked| found.get_mut(asked)) else { continue };
        if open.enter(&lease.owner, found)? {
            tx.prepare_cached(TAKE_OVER)?.execute((id, instant, &lease.owner))?;
        }
    }
    tx.execute(FORGET_LEASES, (now,))?;
    Ok(found)
}
