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
    let mut list = tx.prepare_cached(&listing(filter))?;
    let (before, most) = (before.map(number), number(*most as u64));
    list.query_and_then((queue, kind, state.map(JobState::name), before, most), record)?.collect()
}

/// The statement for what is asked. An index that has only some states is only found where the statement names one.
fn listing(filter: &JobFilter) -> String {
    let (by, of_state) = match filter.state {
        None => ("", ""),
        Some(JobState::Waiting) => ("indexed by durable_job_waiting ", "state = 'waiting'"),
        // They are few at any time, as are the dead and the cancelled among all that are over.
        Some(JobState::Running) => ("indexed by durable_job_running ", "state = 'running'"),
        Some(JobState::Dead | JobState::Cancelled) => {
            ("indexed by durable_job_over ", "over_at is not null and state = ?3")
        }
        // Most of what is kept was done, so the latest are found soon.
        Some(JobState::Done) => ("", "state = ?3"),
    };
    let conditions = [
        (filter.state.is_some(), of_state),
        (filter.queue.is_some(), "queue = ?1"),
        (filter.kind.is_some(), "kind = ?2"),
        (filter.before.is_some(), "seq < ?4"),
    ];
    let asked: Vec<_> = conditions.iter().filter(|(is_asked, _)| *is_asked).map(|(_, text)| *text).collect();
    let which = if asked.is_empty() { String::new() } else { format!("where {} ", asked.join(" and ")) };
    format!("{}{by}{which}order by seq desc limit ?5", select!())
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

#[cfg(test)]
mod tests {
    use super::*;

    /// How SQLite goes about it.
    fn plan(db: &Connection, filter: &JobFilter) -> String {
        let mut explained = db.prepare(&format!("explain query plan {}", listing(filter))).unwrap();
        let mut rows = explained.query((&filter.queue, &filter.kind, "dead", 7, 5)).unwrap();
        let mut plan = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            plan.push(row.get::<_, String>(3).unwrap());
        }
        plan.join("; ")
    }

    #[test]
    fn what_may_be_little_among_much_is_listed_by_an_index() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(include_str!("schema.sql")).unwrap();
        let expected = [
            (JobState::Waiting, "durable_job_waiting"),
            (JobState::Running, "durable_job_running"),
            (JobState::Dead, "durable_job_over (state=?"),
            (JobState::Cancelled, "durable_job_over (state=?"),
        ];
        for (state, index) in expected {
            for queue in [None, Some("q".to_owned())] {
                for before in [None, Some(7)] {
                    let filter = JobFilter { queue: queue.clone(), kind: None, state: Some(state), before, most: 5 };
                    let plan = plan(&db, &filter);
                    assert!(plan.contains(&format!("USING INDEX {index}")), "{filter:?}: {plan}");
                    // Those that wait may be many: no more are read than are asked for.
                    assert_eq!(plan.contains("ORDER BY"), state != JobState::Waiting, "{filter:?}: {plan}");
                }
            }
        }
    }
}
