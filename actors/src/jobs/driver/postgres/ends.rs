//! What becomes of jobs that are locked, many of them with few statements.

use futures_util::future::{join, join5};
use tokio_postgres::types::ToSql;

use super::super::DeadReason;
use super::enter::{EMPTY, NOTIFY};
use super::locked::Locked;
use super::tx::rows_if;
use super::wakes::{TOLD, came};
use crate::connection_pool::postgres::{PostgresError, Session};

const CHANGE: &str = "
    update durable_job j
    set state = c.state, due = c.due, answered = c.answered, attempt = c.attempt, crashes = c.crashes, owner = null,
        cancel = false, over_at = c.over_at, error = coalesce(c.error, j.error), dead = c.dead,
        output = coalesce(c.output, j.output)
    from unnest(
        $1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[],
        $9::text[], $10::text[]
    ) as c (seq, state, due, answered, attempt, crashes, over_at, error, dead, output)
    where j.seq = c.seq";

/// Lets the first of each line be taken, and wakes whoever waits for such: they are older than what came lately.
pub(super) const NEXT_IN_LINE: &str = "
    with first as materialized (
        select f.seq from unnest($1::bytea[]) as l (line)
        cross join lateral (
            select j.seq, j.behind from durable_job j
            where j.line = l.line and j.state in ('waiting', 'running') order by j.place limit 1
        ) as f
        where f.behind
    ), freed as (
        update durable_job j set behind = false from first where j.seq = first.seq returning j.queue
    )
    select q.queue, pg_notify('durable_job', '<' || q.queue)
    from (select distinct queue from freed offset 0) as q";

/// Unique keys that are held no longer. Those whose window is not over are noted, to be swept away once it is; and
/// those that somebody looks at, who is not waited for.
const FREE: &str = "
    with free as (
        delete from durable_sole where sole in (
            select s.sole from unnest($1::bytea[], $2::bigint[]) as o (sole, seq)
            join durable_sole s on s.sole = o.sole and s.seq = o.seq
            where s.until <= $3::bigint for update of s skip locked
        )
        returning sole
    )
    insert into durable_held_on (until, sole, seq)
    select s.until, s.sole, s.seq from unnest($1::bytea[], $2::bigint[]) as o (sole, seq)
    join durable_sole s on s.sole = o.sole and s.seq = o.seq
    where s.sole not in (select f.sole from free f)
    on conflict do nothing";

/// Wakes whoever waits for a place in queues of which only so many jobs may run.
const PLACES: &str = "
    select pg_notify('durable_job', '+' || q.name) from durable_queue q
    where q.name = any($1::text[]) and q.most is not null";

pub(super) const STATEMENTS: [&str; 6] = [CHANGE, NEXT_IN_LINE, EMPTY, FREE, PLACES, NOTIFY];

/// What is to become of jobs, column by column.
#[derive(Default)]
pub(super) struct Ends {
    now: i64,
    seqs: Vec<i64>,
    states: Vec<&'static str>,
    due: Vec<i64>,
    answered: Vec<i64>,
    attempts: Vec<i64>,
    crashes: Vec<i64>,
    over_at: Vec<Option<i64>>,
    errors: Vec<Option<String>>,
    dead: Vec<Option<&'static str>>,
    outputs: Vec<Option<String>>,
    /// Of those that are over.
    lines: Vec<Vec<u8>>,
    soles: (Vec<Vec<u8>>, Vec<i64>),
    /// Queues of those that ran, and do not any more.
    places: Vec<String>,
    wakes: Vec<String>,
    /// Queues in which somebody became the first of a line.
    freed: Vec<String>,
}

/// What an end says beside the state.
#[derive(Debug, Default)]
pub(super) struct Words<'a> {
    pub(super) error: Option<&'a str>,
    pub(super) dead: Option<DeadReason>,
    pub(super) output: Option<&'a str>,
}

impl Ends {
    pub(super) fn at(now: i64) -> Self {
        Self { now, ..Self::default() }
    }

    /// What the clock reads.
    pub(super) fn now(&self) -> i64 {
        self.now
    }

    fn is_empty(&self) -> bool {
        self.seqs.is_empty()
    }

    /// A job becomes what `job` says, which ran before if `ran`.
    pub(super) fn push(&mut self, job: &Locked, ran: bool, words: &Words<'_>) {
        let is_over = job.state.is_over();
        self.seqs.push(job.seq);
        self.states.push(job.state.name());
        self.due.push(job.due);
        self.answered.push(job.answered);
        self.attempts.push(job.attempt);
        self.crashes.push(job.crashes);
        self.over_at.push(is_over.then_some(self.now));
        // It is no text to the server.
        self.errors.push(words.error.map(|error| error.replace('\0', "\u{fffd}")));
        self.dead.push(words.dead.map(DeadReason::name));
        self.outputs.push(words.output.map(str::to_owned));
        if ran {
            self.places.push(job.queue.clone());
        }
        if !is_over {
            self.wakes.push(came(&job.queue, job.due < self.now));
            return;
        }
        self.lines.extend(job.line.clone());
        if let Some(sole) = &job.sole {
            self.soles.0.push(sole.clone());
            self.soles.1.push(job.seq);
        }
        if job.told {
            self.wakes.push(TOLD.to_owned());
        }
    }

    /// Whoever waits for that is woken, too.
    pub(super) fn wake(&mut self, wake: String) {
        self.wakes.push(wake);
    }

    /// Writes all of it, in one way to the server and back. `lines` are locked and may have others in them, too.
    pub(super) async fn write(&mut self, tx: &Session, lines: &[&[u8]]) -> Result<(), PostgresError> {
        for list in [&mut self.places, &mut self.wakes] {
            list.sort_unstable();
            list.dedup();
        }
        let mut lines = [lines, &self.lines.iter().map(|line| &**line).collect::<Vec<_>>()].concat();
        lines.sort_unstable();
        lines.dedup();
        let in_line = !lines.is_empty();
        let (soles, holders) = &self.soles;
        let ((changed, freed), nexts, emptied, places, notified) = join5(
            join(
                rows_if(!self.is_empty(), tx, CHANGE, &self.values()),
                rows_if(!soles.is_empty(), tx, FREE, &[soles, holders, &self.now]),
            ),
            rows_if(in_line, tx, NEXT_IN_LINE, &[&lines]),
            rows_if(in_line, tx, EMPTY, &[&lines]),
            rows_if(!self.places.is_empty(), tx, PLACES, &[&self.places]),
            rows_if(!self.wakes.is_empty(), tx, NOTIFY, &[&self.wakes]),
        )
        .await;
        changed?;
        freed?;
        let nexts = nexts?;
        emptied?;
        places?;
        notified?;
        self.freed = nexts.iter().map(|row| row.get(0)).collect();
        Ok(())
    }

    /// For the statement that changes them.
    fn values(&self) -> [&(dyn ToSql + Sync); 10] {
        [
            &self.seqs,
            &self.states,
            &self.due,
            &self.answered,
            &self.attempts,
            &self.crashes,
            &self.over_at,
            &self.errors,
            &self.dead,
            &self.outputs,
        ]
    }

    /// Queues of which a driver has to forget when the first was due.
    pub(super) fn earlier(&self) -> impl Iterator<Item = &str> {
        self.wakes.iter().filter_map(|wake| wake.strip_prefix('<')).chain(self.freed.iter().map(|queue| &**queue))
    }
}
