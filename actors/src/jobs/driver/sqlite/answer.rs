//! Answering for jobs.

use super::super::rules::Change;
use super::super::{Accepted, Answer, DeadReason, DriverError, JobState};
use super::enqueue::enqueue_one;
use super::work::Work;

const ANSWERED: &str = "
    update durable_job set
        state = ?2, due = ?3, error = coalesce(?4, error), output = ?5, dead = ?6, over_at = ?7,
        attempt = max(attempt - ?8, 0), crashes = max(crashes - 1, 0), answered = fence, owner = null, cancel = 0
    where seq = ?1";

pub(super) fn answer(work: &mut Work<'_>, owner: &str, answers: &[Answer]) -> Result<Vec<Accepted>, DriverError> {
    answers.iter().map(|answer| answer_one(work, owner, answer)).collect()
}

fn answer_one(work: &mut Work<'_>, owner: &str, answer: &Answer) -> Result<Accepted, DriverError> {
    let Some(row) = work.find(answer.id)? else { return Ok(Accepted::Stale) };
    let known = row.known();
    if let Some(verdict) = known.verdict(owner, answer.fence.0) {
        return Ok(verdict);
    }
    // Before anything else of it, so that only they have to be taken back.
    if let Some(effects) = &answer.effects
        && let Some(why) = work.effects(effects)?
    {
        return Ok(Accepted::Failed(why));
    }
    let Change { state, due, error, dead, output, taken_back } = known.change(&answer.end, work.now);
    let over_at = state.is_over().then_some(work.now);
    let values = (row.seq, state.name(), due, error, output, dead.map(DeadReason::name), over_at, taken_back);
    work.tx.prepare_cached(ANSWERED)?.execute(values)?;
    work.moved(&row.queue, JobState::Running, state);
    if state.is_over() {
        work.end(&row)?;
    } else {
        work.stir();
    }
    // After its end: it may be followed by one with the same unique key.
    for job in &answer.next {
        enqueue_one(work, job)?;
    }
    Ok(Accepted::Kept)
}
