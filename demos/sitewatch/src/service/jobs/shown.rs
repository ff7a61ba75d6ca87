//! What the engine tells, as it is shown.

use std::time::Duration;

use actors::jobs::driver::{JobRecord, JobState as State, QueueCounts};
use serde::Deserialize;
use serde_json::Value;

use crate::report::text::plural;
use crate::service::view::{JobState, JobView, QueueView};

/// How many characters of a payload or an output are told.
const TOLD: usize = 4_000;

/// What the kinds of our jobs begin with. An engine may have others beside them, whose payloads are nobody's here.
const OURS: &str = "sitewatch.";

/// What the queue of what is fetched with a site's credentials begins with; its name follows.
const OF_A_SITE: &str = "sitewatch.fetch.";

impl From<JobState> for State {
    fn from(state: JobState) -> Self {
        match state {
            JobState::Waiting => Self::Waiting,
            JobState::Running => Self::Running,
            JobState::Done => Self::Done,
            JobState::Dead => Self::Dead,
            JobState::Cancelled => Self::Cancelled,
        }
    }
}

impl From<State> for JobState {
    fn from(state: State) -> Self {
        match state {
            State::Waiting => Self::Waiting,
            State::Running => Self::Running,
            State::Done => Self::Done,
            State::Dead => Self::Dead,
            State::Cancelled => Self::Cancelled,
        }
    }
}

pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

pub(super) fn queue(counts: QueueCounts) -> QueueView {
    QueueView {
        name: counts.queue,
        paused: counts.paused,
        waiting: counts.waiting,
        ready: counts.ready,
        running: counts.running,
        done: counts.done,
        dead: counts.dead,
        cancelled: counts.cancelled,
        pruned: counts.pruned,
        lag_ms: counts.lag.map(millis),
    }
}

/// Why a queue of ours does not get on, in a sentence; nothing if it does.
pub(super) fn stalled(queue: &QueueView) -> Option<String> {
    let (name, jobs) = (&queue.name, plural(queue.waiting, "job", "jobs"));
    if !name.starts_with(OURS) || !queue.is_stalled() {
        return None;
    }
    Some(match (queue.paused, name.strip_prefix(OF_A_SITE)) {
        (true, _) => format!("the queue {name} is paused, with {jobs} in it"),
        (false, None) => format!("the queue {name} has {jobs} that nobody takes: is there a worker with room?"),
        (false, Some(site)) => {
            format!("the queue {name} has {jobs} that nobody takes: is there a worker with the credentials of {site}?")
        }
    })
}

/// A job, with or without what it works on.
pub(super) fn job(record: JobRecord, whole: bool) -> JobView {
    let ours = record.kind.starts_with(OURS);
    let (payload, output) = (Some(record.payload).filter(|_| ours), record.output.filter(|_| ours && whole));
    JobView {
        id: record.id.to_string(),
        number: record.seq,
        queue: record.queue,
        kind: record.kind,
        about: payload.as_deref().and_then(address),
        state: record.state.into(),
        attempts: record.attempt,
        crashes: record.crashes,
        worker: record.owner,
        entered: record.entered_at,
        due: record.due,
        taken: record.taken_at,
        over: record.over_at,
        reason: record.dead.map(|reason| reason.name().to_owned()),
        why: record.dead.map(|reason| reason.to_string()),
        error: record.error,
        payload: payload.filter(|_| whole).as_deref().map(told),
        output: output.as_deref().map(told),
    }
}

/// The address in a payload.
fn address(payload: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Payload {
        url: String,
    }
    serde_json::from_str::<Payload>(payload).ok().map(|payload| payload.url)
}

/// The beginning of a text of JSON, as people read it. The settings of the client are nobody's but the worker's: what is a
/// secret is not in them, but there may be headers.
fn told(text: &str) -> String {
    let text = match serde_json::from_str::<Value>(text) {
        Ok(mut value) => {
            if let Some(map) = value.as_object_mut() {
                map.remove("http");
            }
            format!("{value:#}")
        }
        Err(_) => text.to_owned(),
    };
    match text.char_indices().nth(TOLD) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
