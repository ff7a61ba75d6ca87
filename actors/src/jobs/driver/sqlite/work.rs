use std::collections::BTreeMap;

use rusqlite::Transaction;

use super::super::{DriverError, JobState};

/// What was given out last.
const SEQ: &str = "select seq from durable_last";

const GIVEN: &str = "update durable_last set seq = coalesce(?1, seq), stir = stir + ?2 returning stir";

/// Tells whether the queue was full, and is not any more.
const MOVED: &str = "
    insert into durable_queue (name, waiting, running, done, dead, cancelled, pruned)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
    on conflict (name) do update set
        waiting = waiting + excluded.waiting, running = running + excluded.running, done = done + excluded.done,
        dead = dead + excluded.dead, cancelled = cancelled + excluded.cancelled, pruned = pruned + excluded.pruned
    returning ?3 < 0 and coalesce(running - ?3 >= most, 0)";

/// How many jobs a queue has more, or less: by state, as in [`JobState::ALL`], and those that were pruned.
type Moved = [i64; 6];

/// One call in its transaction. What would be written again with each job is kept here, and written once at the end.
///
/// # Invariants
///
/// 1. After [`close`](Self::close) the numbers of `durable_queue` are those of the rows of `durable_job`.
/// 2. Whoever else writes in this transaction does so after [`flush`](Self::flush).
pub(super) struct Work<'t> {
    pub(super) tx: &'t Transaction<'t>,
    pub(super) now: i64,
    /// The latest place that was given out, once it was read.
    seq: Option<i64>,
    /// Whether one was given out here.
    gave: bool,
    moved: BTreeMap<String, Moved>,
    stirred: bool,
    /// How often something happened, with what happened here.
    stir: Option<i64>,
}

impl<'t> Work<'t> {
    pub(super) fn new(tx: &'t Transaction<'t>, now: i64) -> Self {
        Self { tx, now, seq: None, gave: false, moved: BTreeMap::new(), stirred: false, stir: None }
    }

    /// A place behind all others. It is given out by [`give`](Self::give).
    pub(super) fn next_seq(&mut self) -> Result<i64, DriverError> {
        let seq = match self.seq {
            Some(seq) => seq,
            None => self.tx.prepare_cached(SEQ)?.query_row((), |row| row.get(0))?,
        };
        self.seq = Some(seq);
        Ok(seq + 1)
    }

    pub(super) fn give(&mut self, seq: i64) {
        (self.seq, self.gave) = (Some(seq), true);
    }

    /// Something happened for which somebody may wait.
    pub(super) fn stir(&mut self) {
        self.stirred = true;
    }

    pub(super) fn entered(&mut self, queue: &str) {
        self.moved_of(queue)[JobState::Waiting as usize] += 1;
    }

    pub(super) fn moved(&mut self, queue: &str, from: JobState, to: JobState) {
        let moved = self.moved_of(queue);
        moved[from as usize] -= 1;
        moved[to as usize] += 1;
    }

    pub(super) fn pruned(&mut self, queue: &str, from: JobState) {
        let moved = self.moved_of(queue);
        moved[from as usize] -= 1;
        moved[JobState::ALL.len()] += 1;
    }

    fn moved_of(&mut self, queue: &str) -> &mut Moved {
        self.moved.entry(queue.to_owned()).or_default()
    }

    /// Writes what is to be written, and forgets what was read.
    pub(super) fn flush(&mut self) -> Result<(), DriverError> {
        for (queue, moved) in std::mem::take(&mut self.moved) {
            let [waiting, running, done, dead, cancelled, pruned] = moved;
            let values = (&queue, waiting, running, done, dead, cancelled, pruned);
            let has_room: bool = self.tx.prepare_cached(MOVED)?.query_row(values, |row| row.get(0))?;
            self.stirred |= has_room;
        }
        let seq = self.seq.take().filter(|_| std::mem::take(&mut self.gave));
        if seq.is_some() || self.stirred {
            let stir = self.tx.prepare_cached(GIVEN)?.query_row((seq, self.stirred), |row| row.get(0))?;
            self.stir = std::mem::take(&mut self.stirred).then_some(stir).or(self.stir);
        }
        Ok(())
    }

    /// Writes what is to be written. How often something happened, if something did here.
    pub(super) fn close(mut self) -> Result<Option<i64>, DriverError> {
        self.flush()?;
        Ok(self.stir)
    }
}
