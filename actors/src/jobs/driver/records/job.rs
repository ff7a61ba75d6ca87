use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::JobId;
use crate::worker_pool::Priority;

/// A job that is to be entered; see [`enqueue`](super::super::JobDriver::enqueue).
///
/// # Examples
///
/// ```
/// use actors::jobs::JobId;
/// use actors::jobs::driver::{Due, NewJob};
/// use std::time::Duration;
///
/// let job = NewJob::new(JobId::of(&["welcome", "ada"]), "mail", "welcome", r#"{"to":"ada"}"#);
/// assert_eq!((job.due, job.key), (Due::After(Duration::ZERO), None));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewJob {
    /// Its id.
    pub id: JobId,
    /// The queue.
    pub queue: String,
    /// What kind of job it is, by which its code is found.
    pub kind: String,
    /// What it works on, as JSON. A driver keeps the text as it is.
    pub payload: String,
    /// Jobs of one queue with the same key are done one after the other.
    #[serde(default)]
    pub key: Option<String>,
    /// What there is to be only one of in its queue.
    #[serde(default)]
    pub unique: Option<Unique>,
    /// How urgent it is.
    #[serde(default)]
    pub priority: Priority,
    /// When it may begin.
    pub due: Due,
    /// When it is too late to begin; counted from now, not from when it is due.
    #[serde(default)]
    pub expires: Option<Due>,
    /// Whether somebody waits for its end; see [`woken`](super::super::JobDriver::woken).
    #[serde(default)]
    pub told: bool,
}

impl NewJob {
    /// A job that may begin at once, of normal priority.
    pub fn new(id: JobId, queue: impl Into<String>, kind: impl Into<String>, payload: impl Into<String>) -> Self {
        Self {
            id,
            queue: queue.into(),
            kind: kind.into(),
            payload: payload.into(),
            key: None,
            unique: None,
            priority: Priority::default(),
            due: Due::After(Duration::ZERO),
            expires: None,
            told: false,
        }
    }
}

/// What there is to be only one of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unique {
    /// Compared with those of the same queue.
    pub key: String,
    /// For how long after it was entered there is to be no other, also if it is over earlier.
    pub window: Duration,
}

/// A point in time, as those say it who have another clock than the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Due {
    /// So long after now.
    After(Duration),
    /// When the driver's clock reads this.
    At(Timestamp),
}

/// What came of a job that was to be entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Entered {
    /// It was entered.
    New,
    /// There is one with its id.
    Known,
    /// Its unique key is held by this one.
    Duplicate(JobId),
    /// It came from a leader who is none any more.
    Deposed,
}
