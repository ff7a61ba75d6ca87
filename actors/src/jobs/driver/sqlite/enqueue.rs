//! Entering jobs.

use rusqlite::{OptionalExtension, Transaction};

use super::super::rules::{after, level, when};
use super::super::{DriverError, Entered, JobId, NewJob};
use super::leader::leads;
use super::work::Work;

const KNOWN: &str = "select 1 from durable_job where id = ?1";

const HELD: &str = "select job from durable_sole where queue = ?1 and sole = ?2 and (over = 0 or until > ?3)";

const HOLD: &str = "
    insert into durable_sole (queue, sole, job, until) values (?1, ?2, ?3, ?4)
    on conflict (queue, sole) do update set job = excluded.job, until = excluded.until, over = 0";

const IN_LINE: &str = "
    select 1 from durable_job indexed by durable_job_line
    where queue = ?1 and line = ?2 and state in ('waiting', 'running')";

const ENTER: &str = "
    insert into durable_job (
        seq, id, queue, kind, line, place, behind, sole, priority, state, due, expires, told, entered_at, payload)
    values (?1, ?2, ?3, ?4, ?5, ?1, ?6, ?7, ?8, 'waiting', ?9, ?10, ?11, ?12, ?13)
    on conflict (id) do nothing";

pub(super) fn enqueue(work: &mut Work<'_>, term: Option<u64>, jobs: &[NewJob]) -> Result<Vec<Entered>, DriverError> {
    if let Some(term) = term
        && !leads(work.tx, term)?
    {
        return Ok(vec![Entered::Deposed; jobs.len()]);
    }
    jobs.iter().map(|job| enqueue_one(work, job)).collect()
}

pub(super) fn enqueue_one(work: &mut Work<'_>, job: &NewJob) -> Result<Entered, DriverError> {
    let (tx, now, id) = (work.tx, work.now, bytes(job.id));
    if let Some(unique) = &job.unique {
        if tx.prepare_cached(KNOWN)?.exists((id,))? {
            return Ok(Entered::Known);
        }
        let mut held = tx.prepare_cached(HELD)?;
        let holder = held.query_row((&job.queue, &unique.key, now), |row| row.get(0)).optional()?;
        if let Some(holder) = holder {
            return Ok(Entered::Duplicate(job_id(holder)));
        }
        tx.prepare_cached(HOLD)?.execute((&job.queue, &unique.key, id, after(now, unique.window)))?;
    }
    let behind = job.key.as_ref().map_or(Ok(false), |line| is_in_line(tx, &job.queue, line))?;
    let (seq, sole) = (work.next_seq()?, job.unique.as_ref().map(|unique| &unique.key));
    let (due, expires) = (when(job.due, now), job.expires.map(|expires| when(expires, now)));
    let (queue, priority) = (&job.queue, level(job.priority));
    let values =
        (seq, id, queue, &job.kind, &job.key, behind, sole, priority, due, expires, job.told, now, &job.payload);
    if tx.prepare_cached(ENTER)?.execute(values)? == 0 {
        return Ok(Entered::Known);
    }
    work.give(seq);
    work.entered(queue);
    if !behind {
        work.stir();
    }
    Ok(Entered::New)
}

/// Whether there is somebody in this line of a queue.
pub(super) fn is_in_line(tx: &Transaction<'_>, queue: &str, line: &str) -> Result<bool, DriverError> {
    Ok(tx.prepare_cached(IN_LINE)?.exists((queue, line))?)
}

/// As it is kept.
pub(super) fn bytes(id: JobId) -> [u8; 16] {
    id.as_u128().to_be_bytes()
}

pub(super) fn job_id(bytes: [u8; 16]) -> JobId {
    JobId::from_u128(u128::from_be_bytes(bytes))
}
