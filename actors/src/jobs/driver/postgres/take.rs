//! Taking jobs.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::{join, join4, join5};
use tokio_postgres::Row;

use super::super::rules::{between, count, priority, timestamp};
use super::super::{DriverError, Fence, Take, Taken, TakenJob};
use super::PostgresDriver;
use super::columns::id;
use super::heads::{HEADS, Heads, Looker};
use super::setback::Setback;
use super::tx::{BEGIN, COMMIT, Tx, prepare, read, rows, rows_if};
use super::wish::Wish;
use crate::connection_pool::postgres::Session;

/// What is told of a job that is taken, and what its order is, and what the clock reads.
macro_rules! told {
    () => {
        "j.id, j.fence, j.queue, j.kind, j.payload, j.key, j.priority, j.attempt, j.crashes, j.entered_at, j.due, \
         j.expires, j.seq"
    };
}

const AGAIN: &str = concat!(
    "select ",
    told!(),
    ", 0::bigint, (extract(epoch from clock_timestamp()) * 1000000000)::bigint
    from durable_job j where j.owner = $1 and j.serial = $2 and j.state = 'running'"
);

/// Nothing is taken if the owner is gone, or has jobs of this take already: its row is locked by the statement before, so
/// whatever the same take did on another connection is seen. What somebody else is taking is left out. Without
/// `materialized` more might be locked than is given.
const TAKE: &str = concat!(
    "
    with me as materialized (
        select owner from durable_owner where owner = $1 for no key update
    ), clock as materialized (
        select (extract(epoch from clock_timestamp()) * 1000000000)::bigint as now from me
        where not exists (select from durable_job r where r.owner = $1 and r.serial = $2 and r.state = 'running')
    ), plain as materialized (
        select j.seq, greatest(j.due, '-9223372036854775808'::bigint + q.lead) - q.lead as rank, q.name, q.room
        from clock
        cross join unnest($4::text[], $5::smallint[], $6::bigint[], $7::bigint[], $8::bigint[])
            as q (name, level, lead, floor, room)
        cross join lateral (
            select j.seq, j.due from durable_job j
            where j.queue = q.name and j.priority = q.level and j.state = 'waiting' and not j.behind
                and j.crashes = 0 and j.due >= q.floor and j.due <= clock.now
                and (j.expires is null or j.expires > clock.now)
            order by j.due, j.seq limit least($3::bigint, q.room)
            for no key update skip locked
        ) as j
    ), suspects as materialized (
        select j.seq, greatest(j.due, '-9223372036854775808'::bigint + q.lead) - q.lead as rank, q.name, q.room
        from clock
        cross join unnest($9::text[], $10::smallint[], $11::bigint[], $12::bigint[]) as q (name, level, lead, room)
        cross join lateral (
            select j.seq, j.due from durable_job j
            where j.queue = q.name and j.priority = q.level and j.state = 'waiting' and not j.behind
                and j.crashes > 0 and j.due <= clock.now and (j.expires is null or j.expires > clock.now)
            order by j.due, j.seq limit 1
            for no key update skip locked
        ) as j
        order by rank, j.seq limit 1
    ), numbered as (
        select c.*, row_number() over (partition by c.name order by c.rank, c.seq) as nth
        from (select * from plain union all select * from suspects) as c
    ), picked as materialized (
        select n.seq, n.rank from numbered n where n.room is null or n.nth <= n.room
        order by n.rank, n.seq limit $3::bigint
    ), beaten as (
        update durable_owner set beat = beat + 1 where owner = $1 and exists (select from picked)
    )
    update durable_job j
    set state = 'running', fence = j.fence + 1, attempt = j.attempt + 1, crashes = j.crashes + 1, owner = $1,
        serial = $2, taken_at = clock.now
    from picked cross join clock where j.seq = picked.seq
    returning ",
    told!(),
    ", picked.rank, clock.now"
);

/// The owner's row first, in all takes.
const MINE: &str = "select 1 from durable_owner where owner = $1 for no key update";

/// And then those of queues that have limits.
/// All of them, also those that have none: one might be given limits before the next statement, and would then be written
/// out of order.
const LIMITED: &str = "
    select 1 from durable_queue where name = any($1::text[]) order by name for no key update";

const RATED: &str = "
    update durable_queue q set next = r.next
    from unnest($1::text[], $2::bigint[]) as r (name, next) where q.name = r.name";

