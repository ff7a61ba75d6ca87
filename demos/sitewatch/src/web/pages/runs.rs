//! The checks of a site, as a list.

use jiff::Timestamp;
use maud::{Markup, html};

use super::query::{href, run_path, site_path};
use super::table::Column::{Number, Text};
use super::table::table;
use super::text::{number, short, shortened, shown, took, when};
use super::{Visit, badge};
use crate::service::{RunState, RunView};

/// How many are shown at a time.
pub(super) const SHOWN: usize = 20;

/// The width and the height in which bars are drawn, and the width that keeps the shortest visible.
const WIDTH: i64 = 1_000;
const HEIGHT: i64 = 30;
const NARROW: i64 = 8;

/// The newest of these, and the way to those before them.
pub(super) fn list(visit: &Visit, site: &str, runs: &[RunView]) -> Markup {
    let (shown, rest) = runs.split_at(runs.len().min(SHOWN));
    let Some(last) = shown.last() else {
        return html! { p.nothing { "There was no check yet." } };
    };
    let columns = [
        Text("Check"),
        Text("State"),
        Text("Began"),
        Text("Took"),
        Number("Pages"),
        Number("Broken"),
        Number("New"),
        Number("Fixed"),
    ];
    html! {
        (timeline(visit.now, shown))
        (table("cards runs", "Checks, the newest first", &columns, html! {
            @for run in shown { (row(visit, site, run)) }
        }))
        nav.pages aria-label="Pages of the list of checks" {
            @if !visit.query("before").is_empty() { a.button href={ (site_path(site, "")) "#checks" } { "Newest" } }
            @if !rest.is_empty() {
                @let older = href(&site_path(site, ""), &[("before", last.id.to_string().as_str())]);
                a.button rel="next" href={ (older) "#checks" } { "Older" }
            }
        }
    }
}

/// When these checks ran and for how long, as bars on a line of time. The table says the same in words.
fn timeline(now: Timestamp, runs: &[RunView]) -> Markup {
    let end = |run: &RunView| if run.state == RunState::Running { now } else { run.ended.unwrap_or(run.began) };
    let (Some(first), Some(last)) = (runs.iter().map(|run| run.began).min(), runs.iter().map(end).max()) else {
        return html! {};
    };
    let length = last.as_millisecond().saturating_sub(first.as_millisecond()).max(1);
    let at = |at: Timestamp| at.as_millisecond().saturating_sub(first.as_millisecond()).saturating_mul(WIDTH) / length;
    html! {
        figure.strip {
            svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } preserveAspectRatio="none" aria-hidden="true" {
                @for run in runs {
                    @let x = at(run.began).min(WIDTH - NARROW);
                    @let (class, height) = bar(run.state);
                    rect.(class) x=(x) y=(HEIGHT - height) width=((at(end(run)) - x).max(NARROW)) height=(height) {
                        title { "Check " (run.id) ": " (badge::state(run.state).word) }
                    }
                }
            }
            div.ends { span { (short(first)) } span { (short(last)) } }
            figcaption {
                "When each check ran, and for how long. "
                "Half a bar: it failed or was cancelled; a stub: it did not begin."
            }
        }
    }
}

/// Told apart by its height, and only besides by its colour.
fn bar(state: RunState) -> (&'static str, i64) {
    match state {
        RunState::Done => ("done", HEIGHT),
        RunState::Running => ("going", HEIGHT),
        RunState::Cancelled | RunState::Failed => ("cut", HEIGHT / 2),
        RunState::Skipped | RunState::Missed => ("stub", HEIGHT / 5),
    }
}

fn row(visit: &Visit, site: &str, run: &RunView) -> Markup {
    let numbers = &run.numbers;
    // What did not begin has no numbers.
    let began = !matches!(run.state, RunState::Skipped | RunState::Missed);
    html! {
        tr data-row data-key=(run.id) {
            th.name scope="row" {
                a href=(run_path(site, run.id)) { "Check " (run.id) }
                span.note { (badge::cause(run.cause)) @if run.times > 1 { ", stands for " (number(run.times)) } }
            }
            td.state {
                (badge::state(run.state))
                @if let Some(why) = &run.why { span.note { (shown(&shortened(why, 120))) } }
            }
            td data-label="Began" { (when(visit.now, run.began)) }
            td data-label="Took" { @if began { (took(numbers.elapsed_ms)) } @else { "–" } }
            (count("Pages", began, numbers.pages))
            (count("Broken", began, numbers.broken))
            (count("New", began, numbers.newly_broken))
            (count("Fixed", began, numbers.fixed))
        }
    }
}

fn count(label: &str, began: bool, value: u64) -> Markup {
    html! { td.number data-label=(label) { @if began { (number(value)) } @else { "–" } } }
}
