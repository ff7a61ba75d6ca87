//! How things are, by a sign and a word, and only besides by a colour.

use maud::{Markup, html};

use crate::service::{Activity, Cause, Health, RunState};

pub(super) fn health(health: Health) -> Markup {
    match health {
        Health::Ok => badge("ok", "✓", "OK"),
        Health::Broken => badge("broken", "✕", "Broken links"),
        Health::Failing => badge("failing", "!", "Check failed"),
        Health::Unknown => badge("unknown", "?", "Not checked yet"),
    }
}

pub(super) fn state(state: RunState) -> Markup {
    match state {
        RunState::Running => badge("going", "↻", "Running"),
        RunState::Done => badge("ok", "✓", "Done"),
        RunState::Cancelled => badge("unknown", "■", "Cancelled"),
        RunState::Failed => badge("failing", "!", "Failed"),
        RunState::Skipped => badge("unknown", "»", "Skipped"),
        RunState::Missed => badge("unknown", "–", "Missed"),
    }
}

/// What is being done; nothing where nothing is.
pub(super) fn activity(activity: Activity) -> Markup {
    match activity {
        Activity::Idle => html! {},
        Activity::Waiting => badge("going", "…", "Waiting for its turn"),
        Activity::Checking => badge("going", "↻", "Checking"),
        Activity::Paused => badge("paused", "‖", "Paused"),
    }
}

pub(super) fn ready(ready: bool) -> Markup {
    if ready { badge("ok", "✓", "Ready") } else { badge("failing", "!", "Not ready") }
}

pub(super) fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::Schedule => "by schedule",
        Cause::Request => "by request",
    }
}

pub(super) fn badge(kind: &str, sign: &str, word: &str) -> Markup {
    html! { span.badge.(kind) { span.sign aria-hidden="true" { (sign) } (word) } }
}
