//! Which instants a schedule has.

mod cron;
mod grid;
mod jitter;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

pub(super) use cron::{Cron, CronProblem};
pub(super) use jitter::jitter;

/// The instants of a schedule, before its jitter.
#[derive(Clone, Debug)]
pub(super) enum Rule {
    /// One; `None` if it is beyond the year 9999, which never comes.
    Once(Option<Timestamp>),
    /// `first + n * period`.
    Every {
        first: Option<Timestamp>,
        period: Duration,
    },
    Cron(Arc<Cron>),
}

impl Rule {
    /// The first instant later than `at`.
    pub(super) fn after(&self, at: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Once(once) => once.filter(|once| *once > at),
            Self::Every { first, period } => grid::after((*first)?, *period, at),
            Self::Cron(cron) => cron.after(at),
        }
    }

    /// The first instant of a schedule that was made at `made`. What is given by itself may have passed by then.
    pub(super) fn first(&self, made: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Once(first) | Self::Every { first, .. } => *first,
            Self::Cron(cron) => cron.after(made),
        }
    }

    pub(super) fn contains(&self, at: Timestamp) -> bool {
        before(at).and_then(|before| self.after(before)) == Some(at)
    }

    /// Whether there may be more than one.
    pub(super) fn repeats(&self) -> bool {
        !matches!(self, Self::Once(_))
    }

    /// Of the instants from `first` to `until`, skips what need not be looked at one by one where only the last `keep
    /// + 1` matter: how many that are, and the first of the others.
    pub(super) fn skip(&self, first: Timestamp, until: Timestamp, keep: usize) -> (u64, Timestamp) {
        match self {
            Self::Every { period, .. } => grid::skip(first, *period, until, keep),
            _ => (0, first),
        }
    }

    /// What the wall clocks of the schedule's own time zone read at `at`.
    pub(super) fn reading(&self, at: Timestamp) -> Option<String> {
        match self {
            Self::Cron(cron) => Some(cron.reading(at)),
            _ => None,
        }
    }
}

/// A nanosecond earlier.
fn before(at: Timestamp) -> Option<Timestamp> {
    at.checked_sub(Duration::from_nanos(1)).ok()
}
