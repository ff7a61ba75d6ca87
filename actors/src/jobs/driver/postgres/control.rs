//! What people do with jobs.

use futures_util::future::join3;

use super::super::{JobId, JobState};
use super::PostgresDriver;
use super::columns::bytes;
use super::ends::{self, Ends, Words};
use super::enter::{self, lock};
use super::ledger::Shared;
use super::locked::{FIND, Locked};
use super::setback::Setback;
use super::tx::{BEGIN, COMMIT, Tx, prepare, rows, rows_if};
use super::wakes::came;

/// What is the same for ever of a job: its line and what it is the only one of.
const PLACE: &str = "select j.line, j.sole from durable_job j where j.id = $1";

const CANCEL: &str = "update durable_job set cancel = true where seq = $1";

/// It is due now at the latest, wherever it stands.
const SOONER: &str = "update durable_job set due = least(due, $2) where seq = $1";

const AGAIN: &str = "
    update durable_job j
    set state = 'waiting', due = $2, expires = null, attempt = 0, crashes = 0, over_at = null, dead = null,
        place = nextval('durable_job_seq'), behind = j.line is not null and exists (
            select from durable_job o where o.line = j.line and o.state in ('waiting', 'running')
        )
    where j.seq = $1";

/// It is held for as long as the job is not over.
const HOLD_AGAIN: &str = "
    update durable_sole s set job = $2, seq = $4, until = $3
    where s.sole = $1 and s.until <= $3 and not exists (
        select from durable_job j where j.seq = s.seq and j.seq <> $4 and j.state in ('waiting', 'running')
    )";

impl PostgresDriver {
    pub(super) async fn try_cancel(&self, tx: Tx, job: JobId) -> Result<Option<JobState>, Setback> {
        let Some((mut job, mut ends)) = self.lock_one(&tx, job).await? else { return Ok(None) };
        match job.state {
            JobState::Waiting => {
                (job.state, job.cancel) = (JobState::Cancelled, false);
                ends.push(&job, false, &Words::default());
            }
            JobState::Running => {
                rows(&tx, CANCEL, &[&job.seq]).await?;
                ends.wake(came(&job.queue, false));
            }
            JobState::Done | JobState::Dead | JobState::Cancelled => {}
        }
        self.finish(&tx, ends, &job).await?;
        Ok(Some(job.state))
    }

    pub(super) async fn try_retry(&self, tx: Tx, job: JobId) -> Result<Option<JobState>, Setback> {
        let Some((mut job, mut ends)) = self.lock_one(&tx, job).await? else { return Ok(None) };
        let now = ends.now();
        match job.state {
            JobState::Waiting => {
                rows(&tx, SOONER, &[&job.seq, &now]).await?;
                ends.wake(came(&job.queue, true));
            }
            JobState::Dead | JobState::Cancelled => {
                job.state = JobState::Waiting;
                rows(&tx, AGAIN, &[&job.seq, &now]).await?;
                let id = bytes(job.id);
                rows_if(job.sole.is_some(), &tx, HOLD_AGAIN, &[&job.sole, &id, &now, &job.seq]).await?;
                ends.wake(came(&job.queue, true));
            }
            JobState::Running | JobState::Done => {}
        }
        self.finish(&tx, ends, &job).await?;
        Ok(Some(job.state))
    }

    /// Begins a transaction, and locks a job with its line and unique key.
    async fn lock_one(&self, tx: &Tx, job: JobId) -> Result<Option<(Locked, Ends)>, Setback> {
        prepare(tx, &enter::STATEMENTS).await?;
        prepare(tx, &ends::STATEMENTS).await?;
        prepare(tx, &[PLACE, FIND]).await?;
        let id = bytes(job);
        let place = rows(tx, PLACE, &[&id]).await?;
        let Some(place) = place.first() else { return Ok(None) };
        let mut shared = Shared::default();
        shared.lines.extend(place.get::<_, Option<Vec<u8>>>(0));
        shared.soles.extend(place.get::<_, Option<Vec<u8>>>(1));
        let ids = [id];
        let (begun, ledger, found) =
            join3(tx.batch_execute(BEGIN), lock(tx, &shared, &[]), rows(tx, FIND, &[&ids.as_slice()])).await;
        begun?;
        let (ledger, found) = (ledger?, found?);
        // It may have been forgotten meanwhile. What was locked is rolled back with the connection's return.
        let Some(found) = found.first() else { return Ok(None) };
        Ok(Some((Locked::read(found)?, Ends::at(ledger.now))))
    }

    /// Writes what becomes of it, and commits.
    async fn finish(&self, tx: &Tx, mut ends: Ends, job: &Locked) -> Result<(), Setback> {
        let lines: Vec<&[u8]> = job.line.iter().map(|line| &**line).collect();
        let soles: Vec<&[u8]> = job.sole.iter().map(|sole| &**sole).collect();
        let (written, unheld, ended) = join3(
            ends.write(tx, &lines),
            rows_if(!soles.is_empty(), tx, enter::UNHELD, &[&soles]),
            tx.batch_execute(COMMIT),
        )
        .await;
        written?;
        unheld?;
        ended?;
        self.forget(&ends);
        Ok(())
    }
}
