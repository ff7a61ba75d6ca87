//! Taking jobs.

use std::collections::BTreeSet;
use std::time::Duration;

use rusqlite::Transaction;

use super::super::rules::{Gate, PRIORITIES, between, count, level, number, priority, rank, timestamp};
use super::super::{BATCH, DeadReason, DriverError, Fence, JobState, Take, Taken, TakenJob};
use super::enqueue::job_id;
use super::owners::{beat, is_there};
use super::queues::gate;
use super::work::Work;

macro_rules! select {
    ($which:literal) => {
        concat!(
            "select id, fence, queue, kind, payload, line, priority, attempt, crashes, entered_at, due, expires ",
            "from durable_job ",
            $which
        )
    };
}

const AGAIN: &str =
    select!("indexed by durable_job_running where owner = ?1 and serial = ?2 and state = 'running' order by seq");

const TAKEN: &str = select!("where seq = ?1");

/// What is too late, and would be taken otherwise.
const LATE: &str = "
    select seq from durable_job indexed by durable_job_late
    where queue = ?1 and state = 'waiting' and behind = 0 and expires is not null and max(due, expires) <= ?2
    order by max(due, expires) limit ?3";

const READY: &str = "
    select due, seq from durable_job indexed by durable_job_ready
    where queue = ?1 and priority = ?2 and state = 'waiting' and behind = 0 and crashes = 0 and due <= ?3
    order by due, seq limit ?4";

const SUSPECT: &str = "
    select due, seq from durable_job indexed by durable_job_suspect
    where queue = ?1 and priority = ?2 and state = 'waiting' and behind = 0 and crashes > 0 and due <= ?3
    order by due, seq limit ?4";

const BEGIN: &str = "
    update durable_job set
        state = 'running', fence = fence + 1, attempt = attempt + 1, crashes = crashes + 1, owner = ?2, serial = ?3,
        taken_at = ?4
    where seq = ?1 and (expires is null or expires > ?4)";

const NEXT_READY: &str = "
    select min(due) from durable_job indexed by durable_job_ready
    where queue = ?1 and priority = ?2 and state = 'waiting' and behind = 0 and crashes = 0";

const NEXT_SUSPECT: &str = "
    select min(due) from durable_job indexed by durable_job_suspect
    where queue = ?1 and priority = ?2 and state = 'waiting' and behind = 0 and crashes > 0";

const PACED: &str = "update durable_queue set next = ?2 where name = ?1";

/// A queue that is taken from.
struct Source<'a> {
    name: &'a str,
    gate: Gate,
}

/// A job that is due: in the order in which they are to be taken.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    rank: i64,
    seq: i64,
    /// Which of the sources it is from.
    source: usize,
    is_suspect: bool,
}

pub(super) fn take(work: &mut Work<'_>, take: &Take) -> Result<Option<Taken>, DriverError> {
    let (tx, now) = (work.tx, work.now);
    if !is_there(tx, &take.owner)? {
        return Ok(None);
    }
    let jobs = again(tx, take, now)?;
    if !jobs.is_empty() {
        beat(tx, &take.owner)?;
        return Ok(Some(Taken { jobs, next: Some(Duration::ZERO), expired: 0 }));
    }
    let mut sources = sources(tx, take)?;
    let mut taken = Taken { expired: expire(work, &sources)?, ..Taken::default() };
    let mut suspect = take.suspect;
    for candidate in candidates(tx, take, &sources, now)? {
        if taken.jobs.len() >= take.most {
            break;
        }
        let Source { name, gate } = &mut sources[candidate.source];
        if gate.room(now) == 0 || (candidate.is_suspect && !suspect) {
            continue;
        }
        let values = (candidate.seq, &take.owner, take.serial.cast_signed(), now);
        if tx.prepare_cached(BEGIN)?.execute(values)? == 0 {
            taken.expired += expire_one(work, candidate.seq)?;
            continue;
        }
        suspect &= !candidate.is_suspect;
        gate.begin(now);
        work.moved(name, JobState::Waiting, JobState::Running);
        let job = tx.prepare_cached(TAKEN)?.query_row((candidate.seq,), |row| Ok(read(row, now)))?;
        taken.jobs.push(job?);
    }
    if !taken.jobs.is_empty() {
        beat(tx, &take.owner)?;
        for Source { name, gate } in sources.iter().filter(|source| source.gate.limits.rate.is_some()) {
            tx.prepare_cached(PACED)?.execute((name, gate.next))?;
        }
    }
    taken.next = next(tx, &sources, suspect, now)?;
    Ok(Some(taken))
}

