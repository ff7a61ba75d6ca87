//! How things are, by a sign and a word, and only besides by a colour.

use maud::{Markup, Render, html};

use crate::service::{Activity, Cause, Health, JobState, RunState, SiteView};

/// A state, as it is shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Badge {
    /// What has a colour of its own.
    kind: &'static str,
    sign: &'static str,
    pub(super) word: &'static str,
}

impl Render for Badge {
    fn render(&self) -> Markup {
        html! { span.badge.(self.kind) { span.sign aria-hidden="true" { (self.sign) } (self.word) } }
    }
}

pub(super) fn health(health: Health) -> Badge {
    match health {
        Health::Ok => badge("ok", "✓", "OK"),
        Health::Broken => badge("broken", "✕", "Broken links"),
        Health::Failing => badge("failing", "!", "Check failed"),
        Health::Unknown => badge("unknown", "?", "Not checked yet"),
    }
}

pub(super) fn state(state: RunState) -> Badge {
    match state {
        RunState::Running => badge("going", "↻", "Running"),
        RunState::Done => badge("ok", "✓", "Done"),
        RunState::Cancelled => badge("unknown", "■", "Cancelled"),
        RunState::Failed => badge("failing", "!", "Failed"),
        RunState::Skipped => badge("unknown", "»", "Skipped"),
        RunState::Missed => badge("unknown", "–", "Missed"),
    }
}

pub(super) fn job(state: JobState) -> Badge {
    match state {
        JobState::Waiting => badge("unknown", "…", "Waiting"),
        JobState::Running => badge("going", "↻", "Running"),
        JobState::Done => badge("ok", "✓", "Done"),
        JobState::Dead => badge("broken", "✕", "Dead"),
        JobState::Cancelled => badge("unknown", "■", "Cancelled"),
    }
}

pub(super) fn open(paused: bool) -> Badge {
    if paused { badge("paused", "‖", "Paused") } else { badge("ok", "✓", "Open") }
}

/// A worker that gives signs of life, as far as is known.
pub(super) fn there() -> Badge {
    badge("ok", "✓", "There")
}

/// A worker that has given none for longer than it should.
pub(super) fn silent() -> Badge {
    badge("failing", "!", "Silent")
}

/// Who leads.
pub(super) fn leads() -> Badge {
    badge("going", "★", "Leads")
}

/// What is being done, and whether it is paused; nothing where nothing is.
pub(super) fn activity(site: &SiteView) -> Markup {
    let going = match site.activity {
        Activity::Idle | Activity::Paused => None,
        Activity::Waiting => Some(badge("going", "…", "Waiting for its turn")),
        Activity::Checking => Some(badge("going", "↻", "Checking")),
    };
    let paused = site.paused.then(|| badge("paused", "‖", "Paused"));
    html! {
        @if let Some(going) = &going { (going) }
        @if going.is_some() && paused.is_some() { " " }
        @if let Some(paused) = &paused { (paused) }
    }
}

pub(super) fn ready(ready: bool) -> Badge {
    if ready { badge("ok", "✓", "Ready") } else { badge("failing", "!", "Not ready") }
}

pub(super) fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::Schedule => "by schedule",
        Cause::Request => "by request",
    }
}

fn badge(kind: &'static str, sign: &'static str, word: &'static str) -> Badge {
    Badge { kind, sign, word }
}
