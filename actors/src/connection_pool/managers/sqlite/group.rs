//! Several calls in one transaction, each of which is kept or rolled back by itself.
//!
//! What a commit costs is mostly the wait until the disk has it, and that is the same for one call and for a
//! hundred. So calls that arrive while others run or are committed join them, first come, first served. The first
//! call of a group is alone in the transaction until it has ended; each further one has a savepoint.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, Error, ErrorCode, Transaction, TransactionBehavior, ffi};
use tokio::time::Instant;

use super::calls::Calls;
use super::job::{End, Job};
use super::writer::{Writer, finish};

/// How often SQLite has to ask, each thousand instructions, before a call in a group that nobody waits for is
/// stopped: a second or so. If it is just writing, that costs the whole group its changes.
const SPARE: u64 = 100_000;

/// How often it is seen whether another process still writes.
const LOOK: Duration = Duration::from_millis(1);

/// Runs what waits at the writer until something was committed, or nothing is left. `patience`: how long it waits for
/// another process that writes.
pub(super) fn run(db: &mut Connection, calls: &Arc<Calls>, writer: &Writer, patience: Duration) {
    while let Some(job) = writer.pop() {
        let begun = match begin(db, patience) {
            Ok(begun) => begun,
            Err(error) => return fail_all(job, writer, &error),
        };
        let mut group = Group { transaction: begun, kept: Vec::new(), calls };
        group.run(job);
        if group.kept.is_empty() {
            // Its transaction is rolled back with it.
            continue;
        }
        let (most, time) = writer.limits();
        let begun_at = Instant::now();
        while group.kept.len() < most
            && begun_at.elapsed() < time
            && !group.transaction.is_autocommit()
            && let Some(job) = writer.pop()
        {
            group.run(job);
        }
        return group.commit(writer);
    }
}

/// Begins to write when nobody else does. SQLite by itself looks less and less often, in the end each tenth of a second, so
/// it would hardly ever find the moment between two groups of a process that always has something to write.
#[expect(clippy::disallowed_methods, reason = "another process goes on in real time, and this is a blocking thread")]
fn begin(db: &Connection, patience: Duration) -> Result<Transaction<'_>, Error> {
    db.busy_timeout(Duration::ZERO)?;
    let mut looks = patience.as_millis();
    let begun = loop {
        let begun = Transaction::new_unchecked(db, TransactionBehavior::Immediate);
        let is_busy = begun.as_ref().is_err_and(|error| error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy));
        if looks == 0 || !is_busy {
            break begun;
        }
        looks -= 1;
        thread::sleep(LOOK);
    };
    // What comes then waits as always.
    db.busy_timeout(patience)?;
    begun
}

/// No transaction can be begun: what holds for one holds for all that wait.
fn fail_all(job: Box<dyn Job>, writer: &Writer, error: &Error) {
    let mut next = Some(job);
    while let Some(job) = next {
        finish(job, End::NotCommitted(copy(error)));
        next = writer.pop();
    }
}

fn copy(error: &Error) -> Error {
    match error {
        Error::SqliteFailure(code, words) => Error::SqliteFailure(*code, words.clone()),
        other => Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_ERROR), Some(other.to_string())),
    }
}

struct Group<'a> {
    transaction: Transaction<'a>,
    /// Calls whose changes are to be committed.
    kept: Vec<Box<dyn Job>>,
    calls: &'a Arc<Calls>,
}

impl Group<'_> {
    /// Runs one call, and keeps it or takes back what it changed.
    fn run(&mut self, mut job: Box<dyn Job>) {
        let call = self.calls.next();
        if !job.enter(self.calls, call) {
            return finish(job, End::Closed);
        }
        let alone = self.kept.is_empty();
        if !alone && let Err(error) = self.transaction.execute_batch("savepoint \"a call\"") {
            return finish(job, End::NotCommitted(error));
        }
        self.calls.begin_confined(call, if alone { 0 } else { SPARE });
        let is_ok = job.run(&self.transaction);
        self.calls.end();
        let keep = job.leave() && is_ok;
        if self.transaction.is_autocommit() {
            // SQLite itself has rolled everything back: the disk is full, or it was stopped while it wrote.
            let why = "SQLite ended the transaction";
            self.kept.push(job);
            return self.kept.drain(..).for_each(|job| finish(job, End::RolledBack(why.to_owned())));
        }
        if alone && keep {
            return self.kept.push(job);
        }
        if alone {
            return finish(job, End::Closed);
        }
        let end = if keep { "release \"a call\"" } else { "rollback to \"a call\"; release \"a call\"" };
        match self.transaction.execute_batch(end) {
            Ok(()) if keep => self.kept.push(job),
            Ok(()) => finish(job, End::Closed),
            Err(error) => {
                // It has meddled with our savepoint, so nobody knows any more what is whose.
                let why = error.to_string();
                let _ = self.transaction.execute_batch("rollback");
                self.kept.push(job);
                self.kept.drain(..).for_each(|job| finish(job, End::RolledBack(why.clone())));
            }
        }
    }

    fn commit(self, writer: &Writer) {
        let Self { transaction, mut kept, .. } = self;
        if kept.is_empty() {
            return;
        }
        match transaction.commit() {
            Ok(()) => {
                writer.committed(kept.len());
                kept.into_iter().for_each(|job| finish(job, End::Committed));
            }
            Err(error) if kept.len() == 1 => {
                kept.drain(..).for_each(|job| finish(job, End::NotCommitted(copy(&error))));
            }
            Err(error) => kept.into_iter().for_each(|job| finish(job, End::RolledBack(error.to_string()))),
        }
    }
}
