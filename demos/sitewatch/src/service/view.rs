//! What is shown of the service: by the web page, the API and the command line, which all show the same.
//!
//! Plain snapshots, made by whoever keeps the state; instants are of the wall clock, in UTC.

mod jobs;

use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use jobs::{JobAction, JobQuery, JobState, JobView, QueueAction, QueueView, WorkerView};

/// A site, as the overview shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SiteView {
    /// Its name in the settings.
    pub name: String,
    /// What is checked: a URL, a folder or a sitemap.
    pub target: String,
    /// How it was when it was last looked at.
    pub health: Health,
    /// What is being done about it right now.
    pub activity: Activity,
    /// Whether it is paused, also while a check of it goes on.
    pub paused: bool,
    /// When it is checked, in words: `every 6h`, `0 3 * * * Europe/Berlin`, `by hand`.
    pub schedule: String,
    /// When it is checked next, unless somebody asks before; none while it is paused, or where there is no schedule.
    pub next: Option<Timestamp>,
    /// The latest run that ended.
    pub last: Option<RunView>,
    /// The run that goes on.
    pub current: Option<RunView>,
    /// How far that has come.
    pub progress: Option<ProgressView>,
    /// The links that are broken as far as is known.
    pub broken: u64,
    /// How many were broken at the end of each of the last complete runs, oldest first; at most 30.
    pub trend: Vec<TrendPoint>,
    /// Whether whoever reads may press the buttons: false where only the database was read.
    pub live: bool,
}

/// How a site was when it was last looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// It has not been checked to the end yet.
    Unknown,
    /// Nothing is broken.
    Ok,
    /// Links are broken.
    Broken,
    /// The latest check could not be made.
    Failing,
}

/// What is being done about a site right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Activity {
    /// Nothing.
    Idle,
    /// A check waits for its turn, as so many others run.
    Waiting,
    /// It is being checked.
    Checking,
    /// Nothing, and nothing will be until somebody resumes it.
    Paused,
}

/// How many links were broken at the end of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrendPoint {
    /// The run.
    pub run: i64,
    /// When it ended.
    pub at: Timestamp,
    /// The links that were broken then.
    pub broken: u64,
}

/// A check, from the instant at which it was due.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunView {
    /// Its number, which only grows.
    pub id: i64,
    /// The site.
    pub site: String,
    /// What began it.
    pub cause: Cause,
    /// When it was due, if by a schedule.
    pub due: Option<Timestamp>,
    /// When it began; of one that never did, when that was decided.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// What became of it.
    pub state: RunState,
    /// Why, where that is not plain: why it was skipped, was stopped, or failed.
    pub why: Option<String>,
    /// How many checks it stands for: more than one where several were missed, or came while the site was paused.
    pub times: u64,
    /// How often it was gone on with after the program had ended in the middle of it.
    pub resumed: u32,
    /// What it did, in numbers.
    pub numbers: Numbers,
    /// What happened in it, in order.
    pub timeline: Vec<Moment>,
}

/// What began a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Its schedule.
    Schedule,
    /// Somebody asked.
    Request,
}

/// What became of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// It goes on, or will when the service runs again.
    Running,
    /// It came to its end.
    Done,
    /// It was cancelled before its end.
    Cancelled,
    /// It could not be made.
    Failed,
    /// It was due and did not begin.
    Skipped,
    /// It was due while nobody looked.
    Missed,
}

/// A run in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Numbers {
    /// Pages that were searched for links.
    pub pages: u64,
    /// Links in them.
    pub links: u64,
    /// Links that are well.
    pub ok: u64,
    /// Links that are well by way of redirects.
    pub redirected: u64,
    /// Links that are broken.
    pub broken: u64,
    /// Links that were not looked at.
    pub skipped: u64,
    /// Addresses that were asked for in this run.
    pub fetched: u64,
    /// Pages of them that had not changed, and were not read again.
    pub unchanged: u64,
    /// Links to other sites that were remembered to be well, and not asked for.
    pub remembered: u64,
    /// Links that were broken at first and well when they were asked for again.
    pub flapping: u64,
    /// Links that are broken since this run.
    pub newly_broken: u64,
    /// Links that are no more broken, or gone, since this run.
    pub fixed: u64,
    /// How long it took, in milliseconds, without the time in which the program did not run.
    pub elapsed_ms: u64,
}

/// Something that happened in a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// What, in a few words: `began`, `resumed`, `crawled`, `confirmed`, `ended`.
    pub what: String,
    /// More about it.
    pub detail: Option<String>,
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProgressView {
    /// Pages that were searched for links.
    pub pages: u64,
    /// Targets that wait to be asked for.
    pub queued: u64,
    /// Targets that are broken, so far.
    pub broken: u64,
    /// For how long it goes on, in milliseconds.
    pub elapsed_ms: u64,
}

