//! The words for what is shown, which are those of the JSON.

use crate::service::{Activity, Health, RunState};

pub(crate) const HEALTHS: [Health; 4] = [Health::Unknown, Health::Ok, Health::Broken, Health::Failing];

pub(crate) const ACTIVITIES: [Activity; 4] = [Activity::Idle, Activity::Waiting, Activity::Checking, Activity::Paused];

pub(crate) fn health(health: Health) -> &'static str {
    match health {
        Health::Unknown => "unknown",
        Health::Ok => "ok",
        Health::Broken => "broken",
        Health::Failing => "failing",
    }
}

pub(crate) fn activity(activity: Activity) -> &'static str {
    match activity {
        Activity::Idle => "idle",
        Activity::Waiting => "waiting",
        Activity::Checking => "checking",
        Activity::Paused => "paused",
    }
}

pub(crate) fn state(state: RunState) -> &'static str {
    match state {
        RunState::Running => "running",
        RunState::Done => "done",
        RunState::Cancelled => "cancelled",
        RunState::Failed => "failed",
        RunState::Skipped => "skipped",
        RunState::Missed => "missed",
    }
}
