//! Who is alive.

use rusqlite::{OptionalExtension, Transaction};

use super::super::rules::{count, number};
use super::super::{Beat, DriverError, Eviction, Fence, JobState, Owner, Owners, Seen};
use super::enqueue::job_id;
use super::leader::leader;
use super::work::Work;

const THERE: &str = "select 1 from durable_owner where owner = ?1";

const EARLIER: &str = "select owner from durable_owner where instance = ?1";

const ENTER: &str = "insert into durable_owner (owner, instance, poison) values (?1, ?2, ?3)";

const BEAT: &str = "update durable_owner set beat = beat + 1 where owner = ?1";

const ALL: &str = "
    select owner, instance, beat, (
        select count(*) from durable_job j indexed by durable_job_running
        where j.owner = o.owner and j.state = 'running')
    from durable_owner o order by owner";

const CANCELLED: &str = "
    select id, fence from durable_job indexed by durable_job_running
    where owner = ?1 and state = 'running' and cancel = 1 order by seq";

const SEEN: &str = "select beat, poison from durable_owner where owner = ?1";

const GONE: &str = "delete from durable_owner where owner = ?1";

pub(super) fn is_there(tx: &Transaction<'_>, owner: &str) -> Result<bool, DriverError> {
    Ok(tx.prepare_cached(THERE)?.exists((owner,))?)
}

/// Whether it was entered now.
pub(super) fn enter(work: &mut Work<'_>, owner: &Owner) -> Result<bool, DriverError> {
    if is_there(work.tx, &owner.owner)? {
        return Ok(false);
    }
    let mut earlier = work.tx.prepare_cached(EARLIER)?;
    let lives = earlier.query_map((&owner.instance,), |row| row.get(0))?;
    for life in lives.collect::<Result<Vec<String>, _>>()? {
        evict(work, &life, None)?;
    }
    let poison = owner.poison.max(1);
    work.tx.prepare_cached(ENTER)?.execute((&owner.owner, &owner.instance, poison))?;
    Ok(true)
}

/// A sign of life; whether the owner is there.
pub(super) fn beat(tx: &Transaction<'_>, owner: &str) -> Result<bool, DriverError> {
    Ok(tx.prepare_cached(BEAT)?.execute((owner,))? > 0)
}

/// A sign of life, and what there is to know.
pub(super) fn beat_and_see(work: &Work<'_>, owner: &str) -> Result<Option<Beat>, DriverError> {
    let tx = work.tx;
    if !beat(tx, owner)? {
        return Ok(None);
    }
    let mut cancelled = tx.prepare_cached(CANCELLED)?;
    let cancelled = cancelled.query_map((owner,), |row| Ok((job_id(row.get(0)?), Fence(count(row.get(1)?)))))?;
    let cancelled = cancelled.collect::<Result<_, _>>()?;
    let Owners { all: mut others, leader } = owners(tx)?;
    others.retain(|other| other.owner != owner);
    Ok(Some(Beat { others, cancelled, leader }))
}

pub(super) fn owners(tx: &Transaction<'_>) -> Result<Owners, DriverError> {
    let mut all = tx.prepare_cached(ALL)?;
    let all = all.query_map((), |row| {
        let (beat, running) = (count(row.get(2)?), count(row.get(3)?));
        Ok(Seen { owner: row.get(0)?, instance: row.get(1)?, beat, running })
    })?;
    let all = all.collect::<Result<_, _>>()?;
    Ok(Owners { all, leader: leader(tx)? })
}

/// Gives up an owner; `None` for whichever beat it has.
pub(super) fn evict(work: &mut Work<'_>, owner: &str, beat: Option<u64>) -> Result<Eviction, DriverError> {
    let (mut handed_back, mut poisoned) = (0, 0);
    let mut seen = work.tx.prepare_cached(SEEN)?;
    let seen = seen.query_row((owner,), |row| <(i64, i64)>::try_from(row)).optional()?;
    let Some((at, poison)) = seen else { return Ok(Eviction::Gone { handed_back, poisoned }) };
    if beat.is_some_and(|beat| number(beat) != at) {
        return Ok(Eviction::Alive);
    }
    for row in work.running_of(owner)? {
        let (state, dead) = row.known().left(row.crashes, poison);
        if state == JobState::Waiting {
            work.hand_back(&row)?;
        } else {
            work.put_aside(&row, state, dead)?;
        }
        if dead.is_some() {
            poisoned += 1;
        } else {
            handed_back += 1;
        }
    }
    work.tx.prepare_cached(GONE)?.execute((owner,))?;
    // Somebody else may lead now.
    work.stir();
    Ok(Eviction::Gone { handed_back, poisoned })
}
