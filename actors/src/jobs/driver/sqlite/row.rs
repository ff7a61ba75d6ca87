use rusqlite::{OptionalExtension, Params};

use super::super::rules::{self, Known};
use super::super::{DeadReason, DriverError, JobId, JobState};
use super::enqueue::bytes;
use super::work::Work;

macro_rules! select {
    ($which:literal) => {
        concat!(
            "select seq, id, queue, line, behind, sole, state, due, fence, answered, owner, crashes, cancel, told ",
            "from durable_job ",
            $which
        )
    };
}

const FIND: &str = select!("where id = ?1");

const AT: &str = select!("where seq = ?1");

const WITH: &str = select!("indexed by durable_job_running where owner = ?1 and state = 'running' order by seq");

const PUT_ASIDE: &str = "
    update durable_job set state = ?2, dead = ?3, over_at = ?4, owner = null, cancel = 0 where seq = ?1";

const HAND_BACK: &str = "update durable_job set state = 'waiting', owner = null where seq = ?1";

const NEXT_IN_LINE: &str = "
    update durable_job set behind = 0
    where seq = (
        select seq from durable_job indexed by durable_job_line
        where queue = ?1 and line = ?2 and state in ('waiting', 'running') order by place limit 1)";

const FREE: &str = "delete from durable_sole where queue = ?1 and sole = ?2 and job = ?3 and until <= ?4";

const HELD_ON: &str = "update durable_sole set over = 1 where queue = ?1 and sole = ?2 and job = ?3";

/// What has to be known of a job to change it.
pub(super) struct Row {
    pub(super) seq: i64,
    pub(super) id: [u8; 16],
    pub(super) queue: String,
    /// Its key.
    pub(super) line: Option<String>,
    /// Whether somebody of its line is before it.
    pub(super) behind: bool,
    /// Its unique key.
    pub(super) sole: Option<String>,
    pub(super) state: JobState,
    due: i64,
    fence: i64,
    answered: i64,
    owner: Option<String>,
    pub(super) crashes: i64,
    cancel: bool,
    told: bool,
}

impl Row {
    fn read(row: &rusqlite::Row<'_>) -> Result<Self, DriverError> {
        Ok(Self {
            seq: row.get(0)?,
            id: row.get(1)?,
            queue: row.get(2)?,
            line: row.get(3)?,
            behind: row.get(4)?,
            sole: row.get(5)?,
            state: state(row, 6)?,
            due: row.get(7)?,
            fence: row.get(8)?,
            answered: row.get(9)?,
            owner: row.get(10)?,
            crashes: row.get(11)?,
            cancel: row.get(12)?,
            told: row.get(13)?,
        })
    }

    pub(super) fn known(&self) -> Known<'_> {
        let Self { state, fence, answered, due, cancel, .. } = *self;
        Known { state, fence, answered, owner: self.owner.as_deref(), due, cancel }
    }
}

/// Where a job is, as this column of its row says.
pub(super) fn state(row: &rusqlite::Row<'_>, column: usize) -> Result<JobState, DriverError> {
    rules::state(row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?)
}

impl Work<'_> {
    pub(super) fn find(&self, id: JobId) -> Result<Option<Row>, DriverError> {
        self.row(FIND, (bytes(id),))
    }

    pub(super) fn row_at(&self, seq: i64) -> Result<Option<Row>, DriverError> {
        self.row(AT, (seq,))
    }

    fn row(&self, statement: &str, at: impl Params) -> Result<Option<Row>, DriverError> {
        self.tx.prepare_cached(statement)?.query_row(at, |row| Ok(Row::read(row))).optional()?.transpose()
    }

    /// What an owner runs, in the order in which it was entered.
    pub(super) fn running_of(&self, owner: &str) -> Result<Vec<Row>, DriverError> {
        let mut with = self.tx.prepare_cached(WITH)?;
        with.query_and_then((owner,), Row::read)?.collect()
    }

    /// It is over, and nobody has answered for it.
    pub(super) fn put_aside(
        &mut self,
        row: &Row,
        state: JobState,
        dead: Option<DeadReason>,
    ) -> Result<(), DriverError> {
        let values = (row.seq, state.name(), dead.map(DeadReason::name), self.now);
        self.tx.prepare_cached(PUT_ASIDE)?.execute(values)?;
        self.moved(&row.queue, row.state, state);
        self.end(row)
    }

    /// It does not run any more, and waits as it did before.
    pub(super) fn hand_back(&mut self, row: &Row) -> Result<(), DriverError> {
        self.tx.prepare_cached(HAND_BACK)?.execute((row.seq,))?;
        self.moved(&row.queue, row.state, JobState::Waiting);
        self.stir();
        Ok(())
    }

    /// A job is over, as its row says already: who is behind it may be taken, and its unique key is held only until its
    /// window is over.
    pub(super) fn end(&mut self, row: &Row) -> Result<(), DriverError> {
        if let Some(line) = &row.line
            && !row.behind
            && self.tx.prepare_cached(NEXT_IN_LINE)?.execute((&row.queue, line))? > 0
        {
            self.stir();
        }
        if let Some(sole) = &row.sole
            && self.tx.prepare_cached(FREE)?.execute((&row.queue, sole, row.id, self.now))? == 0
        {
            self.tx.prepare_cached(HELD_ON)?.execute((&row.queue, sole, row.id))?;
        }
        if row.told {
            self.stir();
        }
        Ok(())
    }
}
