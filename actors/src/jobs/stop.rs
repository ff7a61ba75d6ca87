use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};

use patterns_core::cancel::{CancelCause, CancelKind};

/// Why a job should stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stop {
    /// Somebody [cancelled](super::JobQueue::cancel) it.
    Cancelled,
    /// Its attempt took too long, or its deadline passed.
    Deadline,
    /// Its queue is drained: it will be handed back.
    Draining,
    /// The engine was not reached for so long that somebody else may do it already.
    Unsure,
    /// It was given up, and somebody else does it. Nothing that it says counts any more.
    Gone,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cancelled => "the job was cancelled",
            Self::Deadline => "the job's time is over",
            Self::Draining => "the job's queue is drained",
            Self::Unsure => "the jobs' engine was not reached for too long",
            Self::Gone => "the job was given up",
        })
    }
}

impl Stop {
    const ALL: [Self; 5] = [Self::Cancelled, Self::Deadline, Self::Draining, Self::Unsure, Self::Gone];

    /// As the cause of a token.
    pub(super) fn cause(self) -> CancelCause {
        let (kind, message) = match self {
            Self::Cancelled => (CancelKind::Requested, "the job was cancelled"),
            Self::Deadline => (CancelKind::Deadline, "the job's time is over"),
            Self::Draining => (CancelKind::Shutdown, "the job's queue is drained"),
            Self::Unsure => (CancelKind::Requested, "the jobs' engine was not reached for too long"),
            Self::Gone => (CancelKind::Requested, "the job was given up"),
        };
        CancelCause::new(kind, message)
    }
}

/// Where a job sees why it should stop. The first reason stays, unless the job is gone: there is nothing beyond that.
#[derive(Debug, Default)]
pub(super) struct StopSign(AtomicU8);

impl StopSign {
    pub(super) fn get(&self) -> Option<Stop> {
        let place = usize::from(self.0.load(Ordering::Acquire));
        place.checked_sub(1).and_then(|place| Stop::ALL.get(place)).copied()
    }

    /// Whether that is news.
    pub(super) fn set(&self, stop: Stop) -> bool {
        let place = Stop::ALL.iter().position(|other| *other == stop).unwrap_or(0);
        let place = u8::try_from(place + 1).unwrap_or(u8::MAX);
        let is_news = |now: u8| now == 0 || (stop == Stop::Gone && now != place);
        let set = |now| is_news(now).then_some(place);
        self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, set).is_ok()
    }
}
