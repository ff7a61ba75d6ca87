use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::super::driver::{Accepted, Answer, BATCH, DeadReason, DriverError, End, Entered, NewJob};
use super::super::{AnswerError, Retries, Stop};
use super::{Chores, Desk, Ending, Key, Stage};

/// An answer on its way.
pub(in crate::jobs) struct Letter {
    pub(in crate::jobs) answer: Answer,
    /// Who waits for it to count.
    pub(super) reply: Option<oneshot::Sender<Result<(), AnswerError>>>,
    /// What the one who waits is told of an answer that counts: this is the second, as the first failed.
    failed: Option<String>,
}

/// Jobs on their way.
pub(in crate::jobs) struct Parcel {
    pub(in crate::jobs) jobs: Vec<NewJob>,
    pub(in crate::jobs) reply: oneshot::Sender<Result<Vec<Entered>, DriverError>>,
}

/// What somebody is told when the desk is unlocked.
pub(super) enum Reply {
    Answered(oneshot::Sender<Result<(), AnswerError>>, Result<(), AnswerError>),
    Ended(oneshot::Sender<Arc<Ending>>, Arc<Ending>),
}

impl Reply {
    pub(super) fn send(self) {
        // Whoever asked may be gone.
        match self {
            Self::Answered(to, what) => drop(to.send(what)),
            Self::Ended(to, what) => drop(to.send(what)),
        }
    }
}

/// What is to be written, in the order in which it came. One clerk at a time writes answers, and one puts jobs.
#[derive(Default)]
pub(in crate::jobs) struct Letters {
    answers: VecDeque<Letter>,
    parcels: VecDeque<Parcel>,
    /// How many answers the clerk has.
    writing: usize,
    answering: bool,
    putting: bool,
}

impl Letters {
    /// Answers that were not written yet.
    pub(in crate::jobs) fn len(&self) -> usize {
        self.answers.len() + self.writing
    }

    pub(in crate::jobs) fn is_empty(&self) -> bool {
        self.len() == 0 && self.parcels.is_empty() && !self.putting
    }

    /// Whether somebody is to be sent for the answers, who from now on is at work.
    pub(in crate::jobs) fn hire_for_answers(&mut self) -> bool {
        let hired = !self.answering && !self.answers.is_empty();
        self.answering |= hired;
        hired
    }

    /// What he takes next; with nothing left he goes home.
    pub(in crate::jobs) fn answers(&mut self) -> Option<Vec<Letter>> {
        if self.answers.is_empty() {
            self.answering = false;
            return None;
        }
        let batch: Vec<_> = self.answers.drain(..self.answers.len().min(BATCH)).collect();
        self.writing = batch.len();
        Some(batch)
    }

    /// Jobs that are to be put, and whether somebody is to be sent for them.
    pub(in crate::jobs) fn post(&mut self, parcel: Parcel) -> bool {
        self.parcels.push_back(parcel);
        !std::mem::replace(&mut self.putting, true)
    }

    /// As many parcels as go into one batch, at least one.
    pub(in crate::jobs) fn parcels(&mut self) -> Option<Vec<Parcel>> {
        let mut batch: Vec<Parcel> = Vec::new();
        let mut jobs = 0;
        while let Some(parcel) = self.parcels.front()
            && (batch.is_empty() || jobs + parcel.jobs.len() <= BATCH)
        {
            jobs += parcel.jobs.len();
            // Nobody waits for it any more, and it was not written.
            if !parcel.reply.is_closed() {
                batch.extend(self.parcels.pop_front());
            } else {
                self.parcels.pop_front();
            }
        }
        if batch.is_empty() {
            self.putting = false;
            return None;
        }
        Some(batch)
    }

    /// Nothing of it is ours any more.
    pub(super) fn lose_all(&mut self, chores: &mut Chores) {
        for letter in self.answers.drain(..) {
            chores.replies.extend(letter.reply.map(|reply| Reply::Answered(reply, Err(AnswerError::Stale))));
        }
    }

    /// Nobody will write it any more.
    pub(super) fn give_up(&mut self, chores: &mut Chores) {
        for letter in self.answers.drain(..) {
            chores.replies.extend(letter.reply.map(|reply| Reply::Answered(reply, Err(AnswerError::Unanswered))));
        }
        // Who waits sees that the sender is gone.
        self.parcels.clear();
    }
}

