use std::time::Duration;

use jiff::Timestamp;

use crate::cli::remote::times::instant;
use crate::cli::remote::{Align, Cell, Color, Table, relative};
use crate::report::text::{clean, elided};
use crate::report::{Grouped, Took};
use crate::service::{JobState, JobView, QueueView, WorkerView};

/// How much of an address a table shows.
const ABOUT: usize = 60;

/// Jobs, as a table.
#[must_use]
pub fn jobs(jobs: &[JobView], now: Timestamp) -> Table {
    let mut table = Table::new([
        ("NUMBER", Align::Right),
        ("ID", Align::Left),
        ("STATE", Align::Left),
        ("QUEUE", Align::Left),
        ("PUT", Align::Left),
        ("TRIED", Align::Right),
        ("ABOUT", Align::Left),
        ("WHY", Align::Left),
    ]);
    for job in jobs {
        table.push([
            Cell::new(job.number.to_string()),
            Cell::new(&job.id),
            state(job.state),
            Cell::new(&job.queue),
            Cell::new(relative(now, job.entered)),
            Cell::new(job.attempts.to_string()),
            Cell::new(about(job)),
            Cell::new(why(job)),
        ]);
    }
    table
}

/// Queues, as a table.
#[must_use]
pub fn queues(queues: &[QueueView]) -> Table {
    let mut table = Table::new([
        ("QUEUE", Align::Left),
        ("STATE", Align::Left),
        ("READY", Align::Right),
        ("OLDEST", Align::Right),
        ("WAITING", Align::Right),
        ("RUNNING", Align::Right),
        ("DONE", Align::Right),
        ("DEAD", Align::Right),
        ("CANCELLED", Align::Right),
    ]);
    let number = |value: u64| Cell::new(Grouped(value).to_string());
    for queue in queues {
        let paused = if queue.paused { Cell::new("paused").color(Color::Yellow) } else { Cell::new("open") };
        let dead = number(queue.dead);
        table.push([
            Cell::new(&queue.name),
            paused,
            number(queue.ready),
            Cell::new(queue.lag_ms.map(took).unwrap_or_default()),
            number(queue.waiting),
            number(queue.running),
            number(queue.done),
            if queue.dead == 0 { dead } else { dead.color(Color::Red) },
            number(queue.cancelled),
        ]);
    }
    table
}

/// Workers, as a table.
#[must_use]
pub fn workers(workers: &[WorkerView]) -> Table {
    let mut table = Table::new([
        ("WORKER", Align::Left),
        ("LEADS", Align::Left),
        ("SILENT", Align::Right),
        ("JOBS", Align::Right),
        ("DOING", Align::Left),
    ]);
    for worker in workers {
        // The order of what it does is not the question: one line tells what kind of thing it is.
        let doing = match worker.jobs.as_slice() {
            [] => String::new(),
            [one] => about(one),
            [first, rest @ ..] => format!("{} and {} more", about(first), Grouped(rest.len() as u64)),
        };
        table.push([
            Cell::new(worker.shown()),
            Cell::new(if worker.leads { "leads" } else { "" }),
            Cell::new(worker.silent_ms.map(took).unwrap_or_default()),
            Cell::new(Grouped(worker.running).to_string()),
            Cell::new(doing),
        ]);
    }
    table
}

/// All of a job, in lines.
pub(super) fn job(job: &JobView) -> String {
    let at = |at: Option<Timestamp>| at.map(instant);
    let facts = [
        ("job", Some(job.id.clone())),
        ("about", job.about.clone()),
        ("state", Some(job.state.to_string())),
        ("why", job.why.clone()),
        ("error", job.error.clone()),
        ("queue", Some(job.queue.clone())),
        ("kind", Some(job.kind.clone())),
        ("number", Some(job.number.to_string())),
        ("tried", Some(job.attempts.to_string())),
        ("worker", job.worker.clone()),
        ("put", at(Some(job.entered))),
        ("due", at(Some(job.due))),
        ("taken", at(job.taken)),
        ("over", at(job.over)),
    ];
    let mut lines = String::new();
    for (name, value) in facts {
        if let Some(value) = value {
            lines.push_str(&format!("{name:<8} {}\n", clean(&value)));
        }
    }
    for (name, text) in [("payload", &job.payload), ("output", &job.output)] {
        if let Some(text) = text {
            lines.push_str(&format!("\n{name}\n"));
            for line in text.lines() {
                // Indented as it is: white space at its beginning would be made one blank.
                let indent = line.len() - line.trim_start().len();
                lines.push_str(&format!("  {:indent$}{}\n", "", clean(line)));
            }
        }
    }
    lines
}

fn state(state: JobState) -> Cell {
    let color = match state {
        JobState::Done => Color::Green,
        JobState::Dead => Color::Red,
        JobState::Cancelled => Color::Yellow,
        JobState::Waiting | JobState::Running => Color::Dim,
    };
    Cell::new(state.as_str()).color(color)
}

/// What a job is about; else what kind it is.
fn about(job: &JobView) -> String {
    elided(job.about.as_deref().unwrap_or(&job.kind), ABOUT).to_string()
}

/// Why it is dead, or how its latest attempt failed.
fn why(job: &JobView) -> String {
    match (&job.why, &job.error) {
        (Some(why), Some(error)) => format!("{why}: {error}"),
        (Some(one), None) | (None, Some(one)) => one.clone(),
        (None, None) => String::new(),
    }
}

fn took(milliseconds: u64) -> String {
    Took(Duration::from_millis(milliseconds)).to_string()
}
