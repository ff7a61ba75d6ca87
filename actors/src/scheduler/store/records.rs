use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::{CatchUp, OnInterrupted, Overlap};

/// What a durable schedule is, as its code has it: for whoever looks into the store. A scheduler goes by its code.
///
/// # Examples
///
/// ```
/// use actors::scheduler::store::{Definition, Kind};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let kind = Kind::Cron { expression: "0 3 * * *".to_owned(), time_zone: "Europe/Berlin".to_owned() };
/// let definition = Definition::new("nightly", kind);
/// let text = serde_json::to_string(&definition)?;
/// assert!(text.starts_with(r#"{"name":"nightly","kind":{"cron":{"expression":"0 3 * * *","#));
/// assert_eq!(serde_json::from_str::<Definition>(&text)?, definition);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// Its name.
    pub name: String,
    /// Which instants it has.
    pub kind: Kind,
    /// What happens when a run is due and the one before has not ended.
    #[serde(default)]
    pub overlap: Overlap,
    /// What happens to instants that passed unseen.
    #[serde(default)]
    pub catch_up: CatchUp,
    /// How long after its instant a run may be due.
    #[serde(default, with = "patterns_core::settings::duration")]
    pub jitter: Duration,
    /// How many runs there are to be; `None`: no end.
    #[serde(default)]
    pub times: Option<u64>,
    /// What happens to runs that a crash cut off.
    #[serde(default)]
    pub on_interrupted: OnInterrupted,
}

impl Definition {
    /// A schedule with the default policies.
    pub fn new(name: impl Into<String>, kind: Kind) -> Self {
        Self {
            name: name.into(),
            kind,
            overlap: Overlap::default(),
            catch_up: CatchUp::default(),
            jitter: Duration::ZERO,
            times: None,
            on_interrupted: OnInterrupted::default(),
        }
    }
}

/// Which instants a durable schedule has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One.
    At {
        /// This one.
        at: Timestamp,
    },
    /// One, so long after the anchor.
    After {
        /// How long.
        #[serde(with = "patterns_core::settings::duration")]
        delay: Duration,
    },
    /// `anchor + n * period`.
    Every {
        /// The period.
        #[serde(with = "patterns_core::settings::duration")]
        period: Duration,
        /// Whether `n` begins with 0, and not with 1.
        immediately: bool,
    },
    /// Those that match an expression.
    Cron {
        /// The expression.
        expression: String,
        /// The IANA name of the time zone whose clocks it is about.
        time_zone: String,
    },
}

impl Kind {
    /// Whether a schedule that was of the kind `before` has other instants now. Those of one that runs once are its own
    /// matter.
    pub(super) fn replaces(&self, before: &Self) -> bool {
        matches!(self, Self::Every { .. } | Self::Cron { .. }) && self != before
    }
}

/// A schedule that is to be entered; see [`register`](super::ScheduleStore::register).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// What it is.
    pub definition: Definition,
    /// From where its instants are counted, if it is new.
    pub anchor: Timestamp,
    /// What the wall clock reads.
    pub now: Timestamp,
    /// How many of its finished firings are to be kept.
    pub keep: usize,
}

/// What the store knows of a schedule; see [`register`](super::ScheduleStore::register).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// From where its instants are counted.
    pub anchor: Timestamp,
    /// The latest instant that was decided, up to now; `None` if there is none.
    pub last: Option<Timestamp>,
    /// How many firings were claimed in all, without those that then did not begin.
    pub runs: u64,
    /// How many firings have been claimed and not finished.
    pub unfinished: u64,
    /// Its latest firings, in the order of their instants.
    pub recent: Vec<FiringRecord>,
}

/// A firing that the store remembers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FiringRecord {
    /// Its instant.
    pub instant: Timestamp,
    /// When it was claimed.
    pub claimed_at: Timestamp,
    /// When it was finished; `None` if it has not been.
    pub finished_at: Option<Timestamp>,
    /// How it ended; `None` if it has not been finished.
    pub outcome: Option<FiringOutcome>,
}

