use tokio_postgres::Row;

use super::super::rules::{Known, state};
use super::super::{DriverError, JobId, JobState};
use super::columns::id;

/// What is read of a job that is locked, in the order of all who lock several.
macro_rules! locked {
    ($where:literal) => {
        concat!(
            "select j.seq, j.id, j.queue, j.line, j.sole, j.state, j.due, j.expires, j.fence, j.answered, j.owner, \
             j.attempt, j.crashes, j.cancel, j.told, j.behind
            from durable_job j where ",
            $where,
            " order by j.seq for no key update"
        )
    };
}

/// Locks jobs. Their lines are locked already.
pub(super) const FIND: &str = locked!("j.id = any($1::bytea[])");

/// The same for those that owners run.
pub(super) const FIND_RUNNING: &str = locked!("j.owner = any($1::text[]) and j.state = 'running'");

/// A job that is locked.
#[derive(Clone, Debug)]
pub(super) struct Locked {
    pub(super) seq: i64,
    pub(super) id: JobId,
    pub(super) queue: String,
    pub(super) line: Option<Vec<u8>>,
    pub(super) sole: Option<Vec<u8>>,
    pub(super) state: JobState,
    pub(super) due: i64,
    pub(super) expires: Option<i64>,
    pub(super) fence: i64,
    pub(super) answered: i64,
    pub(super) owner: Option<String>,
    pub(super) attempt: i64,
    pub(super) crashes: i64,
    pub(super) cancel: bool,
    pub(super) told: bool,
    pub(super) behind: bool,
}

impl Locked {
    pub(super) fn read(row: &Row) -> Result<Self, DriverError> {
        Ok(Self {
            seq: row.get(0),
            id: id(row.get(1)),
            queue: row.get(2),
            line: row.get(3),
            sole: row.get(4),
            state: state(row.get(5))?,
            due: row.get(6),
            expires: row.get(7),
            fence: row.get(8),
            answered: row.get(9),
            owner: row.get(10),
            attempt: row.get(11),
            crashes: row.get(12),
            cancel: row.get(13),
            told: row.get(14),
            behind: row.get(15),
        })
    }

    pub(super) fn known(&self) -> Known<'_> {
        let Self { state, fence, answered, due, cancel, .. } = *self;
        Known { state, fence, answered, owner: self.owner.as_deref(), due, cancel }
    }
}
