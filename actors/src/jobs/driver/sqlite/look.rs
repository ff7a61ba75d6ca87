//! What can be seen.

use rusqlite::{Connection, Row};

use super::super::rules::{self, Gate, between, count, number, timestamp};
use super::super::{DriverError, JobFilter, JobId, JobRecord, JobState, QueueCounts, QueueLimits};
use super::enqueue::{bytes, job_id};
use super::row::state;

macro_rules! select {
    () => {
        "select id, seq, queue, kind, payload, line, sole, priority, state, attempt, crashes, owner, entered_at, due,
            expires, taken_at, over_at, error, dead, output
        from durable_job "
    };
}

const LOOK: &str = concat!(select!(), "where id = ?1");

const COUNTS: &str = "
    select name, waiting, running, done, dead, cancelled, pruned, paused, most, spacing, burst
    from durable_queue order by name";

/// All priorities are named, so that the index gives those that are due, and no others are read.
const READY: &str = "
    select count(*), min(due) from durable_job indexed by durable_job_ready
    where queue = ?1 and priority in (0, 1, 2) and state = 'waiting' and behind = 0 and crashes = 0 and due <= ?2";

const SUSPECT: &str = "
    select count(*), min(due) from durable_job indexed by durable_job_suspect
    where queue = ?1 and priority in (0, 1, 2) and state = 'waiting' and behind = 0 and crashes > 0 and due <= ?2";

pub(super) fn look(tx: &Connection, jobs: &[JobId]) -> Result<Vec<Option<JobRecord>>, DriverError> {
    let mut look = tx.prepare_cached(LOOK)?;
    let mut found = Vec::with_capacity(jobs.len());
    for id in jobs {
        let mut rows = look.query((bytes(*id),))?;
        found.push(rows.next()?.map(record).transpose()?);
    }
    Ok(found)
}

pub(super) fn list(tx: &Connection, filter: &JobFilter) -> Result<Vec<JobRecord>, DriverError> {
    let JobFilter { queue, kind, state, before, most } = filter;
    let conditions = [
        // The dead are few among all that are over, and asked for most.
        (*state == Some(JobState::Dead), "over_at is not null"),
        (queue.is_some(), "queue = ?1"),
        (kind.is_some(), "kind = ?2"),
        (state.is_some(), "state = ?3"),
        (before.is_some(), "seq < ?4"),
    ];
    let by = if conditions[0].0 { "indexed by durable_job_over " } else { "" };
    let asked: Vec<_> = conditions.iter().filter(|(is_asked, _)| *is_asked).map(|(_, text)| *text).collect();
    let which = if asked.is_empty() { String::new() } else { format!("where {} ", asked.join(" and ")) };
    let mut list = tx.prepare_cached(&format!("{}{by}{which}order by seq desc limit ?5", select!()))?;
    let (before, most) = (before.map(number), number(*most as u64));
    list.query_and_then((queue, kind, state.map(JobState::name), before, most), record)?.collect()
}

pub(super) fn counts(tx: &Connection, now: i64) -> Result<Vec<QueueCounts>, DriverError> {
    let mut counts = tx.prepare_cached(COUNTS)?;
    let counts = counts.query_map((), |row| {
        Ok(QueueCounts {
            queue: row.get(0)?,
            waiting: count(row.get(1)?),
            ready: 0,
            running: count(row.get(2)?),
            done: count(row.get(3)?),
            dead: count(row.get(4)?),
            cancelled: count(row.get(5)?),
            pruned: count(row.get(6)?),
            lag: None,
            paused: row.get(7)?,
            limits: Gate::limits((row.get(8)?, row.get(9)?, row.get(10)?)),
        })
    })?;
    let mut counts = counts.collect::<Result<Vec<_>, _>>()?;
    for queue in counts.iter_mut().filter(|queue| queue.waiting > 0) {
        for statement in [READY, SUSPECT] {
            let mut ready = tx.prepare_cached(statement)?;
            let of = |row: &Row<'_>| <(i64, Option<i64>)>::try_from(row);
            let (ready, oldest) = ready.query_row((&queue.queue, now), of)?;
            queue.ready += count(ready);
            queue.lag = queue.lag.max(oldest.map(|oldest| between(oldest, now)));
        }
    }
    // Of a queue whose limits were lifted there is nothing to tell.
    counts.retain(|queue| queue.entered() > 0 || queue.paused || queue.limits != QueueLimits::default());
    Ok(counts)
}

fn record(row: &Row<'_>) -> Result<JobRecord, DriverError> {
    let at = |column: usize| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(timestamp));
    let dead: Option<String> = row.get(18)?;
    Ok(JobRecord {
        id: job_id(row.get(0)?),
        seq: count(row.get(1)?),
        queue: row.get(2)?,
        kind: row.get(3)?,
        payload: row.get(4)?,
        key: row.get(5)?,
        unique: row.get(6)?,
        priority: rules::priority(row.get(7)?)?,
        state: state(row, 8)?,
        attempt: row.get(9)?,
        crashes: row.get(10)?,
        owner: row.get(11)?,
        entered_at: timestamp(row.get(12)?),
        due: timestamp(row.get(13)?),
        expires: at(14)?,
        taken_at: at(15)?,
        over_at: at(16)?,
        error: row.get(17)?,
        dead: dead.as_deref().map(rules::reason).transpose()?,
        output: row.get(19)?,
    })
}
