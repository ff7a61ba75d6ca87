//! Who leads.

use rusqlite::{OptionalExtension, Transaction};

use super::super::rules::{count, number};
use super::super::{DriverError, Leadership};
use super::owners::is_there;
use super::work::Work;

const LEADER: &str = "select l.term, l.owner from durable_leader l join durable_owner o on o.owner = l.owner";

const LEAD: &str = "
    insert into durable_leader values (1, 1, ?1)
    on conflict (only) do update set term = term + 1, owner = excluded.owner";

const RESIGN: &str = "update durable_leader set owner = null where term = ?1 and owner = ?2";

/// Who leads, and is there.
pub(super) fn leader(tx: &Transaction<'_>) -> Result<Option<Leadership>, DriverError> {
    let mut leader = tx.prepare_cached(LEADER)?;
    let leader = leader.query_row((), |row| Ok(Leadership { term: count(row.get(0)?), owner: row.get(1)? }));
    Ok(leader.optional()?)
}

/// Whether the leader of this term still leads.
pub(super) fn leads(tx: &Transaction<'_>, term: u64) -> Result<bool, DriverError> {
    Ok(leader(tx)?.is_some_and(|leader| leader.term == term))
}

pub(super) fn campaign(work: &Work<'_>, owner: &str) -> Result<Option<Leadership>, DriverError> {
    if !is_there(work.tx, owner)? {
        return Ok(None);
    }
    if let Some(leader) = leader(work.tx)? {
        return Ok(Some(leader));
    }
    work.tx.prepare_cached(LEAD)?.execute((owner,))?;
    leader(work.tx)
}

pub(super) fn resign(work: &mut Work<'_>, leadership: &Leadership) -> Result<(), DriverError> {
    let Leadership { term, owner } = leadership;
    if work.tx.prepare_cached(RESIGN)?.execute((number(*term), owner))? > 0 {
        work.stir();
    }
    Ok(())
}
