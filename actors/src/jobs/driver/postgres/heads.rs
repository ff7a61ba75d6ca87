//! What there is to be taken from queues, by a look that changes nothing.

use std::time::Duration;

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::super::Take;
use super::super::rules::{Gate, count, number};
use super::PostgresDriver;
use super::floors::Floor;

/// One row for each queue, or one for no queue: whether the owner is there, and has jobs of that take already; and of
/// each level when the first one is due. Suspects apart, and only where they are asked for.
pub(super) const HEADS: &str = "
    select clock.now,
        exists (select from durable_owner where owner = $1),
        exists (select from durable_job where owner = $1 and serial = $2 and state = 'running'),
        q.nth, d.paused, d.most, d.spacing, d.burst, d.next,
        case when d.most is not null then (
            select count(*) from durable_job j where j.queue = q.name and j.state = 'running'
        ) end,
        exists (
            select from durable_job j where j.queue = q.name and j.state = 'waiting' and not j.behind
                and j.expires is not null and greatest(j.due, j.expires) <= clock.now
        ),
        array(
            select (
                select j.due from durable_job j
                where j.queue = q.name and j.priority = l.level and j.state = 'waiting' and not j.behind
                    and j.crashes = 0 and j.due >= l.floor
                order by j.due, j.seq limit 1
            )
            from unnest(array[q.low, q.normal, q.high]) with ordinality as f (floor, nth)
            cross join lateral (select (f.nth - 1)::smallint as level, f.floor) as l
            order by f.nth
        ),
        case when $7 then array(
            select (
                select j.due from durable_job j
                where j.queue = q.name and j.priority = l.level and j.state = 'waiting' and not j.behind
                    and j.crashes > 0
                order by j.due, j.seq limit 1
            )
            from unnest(array[0, 1, 2]::smallint[]) as l (level)
            order by l.level
        ) end
    from (select (extract(epoch from clock_timestamp()) * 1000000000)::bigint as now) as clock
    left join unnest($3::text[], $4::bigint[], $5::bigint[], $6::bigint[])
        with ordinality as q (name, low, normal, high, nth) on true
    left join durable_queue d on d.name = q.name
    order by q.nth";

/// Whose look it is, and at what.
pub(super) struct Looker<'a> {
    pub(super) owner: &'a str,
    pub(super) serial: i64,
    pub(super) queues: Vec<&'a str>,
    floors: Vec<Floor>,
    by_level: [Vec<i64>; 3],
    suspect: bool,
}

impl<'a> Looker<'a> {
    pub(super) fn new(driver: &PostgresDriver, take: &'a Take) -> Self {
        let mut queues: Vec<&str> = take.queues.iter().map(|queue| &**queue).collect();
        queues.sort_unstable();
        queues.dedup();
        let floors: Vec<Floor> = queues.iter().map(|queue| driver.inner.floors.of(queue)).collect();
        let by_level = [0, 1, 2].map(|level| floors.iter().map(|floor| floor.by_level[level]).collect());
        let serial = number(take.serial);
        Self { owner: &take.owner, serial, queues, floors, by_level, suspect: take.suspect }
    }

    /// For [`HEADS`].
    pub(super) fn values(&self) -> [&(dyn ToSql + Sync); 7] {
        let [low, normal, high] = &self.by_level;
        [&self.owner, &self.serial, &self.queues, low, normal, high, &self.suspect]
    }

    /// What was found.
    pub(super) fn heads(&self, driver: &PostgresDriver, rows: &[Row]) -> Heads<'a> {
        let heads = self.queues.iter().zip(&self.floors).zip(rows);
        let heads: Vec<_> = heads.map(|((&queue, &floor), row)| Head::read(queue, floor, row)).collect();
        for head in &heads {
            driver.inner.floors.saw(head.queue, head.floor, head.plain);
        }
        let first = &rows[0];
        Heads { now: first.get(0), is_there: first.get(1), is_again: first.get(2), queues: heads }
    }
}

/// What was found of all queues.
pub(super) struct Heads<'a> {
    pub(super) now: i64,
    /// Whether the owner is.
    pub(super) is_there: bool,
    /// Whether the owner has jobs of this take.
    pub(super) is_again: bool,
    pub(super) queues: Vec<Head<'a>>,
}

/// What was found of one queue.
pub(super) struct Head<'a> {
    pub(super) queue: &'a str,
    pub(super) gate: Gate,
    /// Whether it has jobs that are too late.
    pub(super) is_late: bool,
    pub(super) floor: Floor,
    pub(super) plain: [Option<i64>; 3],
    pub(super) suspects: [Option<i64>; 3],
}

impl<'a> Head<'a> {
    fn read(queue: &'a str, floor: Floor, row: &Row) -> Self {
        let by_level = |found: Option<Vec<Option<i64>>>| {
            let found = found.unwrap_or_default();
            [0, 1, 2].map(|level| found.get(level).copied().flatten())
        };
        let gate = Gate {
            paused: row.get::<_, Option<bool>>(4).unwrap_or_default(),
            limits: Gate::limits((row.get(5), row.get(6), row.get(7))),
            running: count(row.get::<_, Option<i64>>(9).unwrap_or_default()),
            next: row.get(8),
        };
        let (plain, suspects) = (by_level(row.get(11)), by_level(row.get(12)));
        Self { queue, gate, is_late: row.get(10), floor, plain, suspects }
    }

    pub(super) fn is_limited(&self) -> bool {
        self.gate.limits.running.is_some() || self.gate.limits.rate.is_some()
    }

    /// When the first is due that would be taken.
    fn first(&self, suspect: bool) -> Option<i64> {
        let suspects = self.suspects.iter().filter(|_| suspect);
        self.plain.iter().chain(suspects).flatten().min().copied()
    }

    /// Whether there is something to be taken now.
    fn has_some(&self, suspect: bool, now: i64) -> bool {
        self.first(suspect).is_some_and(|first| first <= now) && self.gate.room(now) > 0
    }
}

impl Heads<'_> {
    /// Whether there is something to be taken now, and whether that is within limits.
    pub(super) fn have_some(&self, suspect: bool) -> (bool, bool) {
        let (mut any, mut limited) = (false, false);
        for head in self.queues.iter().filter(|head| head.has_some(suspect, self.now)) {
            any = true;
            limited |= head.is_limited();
        }
        (any, limited)
    }

    /// How long it is until there may be something that could not be taken yet, as time goes by.
    pub(super) fn next(&self, suspect: bool) -> Option<Duration> {
        let opens = |head: &Head<'_>| head.gate.opens(head.first(suspect)?, self.now);
        self.queues.iter().filter_map(opens).min()
    }
}
