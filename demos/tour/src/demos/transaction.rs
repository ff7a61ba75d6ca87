//! All of it or nothing, on a real SQLite.
use actors::connection_pool::Pooled;
use actors::connection_pool::sqlite::{
    CallError, SqliteConnection, SqliteManager, rusqlite,
};
use actors::{ConnectionPool, System};
use futures_util::TryStreamExt as _;
use patterns_core::cancel::{CancelToken, timeout};
use patterns_core::context::{self, Context};
use patterns_core::exit_stack::{TransactionError, Transactional, transaction};
use patterns_core::outcome::{BoxError, catch_panics};
use patterns_core::reaper::Reaper;
use patterns_core::stream::{FlowExt as _, Generator, Yielder, generator};
use tokio::time::{Instant, sleep};

use crate::{Demo, Stage, ms};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "transaction",
    "What a check found is stored as a whole or not at all, however it ends; a bad row costs its own batch, and is named.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(broken(stage)));

/// A pool of connections to SQLite.
type Pool = ConnectionPool<SqliteManager>;

/// A page, and the status that it was answered with.
type Row = (&'static str, u16);

const SCHEMA: &str = "
    create table if not exists result (
        page text primary key,
        status integer not null check (status < 600)
    ) strict;
    create table if not exists link (
        page text not null
            references result deferrable initially deferred,
        target text not null
    ) strict;";

const INSERT: &str = "insert into result values (?1, ?2)";

/// Rows that a transaction has written, and others don't see yet.
const OPEN: &str = "not committed";

/// Rows that everybody sees.
const STORED: &str = "stored";

/// How many rows are stored together.
const BATCH: usize = 4;

/// Two of these rows are bad: no status is 2000, and the first page is there already.
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

async fn play(stage: Stage) -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let system = System::start()?;
    let pool = open(&folder.path().join("results.db"), &system).await?;
    every_way(&stage, &pool).await?;
    promise(&stage, &pool).await?;
    batches(&stage, &pool).await?;
    assert!(pool.drain(Instant::now() + ms(2000)).await.is_complete());
    assert!(system.shutdown(ms(2000)).await.is_clean());
    Ok(())
}

async fn open(
    file: &std::path::Path,
    system: &System,
) -> Result<Pool, BoxError> {
    let manager = SqliteManager::new(file).init(SCHEMA);
    Ok(ConnectionPool::builder(manager).max_size(2).start(system).await?)
}

/// How many results everybody sees.
async fn stored(pool: &Pool) -> Result<usize, BoxError> {
    let count = "select count(*) from result";
    let rows: u32 =
        pool.call(move |c| c.query_row(count, [], |row| row.get(0))).await?;
    Ok(usize::try_from(rows)?)
}

// ANCHOR: session
/// A transaction that is open on a connection of the pool.
struct Session {
    connection: Pooled<SqliteManager>,
    check: &'static str,
    stage: Stage,
    rows: usize,
}

impl Transactional for Session {
    type Error = CallError;

    async fn commit(&mut self) -> Result<(), CallError> {
        say!(self.stage, "{}: commits", self.check);
        self.connection.call(|c| c.execute_batch("commit")).await?;
        self.stage.level(OPEN, 0);
        Ok(())
    }

    async fn rollback(&mut self) -> Result<(), CallError> {
        say!(self.stage, "{}: rolls back", self.check);
        self.connection
            .call(|c| {
                // SQLite has done it itself, as on a full disk.
                if c.is_autocommit() {
                    return Ok(());
                }
                c.execute_batch("rollback")
            })
            .await?;
        self.stage.level(OPEN, 0);
        Ok(())
    }
}
// ANCHOR_END: session

impl Session {
    // ANCHOR: begin
    async fn begin(
        stage: &Stage,
        pool: &Pool,
        check: &'static str,
    ) -> Result<Self, BoxError> {
        let mut connection = pool.acquire().await?;
        // Waits for another writer now, instead of failing half-way.
        connection.call(|c| c.execute_batch("begin immediate")).await?;
        Ok(Self { connection, check, stage: stage.clone(), rows: 0 })
    }
    // ANCHOR_END: begin

    async fn save(&mut self, page: u32, status: u16) -> Result<(), CallError> {
        let page = format!("{}/{page}", self.check);
        self.connection
            .call(move |c| c.execute(INSERT, (page, status)))
            .await?;
        self.rows += 1;
        self.stage.level(OPEN, self.rows);
        Ok(())
    }
}

// ANCHOR: check
/// Fetches three pages, and stores what came of them: all or nothing.
async fn check(
    stage: &Stage,
    pool: &Pool,
    name: &'static str,
) -> Result<u32, BoxError> {
    let session = Session::begin(stage, pool, name).await?;
    let checked = transaction(session, async |session| {
        for page in 1..=3 {
            let status = fetch(stage, name, page).await?;
            session.save(page, status).await?;
        }
        Ok(3)
    });
    Ok(checked.await?)
}
// ANCHOR_END: check

