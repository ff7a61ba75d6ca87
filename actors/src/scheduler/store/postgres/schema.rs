use super::super::StoreError;
use super::super::rules::missing;
use super::{PostgresStore, commit};

/// Each brings the tables from one version to the next, the first from nothing to 1. None is ever changed.
const MIGRATIONS: [&str; 2] = [FIRST, SECOND];

const FIRST: &str = r#"
    create table durable_schedule (
        id bigint generated always as identity primary key,
        name text collate "C" not null unique,
        definition text not null,
        anchor bigint not null,
        runs bigint not null default 0,
        passed bigint,
        floor bigint,
        keep bigint not null
    );
    create table durable_firing (
        schedule bigint not null references durable_schedule on delete cascade,
        instant bigint not null,
        state text not null check (state in ('claimed', 'interrupted', 'finished', 'released')),
        owner text collate "C" not null,
        claimed_at bigint not null,
        finished_at bigint,
        outcome text,
        primary key (schedule, instant)
    );
    create index durable_open on durable_firing (schedule, instant) where state <> 'finished';
    create table durable_lease (
        owner text collate "C" primary key,
        until bigint not null
    );"#;

const SECOND: &str = "alter table durable_firing add column triggered boolean not null default false";

/// Held by whoever makes the tables. The number is this crate's own.
const LOCK: i64 = i64::from_be_bytes(*b"durable\0");

impl PostgresStore {
    /// Makes the tables, or brings them up to date.
    pub(super) async fn migrate(&self) -> Result<(), StoreError> {
        let tx = self.begin().await?;
        tx.query_one("select pg_advisory_xact_lock($1)", &[&LOCK]).await?;
        let encoding = tx.query_one("select current_setting('server_encoding')", &[]).await?;
        if encoding.get::<_, &str>(0) != "UTF8" {
            let encoding = encoding.get::<_, &str>(0);
            return Err(StoreError::new(format!(
                "its database is in {encoding}, which can't hold every text, not in UTF8"
            )));
        }
        // A user who may make no table may still use those that there are. Not those of another schema of the search
        // path, where another program may have its own.
        let found = "select to_regclass(quote_ident(current_schema()) || '.durable_version') is not null";
        let found = tx.query_one(found, &[]).await?;
        if !found.get::<_, bool>(0) {
            tx.batch_execute("create table durable_version (version bigint primary key)").await?;
        }
        let latest = tx.query_one("select coalesce(max(version), 0) from durable_version", &[]).await?;
        let version: i64 = latest.get(0);
        for (version, statements) in (version + 1..).zip(missing(&MIGRATIONS, version)?) {
            tx.batch_execute(statements).await?;
            tx.execute("insert into durable_version values ($1)", &[&version]).await?;
        }
        commit(tx).await
    }
}
