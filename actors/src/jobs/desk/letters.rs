use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::super::driver::{Accepted, Answer, BATCH, DeadReason, DriverError, End, Entered, NewJob};
use super::super::{AnswerError, Retries, Stop};
use super::{Chores, Desk, Ending, Key, Phase, Stage};

/// An answer on its way.
struct Letter {
    answer: Answer,
    /// Who waits for it to count.
    reply: Option<oneshot::Sender<Result<(), AnswerError>>>,
    /// What the one who waits is told of an answer that counts, but is not the one that he gave.
    failed: Option<AnswerError>,
    /// The engine could not keep what it was, and there is nothing plainer.
    plain: bool,
}

impl Letter {
    fn new(answer: Answer, reply: Option<oneshot::Sender<Result<(), AnswerError>>>) -> Self {
        Self { answer, reply, failed: None, plain: false }
    }
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
    /// What the clerk is at.
    writing: Vec<Letter>,
    answering: bool,
    putting: bool,
}

impl Letters {
    /// Answers that were not written yet.
    pub(in crate::jobs) fn len(&self) -> usize {
        self.answers.len() + self.writing.len()
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
    fn answers(&mut self) -> Option<Vec<Answer>> {
        // Of an earlier attempt, in which he died.
        self.take_back();
        if self.answers.is_empty() {
            self.answering = false;
            return None;
        }
        let most = self.answers.len().min(BATCH);
        self.writing = self.answers.drain(..most).collect();
        Some(self.writing.iter().map(|letter| letter.answer.clone()).collect())
    }

    /// What was not written goes before all else.
    fn take_back(&mut self) {
        while let Some(letter) = self.writing.pop() {
            self.answers.push_front(letter);
        }
    }

    /// The engine can't keep the answer at this place: what is to be said instead, if there is something.
    pub(in crate::jobs) fn put_plainly(&mut self, place: usize, why: &str) -> Option<Answer> {
        let letter = self.writing.get_mut(place)?;
        letter.failed.get_or_insert_with(|| AnswerError::Refused(why.to_owned()));
        if std::mem::replace(&mut letter.plain, true) {
            return None;
        }
        let error = format!("what came of it can't be kept: {why}");
        let end = match letter.answer.end {
            End::Done { .. } => End::Dead { reason: DeadReason::Terminated, error },
            End::Retry { after, .. } => End::Retry { after, error },
            End::Dead { reason, .. } => End::Dead { reason, error },
            End::Cancelled | End::Released { .. } => return None,
        };
        letter.answer = Answer::new(letter.answer.id, letter.answer.fence, end);
        Some(letter.answer.clone())
    }

    /// Who wrote answers is gone for ever.
    pub(super) fn answerer_died(&mut self) {
        self.take_back();
        self.answering = false;
    }

    /// Who put jobs is gone for ever.
    pub(super) fn putter_died(&mut self) {
        // Who waits sees that the sender is gone.
        self.parcels.clear();
        self.putting = false;
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
            // Otherwise nobody waits for it any more, and it was not written.
            let is_awaited = !parcel.reply.is_closed();
            let parcel = self.parcels.pop_front().filter(|_| is_awaited);
            jobs += parcel.as_ref().map_or(0, |parcel| parcel.jobs.len());
            batch.extend(parcel);
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

    /// Nobody writes any of it any more, but for what the clerk is at.
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
        (chores.credit, chores.settled) = (true, true);
        self.letters.answers.push_back(Letter::new(answer, reply));
    }

    /// Whether a job is held, and nothing was said of its end.
    pub(in crate::jobs) fn is_unanswered(&self, key: Key) -> bool {
        self.held.get(&key).is_some_and(|held| held.stage != Stage::Answered)
    }

    /// Answers that are to be written now, and by whom; `None`: there are none, and the clerk goes home.
    pub(in crate::jobs) fn next_answers(&mut self, chores: &mut Chores) -> Option<(Arc<str>, Vec<Answer>)> {
        if self.phase == Phase::Closed {
            self.letters.take_back();
            self.letters.give_up(chores);
        }
        Some((Arc::clone(&self.life.owner), self.letters.answers()?))
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

    /// What becomes of a job that stopped without an answer; if nobody asked it to, it is left alone for so long.
    pub(in crate::jobs) fn unanswered(&self, key: Key, unasked: Duration) -> End {
        match self.held.get(&key).and_then(|held| held.sign.get()) {
            Some(Stop::Cancelled) => End::Cancelled,
            Some(_) => End::Released { after: Duration::ZERO },
            None => End::Released { after: unasked },
        }
    }

    /// Answers were written; `None` for each that the engine can't keep in any form.
    pub(in crate::jobs) fn written(&mut self, accepted: Vec<Option<Accepted>>, chores: &mut Chores) {
        let letters = std::mem::take(&mut self.letters.writing);
        for (letter, accepted) in letters.into_iter().zip(accepted) {
            match accepted {
                Some(Accepted::Failed(why)) if letter.answer.effects.is_some() => {
                    self.effects_failed(letter, why, chores);
                }
                accepted => self.said(letter, accepted, chores),
            }
        }
        (chores.credit, chores.settled) = (true, true);
    }

    /// The last word on an answer.
    fn said(&mut self, letter: Letter, accepted: Option<Accepted>, chores: &mut Chores) {
        let Letter { answer, reply, failed, .. } = letter;
        let counts = accepted == Some(Accepted::Kept);
        if self.held.remove(&(answer.id, answer.fence)).is_some() {
            self.count(counts.then_some(&answer.end));
            // Then we are gone, and did not know.
            chores.pulse |= accepted == Some(Accepted::Stale);
        }
        if counts {
            self.tell_of(&answer, chores);
        }
        let said = match (accepted, failed) {
            (Some(Accepted::Kept), None) => Ok(()),
            (Some(Accepted::Stale), _) => Err(AnswerError::Stale),
            (Some(Accepted::Failed(why)), _) => Err(AnswerError::Effects(why)),
            (Some(Accepted::Kept) | None, Some(failed)) => Err(failed),
            (None, None) => Err(AnswerError::Unanswered),
        };
        chores.replies.extend(reply.map(|reply| Reply::Answered(reply, said)));
    }

    /// The engine did not take them, and nobody asks it again.
    pub(in crate::jobs) fn unwritten(&mut self, chores: &mut Chores) {
        self.letters.take_back();
        self.letters.give_up(chores);
        chores.settled = true;
    }

    /// What was to be committed with the end of a job failed: so has the job.
    fn effects_failed(&mut self, letter: Letter, why: String, chores: &mut Chores) {
        let Letter { mut answer, reply, .. } = letter;
        let key = (answer.id, answer.fence);
        if !self.held.contains_key(&key) {
            chores.replies.extend(reply.map(|reply| Reply::Answered(reply, Err(AnswerError::Stale))));
            return;
        }
        answer.end = self.failure(key, why.clone(), None);
        (answer.effects, answer.next) = (None, Vec::new());
        let failed = Some(AnswerError::Effects(why));
        self.letters.answers.push_back(Letter { failed, ..Letter::new(answer, reply) });
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