impl PostgresDriver {
    pub(super) async fn try_take(&self, tx: Tx, take: &Take) -> Result<Option<Taken>, Setback> {
        prepare(&tx, &[HEADS, MINE, TAKE]).await?;
        let mut expired = 0;
        let mut looker = Looker::new(self, take);
        let mut heads = looker.heads(self, &read(&tx, HEADS, &looker.values()).await?);
        if !heads.is_there {
            return Ok(None);
        }
        if heads.is_again {
            return again(&tx, &looker, 0).await;
        }
        if heads.queues.iter().any(|head| head.is_late && !head.gate.paused) {
            expired = self.expire(&tx, &heads).await?;
            looker = Looker::new(self, take);
            heads = looker.heads(self, &read(&tx, HEADS, &looker.values()).await?);
            if heads.is_there && heads.is_again {
                return again(&tx, &looker, expired).await;
            }
        }
        let (has_some, is_limited) = heads.have_some(take.suspect);
        if take.most == 0 || !has_some {
            // Nothing is written.
            let next = heads.next(take.suspect);
            return Ok(heads.is_there.then_some(Taken { jobs: Vec::new(), next, expired }));
        }
        let (jobs, heads) = if is_limited {
            self.take_within_limits(&tx, take, &looker).await?
        } else {
            self.take_some(&tx, take, &looker, &heads).await?
        };
        if !heads.is_there {
            return Ok(None);
        }
        if jobs.is_empty() && heads.is_again {
            // The same take, on another connection, was under way until now.
            return again(&tx, &looker, expired).await;
        }
        let is_spent = jobs.iter().any(|job| job.crashes > 1);
        Ok(Some(Taken { next: heads.next(take.suspect && !is_spent), jobs, expired }))
    }

    /// Takes what a look has found, and looks at what is left, all in one way to the server and back.
    async fn take_some<'a>(
        &self,
        tx: &Session,
        take: &Take,
        looker: &Looker<'a>,
        heads: &Heads<'a>,
    ) -> Result<(Vec<TakenJob>, Heads<'a>), Setback> {
        let wish = Wish::new(take, heads);
        // Without its beginning, each of the others is a whole all the same.
        let (begun, mine, taken, looked, ended) = join5(
            tx.batch_execute(BEGIN),
            rows(tx, MINE, &[&looker.owner]),
            rows(tx, TAKE, &wish.values(looker)),
            rows(tx, HEADS, &looker.values()),
            tx.batch_execute(COMMIT),
        )
        .await;
        begun?;
        mine?;
        let taken = taken?;
        let looked = looked?;
        ended?;
        Ok((told(&taken)?, looker.heads(self, &looked)))
    }

    /// The same where queues have limits: these are locked, and looked at again. What is taken by others then is
    /// known.
    async fn take_within_limits<'a>(
        &self,
        tx: &Session,
        take: &Take,
        looker: &Looker<'a>,
    ) -> Result<(Vec<TakenJob>, Heads<'a>), Setback> {
        prepare(tx, &[LIMITED, RATED]).await?;
        let (begun, mine, limited, looked) = join4(
            tx.batch_execute(BEGIN),
            rows(tx, MINE, &[&looker.owner]),
            rows(tx, LIMITED, &[&looker.queues]),
            rows(tx, HEADS, &looker.values()),
        )
        .await;
        begun?;
        mine?;
        limited?;
        let heads = looker.heads(self, &looked?);
        let wish = Wish::new(take, &heads);
        let jobs = told(&rows(tx, TAKE, &wish.values(looker)).await?)?;
        let mut begun = BTreeMap::<&str, u64>::new();
        for job in &jobs {
            *begun.entry(&job.queue).or_default() += 1;
        }
        let (mut names, mut next) = (Vec::<&str>::new(), Vec::<i64>::new());
        for head in &heads.queues {
            if head.gate.limits.rate.is_none() {
                continue;
            }
            let mut gate = head.gate.clone();
            (0..begun.get(head.queue).copied().unwrap_or_default()).for_each(|_| gate.begin(heads.now));
            if let Some(at) = gate.next.filter(|_| gate != head.gate) {
                names.push(head.queue);
                next.push(at);
            }
        }
        rows_if(!names.is_empty(), tx, RATED, &[&names, &next]).await?;
        let (looked, ended) = join(rows(tx, HEADS, &looker.values()), tx.batch_execute(COMMIT)).await;
        let looked = looked?;
        ended?;
        Ok((jobs, looker.heads(self, &looked)))
    }
}

/// What was taken already, where the same take is called again.
async fn again(tx: &Session, looker: &Looker<'_>, expired: u64) -> Result<Option<Taken>, Setback> {
    let jobs = told(&read(tx, AGAIN, &[&looker.owner, &looker.serial]).await?)?;
    Ok(Some(Taken { jobs, next: Some(Duration::ZERO), expired }))
}

/// Jobs as their owner is told of them, in their order.
fn told(rows: &[Row]) -> Result<Vec<TakenJob>, DriverError> {
    let mut rows: Vec<&Row> = rows.iter().collect();
    rows.sort_unstable_by_key(|row| (row.get::<_, i64>(13), row.get::<_, i64>(12)));
    rows.into_iter().map(job).collect()
}

fn job(row: &Row) -> Result<TakenJob, DriverError> {
    let (due, expires, now): (i64, Option<i64>, i64) = (row.get(10), row.get(11), row.get(14));
    Ok(TakenJob {
        id: id(row.get(0)),
        fence: Fence(count(row.get(1))),
        queue: row.get(2),
        kind: row.get(3),
        payload: row.get(4),
        key: row.get(5),
        priority: priority(row.get(6))?,
        attempt: times(row.get(7)),
        crashes: times(row.get(8)),
        entered_at: timestamp(row.get(9)),
        waited: between(due, now),
        expires_in: expires.map(|expires| between(now, expires)),
    })
}

/// How often something was done.
pub(super) fn times(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
