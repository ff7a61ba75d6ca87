use std::fmt;

/// How [`explore_cancellation`](super::explore_cancellation) cuts a scenario short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Interruption {
    /// Its future is dropped, as a lost `select!` branch or a passed timeout drops it.
    Drop,
    /// The ambient token is cancelled, and the scenario is driven to its end.
    Cancel,
    /// It runs as a tokio task, which is aborted.
    Abort,
    /// A poll panics, so that destructors run while the stack unwinds.
    Panic,
}

impl Interruption {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Drop, Self::Cancel, Self::Abort, Self::Panic];

    /// The moments that make sense for it: code can only panic while it runs.
    pub(super) fn moments(self) -> &'static [Moment] {
        match self {
            Self::Panic => &[Moment::Woken],
            _ => &[Moment::Woken, Moment::Waiting],
        }
    }
}

/// When, seen from a poll, an [`Interruption`] happens. Both matter: what was woken may already own what
/// it waited for and has to pass it on, and what still waits has to leave the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// Instead of (or, for a cancellation, right before) the poll: something has woken the scenario.
    Woken,
    /// Right after the poll has returned `Pending`: nothing has woken the scenario yet.
    Waiting,
}

/// One interruption: what, at which poll (counted from 1), and on which side of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) interruption: Interruption,
    pub(super) moment: Moment,
    pub(super) poll: usize,
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self.moment {
            Moment::Woken => "at",
            Moment::Waiting => "while waiting after",
        };
        write!(f, "{:?} {place} poll {}", self.interruption, self.poll)
    }
}
