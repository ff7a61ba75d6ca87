//! What holds for queues and rates, and what is not kept any more.

use std::time::Duration;

use futures_util::future::{join, join3};
use tokio_postgres::Row;

use super::super::rules::{Gate, between, count, length, number};
use super::super::{Prune, QueueLimits, QueueRate, Turns};
use super::PostgresDriver;
use super::enter::{KNOWN, one};
use super::setback::Setback;
use super::tx::{BEGIN, COMMIT, Tx, alone, prepare, rows, rows_if};
use super::wakes::came;

/// What began under an earlier rate counts for no longer than a whole burst takes under this one; as of
/// [`Gate::eased`].
const LIMIT: &str = "
    with limited as (
        insert into durable_queue as q (name, most, spacing, burst) values ($1, $2, $3, $4)
        on conflict (name) do update
        set most = excluded.most, spacing = excluded.spacing, burst = excluded.burst,
            next = case when excluded.spacing is not null and q.next is not null then least(
                q.next::numeric, (extract(epoch from clock_timestamp()) * 1000000000)::bigint::numeric + $5::bigint
            )::bigint end
        returning 1
    )
    select pg_notify('durable_job', $6) from limited";

const PAUSE: &str = "
    with paused as (
        insert into durable_queue (name, paused) values ($1, $2)
        on conflict (name) do update set paused = excluded.paused returning 1
    )
    select pg_notify('durable_job', $3) from paused";

/// From when on the turns that were reserved are over, and what the clock reads. As each call has a spacing and a pause of
/// its own, a row can't tell turns that are far ahead from a clock that was set back.
const TURNS: &str = "
    with clock as materialized (
        select (extract(epoch from clock_timestamp()) * 1000000000)::bigint as now
    ), first as materialized (
        select now, least(now::numeric + $2::bigint, 9223372036854775807)::bigint as at from clock
    )
    insert into durable_rate as r (name, next)
    select $1, least(at::numeric + $3::bigint, 9223372036854775807)::bigint from first
    on conflict (name) do update
    set next = least(greatest(r.next, (select at from first))::numeric + $3::bigint, 9223372036854775807)::bigint
    returning r.next, (select now from first)";

/// What has been over for long enough, first what was over first. What somebody looks at is left for the next time.
const FORGET: &str = "
    with old as materialized (
        select j.seq, j.over_at
        from unnest(array['done', 'cancelled', 'dead'], array[$1, $1, $2]::bigint[]) as s (state, over_at)
        cross join lateral (
            select j.seq, j.over_at from durable_job j
            where j.state = s.state and j.state in ('done', 'dead', 'cancelled') and j.over_at <= s.over_at
            order by j.over_at limit $3::bigint
            for update skip locked
        ) as j
        order by j.over_at, j.seq limit $3::bigint
    )
    delete from durable_job j using old where j.seq = old.seq returning j.queue";

const COUNT: &str = "
    insert into durable_queue (name, pruned)
    select queue, count(*) from unnest($1::text[]) as f (queue) group by queue order by queue collate \"C\"
    on conflict (name) do update set pruned = durable_queue.pruned + excluded.pruned";

/// How many unique keys are looked at in one transaction.
const KEYS: u16 = 1_000;

/// Unique keys whose window was to be over by now, first what was over first, and whether they are locked now: those
/// that others look at are not, nor those that another job has got.
const DUE: &str = "
    with due as (
        delete from durable_held_on where ctid = any(array(
            select h.ctid from durable_held_on h where h.until <= $1::bigint
            order by h.until limit $2::bigint for update skip locked
        ))
        returning sole, seq
    ), locked as materialized (
        select s.sole from due d join durable_sole s on s.sole = d.sole and s.seq = d.seq
        for update of s skip locked
    )
    select d.sole, d.seq, d.sole in (select l.sole from locked l) from due d";

/// Of those that are locked, the ones that are held by nobody. A job may have been tried again just before that, which
/// only a later statement sees; its next end sees to the key.
const FREE: &str = "
    delete from durable_sole s
    where s.sole = any($1::bytea[]) and s.until <= $2 and not exists (
        select from durable_job j where j.seq = s.seq and j.state in ('waiting', 'running') offset 0)";

