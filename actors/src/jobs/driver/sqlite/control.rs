//! What people do with jobs.

use rusqlite::Row;

use super::super::rules::length;
use super::super::{DriverError, JobId, JobState, Prune};
use super::enqueue::is_in_line;
use super::row::state;
use super::work::Work;

const TO_CANCEL: &str = "update durable_job set cancel = 1 where seq = ?1";

const NOW: &str = "update durable_job set due = min(due, ?2) where seq = ?1";

const AFRESH: &str = "
    update durable_job set
        state = 'waiting', due = ?2, place = ?3, behind = ?4, attempt = 0, crashes = 0, expires = null, over_at = null,
        dead = null
    where seq = ?1";

/// It may be held by the job still, as its window is not over.
const HOLD_AGAIN: &str = "
    insert into durable_sole (queue, sole, job, until) values (?1, ?2, ?3, ?4)
    on conflict (queue, sole) do update set
        until = iif(job = excluded.job, until, excluded.until), job = excluded.job, over = 0
    where job = excluded.job or (over = 1 and until <= excluded.until)";

const OLD: &str = "
    select seq, queue, state from (
        select * from (
            select seq, queue, state, over_at from durable_job indexed by durable_job_over
            where state = 'done' and over_at <= ?1 order by over_at limit ?3)
        union all
        select * from (
            select seq, queue, state, over_at from durable_job indexed by durable_job_over
            where state = 'cancelled' and over_at <= ?1 order by over_at limit ?3)
        union all
        select * from (
            select seq, queue, state, over_at from durable_job indexed by durable_job_over
            where state = 'dead' and over_at <= ?2 order by over_at limit ?3))
    order by over_at, seq limit ?3";

const DELETE: &str = "delete from durable_job where seq = ?1";

const FREE: &str = "delete from durable_sole indexed by durable_sole_over where over = 1 and until <= ?1";

const FORGET_RATES: &str = "delete from durable_rate where next <= ?1";

pub(super) fn cancel(work: &mut Work<'_>, job: JobId) -> Result<Option<JobState>, DriverError> {
    let Some(row) = work.find(job)? else { return Ok(None) };
    match row.state {
        JobState::Waiting => {
            work.put_aside(&row, JobState::Cancelled, None)?;
            return Ok(Some(JobState::Cancelled));
        }
        JobState::Running => {
            work.tx.prepare_cached(TO_CANCEL)?.execute((row.seq,))?;
            work.stir();
        }
        JobState::Done | JobState::Dead | JobState::Cancelled => {}
    }
    Ok(Some(row.state))
}

pub(super) fn retry(work: &mut Work<'_>, job: JobId) -> Result<Option<JobState>, DriverError> {
    let Some(row) = work.find(job)? else { return Ok(None) };
    let (tx, now) = (work.tx, work.now);
    let behind = match row.state {
        JobState::Running | JobState::Done => return Ok(Some(row.state)),
        JobState::Waiting => {
            tx.prepare_cached(NOW)?.execute((row.seq, now))?;
            row.behind
        }
        JobState::Dead | JobState::Cancelled => {
            let behind = row.line.as_ref().map_or(Ok(false), |line| is_in_line(tx, &row.queue, line))?;
            let place = work.next_seq()?;
            tx.prepare_cached(AFRESH)?.execute((row.seq, now, place, behind))?;
            work.give(place);
            if let Some(sole) = &row.sole {
                tx.prepare_cached(HOLD_AGAIN)?.execute((&row.queue, sole, row.id, now))?;
            }
            work.moved(&row.queue, row.state, JobState::Waiting);
            behind
        }
    };
    if !behind {
        work.stir();
    }
    Ok(Some(JobState::Waiting))
}

/// How many jobs were deleted.
pub(super) fn prune(work: &mut Work<'_>, prune: &Prune) -> Result<u64, DriverError> {
    let (tx, now) = (work.tx, work.now);
    let before = |kept_for| now.saturating_sub(length(kept_for));
    let most = i64::try_from(prune.most).unwrap_or(i64::MAX);
    let mut old = tx.prepare_cached(OLD)?;
    let old = old.query_and_then((before(prune.over), prune.dead.map(before), most), old_one)?;
    // All of them, before any is deleted.
    let old = old.collect::<Result<Vec<_>, _>>()?;
    for (seq, queue, state) in &old {
        tx.prepare_cached(DELETE)?.execute((seq,))?;
        work.pruned(queue, *state);
    }
    tx.prepare_cached(FREE)?.execute((now,))?;
    tx.prepare_cached(FORGET_RATES)?.execute((now,))?;
    Ok(old.len() as u64)
}

/// Its place, its queue, and where it is.
fn old_one(row: &Row<'_>) -> Result<(i64, String, JobState), DriverError> {
    Ok((row.get(0)?, row.get(1)?, state(row, 2)?))
}
