use rusqlite::Transaction;

use super::super::StoreError;
use super::super::rules::missing;

/// Each brings the tables from one version to the next, the first from nothing to 1. None is ever changed.
const MIGRATIONS: [&str; 2] = [FIRST, SECOND];

const FIRST: &str = "
    create table durable_schedule (
        id integer primary key,
        name text not null unique,
        definition text not null,
        anchor integer not null,
        runs integer not null default 0,
        passed integer,
        floor integer,
        keep integer not null
    ) strict;
    create table durable_firing (
        schedule integer not null references durable_schedule on delete cascade,
        instant integer not null,
        state text not null check (state in ('claimed', 'interrupted', 'finished', 'released')),
        owner text not null,
        claimed_at integer not null,
        finished_at integer,
        outcome text,
        primary key (schedule, instant)
    ) strict, without rowid;
    create index durable_open on durable_firing (schedule, instant) where state <> 'finished';
    create table durable_lease (
        owner text primary key,
        until integer not null
    ) strict, without rowid;";

const SECOND: &str = "alter table durable_firing add column triggered integer not null default 0";

/// Makes the tables, or brings them up to date.
pub(super) fn migrate(tx: &Transaction<'_>) -> Result<(), StoreError> {
    tx.execute_batch("create table if not exists durable_version (version integer primary key) strict")?;
    let latest = "select coalesce(max(version), 0) from durable_version";
    let version: i64 = tx.query_row(latest, (), |row| row.get(0))?;
    for (version, statements) in (version + 1..).zip(missing(&MIGRATIONS, version)?) {
        tx.execute_batch(statements)?;
        tx.execute("insert into durable_version values (?1)", (version,))?;
    }
    Ok(())
}
