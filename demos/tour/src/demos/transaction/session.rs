//! A transaction across awaits.
use actors::connection_pool::Pooled;
use actors::connection_pool::sqlite::{CallError, SqliteManager};
use patterns_core::exit_stack::{TransactionError, Transactional, transaction};
use patterns_core::outcome::BoxError;

use super::{INSERT, OPEN, Pool};
use crate::Stage;

// ANCHOR: session
/// A transaction that is open on a connection of the pool.
pub(super) struct Session {
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
    pub(super) async fn begin(
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

    pub(super) async fn save(
        &mut self,
        page: u32,
        status: u16,
    ) -> Result<(), CallError> {
        let page = format!("{}/{page}", self.check);
        self.connection
            .call(move |c| c.execute(INSERT, (page, status)))
            .await?;
        self.rows += 1;
        self.stage.level(OPEN, self.rows);
        Ok(())
    }
}

pub(super) async fn promise(
    stage: &Stage,
    pool: &Pool,
) -> Result<(), BoxError> {
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
