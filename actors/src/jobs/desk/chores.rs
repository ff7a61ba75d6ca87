use patterns_core::cancel::{CancelCause, CancelToken};

use super::letters::Reply;

/// What is to be done when the desk is unlocked again: it calls foreign code, or wakes those who lock it.
#[derive(Default)]
pub(in crate::jobs) struct Chores {
    pub(super) stops: Vec<(CancelToken, CancelCause)>,
    pub(super) replies: Vec<Reply>,
    /// There may be room for another job.
    pub(in crate::jobs) credit: bool,
    /// A sign of life is due, or there is a new life to be entered.
    pub(in crate::jobs) pulse: bool,
    /// There is something new to be known of the others, or of who leads.
    pub(in crate::jobs) watch: bool,
    /// Who waits for the end of what is held may look.
    pub(in crate::jobs) settled: bool,
    /// We may lead by now, or not any more.
    pub(in crate::jobs) term: bool,
}

impl Chores {
    /// Cancels, and replies.
    pub(in crate::jobs) fn do_all(self) {
        for (token, cause) in self.stops {
            token.cancel_with(cause);
        }
        self.replies.into_iter().for_each(Reply::send);
    }
}
