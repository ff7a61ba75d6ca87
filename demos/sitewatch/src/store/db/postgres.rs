//! PostgreSQL: the rows of a batch are sent one after the other, without waiting for the answers in between.

use std::error::Error;

use actors::connection_pool::ConnectionPool;
use actors::connection_pool::postgres::{PostgresError, PostgresManager, TransactionError};
use bytes::BytesMut;
use futures_util::future::try_join_all;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use super::{Row, Statement, StoreError, Value};
use crate::causes::innermost;

/// How many rows are under way at a time.
const UNDER_WAY: usize = 256;

impl ToSql for Value {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(number) if *ty == Type::INT4 => i32::try_from(*number)?.to_sql(ty, out),
            Self::Int(number) => number.to_sql(ty, out),
            Self::Text(text) => text.to_sql(ty, out),
            Self::Blob(bytes) => bytes.to_sql(ty, out),
        }
    }

    fn accepts(ty: &Type) -> bool {
        [Type::INT4, Type::INT8, Type::TEXT, Type::BYTEA].contains(ty)
    }

    to_sql_checked!();
}

fn given(values: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

pub(super) async fn read(
    name: &str,
    pool: &ConnectionPool<PostgresManager>,
    sql: &'static str,
    values: Vec<Value>,
) -> Result<Vec<Row>, StoreError> {
    let connection = pool.acquire().await.map_err(|error| StoreError::unavailable(name, &error))?;
    let rows = connection.query(sql, &given(&values)).await.map_err(|error| of(name, &error))?;
    rows.iter().map(owned).collect::<Result<_, _>>().map_err(|error| of(name, &PostgresError::Failed(error)))
}

pub(super) async fn write(
    name: &str,
    pool: &ConnectionPool<PostgresManager>,
    batch: Vec<Statement>,
) -> Result<Vec<Vec<Row>>, StoreError> {
    let written = pool.transaction(async |tx| {
        let mut results = Vec::with_capacity(batch.len());
        for Statement { sql, rows } in &batch {
            let mut all = Vec::new();
            if !rows.is_empty() {
                let statement = tx.prepare(sql).await?;
                for rows in rows.chunks(UNDER_WAY) {
                    let rows: Vec<_> = rows.iter().map(|values| given(values)).collect();
                    let answers = try_join_all(rows.iter().map(|values| tx.query(&statement, values))).await?;
                    all.extend(answers.into_iter().flatten());
                }
            }
            results.push(all.iter().map(owned).collect::<Result<Vec<_>, _>>().map_err(PostgresError::Failed)?);
        }
        Ok(results)
    });
    written.await.map_err(|error| failed(name, error))
}

/// What came of a transaction.
pub(super) fn failed(name: &str, error: TransactionError) -> StoreError {
    match error {
        TransactionError::Acquire(error) => StoreError::unavailable(name, &error),
        TransactionError::Failed(error) | TransactionError::Begin(error) | TransactionError::Commit(error) => {
            of(name, &error)
        }
        error => StoreError::Away { name: name.to_owned(), why: error.to_string() },
    }
}

fn owned(row: &tokio_postgres::Row) -> Result<Row, tokio_postgres::Error> {
    let values = row.columns().iter().enumerate().map(|(at, column)| {
        Ok(match *column.type_() {
            Type::INT4 => row.try_get::<_, Option<i32>>(at)?.map(i64::from).into(),
            Type::INT8 => row.try_get::<_, Option<i64>>(at)?.into(),
            Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(at)?.into(),
            Type::BOOL => row.try_get::<_, Option<bool>>(at)?.into(),
            _ => row.try_get::<_, Option<String>>(at)?.into(),
        })
    });
    Ok(Row::new(values.collect::<Result<_, _>>()?))
}

/// What the server means: which of its classes of errors pass by themselves.
pub(super) fn of(name: &str, error: &PostgresError) -> StoreError {
    let (name, why) = (name.to_owned(), innermost(error));
    if let PostgresError::Interrupted(interrupt) = error {
        return StoreError::Interrupted(interrupt.clone());
    }
    match error.code().map(|code| code.code()) {
        Some("53100") => StoreError::Full { name, why },
        // Connections, resources, somebody's intervention, others who were first, and a read-only standby.
        Some(code) if ["08", "53", "57", "40", "55", "25"].iter().any(|class| code.starts_with(class)) => {
            StoreError::Away { name, why }
        }
        Some(_) => StoreError::Refused { name, why },
        // It said nothing, so it is lost.
        None => StoreError::Away { name, why },
    }
}
