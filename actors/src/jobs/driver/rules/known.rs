use super::super::{Accepted, DeadReason, End, JobState};
use super::{after, number};

/// What is known of a job that somebody answers for.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Known<'a> {
    pub(in super::super) state: JobState,
    pub(in super::super) fence: i64,
    pub(in super::super) answered: i64,
    pub(in super::super) owner: Option<&'a str>,
    pub(in super::super) due: i64,
    /// Whether it is to be cancelled.
    pub(in super::super) cancel: bool,
}

impl Known<'_> {
    /// What is said to an answer of `owner`'s with this fence; `None`: it counts.
    pub(in super::super) fn verdict(&self, owner: &str, fence: u64) -> Option<Accepted> {
        let fence = number(fence);
        if self.answered == fence && fence > 0 {
            return Some(Accepted::Kept);
        }
        let is_own = self.state == JobState::Running && self.fence == fence && self.owner == Some(owner);
        (!is_own).then_some(Accepted::Stale)
    }

    /// What an end makes of it. Beside that it has no owner, is not to be cancelled any more, `answered` is its
    /// `fence`, and `crashes` shrinks by one.
    pub(in super::super) fn change<'a>(&self, end: &'a End, now: i64) -> Change<'a> {
        let waits = if self.cancel { JobState::Cancelled } else { JobState::Waiting };
        let (state, due) = match end {
            End::Done { .. } => (JobState::Done, self.due),
            End::Dead { .. } => (JobState::Dead, self.due),
            End::Cancelled => (JobState::Cancelled, self.due),
            End::Retry { after: wait, .. } if !self.cancel => (waits, after(now, *wait)),
            End::Released { after: wait } if !self.cancel && !wait.is_zero() => {
                (waits, self.due.max(after(now, *wait)))
            }
            End::Retry { .. } | End::Released { .. } => (waits, self.due),
        };
        let mut change = Change { state, due, error: None, dead: None, output: None, taken_back: 0 };
        match end {
            End::Done { output } => change.output = output.as_deref(),
            End::Dead { reason, error } => (change.dead, change.error) = (Some(*reason), Some(error.as_str())),
            End::Retry { error, .. } => change.error = Some(error.as_str()),
            End::Released { .. } => change.taken_back = 1,
            End::Cancelled => {}
        }
        change
    }

    /// What becomes of it where its owner, who has this `poison`, is gone.
    pub(in super::super) fn left(&self, crashes: i64, poison: i64) -> (JobState, Option<DeadReason>) {
        if self.cancel {
            (JobState::Cancelled, None)
        } else if crashes >= poison {
            (JobState::Dead, Some(DeadReason::Poisoned))
        } else {
            (JobState::Waiting, None)
        }
    }
}

/// What an end makes of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Change<'a> {
    pub(in super::super) state: JobState,
    /// When it is due. If it is over, that stays as it was.
    pub(in super::super) due: i64,
    /// The error that is kept from now on; `None`: the one that is kept already.
    pub(in super::super) error: Option<&'a str>,
    pub(in super::super) dead: Option<DeadReason>,
    pub(in super::super) output: Option<&'a str>,
    /// By how much `attempt` shrinks.
    pub(in super::super) taken_back: i64,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_job_that_is_to_be_cancelled_does_not_wait_again() {
        let state = JobState::Running;
        let known = Known { state, fence: 2, answered: 1, owner: Some("a"), due: 5, cancel: true };
        let retry = End::Retry { after: Duration::from_secs(1), error: "no".to_owned() };
        let change = known.change(&retry, 10);
        assert_eq!((change.state, change.due, change.error), (JobState::Cancelled, 5, Some("no")));
        let change = Known { cancel: false, ..known }.change(&retry, 10);
        assert_eq!((change.state, change.due), (JobState::Waiting, 1_000_000_010));
        assert_eq!((known.verdict("a", 2), known.verdict("a", 1)), (None, Some(Accepted::Kept)));
        assert_eq!(
            (known.verdict("b", 2), known.verdict("a", u64::MAX)),
            (Some(Accepted::Stale), Some(Accepted::Stale))
        );
        assert_eq!(known.left(9, 3).0, JobState::Cancelled);
    }
}
