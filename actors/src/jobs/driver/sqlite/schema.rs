use rusqlite::Transaction;

use super::super::DriverError;
use super::super::rules::missing;

/// Each brings the tables from one version to the next, the first from nothing to 1. None is ever changed.
const MIGRATIONS: [&str; 1] = [include_str!("schema.sql")];

pub(super) const STIR: &str = "select stir from durable_last";

/// Makes the tables, or brings them up to date. How often something happened for which somebody may wait.
pub(super) fn prepare(tx: &Transaction<'_>) -> Result<i64, DriverError> {
    check_durable(tx)?;
    tx.execute_batch("create table if not exists durable_job_version (version integer primary key) strict")?;
    let latest = "select coalesce(max(version), 0) from durable_job_version";
    let version: i64 = tx.query_row(latest, (), |row| row.get(0))?;
    for (version, statements) in (version + 1..).zip(missing(&MIGRATIONS, version)?) {
        tx.execute_batch(statements)?;
        tx.execute("insert into durable_job_version values (?1)", (version,))?;
    }
    Ok(tx.query_row(STIR, (), |row| row.get(0))?)
}

/// Refuses connections whose commits may be lost with the machine: what was answered has to be on the disk.
fn check_durable(tx: &Transaction<'_>) -> Result<(), DriverError> {
    let pragma = |name: &str| tx.query_row(&format!("pragma {name}"), (), |row| row.get::<_, i64>(0));
    let (synchronous, fullfsync) = (pragma("synchronous")?, pragma("fullfsync")?);
    // 2 is `full`, and 3 `extra`. On macOS the disk may keep to itself what it was told to write, but for the second.
    if synchronous >= 2 && (fullfsync == 1 || !cfg!(target_vendor = "apple")) {
        return Ok(());
    }
    Err(DriverError::refused(format!(
        "the pool's connections have synchronous = {synchronous} and fullfsync = {fullfsync}, so what was answered may \
         be lost with the machine; expected `SqliteManager::init(\"pragma synchronous = full; pragma fullfsync = on\")`"
    )))
}