/// Takes 20 ms for a page. The third goes wrong in the way that the check is named after, and hangs where it is named
/// after none.
async fn fetch(
    stage: &Stage,
    check: &'static str,
    page: u32,
) -> Result<u16, BoxError> {
    let work = stage.busy(check, format!("page {page}"));
    let hangs = page == 3 && !["ok", "error", "panic"].contains(&check);
    let takes = ms(if hangs { 60_000 } else { 20 });
    if let Err(interrupt) = context::sleep(takes).await {
        work.stopped(&interrupt);
        return Err(interrupt.into());
    }
    match check {
        "error" if page == 3 => {
            work.failed("no answer");
            Err("the host does not answer".into())
        }
        "panic" if page == 3 => {
            work.failed("panics");
            panic!("no such element")
        }
        _ => {
            work.done();
            Ok(200)
        }
    }
}

async fn every_way(stage: &Stage, pool: &Pool) -> Result<(), BoxError> {
    stage.scene("a check of three pages, and five ways for it to end");
    for way in ["ok", "error", "panic", "cancelled", "dropped"] {
        let token = CancelToken::new();
        let limit = ms(if way == "dropped" { 100 } else { 10_000 });
        // Whoever drops the work waits here for its rollback: a main function, a group.
        let root = Reaper::new();
        let end = root.run(async {
            let work = Context::current()
                .with_token(token.clone())
                .scope(catch_panics(check(stage, pool, way)));
            let stop = async {
                if way == "cancelled" {
                    sleep(ms(100)).await;
                    token.cancel("the user has seen enough");
                }
            };
            let (ended, ()) = tokio::join!(timeout(limit, work), stop);
            match ended {
                Ok(Ok(Ok(pages))) => format!("{pages} pages are checked"),
                Ok(Ok(Err(error))) => error.to_string(),
                Ok(Err(panic)) => {
                    format!("the panic goes on: {:?}", panic.message())
                }
                Err(elapsed) => elapsed.to_string(),
            }
        });
        let end = end.await;
        let rows = stored(pool).await?;
        stage.level(STORED, rows);
        say!(stage, "{way}: {end}; {rows} rows are stored");
        assert_eq!(rows, 3, "those of the first check, and no others");
    }
    Ok(())
}

async fn promise(stage: &Stage, pool: &Pool) -> Result<(), BoxError> {
    stage.scene("a commit that is refused: a link of a page without a result");
    let session = Session::begin(stage, pool, "links").await?;
    // ANCHOR: promise
    let saved = transaction(session, async |session| {
        // SQLite looks for the page at the commit: `initially deferred`.
        let link = "insert into link values ('/lost', '/')";
        session.connection.call(move |c| c.execute(link, [])).await?;
        Ok(())
    });
    let error = saved.await.expect_err("there is no page /lost");
    say!(stage, "links: {error}");
    // ANCHOR_END: promise
    let rolled_back =
        matches!(error, TransactionError::Commit { rollback: None, .. });
    assert!(rolled_back, "the commit has failed, and the rollback has not");
    Ok(())
}

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

async fn batches(stage: &Stage, pool: &Pool) -> Result<(), BoxError> {
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

// ANCHOR: careless
/// Commits what was saved, or rolls it back where that failed.
async fn careless(
    stage: &Stage,
    connection: &mut SqliteConnection,
) -> Result<(), BoxError> {
    connection.call(|c| c.execute_batch("begin immediate")).await?;
    let saved = save_pages(stage, connection).await;
    let end = if saved.is_ok() { "commit" } else { "rollback" };
    connection.call(move |c| c.execute_batch(end)).await?;
    saved
}
// ANCHOR_END: careless

async fn save_pages(
    stage: &Stage,
    connection: &mut SqliteConnection,
) -> Result<(), BoxError> {
    for page in 1..=3 {
        let status = fetch(stage, "check", page).await?;
        let row = (format!("check/{page}"), status);
        connection.call(move |c| c.execute(INSERT, row)).await?;
        stage.level(OPEN, usize::try_from(page)?);
    }
    Ok(())
}

async fn broken(stage: Stage) -> Result<(), BoxError> {
    stage.scene("begin, save, then commit or roll back");
    let folder = tempfile::tempdir()?;
    let system = System::start()?;
    let pool = open(&folder.path().join("results.db"), &system).await?;
    // ANCHOR: broken
    let mut connection = pool.acquire().await?;
    let checked = timeout(ms(500), careless(&stage, &mut connection)).await;
    if let Err(elapsed) = checked {
        say!(stage, "{elapsed}: neither commit nor rollback");
    }
    // Somebody else uses the connection, for one row and no transaction.
    let note = ("/contact", 404);
    let rows = connection.call(move |c| c.execute(INSERT, note)).await?;
    say!(stage, "the next one is told that {rows} row is stored");
    // ANCHOR_END: broken
    stage.level(OPEN, 3);
    sleep(ms(100)).await;
    let is_open = connection
        .call(|c| Ok::<_, rusqlite::Error>(!c.is_autocommit()))
        .await?;
    say!(stage, "but the transaction of the check is still open: {is_open}");
    drop(connection);
    let stored = stored(&pool).await?;
    stage.level(OPEN, 0);
    say!(
        stage,
        "the connection goes back to its pool; stored are {stored} rows"
    );
    assert_eq!((is_open, rows, stored), (true, 1, 0));
    assert!(pool.drain(Instant::now() + ms(2000)).await.is_complete());
    assert!(system.shutdown(ms(2000)).await.is_clean());
    Ok(())
}
