//! The checks of a site, as a list.

use maud::{Markup, html};

use super::query::{href, run_path, site_path};
use super::text::{number, shortened, shown, took, when};
use super::{Visit, badge};
use crate::service::{RunState, RunView};

/// How many are shown at a time.
pub(super) const SHOWN: usize = 20;

/// The newest of these, and the way to those before them.
pub(super) fn list(visit: &Visit, site: &str, runs: &[RunView]) -> Markup {
    let (shown, rest) = runs.split_at(runs.len().min(SHOWN));
    let Some(last) = shown.last() else {
        return html! { p.nothing { "There was no check yet." } };
    };
    html! {
        table.cards.runs {
            thead {
                tr {
                    th scope="col" { "Check" }
                    th scope="col" { "State" }
                    th scope="col" { "Began" }
                    th scope="col" { "Took" }
                    th.number scope="col" { "Pages" }
                    th.number scope="col" { "Broken" }
                    th.number scope="col" { "New" }
                    th.number scope="col" { "Fixed" }
                }
            }
            tbody { @for run in shown { (row(visit, site, run)) } }
        }
        nav.pages aria-label="Pages of the list of checks" {
            @if !visit.query("before").is_empty() { a.button href={ (site_path(site, "")) "#checks" } { "Newest" } }
            @if !rest.is_empty() {
                @let older = href(&site_path(site, ""), &[("before", last.id.to_string().as_str())]);
                a.button rel="next" href={ (older) "#checks" } { "Older" }
            }
        }
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
