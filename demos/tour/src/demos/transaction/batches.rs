//! Many rows, a transaction for so many of them.
use actors::connection_pool::sqlite::rusqlite;
use futures_util::TryStreamExt as _;
use patterns_core::outcome::BoxError;
use patterns_core::stream::{FlowExt as _, Generator, Yielder, generator};
use tokio::time::sleep;

use super::{INSERT, Pool, STORED, stored};
use crate::{Stage, ms};

/// A page, and the status that it was answered with.
type Row = (&'static str, u16);

/// How many rows are stored together.
const BATCH: usize = 4;

/// Two of these rows are bad: no status is 2000, and the first page is there
/// already.
const ROWS: [Row; 14] = [
    ("/", 200),
    ("/about", 200),
    ("/prices", 200),
    ("/contact", 404),
    ("/docs", 200),
    ("/docs/queue", 2000),
    ("/docs/retry", 200),
    ("/docs/shield", 200),
    ("/blog", 200),
    ("/blog/1", 200),
    ("/blog/2", 301),
    ("/blog/3", 200),
    ("/shop", 200),
    ("/", 200),
];

// ANCHOR: insert
/// Why a batch was not inserted.
#[derive(Debug, thiserror::Error)]
enum InsertError {
    #[error("row {n}, {page}: {source}")]
    Row { n: usize, page: &'static str, source: rusqlite::Error },
    #[error(transparent)]
    Database(#[from] rusqlite::Error),
}

/// Inserts a batch; on the first row that is refused, it names that.
fn insert(
    tx: &rusqlite::Transaction<'_>,
    batch: &[Row],
) -> Result<usize, InsertError> {
    for (n, &(page, status)) in (1..).zip(batch) {
        tx.execute(INSERT, (page, status))
            .map_err(|source| InsertError::Row { n, page, source })?;
    }
    Ok(batch.len())
}
// ANCHOR_END: insert

pub(super) async fn batches(
    stage: &Stage,
    pool: &Pool,
) -> Result<(), BoxError> {
    let all = ROWS.len();
    stage.scene(format!("{all} results in batches of {BATCH}, two bad rows"));
    let (before, mut kept) = (stored(pool).await?, Vec::new());
    // ANCHOR: batches
    let mut batches = results().try_batch(BATCH, ms(1000));
    for n in 1.. {
        stage.works("import", format!("batch {n}"));
        let Some(batch) = batches.try_next().await? else { break };
        // A transaction for each batch.
        match pool.transaction(move |tx| insert(tx, &batch)).await {
            Ok(rows) => {
                stage.rests("import");
                say!(stage, "batch {n}: {rows} rows are stored");
                kept.push(rows);
            }
            Err(error) => {
                stage.fails("import", &error);
                say!(stage, "batch {n} is rolled back: {error}");
            }
        }
        stage.level(STORED, stored(pool).await?);
    }
    // ANCHOR_END: batches
    stage.rests("import");
    let (rows, counts) = (stored(pool).await? - before, pool.write_counts());
    say!(stage, "{rows} of {all} rows, {} commits", counts.commits);
    let (sum, commits): (usize, _) = (kept.iter().sum(), kept.len() as u64);
    assert_eq!((rows, counts.commits), (sum, commits), "as was told");
    Ok(())
}

/// The results of a check, one every 10 ms.
fn results() -> Generator<Row, BoxError> {
    generator(async move |mut yielder: Yielder<Row>| {
        for row in ROWS {
            sleep(ms(10)).await;
            yielder.emit(row).await?;
        }
        Ok::<_, BoxError>(())
    })
}
