//! Writing answers: as many as have come while those before were written.

use std::sync::Arc;

use tokio::time::{Instant, sleep};

use super::super::desk::Phase;
use super::super::driver::{Accepted, Answer, DriverError};
use super::take::Pauses;
use super::{FIRST_PAUSE, LONGEST_PAUSE, Plane};

/// Why answers were not written that may be written otherwise.
enum Unwritten {
    /// The engine can't keep one of them.
    Refused(String),
    /// It did not answer in time.
    Late,
}

impl Plane {
    /// Only one clerk does, until nothing is left.
    pub(super) async fn write_answers(self: Arc<Self>) {
        while let Some((owner, answers)) = self.change(|desk, _, chores| desk.next_answers(chores)) {
            match self.write(&owner, answers).await {
                Some(accepted) => self.change(|desk, _, chores| desk.written(accepted, chores)),
                None => self.change(|desk, _, chores| desk.unwritten(chores)),
            }
        }
    }

    /// Has the engine take answers, and asks again until it does; `None` if there is no time for that any more. Of each
    /// answer what the engine said, or `None` if it can't keep it in any form.
    async fn write(&self, owner: &str, answers: Vec<Answer>) -> Option<Vec<Option<Accepted>>> {
        let mut all: Vec<Option<Accepted>> = Vec::with_capacity(answers.len());
        let mut most = answers.len();
        while all.len() < answers.len() {
            let left = &answers[all.len()..];
            let some = &left[..most.min(left.len())];
            match self.insist(owner, some).await? {
                Ok(accepted) => {
                    all.extend(accepted.into_iter().map(Some));
                    most *= 2;
                }
                // So many may be more than can be done in the time for one question.
                Err(Unwritten::Late) => most = some.len() / 2,
                // One of them is refused: the others are to count.
                Err(Unwritten::Refused(_)) if some.len() > 1 => most = 1,
                Err(Unwritten::Refused(why)) => all.push(self.write_plainly(owner, all.len(), &why).await?),
            }
        }
        Some(all)
    }

    /// The engine can't keep an answer: it is told as much of it as it can. What it refuses then, too, is given up.
    async fn write_plainly(&self, owner: &str, place: usize, why: &str) -> Option<Option<Accepted>> {
        let plain = self.desk.lock().letters.put_plainly(place, why);
        let mut why = why.to_owned();
        if let Some(plain) = plain {
            match self.insist(owner, &[plain]).await? {
                Ok(accepted) => return Some(accepted.into_iter().next()),
                Err(Unwritten::Refused(again)) => why = again,
                Err(Unwritten::Late) => {}
            }
        }
        tracing::error!(queue = &*self.config.name, %why, "the jobs' engine can't keep an answer, which is given up");
        Some(None)
    }

    /// Asks until the engine has them, or refuses them, or does not get through several in time; `None` if there is no time
    /// for that any more.
    async fn insist(&self, owner: &str, answers: &[Answer]) -> Option<Result<Vec<Accepted>, Unwritten>> {
        let mut pauses = Pauses::new(FIRST_PAUSE, LONGEST_PAUSE);
        loop {
            let answered = tokio::select! {
                biased;
                answered = self.ask(self.driver.answer(owner, answers)) => answered,
                () = self.closed() => return None,
            };
            match answered {
                Ok(accepted) if accepted.len() == answers.len() => return Some(Ok(accepted)),
                Err(DriverError::Refused(why)) => return Some(Err(Unwritten::Refused(why))),
                Err(DriverError::TimedOut(_)) if answers.len() > 1 => return Some(Err(Unwritten::Late)),
                Ok(accepted) => {
                    let (verdicts, all) = (accepted.len(), answers.len());
                    let error = DriverError::new(format!("it gave {verdicts} verdicts on {all} answers"));
                    self.desk.lock().failed(error, Instant::now());
                }
                Err(_) => {}
            }
            tokio::select! {
                () = sleep(pauses.next()) => {}
                () = self.closed() => return None,
            }
        }
    }

    /// Ends when the engine is asked nothing any more.
    pub(in crate::jobs) async fn closed(&self) {
        self.until(|desk| desk.phase == Phase::Closed).await;
    }

    /// Ends when nothing is taken any more.
    pub(in crate::jobs) async fn closing(&self) {
        self.until(|desk| desk.phase != Phase::Open).await;
    }
}
