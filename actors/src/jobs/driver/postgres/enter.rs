//! Entering jobs, one batch with few statements, within a transaction.

use futures_util::future::join4;
use tokio_postgres::Row;

use super::super::Entered;
use super::columns::ENTER;
use super::ledger::{Ledger, Shared};
use super::setback::Setback;
use super::tx::{rows, rows_if};
use crate::connection_pool::postgres::{PostgresError, Session};

/// Locks lines: those that are named, and those of jobs that are. Where that is over, the next statement sees all
/// that happened in them. Gives those whose rows were made for that: if nobody stands in one after all, it is to go
/// again by [`EMPTY`].
pub(super) const LINES: &str = "
    insert into durable_line (line)
    select line from (
        select line from unnest($1::bytea[]) as given (line)
        union
        select line from durable_job where id = any($2::bytea[]) and line is not null
    ) as l
    order by line
    on conflict (line) do update set line = excluded.line where false
    returning line";

/// Locks unique keys in the same way. A row that is new is nobody's.
const SOLES: &str = "
    insert into durable_sole (sole, until)
    select sole, '-9223372036854775808'::bigint from unnest($1::bytea[]) as given (sole)
    order by sole
    on conflict (sole) do update set until = excluded.until where false";

/// What the clock reads, and which of these ids are known.
pub(super) const KNOWN: &str = "
    select (extract(epoch from clock_timestamp()) * 1000000000)::bigint,
        array(select id from durable_job where id = any($1::bytea[]))";

/// Who holds which of these unique keys, and whether that job is not over.
pub(super) const HOLDERS: &str = "
    select s.sole, s.job, s.until, coalesce(j.state in ('waiting', 'running'), false)
    from durable_sole s left join durable_job j on j.seq = s.seq
    where s.sole = any($1::bytea[]) and s.job is not null";

const HOLD: &str = "
    update durable_sole s set job = j.id, seq = j.seq, until = h.until
    from unnest($1::bytea[], $2::bytea[], $3::bigint[]) as h (sole, job, until) join durable_job j on j.id = h.job
    where s.sole = h.sole";

/// Those that were made to be locked, and that nobody holds after all.
pub(super) const UNHELD: &str = "delete from durable_sole where sole = any($1::bytea[]) and job is null";

/// Lines in which nobody stands any more. They are locked. The offset keeps the server from looking through all
/// lines.
pub(super) const EMPTY: &str = "
    delete from durable_line l where l.line = any($1::bytea[]) and not exists (
        select from durable_job j where j.line = l.line and j.state in ('waiting', 'running') offset 0)";

/// Wakes whoever waits; see [`wakes`](super::wakes).
pub(super) const NOTIFY: &str = "select pg_notify('durable_job', what) from unnest($1::text[]) as given (what)";

pub(super) const STATEMENTS: [&str; 9] = [LINES, SOLES, KNOWN, HOLDERS, ENTER, HOLD, UNHELD, EMPTY, NOTIFY];

/// What came of locking what jobs have in common with others: the answers to [`KNOWN`] and [`HOLDERS`].
pub(super) async fn lock<'a>(tx: &Session, shared: &Shared, also: &[Vec<u8>]) -> Result<Ledger<'a>, PostgresError> {
    let lines: Vec<&[u8]> = shared.lines.iter().map(|line| &**line).collect();
    let soles: Vec<&[u8]> = shared.soles.iter().map(|sole| &**sole).collect();
    let (locked_lines, locked_soles, known, holders) = join4(
        rows_if(!lines.is_empty() || !also.is_empty(), tx, LINES, &[&lines, &also]),
        rows_if(!soles.is_empty(), tx, SOLES, &[&soles]),
        rows(tx, KNOWN, &[&shared.ids]),
        rows_if(!soles.is_empty(), tx, HOLDERS, &[&soles]),
    )
    .await;
    let made: Vec<Vec<u8>> = locked_lines?.iter().map(|row| row.get(0)).collect();
    locked_soles?;
    Ok(Ledger::new(one(&known?), &holders?, made))
}

/// Enters what was decided to be new.
pub(super) async fn write(tx: &Session, ledger: &Ledger<'_>) -> Result<(), Setback> {
    if ledger.new.len() > 0 {
        let entered = rows(tx, ENTER, &ledger.new.values()).await?;
        ledger.agrees(&entered)?;
    }
    Ok(())
}

/// Notes who holds which unique key now. `empty`: lines in which there may be nobody. The commit wakes those who wait
/// for `wakes`.
pub(super) async fn settle(
    tx: &Session,
    ledger: &Ledger<'_>,
    shared: &Shared,
    empty: &[&[u8]],
    wakes: &[String],
) -> Result<(), PostgresError> {
    let (soles, jobs, until) = ledger.held();
    let locked: Vec<&[u8]> = shared.soles.iter().map(|sole| &**sole).collect();
    let (held, unheld, emptied, notified) = join4(
        rows_if(!soles.is_empty(), tx, HOLD, &[&soles, &jobs, &until]),
        rows_if(!locked.is_empty(), tx, UNHELD, &[&locked]),
        rows_if(!empty.is_empty(), tx, EMPTY, &[&empty]),
        rows_if(!wakes.is_empty(), tx, NOTIFY, &[&wakes]),
    )
    .await;
    held?;
    unheld?;
    emptied?;
    notified?;
    Ok(())
}

/// The lines that may be empty where not all of these were entered.
pub(super) fn maybe_empty<'a>(shared: &'a Shared, entered: &[Entered]) -> Vec<&'a [u8]> {
    let all_new = entered.iter().all(|one| *one == Entered::New);
    shared.lines.iter().filter(|_| !all_new).map(|line| &**line).collect()
}

/// The row of a statement that always gives one.
pub(super) fn one(rows: &[Row]) -> &Row {
    &rows[0]
}
