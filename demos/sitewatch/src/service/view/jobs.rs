//! What is shown of a queue: its workers, and the jobs that they do.

use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many jobs are given where nobody says how many.
const JOBS: u64 = 50;

/// How many jobs are given at most.
const MOST_JOBS: u64 = 500;

/// Nobody takes jobs that have been due for so many milliseconds while none runs: where workers have room, they take them
/// at once.
const STALLED: u64 = 60_000;

/// One life of a worker, as the queue knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WorkerView {
    /// What the queue calls it, which is another name in each of its lives.
    pub owner: String,
    /// What it is called in all its lives, if it was given a name.
    pub name: Option<String>,
    /// Whether it leads: it deletes what need not be kept any more.
    pub leads: bool,
    /// How many jobs it has.
    pub running: u64,
    /// How many signs of life it gave.
    pub beats: u64,
    /// For how long it has been seen to give no sign of life, in milliseconds; none where it is seen for the first time.
    /// After 15 seconds and a little others do what it had.
    pub silent_ms: Option<u64>,
    /// What it has, the latest first, without payloads; at most 100.
    pub jobs: Vec<JobView>,
}

impl WorkerView {
    /// What people call it.
    #[must_use]
    pub fn shown(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.owner)
    }
}

/// A queue, and how many jobs it has. Each that was ever put is in exactly one of `waiting`, `running`, `done`, `dead`,
/// `cancelled` and `pruned`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QueueView {
    /// Its name.
    pub name: String,
    /// Whether nothing is taken of it until it is resumed.
    pub paused: bool,
    /// Jobs that wait: for their time, for those before them, or for a worker.
    pub waiting: u64,
    /// Of these, those that a worker could take now.
    pub ready: u64,
    /// Jobs that a worker has.
    pub running: u64,
    /// Jobs that were done.
    pub done: u64,
    /// Jobs that failed for good, and are kept to be looked at.
    pub dead: u64,
    /// Jobs that were cancelled.
    pub cancelled: u64,
    /// Jobs that were over, and are not kept any more.
    pub pruned: u64,
    /// The age of the oldest that a worker could take: for how long it has been due, in milliseconds.
    pub lag_ms: Option<u64>,
}

impl QueueView {
    /// Whether what waits here is kept from getting on: it is paused; or the oldest has been due for more than a minute and
    /// none runs, as there is no worker for it.
    #[must_use]
    pub fn is_stalled(&self) -> bool {
        match self.paused {
            true => self.waiting > 0,
            false => self.running == 0 && self.lag_ms.is_some_and(|lag| lag > STALLED),
        }
    }
}

/// Where a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// It waits: for its time, for those before it, or for a worker.
    Waiting,
    /// A worker has it.
    Running,
    /// It was done.
    Done,
    /// It failed for good.
    Dead,
    /// It was cancelled.
    Cancelled,
}

impl JobState {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Waiting, Self::Running, Self::Dead, Self::Cancelled, Self::Done];

    /// Its name in addresses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing more comes of it by itself.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Dead | Self::Cancelled)
    }
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A job: mostly a page that is to be fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct JobView {
    /// Its id: 32 hexadecimal digits.
    pub id: String,
    /// Its place in the order in which jobs were put.
    pub number: u64,
    /// Its queue.
    pub queue: String,
    /// What kind of job it is.
    pub kind: String,
    /// The address that is to be fetched, if it is about one.
    pub about: Option<String>,
    /// Where it is.
    pub state: JobState,
    /// How many attempts it had, without those that were handed back.
    pub attempts: u32,
    /// How many workers went away with it, and the one that has it.
    pub crashes: u32,
    /// Who has it, while it runs.
    pub worker: Option<String>,
    /// When it was put.
    pub entered: Timestamp,
    /// When it may begin, or might have.
    pub due: Timestamp,
    /// When it was taken last.
    pub taken: Option<Timestamp>,
    /// When it was over.
    pub over: Option<Timestamp>,
    /// Why it is dead: `exhausted`, `terminated`, `expired` or `poisoned`.
    pub reason: Option<String>,
    /// The reason in a sentence.
    pub why: Option<String>,
    /// How its latest attempt failed.
    pub error: Option<String>,
    /// What it works on, as JSON without the settings of the HTTP client; its first 4,000 characters. Left out of lists,
    /// and where the job is another program's.
    pub payload: Option<String>,
    /// What came of it, in the same way.
    pub output: Option<String>,
}

/// Which jobs are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct JobQuery {
    /// Only those that are there.
    #[schemars(schema_with = "states")]
    pub state: Option<JobState>,
    /// Only those of this queue.
    pub queue: Option<String>,
    /// How many at most, up to 500; 0 for the default of 50.
    pub limit: u64,
    /// Only those that were put before the one of this number.
    pub before: Option<u64>,
}

impl JobQuery {
    /// How many jobs that is.
    ///
    /// # Examples
    ///
    /// ```
    /// use sitewatch::service::JobQuery;
    ///
    /// assert_eq!(JobQuery::default().most(), 50);
    /// assert_eq!(JobQuery { limit: 10_000, ..JobQuery::default() }.most(), 500);
    /// ```
    #[must_use]
    pub fn most(&self) -> usize {
        let most = if self.limit == 0 { JOBS } else { self.limit.min(MOST_JOBS) };
        usize::try_from(most).unwrap_or(usize::MAX)
    }
}

fn states(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "type": "string", "enum": JobState::ALL.map(JobState::as_str) })
}

/// What can be asked for, for a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JobAction {
    /// Have it done as soon as possible, with all its attempts again: one that is dead, was cancelled, or waits for its
    /// time.
    Retry,
    /// Have it not done, or stopped.
    Cancel,
}

impl JobAction {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Retry, Self::Cancel];

    /// Its name in addresses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Cancel => "cancel",
        }
    }
}

impl fmt::Display for JobAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What can be asked for, for a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QueueAction {
    /// Have nothing of it taken until it is resumed; what runs goes on.
    Pause,
    /// Have it taken from again.
    Resume,
    /// Have all its dead jobs done again.
    Retry,
}

impl QueueAction {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Pause, Self::Resume, Self::Retry];

    /// Its name in addresses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Retry => "retry",
        }
    }
}

impl fmt::Display for QueueAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