/// The sign of life of a scheduler, which comes with most calls: the store keeps the last `until` of each owner.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lease {
    /// One life of one scheduler: no other ever has the same.
    pub owner: String,
    /// Until then it is believed to be alive.
    pub until: Timestamp,
}

/// A firing that is to be claimed; see [`claim`](super::ScheduleStore::claim).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The schedule's name.
    pub schedule: String,
    /// The instant.
    pub instant: Timestamp,
    /// What for.
    pub kind: ClaimKind,
    /// How many runs the schedule may have in all; `None`: no limit.
    pub limit: Option<u64>,
    /// When: what the wall clock reads.
    pub at: Timestamp,
}

/// What a firing is claimed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClaimKind {
    /// Its instant has come.
    Due,
    /// Somebody triggered it; the instant is when.
    Trigger,
    /// It was interrupted, and is to run again.
    Again,
}

/// What came of a claim; see [`claim`](super::ScheduleStore::claim).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It is the claimer's, who has to run it.
    New,
    /// Somebody else has, or had it.
    Taken,
    /// The schedule has had all of its runs.
    Exhausted,
    /// There is no such schedule.
    Unknown,
}

/// Instants of a schedule that were decided without a claim; see [`pass`](super::ScheduleStore::pass).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// The schedule's name.
    pub schedule: String,
    /// The first of them.
    pub first: Timestamp,
    /// The latest of them: up to here all is decided.
    pub through: Timestamp,
    /// How many there are.
    pub count: u64,
    /// Why none of them was claimed.
    pub why: Unclaimed,
}

/// Why an instant passes without a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unclaimed {
    /// It came while nobody looked, and the schedule's [`CatchUp`](super::super::CatchUp) leaves it out.
    Missed,
    /// It came while the schedule was paused.
    Paused,
}

/// A firing that is to be finished; see [`finish`](super::ScheduleStore::finish).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// The schedule's name.
    pub schedule: String,
    /// The instant.
    pub instant: Timestamp,
    /// How it ended.
    pub outcome: FiringOutcome,
    /// When: what the wall clock reads.
    pub at: Timestamp,
    /// Whether its instant is none of the schedule's, as somebody triggered it, or as the schedule has another rule now.
    pub triggered: bool,
}

/// How a firing ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FiringOutcome {
    /// It ran, and ended well.
    Done,
    /// It returned an error, with this text.
    Failed(String),
    /// It panicked, with this text and place.
    Panicked(String),
    /// It was made to stop, or lost with its runtime.
    Cancelled,
    /// It did not begin, for this reason.
    Skipped(String),
    /// A crash cut it off, and it does not run again.
    Interrupted,
    /// It did not begin, as its scheduler was closed: whoever comes next may claim it.
    Released,
}

impl FiringOutcome {
    /// Whether it had begun, and so counts among the runs of its schedule.
    #[must_use]
    pub fn is_run(&self) -> bool {
        !matches!(self, Self::Skipped(_) | Self::Released)
    }
}

impl fmt::Display for FiringOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("done"),
            Self::Failed(text) => write!(f, "failed: {text}"),
            Self::Panicked(text) => f.write_str(text),
            Self::Cancelled => f.write_str("made to stop"),
            Self::Skipped(reason) => write!(f, "skipped: {reason}"),
            Self::Interrupted => f.write_str("interrupted by a crash"),
            Self::Released => f.write_str("not begun when its scheduler was closed"),
        }
    }
}

/// What [`recover`](super::ScheduleStore::recover) found for one schedule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// The instants of firings that were cut off, and are now the asker's to decide on.
    pub interrupted: Vec<Timestamp>,
    /// The instants of firings that their scheduler has released.
    pub released: Vec<Timestamp>,
    /// How many of its firings others have claimed and not finished.
    pub elsewhere: u64,
}