impl Desk {
    /// A job is over: its answer is to be written. If it is somebody else's by now, nothing is.
    pub(in crate::jobs) fn settle(
        &mut self,
        answer: Answer,
        reply: Option<oneshot::Sender<Result<(), AnswerError>>>,
        chores: &mut Chores,
    ) {
        let Some(held) = self.held.get_mut(&(answer.id, answer.fence)).filter(|held| held.stage != Stage::Answered)
        else {
            chores.replies.extend(reply.map(|reply| Reply::Answered(reply, Err(AnswerError::Stale))));
            return;
        };
        held.stage = Stage::Answered;
        chores.credit = true;
        self.letters.answers.push_back(Letter { answer, reply, failed: None });
    }

    /// What becomes of a job that has failed.
    pub(in crate::jobs) fn failure(&self, key: Key, error: String, after: Option<Duration>) -> End {
        let (attempt, retries) =
            self.held.get(&key).map_or((1, Retries::default()), |held| (held.attempt, held.retries));
        match retries.after(attempt, key.0) {
            Some(pause) => End::Retry { after: pause.max(after.unwrap_or_default()), error },
            None => End::Dead { reason: DeadReason::Exhausted, error },
        }
    }

    /// What becomes of a job that stopped without an answer.
    pub(in crate::jobs) fn unanswered(&self, key: Key) -> End {
        match self.held.get(&key).and_then(|held| held.sign.get()) {
            Some(Stop::Cancelled) => End::Cancelled,
            _ => End::Released { after: Duration::ZERO },
        }
    }

    /// Answers were written, by this owner.
    pub(in crate::jobs) fn written(
        &mut self,
        owner: &str,
        letters: Vec<Letter>,
        accepted: Vec<Accepted>,
        chores: &mut Chores,
    ) {
        self.letters.writing = 0;
        let is_ours = *self.life.owner == *owner;
        for (letter, accepted) in letters.into_iter().zip(accepted) {
            let key = (letter.answer.id, letter.answer.fence);
            if let Accepted::Failed(why) = accepted {
                self.effects_failed(key, letter, why, chores);
                continue;
            }
            let counts = accepted == Accepted::Kept;
            if self.held.remove(&key).is_some() && is_ours {
                self.count(counts.then_some(&letter.answer.end));
            }
            if counts {
                self.tell_of(&letter.answer, chores);
            }
            let said = match (counts, letter.failed) {
                (true, None) => Ok(()),
                (true, Some(why)) => Err(AnswerError::Effects(why)),
                (false, _) => Err(AnswerError::Stale),
            };
            chores.replies.extend(letter.reply.map(|reply| Reply::Answered(reply, said)));
        }
        chores.credit = true;
        chores.settled = true;
    }

    /// The engine did not take them, and nobody asks it again.
    pub(in crate::jobs) fn unwritten(&mut self, letters: Vec<Letter>, chores: &mut Chores) {
        self.letters.writing = 0;
        for letter in letters {
            chores.replies.extend(letter.reply.map(|reply| Reply::Answered(reply, Err(AnswerError::Unanswered))));
        }
        chores.settled = true;
    }

    /// What was to be committed with the end of a job failed: so has the job.
    fn effects_failed(&mut self, key: Key, letter: Letter, why: String, chores: &mut Chores) {
        let Letter { mut answer, reply, .. } = letter;
        if !self.held.contains_key(&key) {
            chores.replies.extend(reply.map(|reply| Reply::Answered(reply, Err(AnswerError::Stale))));
            return;
        }
        answer.end = self.failure(key, why.clone(), None);
        (answer.effects, answer.next) = (None, Vec::new());
        self.letters.answers.push_back(Letter { answer, reply, failed: Some(why) });
    }

    fn count(&mut self, end: Option<&End>) {
        let counts = &mut self.counts;
        *match end {
            None => &mut counts.lost,
            Some(End::Done { .. }) => &mut counts.done,
            Some(End::Retry { .. }) => &mut counts.retried,
            Some(End::Dead { .. }) => &mut counts.dead,
            Some(End::Cancelled) => &mut counts.cancelled,
            Some(End::Released { .. }) => &mut counts.released,
        } += 1;
    }
}