/// A broken link on a page, and its history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FindingView {
    /// Its number, for as long as it is known.
    pub id: i64,
    /// The site.
    pub site: String,
    /// The page that it is on.
    pub page: String,
    /// The line of its tag, from 1; 0 where there is none.
    pub line: u32,
    /// The column of its tag, from 1; 0 where there is none.
    pub column: u32,
    /// What a reader sees of it.
    pub text: String,
    /// As it is written in the page.
    pub link: String,
    /// Where it leads.
    pub url: String,
    /// The reason's code, such as `http-404`, which is stable.
    pub reason: String,
    /// The reason in a sentence.
    pub message: String,
    /// Where redirects led on the way.
    pub redirects: Vec<String>,
    /// When it was first found broken.
    pub first_seen: Timestamp,
    /// When it was last found broken.
    pub last_seen: Timestamp,
    /// In how many runs it was broken.
    pub times: u64,
    /// When it was found to be well again, or gone from the page; none while it is broken.
    pub fixed_at: Option<Timestamp>,
}

/// Which findings are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FindingQuery {
    /// Also those that are fixed.
    pub fixed: bool,
    /// Of this reason only, by its code.
    pub reason: Option<String>,
    /// On this page only.
    pub page: Option<String>,
    /// Only those with this text in the page, the link or the URL, in upper or lower case.
    pub text: Option<String>,
    /// How many at most; 0 for the default of 500.
    pub limit: u64,
    /// How many to leave out at the beginning.
    pub offset: u64,
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Part<T> {
    /// How many there are in all.
    pub total: u64,
    /// These.
    pub items: Vec<T>,
}

/// What can be asked for, for a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Check it as soon as possible.
    Check,
    /// Check it no more until it is resumed; a check that runs goes on.
    Pause,
    /// Let its schedule go on.
    Resume,
    /// Stop the check that runs.
    Cancel,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Check, Self::Pause, Self::Resume, Self::Cancel];

    /// Its name in addresses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Cancel => "cancel",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What came of asking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Acted {
    /// Whether anything is different now.
    pub changed: bool,
    /// What is now, in a sentence.
    pub message: String,
}

/// The machinery behind the service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MachineryView {
    /// The actors, and the lanes of their mailboxes.
    pub actors: Vec<ActorView>,
    /// The workers.
    pub workers: Vec<Gauge>,
    /// The pools of connections.
    pub pools: Vec<PoolView>,
    /// The timers.
    pub timers: Vec<TimerView>,
    /// The components and what they wait for.
    pub components: Vec<ComponentView>,
    /// Every group, task and wait, as a tree in plain text.
    pub tasks: String,
}

/// An actor and its mailbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ActorView {
    /// Its name.
    pub name: String,
    /// How it is, in a word or a few.
    pub state: String,
    /// Its lanes: name, how many messages wait, how many may.
    pub lanes: Vec<Gauge>,
    /// Messages that were handled.
    pub handled: u64,
    /// How often it was started afresh.
    pub restarts: u64,
}

/// A quantity, and its bound if there is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Gauge {
    /// What it is of.
    pub name: String,
    /// How much.
    pub value: u64,
    /// How much at most.
    pub bound: Option<u64>,
}

/// A pool of connections.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PoolView {
    /// Its name.
    pub name: String,
    /// How it is, in a few words.
    pub state: String,
    /// Its numbers: in use, idle, waiting and so on.
    pub gauges: Vec<Gauge>,
}

/// A timer: a schedule and when it fires next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TimerView {
    /// The schedule.
    pub name: String,
    /// How it is, in a word.
    pub state: String,
    /// When it fires next.
    pub next: Option<Timestamp>,
    /// What it did so far, in words: `12 due: 11 done, 1 skipped`.
    pub counts: String,
}

/// A component and what it waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ComponentView {
    /// Its name.
    pub name: String,
    /// How it is, in a few words, with the reason if it is not ready.
    pub state: String,
    /// Whether it is ready.
    pub ready: bool,
    /// The components that it stands on.
    pub after: Vec<String>,
}

/// Whether the service can do its work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Readiness {
    /// Whether it can.
    pub ready: bool,
    /// What is in the way, each in a sentence. Where it can do its work all the same, what checks wait for, such as a
    /// worker.
    pub reasons: Vec<String>,
}

impl Readiness {
    /// Whether it can, and no check waits for something.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.ready && self.reasons.is_empty()
    }
}

/// Something changed, and whoever shows it may want to look again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// Its number, which only grows.
    pub number: u64,
    /// What changed.
    pub kind: EventKind,
    /// The site that it is about; none if it is about the service.
    pub site: Option<String>,
}

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A check began, ended, or did not begin; or a site was paused or resumed.
    Run,
    /// A check has come further.
    Progress,
    /// The settings were read again.
    Settings,
    /// The service became ready, or is no more.
    Readiness,
}
