//! Answering for jobs.

use std::collections::HashMap;

use futures_util::future::join3;

use super::super::{Accepted, Answer, Entered, JobId};
use super::PostgresDriver;
use super::columns::bytes;
use super::effects::perform;
use super::ends::{self, Ends, Words};
use super::enter::{self, lock, settle, write};
use super::ledger::{Ledger, Shared};
use super::locked::{FIND, Locked};
use super::setback::Setback;
use super::tx::{BEGIN, COMMIT, Tx, prepare, rows};
use super::wakes::came;

impl PostgresDriver {
    pub(super) async fn try_answer(&self, tx: Tx, owner: &str, answers: &[Answer]) -> Result<Vec<Accepted>, Setback> {
        prepare(&tx, &enter::STATEMENTS).await?;
        prepare(&tx, &ends::STATEMENTS).await?;
        prepare(&tx, &[FIND]).await?;
        let ids: Vec<Vec<u8>> = answers.iter().map(|answer| bytes(answer.id)).collect();
        let shared = Shared::of(answers.iter().flat_map(|answer| &answer.next));
        let (begun, ledger, locked) =
            join3(tx.batch_execute(BEGIN), lock(&tx, &shared, &ids), rows(&tx, FIND, &[&ids])).await;
        begun?;
        let ledger = ledger?;
        let mut docket = Docket { owner, ends: Ends::at(ledger.now), ledger, jobs: HashMap::new() };
        for row in &locked? {
            let job = Locked::read(row)?;
            docket.jobs.insert(job.id, job);
        }
        let mut accepted = Vec::with_capacity(answers.len());
        for answer in answers {
            accepted.push(match docket.verdict(answer) {
                Some(verdict) => verdict,
                None => match docket.perform(&tx, answer).await? {
                    Ok(()) => docket.accept(answer),
                    Err(error) => Accepted::Failed(error),
                },
            });
        }
        let Docket { mut ends, ledger, .. } = docket;
        write(&tx, &ledger).await?;
        for (queue, late) in &ledger.queues {
            ends.wake(came(queue, *late));
        }
        // Also those of jobs that were over already.
        let lines: Vec<&[u8]> = shared.lines.iter().chain(&ledger.made).map(|line| &**line).collect();
        let (settled, written, ended) =
            join3(settle(&tx, &ledger, &shared, &[], &[]), ends.write(&tx, &lines), tx.batch_execute(COMMIT)).await;
        settled?;
        written?;
        ended?;
        self.forget(&ends);
        Ok(accepted)
    }
}

/// The answers of a batch, dealt with one after the other.
struct Docket<'a> {
    owner: &'a str,
    /// All that are answered for, as the answers before have left them.
    jobs: HashMap<JobId, Locked>,
    ledger: Ledger<'a>,
    ends: Ends,
}

impl<'a> Docket<'a> {
    /// What is to be said to an answer that does not count any more.
    fn verdict(&self, answer: &Answer) -> Option<Accepted> {
        let Some(job) = self.jobs.get(&answer.id) else { return Some(Accepted::Stale) };
        job.known().verdict(self.owner, answer.fence.0)
    }

    async fn perform(&self, tx: &Tx, answer: &Answer) -> Result<Result<(), String>, Setback> {
        match &answer.effects {
            Some(effects) => perform(tx, effects).await,
            None => Ok(Ok(())),
        }
    }

    /// One that counts, with all that comes with it.
    fn accept(&mut self, answer: &'a Answer) -> Accepted {
        if let Some(job) = self.jobs.get_mut(&answer.id) {
            let change = job.known().change(&answer.end, self.ledger.now);
            (job.state, job.due, job.owner, job.cancel) = (change.state, change.due, None, false);
            (job.answered, job.crashes) = (job.fence, (job.crashes - 1).max(0));
            job.attempt = (job.attempt - change.taken_back).max(0);
            let words = Words { error: change.error, dead: change.dead, output: change.output };
            self.ends.push(job, true, &words);
            if job.state.is_over() {
                self.ledger.is_over(job.id, job.sole.as_deref());
            }
        }
        // After its end: it may be followed by one with the same unique key. Whatever the verdicts are.
        for next in &answer.next {
            let _: Entered = self.ledger.decide(next);
        }
        Accepted::Kept
    }
}
