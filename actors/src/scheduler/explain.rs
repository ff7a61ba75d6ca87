use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use super::clock::span;
use super::{FailureKind, SkipReason, Upcoming};

/// Why a schedule will run, did run or did not run at an instant; see
/// [`ScheduleHandle::explain`](super::ScheduleHandle::explain).
///
/// All times are the wall clock's, as the schedule knows it. As text it is a sentence.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Explanation {
    /// It will run, unless something comes between.
    Due(Upcoming),
    /// It would run, but the schedule is paused.
    Paused(Upcoming),
    /// It has come, and waits to be committed to the store.
    Committing,
    /// It has come, and waits for an earlier run to end.
    Queued,
    /// It runs.
    Running {
        /// Since when.
        since: Timestamp,
        /// How long after it was due it began.
        late: Duration,
    },
    /// It ran.
    Ran {
        /// When it began.
        began: Timestamp,
        /// How long after it was due that was.
        late: Duration,
        /// How long it took.
        took: Duration,
        /// How it ended.
        ended: RunEnd,
    },
    /// Nothing was started, on purpose.
    Skipped(SkipReason),
    /// It had passed when somebody looked, and the catch-up policy did not let it run.
    Missed {
        /// When somebody looked.
        seen: Timestamp,
    },
    /// A crash cut it off.
    Interrupted {
        /// Whether it ran again; that run is told of instead, once it has begun.
        again: bool,
    },
    /// An earlier life of the process, or another scheduler with the same store, decided on it, and this is how it
    /// ended there.
    Earlier {
        /// How; `None` if that had not ended when this schedule was made.
        ended: Option<String>,
    },
    /// It is no instant of the schedule.
    NotAnInstant {
        /// What the clocks read then in the schedule's time zone, if it has one.
        reading: Option<String>,
        /// The schedule's next instant after that.
        next: Option<Timestamp>,
    },
    /// It was before the schedule was made.
    BeforeTheFirst {
        /// The first instant of the schedule.
        first: Timestamp,
    },
    /// The schedule has ended, or will have had its last run by then.
    AfterTheLast,
    /// It came so long ago that the schedule does not remember it; see
    /// [`history`](super::SchedulerConfig::history).
    NotRemembered,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum RunEnd {
    /// Well.
    Done,
    /// With an error, or a panic.
    Failed(FailureKind),
    /// It was made to stop, or lost with its runtime.
    Cancelled,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Due(upcoming) => write!(f, "it will run at {}{}", upcoming.starts, Jitter(upcoming)),
            Self::Paused(upcoming) => {
                write!(f, "it would run at {}{}, but the schedule is paused", upcoming.starts, Jitter(upcoming))
            }
            Self::Committing => f.write_str("it has come, and waits to be committed to the store"),
            Self::Queued => f.write_str("it has come, and waits for an earlier run to end"),
            Self::Running { since, late } => write!(f, "it has been running since {since}{}", Late(*late)),
            Self::Ran { began, late, took, ended } => {
                write!(f, "it ran at {began}{}, for {took:?}", Late(*late))?;
                match ended {
                    RunEnd::Done => Ok(()),
                    RunEnd::Failed(kind) => write!(f, ", and failed: {kind}"),
                    RunEnd::Cancelled => f.write_str(", and was made to stop"),
                }
            }
            Self::Skipped(reason) => write!(f, "it was skipped: {reason}"),
            Self::Missed { seen } => write!(f, "it was missed: the scheduler looked at {seen}, when it had passed"),
            Self::Interrupted { again: false } => f.write_str("a crash cut it off"),
            Self::Interrupted { again: true } => f.write_str("a crash cut it off, and it is to run again"),
            Self::Earlier { ended: Some(how) } => write!(f, "it was decided before this schedule was made: {how}"),
            Self::Earlier { ended: None } => f.write_str("it ran elsewhere when this schedule was made"),
            Self::NotAnInstant { reading, next } => {
                f.write_str("it is no instant of the schedule")?;
                if let Some(reading) = reading {
                    write!(f, " (clocks read {reading})")?;
                }
                match next {
                    Some(next) => write!(f, "; the next is {next}"),
                    None => f.write_str("; there is none after it"),
                }
            }
            Self::BeforeTheFirst { first } => write!(f, "the schedule's first instant is {first}"),
            Self::AfterTheLast => f.write_str("the schedule has its last run before that"),
            Self::NotRemembered => f.write_str("it came too long ago to be remembered"),
        }
    }
}

/// The part of a sentence that tells of a jitter, if there is one.
struct Jitter<'a>(&'a Upcoming);

impl fmt::Display for Jitter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match span(self.0.instant, self.0.starts) {
            Duration::ZERO => Ok(()),
            delay => write!(f, ", {delay:?} after its instant, by jitter"),
        }
    }
}

/// The part of a sentence that tells of lateness, if there is any.
struct Late(Duration);

impl fmt::Display for Late {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_zero() { Ok(()) } else { write!(f, ", {:?} late", self.0) }
    }
}
