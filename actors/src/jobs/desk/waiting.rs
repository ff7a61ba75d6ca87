use std::sync::Arc;

use tokio::sync::oneshot;

use super::super::JobId;
use super::super::driver::{Answer, DeadReason, End, JobRecord, JobState};
use super::letters::Reply;
use super::{Chores, Desk, Phase};

/// How a job ended, for those who wait for it.
#[derive(Clone, Debug)]
pub(in crate::jobs) struct Ending {
    /// `None`: there is no such job.
    pub(in crate::jobs) state: Option<JobState>,
    pub(in crate::jobs) output: Option<String>,
    pub(in crate::jobs) dead: Option<DeadReason>,
    pub(in crate::jobs) error: Option<String>,
}

/// Those who wait for the end of one job.
#[derive(Default)]
pub(super) struct Waiting {
    to: Vec<oneshot::Sender<Arc<Ending>>>,
    /// Nobody has looked at the job since the first of them came.
    is_new: bool,
}

impl Desk {
    /// Waits for the end of a job; whether somebody is to be sent who looks for it.
    pub(in crate::jobs) fn wait_for(&mut self, job: JobId, to: oneshot::Sender<Arc<Ending>>) -> bool {
        if self.phase == Phase::Closed {
            return false;
        }
        let waiting = self.waiting.entry(job).or_default();
        waiting.is_new |= waiting.to.is_empty();
        waiting.to.push(to);
        !std::mem::replace(&mut self.looking, true)
    }

    /// Which jobs are to be looked at: all, or those that were not yet. `None` if nobody waits any more, and who asks
    /// goes home.
    pub(in crate::jobs) fn awaited(&mut self, all: bool) -> Option<Vec<JobId>> {
        self.waiting.retain(|_, waiting| {
            waiting.to.retain(|to| !to.is_closed());
            !waiting.to.is_empty()
        });
        self.looking = !self.waiting.is_empty();
        let jobs = self.waiting.iter_mut().filter_map(|(job, waiting)| {
            let is_new = std::mem::take(&mut waiting.is_new);
            (all || is_new).then_some(*job)
        });
        let jobs = jobs.collect();
        self.looking.then_some(jobs)
    }

    /// Somebody has looked at a job that is waited for. Whether it is over.
    pub(in crate::jobs) fn looked_at(&mut self, job: JobId, record: Option<JobRecord>, chores: &mut Chores) -> bool {
        let ending = match record {
            None => Ending { state: None, output: None, dead: None, error: None },
            Some(JobRecord { state, output, dead, error, .. }) if state.is_over() => {
                Ending { state: Some(state), output, dead, error }
            }
            Some(_) => return false,
        };
        self.tell(job, ending, chores);
        true
    }

    /// An answer of this process counts: those of it who wait for the job need not look.
    pub(super) fn tell_of(&mut self, answer: &Answer, chores: &mut Chores) {
        if !self.waiting.contains_key(&answer.id) {
            return;
        }
        let (state, output, dead, error) = match &answer.end {
            End::Done { output } => (JobState::Done, output.clone(), None, None),
            End::Dead { reason, error } => (JobState::Dead, None, Some(*reason), Some(error.clone())),
            End::Cancelled => (JobState::Cancelled, None, None, None),
            End::Retry { .. } | End::Released { .. } => return,
        };
        self.tell(answer.id, Ending { state: Some(state), output, dead, error }, chores);
    }

    fn tell(&mut self, job: JobId, ending: Ending, chores: &mut Chores) {
        let ending = Arc::new(ending);
        for to in self.waiting.remove(&job).unwrap_or_default().to {
            chores.replies.push(Reply::Ended(to, Arc::clone(&ending)));
        }
    }
}
