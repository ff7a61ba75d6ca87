//! What people read.

use std::time::Duration;

use jiff::Timestamp;

use super::times::instant;
use super::{Align, Cell, Color, Status, Table, relative};
use crate::report::text::{clean, plural};
use crate::report::{Grouped, Took};
use crate::service::{Activity, Health, RunState, RunView, SiteView};
use crate::web::api::words;

/// All sites, as a table.
#[must_use]
pub fn sites(sites: &[SiteView], now: Timestamp) -> Table {
    let mut table = Table::new([
        ("SITE", Align::Left),
        ("HEALTH", Align::Left),
        ("BROKEN", Align::Right),
        ("ACTIVITY", Align::Left),
        ("LAST CHECK", Align::Left),
        ("NEXT", Align::Left),
        ("SCHEDULE", Align::Left),
        ("TARGET", Align::Left),
    ]);
    for site in sites {
        let next = match site.next {
            _ if site.paused => "when resumed".to_owned(),
            next => next.map(|next| relative(now, next)).unwrap_or_default(),
        };
        table.push([
            Cell::new(&site.name),
            health(site.health),
            broken(site),
            activity(site),
            Cell::new(last(site, now)),
            Cell::new(next),
            Cell::new(&site.schedule),
            Cell::new(&site.target),
        ]);
    }
    table
}

/// The sites that are not well, as a table.
#[must_use]
pub fn troubled(sites: &[SiteView], now: Timestamp) -> Table {
    let mut table = Table::new([
        ("SITE", Align::Left),
        ("HEALTH", Align::Left),
        ("BROKEN", Align::Right),
        ("LAST CHECK", Align::Left),
        ("WHY", Align::Left),
    ]);
    for site in sites.iter().filter(|site| is_troubled(site)) {
        let why = site.last.as_ref().filter(|run| run.state != RunState::Done).and_then(|run| run.why.as_deref());
        let why = Cell::new(why.unwrap_or_default());
        table.push([Cell::new(&site.name), health(site.health), broken(site), Cell::new(last(site, now)), why]);
    }
    table
}

/// Runs, as a table.
#[must_use]
pub fn runs(runs: &[RunView]) -> Table {
    let mut table = Table::new([
        ("RUN", Align::Right),
        ("SITE", Align::Left),
        ("BEGAN", Align::Left),
        ("STATE", Align::Left),
        ("TOOK", Align::Right),
        ("PAGES", Align::Right),
        ("LINKS", Align::Right),
        ("BROKEN", Align::Right),
        ("NEW", Align::Right),
        ("FIXED", Align::Right),
        ("WHY", Align::Left),
    ]);
    for run in runs {
        let numbers = &run.numbers;
        // Of one that did not begin, or has not ended, there are none.
        let ran = matches!(run.state, RunState::Done | RunState::Cancelled | RunState::Failed);
        let number = |value: u64| Cell::new(if ran { Grouped(value).to_string() } else { String::new() });
        let took = if ran { Took(Duration::from_millis(numbers.elapsed_ms)).to_string() } else { String::new() };
        table.push([
            Cell::new(run.id.to_string()),
            Cell::new(&run.site),
            Cell::new(instant(run.began)),
            state(run.state),
            Cell::new(took),
            number(numbers.pages),
            number(numbers.links),
            number(numbers.broken),
            number(numbers.newly_broken),
            number(numbers.fixed),
            Cell::new(run.why.as_deref().unwrap_or_default()),
        ]);
    }
    table
}

/// The last lines of a status: what is wrong with the service, if something is, and how many sites are how.
#[must_use]
pub fn summary(status: &Status) -> String {
    let mut lines = String::new();
    let trouble = status.readiness.as_ref().filter(|readiness| !readiness.is_well());
    if let Some(readiness) = trouble {
        lines.push_str(if readiness.ready { "a check does not get on" } else { "the service is not ready" });
        for (number, reason) in readiness.reasons.iter().enumerate() {
            lines.push_str(if number == 0 { ": " } else { "; " });
            lines.push_str(&clean(reason).to_string());
        }
        lines.push('\n');
    }
    let counts = words::HEALTHS.into_iter().filter_map(|health| {
        let count = status.sites.iter().filter(|site| site.health == health).count();
        (count > 0).then(|| format!("{} {}", Grouped(count as u64), words::health(health)))
    });
    let counts: Vec<String> = counts.collect();
    let all = plural(status.sites.len() as u64, "site", "sites");
    let counts = if counts.is_empty() { String::new() } else { format!(": {}", counts.join(", ")) };
    format!("{lines}{all}{counts}\n")
}

/// Whether somebody should look at it.
pub(super) fn is_troubled(site: &SiteView) -> bool {
    matches!(site.health, Health::Broken | Health::Failing)
}

fn health(health: Health) -> Cell {
    let color = match health {
        Health::Ok => Color::Green,
        Health::Broken | Health::Failing => Color::Red,
        Health::Unknown => Color::Dim,
    };
    Cell::new(words::health(health)).color(color)
}

fn state(state: RunState) -> Cell {
    let color = match state {
        RunState::Done => Color::Green,
        RunState::Failed => Color::Red,
        RunState::Cancelled | RunState::Skipped | RunState::Missed => Color::Yellow,
        RunState::Running => Color::Dim,
    };
    Cell::new(words::state(state)).color(color)
}

fn broken(site: &SiteView) -> Cell {
    let cell = Cell::new(Grouped(site.broken).to_string());
    if site.broken == 0 { cell } else { cell.color(Color::Red) }
}

fn activity(site: &SiteView) -> Cell {
    let pages = site.progress.map(|progress| plural(progress.pages, "page", "pages"));
    let text = match (site.activity, pages) {
        (Activity::Idle, _) => return Cell::new(""),
        (Activity::Checking, Some(pages)) => format!("checking, {pages}"),
        (activity, _) => words::activity(activity).to_owned(),
    };
    let then = if site.paused && site.activity != Activity::Paused { ", then paused" } else { "" };
    Cell::new(text + then)
}

/// When it was last checked, and what became of that if it is not that it was.
fn last(site: &SiteView, now: Timestamp) -> String {
    let Some(run) = &site.last else { return "never".to_owned() };
    let when = relative(now, run.ended.unwrap_or(run.began));
    if run.state == RunState::Done { when } else { format!("{} {when}", words::state(run.state)) }
}
