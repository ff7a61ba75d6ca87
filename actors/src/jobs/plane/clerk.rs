//! Writing answers: as many as have come while those before were written.

use std::sync::Arc;

use tokio::time::{Instant, sleep_until};

use super::super::desk::Phase;
use super::super::driver::{Accepted, Answer, DeadReason, DriverError, End};
use super::take::Pauses;
use super::{FIRST_PAUSE, LONGEST_PAUSE, Plane};

impl Plane {
    pub(super) async fn write_answers(self: Arc<Self>) {
        loop {
            let (owner, letters) = {
                let mut desk = self.desk.lock();
                (desk.owner().0, desk.letters.answers())
            };
            let Some(letters) = letters else { return };
            let answers: Vec<Answer> = letters.iter().map(|letter| letter.answer.clone()).collect();
            match self.write(&owner, answers).await {
                Some(accepted) => self.change(|desk, _, chores| desk.written(&owner, letters, accepted, chores)),
                None => return self.change(|desk, _, chores| desk.unwritten(letters, chores)),
            }
        }
    }

    /// Has the engine take answers, and asks again until it does; `None` if there is no time for that any more.
    async fn write(&self, owner: &str, mut answers: Vec<Answer>) -> Option<Vec<Accepted>> {
        let mut pauses = Pauses::new(FIRST_PAUSE, LONGEST_PAUSE);
        loop {
            match self.ask(self.driver.answer(owner, &answers)).await {
                Ok(accepted) if accepted.len() == answers.len() => return Some(accepted),
                Ok(_) => {
                    let error = DriverError::new("it gave another number of verdicts than answers");
                    self.desk.lock().failed(error, Instant::now());
                }
                Err(DriverError::Refused(why)) if answers.len() == 1 => refuse(&mut answers, &why),
                Err(DriverError::Refused(_)) => return self.write_singly(owner, answers).await,
                Err(_) => {}
            }
            tokio::select! {
                () = sleep_until(Instant::now() + pauses.next()) => {}
                () = self.closed() => return None,
            }
        }
    }

    /// One of them is refused: the others are to count.
    async fn write_singly(&self, owner: &str, answers: Vec<Answer>) -> Option<Vec<Accepted>> {
        let mut accepted = Vec::with_capacity(answers.len());
        for answer in answers {
            accepted.extend(Box::pin(self.write(owner, vec![answer])).await?);
        }
        Some(accepted)
    }

    /// Ends when the engine is asked nothing any more.
    pub(in crate::jobs) async fn closed(&self) {
        self.until(|desk| desk.phase == Phase::Closed).await;
    }
}

/// The engine can't keep what came of a job: then the job has failed for good.
fn refuse(answers: &mut [Answer], why: &str) {
    for answer in answers {
        let reason = DeadReason::Terminated;
        answer.end = End::Dead { reason, error: format!("what came of it can't be kept: {why}") };
        (answer.next, answer.effects) = (Vec::new(), None);
    }
}
