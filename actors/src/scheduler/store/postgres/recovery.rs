//! Taking over what others have left behind.

use std::collections::HashMap;

use jiff::Timestamp;

use super::super::rules::{Open, State, nanos};
use super::super::{Lease, Recovered, StoreError};
use super::schedules::lock;
use super::{PostgresStore, commit};

const OPEN: &str = "
    select f.schedule, f.instant, f.state, f.owner, coalesce(l.until >= $2, false)
    from durable_firing f left join durable_lease l on l.owner = f.owner
    where f.schedule = any($1) and f.state <> 'finished'
    order by f.schedule, f.instant";

const TAKE_OVER: &str = "
    update durable_firing f set state = 'interrupted', owner = $1
    from unnest($2::bigint[], $3::bigint[]) as o (schedule, instant)
    where f.schedule = o.schedule and f.instant = o.instant";

/// Leaves alone those that somebody is about to renew.
const FORGET_LEASES: &str = "
    delete from durable_lease where owner in (
        select l.owner from durable_lease l
        where l.until < $1 and not exists (
            select from durable_firing f
            where f.owner = l.owner and f.state <> 'finished' and f.state <> 'released')
        for update skip locked)";

impl PostgresStore {
    pub(super) async fn take_over(
        &self,
        lease: &Lease,
        now: Timestamp,
        schedules: &[String],
    ) -> Result<Vec<Recovered>, StoreError> {
        let now = nanos(now)?;
        let names: Vec<&str> = schedules.iter().map(|name| &**name).collect();
        let tx = self.begin().await?;
        let locked = lock(&tx, Some(lease), &names).await?;
        let ids: Vec<i64> = locked.values().map(|schedule| schedule.id).collect();
        let mut found = HashMap::<i64, Recovered>::new();
        let (mut left_schedules, mut left_instants) = (Vec::<i64>::new(), Vec::<i64>::new());
        for row in tx.query(OPEN, &[&ids, &now]).await? {
            let (schedule, instant): (i64, i64) = (row.get(0), row.get(1));
            let state = State::parse(row.get(2))?;
            let open = Open { instant, state, owner: row.get(3), is_alive: row.get(4) };
            if open.enter(&lease.owner, found.entry(schedule).or_default())? {
                left_schedules.push(schedule);
                left_instants.push(instant);
            }
        }
        if !left_schedules.is_empty() {
            tx.execute(TAKE_OVER, &[&lease.owner, &left_schedules, &left_instants]).await?;
        }
        tx.execute(FORGET_LEASES, &[&now]).await?;
        commit(tx).await?;
        let found_of = |name: &String| locked.get(name).and_then(|schedule| found.get(&schedule.id)).cloned();
        Ok(schedules.iter().map(|name| found_of(name).unwrap_or_default()).collect())
    }
}
