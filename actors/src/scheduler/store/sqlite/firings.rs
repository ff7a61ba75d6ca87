//! Claiming firings, and finishing them.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, Transaction};

use super::super::rules::{Decision, State, decide, json, nanos, until};
use super::super::{Claim, ClaimKind, Finished, Lease, StoreError, Verdict};

const RENEW: &str = "
    insert into durable_lease (owner, until) values (?1, ?2)
    on conflict (owner) do update set until = excluded.until";

const FIND: &str = "
    select s.id, s.runs, s.floor, f.state, f.owner
    from durable_schedule s left join durable_firing f on f.schedule = s.id and f.instant = ?2
    where s.name = ?1";

const KEEP: &str = "update durable_firing set state = 'claimed' where schedule = ?1 and instant = ?2";

const MAKE: &str = "
    insert into durable_firing (schedule, instant, state, owner, claimed_at, triggered)
    values (?1, ?2, 'claimed', ?3, ?4, ?5)
    on conflict (schedule, instant) do update set
        state = 'claimed', owner = excluded.owner, claimed_at = excluded.claimed_at, triggered = excluded.triggered,
        finished_at = null, outcome = null";

const RAN: &str = "update durable_schedule set runs = runs + 1 where id = ?1";

const FINISH: &str = "
    update durable_firing set state = ?4, outcome = ?5, finished_at = ?6
    where schedule = (select id from durable_schedule where name = ?1) and instant = ?2
        and owner = ?3 and state in ('claimed', 'interrupted')";

const DID_NOT_RUN: &str = "update durable_schedule set runs = max(runs - 1, 0) where name = ?1";

const KEPT: &str = "select id, keep from durable_schedule where name = ?1";

const SURPLUS: &str = "
    select instant from durable_firing where schedule = ?1 and state in ('finished', 'released')
    order by instant desc limit 1 offset ?2";

const PRUNE: &str = "
    delete from durable_firing
    where schedule = ?1 and instant <= ?2 and state in ('finished', 'released')";

/// Before what is not kept is deleted.
const RAISE: &str = "
    update durable_schedule as s set floor = max(coalesce(s.floor, f.instant), f.instant)
    from (
        select instant from durable_firing
        where schedule = ?1 and instant <= ?2 and state in ('finished', 'released') and triggered = 0
        order by instant desc limit 1
    ) as f
    where s.id = ?1";

/// Notes a sign of life.
pub(super) fn renew(tx: &Transaction<'_>, lease: &Lease) -> Result<(), StoreError> {
    tx.prepare_cached(RENEW)?.execute((&lease.owner, until(lease)))?;
    Ok(())
}

pub(super) fn claim(tx: &Transaction<'_>, lease: &Lease, claims: &[Claim]) -> Result<Vec<Verdict>, StoreError> {
    renew(tx, lease)?;
    claims.iter().map(|claim| claim_one(tx, &lease.owner, claim)).collect()
}

/// A schedule's key, runs and floor, and the state and owner of one of its firings.
type Found = (i64, i64, Option<i64>, Option<String>, Option<String>);

fn claim_one(tx: &Transaction<'_>, owner: &str, claim: &Claim) -> Result<Verdict, StoreError> {
    let instant = nanos(claim.instant)?;
    let mut find = tx.prepare_cached(FIND)?;
    let found = find.query_row((&claim.schedule, instant), |row| Found::try_from(row)).optional()?;
    let Some((id, runs, floor, state, by)) = found else { return Ok(Verdict::Unknown) };
    let state = state.as_deref().map(State::parse).transpose()?;
    match decide(owner, claim, state.zip(by.as_deref()), runs, floor)? {
        Decision::Answer(verdict) => return Ok(verdict),
        Decision::Keep(State::Interrupted) => {
            tx.prepare_cached(KEEP)?.execute((id, instant))?;
        }
        Decision::Keep(_) => {}
        Decision::Make => {
            let triggered = claim.kind == ClaimKind::Trigger;
            tx.prepare_cached(MAKE)?.execute((id, instant, owner, nanos(claim.at)?, triggered))?;
            tx.prepare_cached(RAN)?.execute((id,))?;
        }
    }
    Ok(Verdict::New)
}

pub(super) fn finish(tx: &Transaction<'_>, lease: &Lease, finished: &[Finished]) -> Result<(), StoreError> {
    renew(tx, lease)?;
    let mut touched = BTreeSet::new();
    for Finished { schedule, instant, outcome, at, .. } in finished {
        let state = State::of(outcome).name();
        let values = (schedule, nanos(*instant)?, &lease.owner, state, json(outcome)?, nanos(*at)?);
        if tx.prepare_cached(FINISH)?.execute(values)? == 0 {
            continue;
        }
        if !outcome.is_run() {
            tx.prepare_cached(DID_NOT_RUN)?.execute((schedule,))?;
        }
        touched.insert(schedule);
    }
    touched.into_iter().try_for_each(|schedule| prune(tx, schedule))
}

/// Deletes what the schedule does not have to keep.
fn prune(tx: &Transaction<'_>, schedule: &str) -> Result<(), StoreError> {
    let kept = tx.prepare_cached(KEPT)?.query_row((schedule,), |row| <(i64, i64)>::try_from(row));
    let (id, keep) = kept?;
    let surplus = tx.prepare_cached(SURPLUS)?.query_row((id, keep), |row| row.get::<_, i64>(0)).optional()?;
    if let Some(through) = surplus {
        tx.prepare_cached(RAISE)?.execute((id, through))?;
        tx.prepare_cached(PRUNE)?.execute((id, through))?;
    }
    Ok(())
}
