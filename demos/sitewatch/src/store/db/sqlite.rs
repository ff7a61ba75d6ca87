//! SQLite: calls on blocking threads, writers one after the other.

use actors::connection_pool::ConnectionPool;
use actors::connection_pool::sqlite::{CallError, SqliteManager};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{ErrorCode, ToSql, params_from_iter};

use super::{Row, Statement, StoreError, Value};
use crate::causes::innermost;

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

pub(super) async fn read(
    name: &str,
    pool: &ConnectionPool<SqliteManager>,
    sql: &'static str,
    values: Vec<Value>,
) -> Result<Vec<Row>, StoreError> {
    pool.call(move |db| rows(&mut *db.prepare_cached(sql)?, &values)).await.map_err(|error| of(name, error))
}

pub(super) async fn write(
    name: &str,
    pool: &ConnectionPool<SqliteManager>,
    batch: Vec<Statement>,
) -> Result<Vec<Vec<Row>>, StoreError> {
    let written = pool.transaction(move |db| {
        let mut results = Vec::with_capacity(batch.len());
        for Statement { sql, rows: values } in &batch {
            let mut statement = db.prepare_cached(sql)?;
            let mut all = Vec::new();
            for values in values {
                all.extend(rows(&mut statement, values)?);
            }
            results.push(all);
        }
        Ok(results)
    });
    written.await.map_err(|error| of(name, error))
}

fn rows(statement: &mut rusqlite::Statement<'_>, values: &[Value]) -> rusqlite::Result<Vec<Row>> {
    let columns = statement.column_count();
    let mut rows = statement.query(params_from_iter(values))?;
    let mut read = Vec::new();
    while let Some(row) = rows.next()? {
        let values = (0..columns).map(|column| row.get_ref(column).map(owned)).collect::<Result<_, _>>()?;
        read.push(Row::new(values));
    }
    Ok(read)
}

fn owned(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        // None of our columns has such; a sum may be one.
        #[expect(clippy::cast_possible_truncation, reason = "what is counted here is far below 2^53")]
        ValueRef::Real(number) => Value::Int(number as i64),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_owned()),
    }
}

/// What SQLite means.
pub(super) fn of(name: &str, error: CallError) -> StoreError {
    let name = name.to_owned();
    let why = innermost(&error);
    match error {
        CallError::Interrupted(interrupt) => StoreError::Interrupted(interrupt),
        CallError::Failed(error) => match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => StoreError::Full { name, why },
            // Others write, or the disk or its network is away: when it was opened it was there.
            Some(
                ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::FileLockingProtocolFailed,
            ) => StoreError::Away { name, why },
            _ => StoreError::Refused { name, why },
        },
        CallError::Acquire(error) => StoreError::unavailable(&name, &error),
        // What shared the transaction may have been what was too large.
        CallError::RolledBack(why) if why.contains("full") => StoreError::Full { name, why },
        CallError::RolledBack(_) => StoreError::Away { name, why },
        _ => StoreError::Refused { name, why },
    }
}