/// What was taken already, where this is called again.
fn again(tx: &Transaction<'_>, take: &Take, now: i64) -> Result<Vec<TakenJob>, DriverError> {
    let mut again = tx.prepare_cached(AGAIN)?;
    let rows = again.query_and_then((&take.owner, take.serial.cast_signed()), |row| read(row, now))?;
    rows.collect()
}

/// Those of the queues that are known and not paused, each once.
fn sources<'a>(tx: &Transaction<'_>, take: &'a Take) -> Result<Vec<Source<'a>>, DriverError> {
    let mut sources = Vec::new();
    for name in take.queues.iter().collect::<BTreeSet<_>>() {
        if let Some(gate) = gate(tx, name)?.filter(|gate| !gate.paused) {
            sources.push(Source { name, gate });
        }
    }
    Ok(sources)
}

/// Ends what is too late, as far as a batch goes. How many jobs.
fn expire(work: &mut Work<'_>, sources: &[Source<'_>]) -> Result<u64, DriverError> {
    let mut expired = 0;
    for Source { name, .. } in sources {
        let mut late = work.tx.prepare_cached(LATE)?;
        let seqs = late.query_map((name, work.now, BATCH as i64), |row| row.get(0))?;
        // All of them, before any is changed.
        for seq in seqs.collect::<Result<Vec<i64>, _>>()? {
            expired += expire_one(work, seq)?;
        }
    }
    Ok(expired)
}

fn expire_one(work: &mut Work<'_>, seq: i64) -> Result<u64, DriverError> {
    let Some(row) = work.row_at(seq)? else { return Ok(0) };
    work.put_aside(&row, JobState::Dead, Some(DeadReason::Expired))?;
    Ok(1)
}

/// What is due, in its order; of each priority of a queue not more than can be taken.
fn candidates(
    tx: &Transaction<'_>,
    take: &Take,
    sources: &[Source<'_>],
    now: i64,
) -> Result<Vec<Candidate>, DriverError> {
    let mut found = Vec::new();
    for (source, Source { name, gate }) in sources.iter().enumerate() {
        let most = number((take.most as u64).min(gate.room(now)));
        // Of suspects one, which may be the first.
        for (statement, most, is_suspect) in [(READY, most, false), (SUSPECT, most.min(1), true)] {
            if most == 0 || (is_suspect && !take.suspect) {
                continue;
            }
            let mut due = tx.prepare_cached(statement)?;
            for priority in PRIORITIES {
                let mut rows = due.query((name, level(priority), now, most))?;
                while let Some(row) = rows.next()? {
                    let rank = rank(row.get(0)?, priority, take.ageing);
                    found.push(Candidate { rank, seq: row.get(1)?, source, is_suspect });
                }
            }
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// How long it is until there is something that could not be taken yet, as time goes by.
fn next(
    tx: &Transaction<'_>,
    sources: &[Source<'_>],
    suspect: bool,
    now: i64,
) -> Result<Option<Duration>, DriverError> {
    let mut next: Option<Duration> = None;
    for Source { name, gate } in sources {
        if gate.opens(now, now).is_none() {
            continue;
        }
        let mut earliest: Option<i64> = None;
        for statement in [NEXT_READY, NEXT_SUSPECT].into_iter().take(1 + usize::from(suspect)) {
            let mut first = tx.prepare_cached(statement)?;
            for priority in PRIORITIES {
                let due: Option<i64> = first.query_row((name, level(priority)), |row| row.get(0))?;
                earliest = earliest.into_iter().chain(due).min();
            }
        }
        let opens = earliest.and_then(|due| gate.opens(due, now));
        next = next.into_iter().chain(opens).min();
    }
    Ok(next)
}

/// A job that runs, as its owner is told of it.
fn read(row: &rusqlite::Row<'_>, now: i64) -> Result<TakenJob, DriverError> {
    let expires: Option<i64> = row.get(11)?;
    Ok(TakenJob {
        id: job_id(row.get(0)?),
        fence: Fence(count(row.get(1)?)),
        queue: row.get(2)?,
        kind: row.get(3)?,
        payload: row.get(4)?,
        key: row.get(5)?,
        priority: priority(row.get(6)?)?,
        attempt: row.get(7)?,
        crashes: row.get(8)?,
        entered_at: timestamp(row.get(9)?),
        waited: between(row.get(10)?, now),
        expires_in: expires.map(|expires| between(now, expires)),
    })
}
