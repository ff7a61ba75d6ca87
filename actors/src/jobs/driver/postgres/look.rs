//! What can be seen.

use std::collections::HashMap;

use tokio_postgres::Row;

use super::super::rules::{Gate, between, count, number, priority, reason, state, timestamp};
use super::super::{DriverError, JobFilter, JobId, JobRecord, JobState, QueueCounts, QueueLimits};
use super::PostgresDriver;
use super::columns::{bytes, id};
use super::setback::Setback;
use super::take::times;
use super::tx::{Tx, read};

macro_rules! record {
    () => {
        "j.id, j.seq, j.queue, j.kind, j.payload, j.key, j.unique_key, j.priority, j.state, j.attempt, j.crashes, \
         j.owner, j.entered_at, j.due, j.expires, j.taken_at, j.over_at, j.error, j.dead, j.output"
    };
}

const THESE: &str = concat!("select ", record!(), " from durable_job j where j.id = any($1::bytea[])");

const LIST: &str = concat!(
    "select ",
    record!(),
    " from durable_job j
    where ($1::text is null or j.kind = $1) and j.seq < $2
    order by j.seq desc limit $3"
);

/// Those of one state, the latest of each queue by its index: what is over may be almost all that there is. The queues
/// are found one after the other, each by one look into the index.
const LIST_IN: &str = concat!(
    "with recursive queues (name) as (
        select min(j.queue) from durable_job j
        union all
        select (select min(j.queue) from durable_job j where j.queue > q.name) from queues q where q.name is not null
    ), latest as materialized (
        select j.seq from queues q
        cross join lateral (
            select j.seq from durable_job j
            where j.queue = q.name and j.state = $2 and ($1::text is null or j.kind = $1) and j.seq < $3
            order by j.seq desc limit $4
        ) as j
        order by j.seq desc limit $4
    )
    select ",
    record!(),
    " from latest l join durable_job j on j.seq = l.seq
    order by j.seq desc"
);

/// Of each state the latest, by the index of the queue.
const LIST_OF: &str = concat!(
    "select ",
    record!(),
    " from unnest($2::text[]) as s (state)
    cross join lateral (
        select * from durable_job j
        where j.queue = $5 and j.state = s.state and ($1::text is null or j.kind = $1) and j.seq < $3
        order by j.seq desc limit $4
    ) as j
    order by j.seq desc limit $4"
);

const COUNTS: &str = "
    with clock as materialized (
        select (extract(epoch from clock_timestamp()) * 1000000000)::bigint as now
    ), states as materialized (
        select j.queue, count(*) filter (where j.state = 'waiting') as waiting,
            count(*) filter (where j.state = 'running') as running, count(*) filter (where j.state = 'done') as done,
            count(*) filter (where j.state = 'dead') as dead,
            count(*) filter (where j.state = 'cancelled') as cancelled
        from durable_job j group by j.queue
    ), ready as materialized (
        select j.queue, count(*) as ready, min(j.due) as oldest from durable_job j cross join clock
        where j.state = 'waiting' and not j.behind and j.due <= clock.now group by j.queue
    ), names as (
        select queue as name from states union select name from durable_queue
    )
    select n.name, clock.now, coalesce(s.waiting, 0), coalesce(r.ready, 0), coalesce(s.running, 0),
        coalesce(s.done, 0), coalesce(s.dead, 0), coalesce(s.cancelled, 0), coalesce(q.pruned, 0), r.oldest,
        coalesce(q.paused, false), q.most, q.spacing, q.burst
    from names n cross join clock
    left join states s on s.queue = n.name left join ready r on r.queue = n.name
    left join durable_queue q on q.name = n.name
    order by n.name";

impl PostgresDriver {
    pub(super) async fn try_look(&self, tx: Tx, jobs: &[JobId]) -> Result<Vec<Option<JobRecord>>, Setback> {
        let ids: Vec<Vec<u8>> = jobs.iter().map(|job| bytes(*job)).collect();
        let mut found = HashMap::new();
        for row in read(&tx, THESE, &[&ids]).await? {
            let record = record(&row)?;
            found.insert(record.id, record);
        }
        Ok(jobs.iter().map(|job| found.get(job).cloned()).collect())
    }

    pub(super) async fn try_list(&self, tx: Tx, filter: &JobFilter) -> Result<Vec<JobRecord>, Setback> {
        let all = JobState::ALL.into_iter().filter(|state| filter.state.is_none_or(|wanted| wanted == *state));
        let states: Vec<&str> = all.map(JobState::name).collect();
        let (before, most) = (filter.before.map_or(i64::MAX, number), number(filter.most as u64));
        let found = match (&filter.queue, filter.state) {
            (Some(queue), _) => read(&tx, LIST_OF, &[&filter.kind, &states, &before, &most, queue]).await?,
            (None, Some(state)) => read(&tx, LIST_IN, &[&filter.kind, &state.name(), &before, &most]).await?,
            (None, None) => read(&tx, LIST, &[&filter.kind, &before, &most]).await?,
        };
        Ok(found.iter().map(record).collect::<Result<_, _>>()?)
    }

    pub(super) async fn try_counts(&self, tx: Tx) -> Result<Vec<QueueCounts>, Setback> {
        // All jobs are counted, so the plan is the server's own.
        let statement = tx.prepared(COUNTS).await?;
        let found = tx.query(&statement, &[]).await?;
        let is_there =
            |counts: &QueueCounts| counts.entered() > 0 || counts.paused || counts.limits != QueueLimits::default();
        Ok(found.iter().map(counts).filter(is_there).collect())
    }
}

fn record(row: &Row) -> Result<JobRecord, DriverError> {
    let dead: Option<&str> = row.get(18);
    Ok(JobRecord {
        id: id(row.get(0)),
        seq: count(row.get(1)),
        queue: row.get(2),
        kind: row.get(3),
        payload: row.get(4),
        key: row.get(5),
        unique: row.get(6),
        priority: priority(row.get(7))?,
        state: state(row.get(8))?,
        attempt: times(row.get(9)),
        crashes: times(row.get(10)),
        owner: row.get(11),
        entered_at: timestamp(row.get(12)),
        due: timestamp(row.get(13)),
        expires: row.get::<_, Option<i64>>(14).map(timestamp),
        taken_at: row.get::<_, Option<i64>>(15).map(timestamp),
        over_at: row.get::<_, Option<i64>>(16).map(timestamp),
        error: row.get(17),
        dead: dead.map(reason).transpose()?,
        output: row.get(19),
    })
}

fn counts(row: &Row) -> QueueCounts {
    let number = |at: usize| count(row.get(at));
    let (now, oldest): (i64, Option<i64>) = (row.get(1), row.get(9));
    QueueCounts {
        queue: row.get(0),
        waiting: number(2),
        ready: number(3),
        running: number(4),
        done: number(5),
        dead: number(6),
        cancelled: number(7),
        pruned: number(8),
        lag: oldest.map(|oldest| between(oldest, now)),
        paused: row.get(10),
        limits: Gate::limits((row.get(11), row.get(12), row.get(13))),
    }
}
