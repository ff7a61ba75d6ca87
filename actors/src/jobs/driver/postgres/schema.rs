use super::super::DriverError;
use super::super::rules::missing;
use super::PostgresDriver;
use super::setback::Setback;
use super::tx::{BEGIN, COMMIT, Tx};

/// Each brings the tables from one version to the next, the first from nothing to 1. None is ever changed.
const MIGRATIONS: [&str; 1] = [include_str!("schema.sql")];

/// Held by whoever makes the tables. The number is this driver's own.
const LOCK: i64 = i64::from_be_bytes(*b"durjobs\0");

impl PostgresDriver {
    /// Makes the tables, or brings them up to date.
    pub(super) async fn migrate(&self, tx: Tx) -> Result<(), Setback> {
        tx.batch_execute(BEGIN).await?;
        tx.query_one("select pg_advisory_xact_lock($1)", &[&LOCK]).await?;
        let encoding = tx.query_one("select current_setting('server_encoding')", &[]).await?;
        let encoding: &str = encoding.get(0);
        if encoding != "UTF8" {
            let why = format!("the jobs' database is in {encoding}, which can't hold every text, expected UTF8");
            return Err(DriverError::refused(why).into());
        }
        // A user who may make no table may still use those that there are. Not those of another schema of the search
        // path, where another program may have its own.
        let found = "select to_regclass(quote_ident(current_schema()) || '.durable_job_version') is not null";
        let found = tx.query_one(found, &[]).await?;
        if !found.get::<_, bool>(0) {
            tx.batch_execute("create table durable_job_version (version bigint primary key)").await?;
        }
        let latest = tx.query_one("select coalesce(max(version), 0) from durable_job_version", &[]).await?;
        let version: i64 = latest.get(0);
        for (version, statements) in (version + 1..).zip(missing(&MIGRATIONS, version)?) {
            tx.batch_execute(statements).await?;
            tx.execute("insert into durable_job_version values ($1)", &[&version]).await?;
        }
        tx.batch_execute(COMMIT).await?;
        Ok(())
    }
}