/// What somebody looks at comes again, after all others.
const AGAIN: &str = "
    insert into durable_held_on (until, sole, seq)
    select $3::bigint, s.sole, s.seq from unnest($1::bytea[], $2::bigint[]) as o (sole, seq)
    join durable_sole s on s.sole = o.sole and s.seq = o.seq
    on conflict do nothing
    returning seq";

const RATES: &str = "
    delete from durable_rate where name in (
        select r.name from durable_rate r where r.next <= $1 order by r.name for update skip locked)";

impl PostgresDriver {
    pub(super) async fn try_limit(&self, tx: Tx, queue: &str, limits: &QueueLimits) -> Result<(), Setback> {
        let (running, spacing, burst) = Gate::columns(limits);
        let a_whole_burst =
            |rate: QueueRate| rate.spacing.max(Duration::from_nanos(1)).saturating_mul(rate.burst.max(1));
        let bucket = limits.rate.map(|rate| length(a_whole_burst(rate)));
        alone(&tx, LIMIT, &[&queue, &running, &spacing, &burst, &bucket, &came(queue, true)]).await?;
        Ok(())
    }

    pub(super) async fn try_pause(&self, tx: Tx, queue: &str, paused: bool) -> Result<(), Setback> {
        alone(&tx, PAUSE, &[&queue, &paused, &came(queue, true)]).await?;
        Ok(())
    }

    pub(super) async fn try_turns(&self, tx: Tx, turns: &Turns) -> Result<Duration, Setback> {
        let all = length(turns.spacing.saturating_mul(turns.count));
        let found = alone(&tx, TURNS, &[&turns.name, &length(turns.pause), &all]).await?;
        let (next, now): (i64, i64) = (one(&found).get(0), one(&found).get(1));
        Ok(between(now, next.saturating_sub(all)))
    }

    pub(super) async fn try_prune(&self, tx: Tx, prune: &Prune) -> Result<u64, Setback> {
        prepare(&tx, &[KNOWN, FORGET, COUNT, RATES]).await?;
        let now = begin(&tx).await?;
        let before = |kept: Duration| now.saturating_sub(length(kept));
        // Nothing was over at the beginning of time.
        let (over, dead) = (before(prune.over), prune.dead.map_or(i64::MIN, before));
        let most = number(prune.most as u64);
        let forgotten = rows(&tx, FORGET, &[&over, &dead, &most]).await?;
        let queues: Vec<&str> = forgotten.iter().map(|row| row.get(0)).collect();
        let (rates, counted, ended) =
            join3(rows(&tx, RATES, &[&now]), rows(&tx, COUNT, &[&queues]), tx.batch_execute(COMMIT)).await;
        rates?;
        counted?;
        ended?;
        Ok(count(i64::try_from(queues.len()).unwrap_or(i64::MAX)))
    }

    /// Deletes unique keys that are held no longer; whether there may be more of them.
    pub(super) async fn try_free(&self, tx: Tx) -> Result<bool, Setback> {
        prepare(&tx, &[KNOWN, DUE, FREE, AGAIN]).await?;
        let now = begin(&tx).await?;
        let due = rows(&tx, DUE, &[&now, &i64::from(KEYS)]).await?;
        let (locked, others): (Vec<&Row>, Vec<&Row>) = due.iter().partition(|row| row.get::<_, bool>(2));
        let soles: Vec<&[u8]> = locked.iter().map(|row| row.get(0)).collect();
        let left: Vec<&[u8]> = others.iter().map(|row| row.get(0)).collect();
        let holders: Vec<i64> = others.iter().map(|row| row.get(1)).collect();
        let (freed, again, ended) = join3(
            rows_if(!soles.is_empty(), &tx, FREE, &[&soles, &now]),
            rows_if(!left.is_empty(), &tx, AGAIN, &[&left, &holders, &now]),
            tx.batch_execute(COMMIT),
        )
        .await;
        freed?;
        let again = again?;
        ended?;
        Ok(due.len() - again.len() >= usize::from(KEYS))
    }
}

/// Begins a transaction; what the clock reads.
async fn begin(tx: &Tx) -> Result<i64, Setback> {
    let none: [&[u8]; 0] = [];
    let (begun, known) = join(tx.batch_execute(BEGIN), rows(tx, KNOWN, &[&none.as_slice()])).await;
    begun?;
    Ok(one(&known?).get(0))
}
