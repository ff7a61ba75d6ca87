//! Claiming firings, and finishing them.

use std::collections::{BTreeMap, HashSet};

use tokio_postgres::types::ToSql;

use super::super::rules::{State, json, nanos};
use super::super::{Claim, Finished, Lease, StoreError, Verdict};
use super::ledger::{Key, Ledger};
use super::schedules::lock;
use super::{PostgresStore, commit};

const FIND: &str = "
    select f.schedule, f.instant, f.state, f.owner
    from unnest($1::bigint[], $2::bigint[]) as c (schedule, instant)
    join durable_firing f on f.schedule = c.schedule and f.instant = c.instant";

/// The rows of the schedules are locked, so nobody else makes the same firing; what is in the way was released.
const MAKE: &str = "
    with made as (
        insert into durable_firing (schedule, instant, state, owner, claimed_at, triggered)
        select m.schedule, m.instant, 'claimed', $1::text, m.claimed_at, m.triggered
        from unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bool[])
            as m (schedule, instant, claimed_at, triggered)
        on conflict (schedule, instant) do update set
            state = 'claimed', owner = excluded.owner, claimed_at = excluded.claimed_at,
            triggered = excluded.triggered, finished_at = null, outcome = null
    )
    update durable_schedule s set runs = r.runs
    from unnest($6::bigint[], $7::bigint[]) as r (id, runs) where s.id = r.id";

const RESUME: &str = "
    update durable_firing f set state = 'claimed'
    from unnest($1::bigint[], $2::bigint[]) as c (schedule, instant)
    where f.schedule = c.schedule and f.instant = c.instant";

const FINISH: &str = "
    update durable_firing f set state = e.state, outcome = e.outcome, finished_at = e.finished_at
    from unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::bool[])
        as e (schedule, instant, state, outcome, finished_at, is_run)
    where f.schedule = e.schedule and f.instant = e.instant
        and f.owner = $1 and f.state in ('claimed', 'interrupted')
    returning f.schedule, e.is_run";

/// Takes back runs that were none, and deletes what the schedules do not have to keep.
const SETTLE: &str = "
    with surplus as (
        select s.id, (
            select f.instant from durable_firing f
            where f.schedule = s.id and f.state in ('finished', 'released')
            order by f.instant desc limit 1 offset s.keep
        ) as through
        from durable_schedule s where s.id = any($1::bigint[])
    ), floor as (
        select surplus.id, (
            select f.instant from durable_firing f
            where f.schedule = surplus.id and f.instant <= surplus.through and f.state in ('finished', 'released')
                and not f.triggered
            order by f.instant desc limit 1
        ) as instant
        from surplus
    ), pruned as (
        delete from durable_firing f using surplus
        where f.schedule = surplus.id and f.instant <= surplus.through and f.state in ('finished', 'released')
    )
    update durable_schedule s
    set runs = greatest(s.runs - n.did_not_run, 0), floor = greatest(s.floor, floor.instant)
    from floor join unnest($1::bigint[], $2::bigint[]) as n (id, did_not_run) on n.id = floor.id
    where s.id = floor.id";

impl PostgresStore {
    pub(super) async fn decide(&self, lease: &Lease, claims: &[Claim]) -> Result<Vec<Verdict>, StoreError> {
        let names: Vec<&str> = claims.iter().map(|claim| &*claim.schedule).collect();
        let tx = self.begin().await?;
        let mut ledger = Ledger::new(lock(&tx, Some(lease), &names).await?);
        let (mut schedules, mut instants) = (Vec::new(), Vec::new());
        for claim in claims {
            if let Some((schedule, instant)) = ledger.key(claim)? {
                schedules.push(schedule);
                instants.push(instant);
            }
        }
        for row in tx.query(FIND, &[&schedules, &instants]).await? {
            ledger.enter((row.get(0), row.get(1)), State::parse(row.get(2))?, row.get(3));
        }
        let decided = claims.iter().map(|claim| ledger.decide(&lease.owner, claim));
        let verdicts = decided.collect::<Result<Vec<_>, _>>()?;
        if !ledger.made.is_empty() {
            let (schedules, instants): (Vec<i64>, Vec<i64>) = ledger.made.keys().copied().unzip();
            let (claimed_at, triggered): (Vec<i64>, Vec<bool>) = ledger.made.values().copied().unzip();
            let (ids, runs): (Vec<i64>, Vec<i64>) = ledger.runs().into_iter().unzip();
            tx.execute(MAKE, &[&lease.owner, &schedules, &instants, &claimed_at, &triggered, &ids, &runs]).await?;
        }
        if !ledger.resumed.is_empty() {
            let (schedules, instants): (Vec<i64>, Vec<i64>) = ledger.resumed.iter().copied().unzip();
            tx.execute(RESUME, &[&schedules, &instants]).await?;
        }
        commit(tx).await?;
        Ok(verdicts)
    }

    pub(super) async fn end(&self, lease: &Lease, finished: &[Finished]) -> Result<(), StoreError> {
        let names: Vec<&str> = finished.iter().map(|finished| &*finished.schedule).collect();
        let tx = self.begin().await?;
        let locked = lock(&tx, Some(lease), &names).await?;
        let mut ends = Ends::default();
        for finished in finished {
            if let Some(schedule) = locked.get(&finished.schedule) {
                ends.add(schedule.id, finished)?;
            }
        }
        let ended = tx.query(FINISH, &ends.values(lease)).await?;
        // By schedule, how many were no runs.
        let mut touched = BTreeMap::<i64, i64>::new();
        for row in &ended {
            *touched.entry(row.get(0)).or_default() += i64::from(!row.get::<_, bool>(1));
        }
        if !touched.is_empty() {
            let (schedules, did_not_run): (Vec<i64>, Vec<i64>) = touched.into_iter().unzip();
            tx.execute(SETTLE, &[&schedules, &did_not_run]).await?;
        }
        commit(tx).await
    }
}

/// Firings that are to be finished, column by column.
#[derive(Default)]
struct Ends {
    keys: HashSet<Key>,
    schedules: Vec<i64>,
    instants: Vec<i64>,
    states: Vec<&'static str>,
    outcomes: Vec<String>,
    finished_at: Vec<i64>,
    are_runs: Vec<bool>,
}

impl Ends {
    fn add(&mut self, schedule: i64, finished: &Finished) -> Result<(), StoreError> {
        let Finished { instant, outcome, at, .. } = finished;
        let instant = nanos(*instant)?;
        // Said twice, the first one counts.
        if self.keys.insert((schedule, instant)) {
            self.schedules.push(schedule);
            self.instants.push(instant);
            self.states.push(State::of(outcome).name());
            self.outcomes.push(json(outcome)?);
            self.finished_at.push(nanos(*at)?);
            self.are_runs.push(outcome.is_run());
        }
        Ok(())
    }

    /// For the statement that finishes them.
    fn values<'a>(&'a self, lease: &'a Lease) -> [&'a (dyn ToSql + Sync); 7] {
        let Self { schedules, instants, states, outcomes, finished_at, are_runs, .. } = self;
        [&lease.owner, schedules, instants, states, outcomes, finished_at, are_runs]
    }
}
