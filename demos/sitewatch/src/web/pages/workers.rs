//! The queue: who works for it, what each does, and how many jobs wait.

use actix_web::HttpResponse;
use maud::{Markup, html};

use super::act::queue_buttons;
use super::jobs::{alone, at};
use super::layout::{Live, Nav, Page};
use super::query::{href, job_path};
use super::table::Column::{Number, Text, Unseen};
use super::table::table;
use super::text::{address, number, shortened, shown, took};
use super::{Refusal, Visit, badge};
use crate::service::{JobState, JobView, QueueView, WatchError, WorkerView};

/// After how many seconds the page is brought up to date: nobody tells what a worker does.
const EVERY: u32 = 5;

/// How many of the jobs of a worker are shown at once.
const DOING: usize = 5;

/// Since when a worker is silent is told from so many milliseconds on: they give a sign of life every five seconds.
const SILENT: u64 = 6_000;

pub(super) async fn workers(visit: Visit) -> HttpResponse {
    let page = page(&visit).await;
    visit.answer(page).await
}

async fn page(visit: &Visit) -> Result<Page, Refusal> {
    let queue = match visit.watch.queue() {
        Err(WatchError::NoQueue) => return Ok(alone("Workers")),
        queue => queue?,
    };
    let found = async { Ok::<_, WatchError>((queue.workers().await?, queue.queues().await?)) };
    let (workers, queues) = match found.await {
        // Of a service that is asked by its API, only now.
        Err(WatchError::NoQueue) => return Ok(alone("Workers")),
        found => found?,
    };
    let content = html! {
        div {
            h1 { "Workers" }
            p.dim { "The programs that fetch pages for this service, and what waits for them." }
        }
        section { h2 { "Who is there" } (list(&workers)) }
        section { h2 { "Queues" } (queue_list(visit, &queues)) }
    };
    let title = format!("{} here · Workers", number(workers.len() as u64));
    Ok(Page::new(title, Nav::Workers, content).live(Live { every: EVERY, ..Live::ALL }))
}

fn list(workers: &[WorkerView]) -> Markup {
    if workers.is_empty() {
        return html! {
            p.nothing { "No worker is there. Start one, on any machine: " code { "sitewatch worker --queue …" } }
        };
    }
    let columns = [Text("Worker"), Text("State"), Number("Jobs"), Text("What it is doing")];
    let rows = html! {
        @for worker in workers {
            tr data-row data-key=(shown(&worker.owner)) {
                th.name scope="row" {
                    (shown(worker.shown()))
                    @if worker.name.is_some() { span.note { (shown(&worker.owner)) } }
                }
                td.state {
                    (state(worker))
                    @if worker.leads { " " (badge::leads()) }
                }
                td.number data-label="Jobs" { (number(worker.running)) }
                td.lanes data-label="What it is doing" { (doing(worker)) }
            }
        }
    };
    table("cards workers", "Workers", &columns, rows)
}

/// Whether it gives signs of life.
fn state(worker: &WorkerView) -> Markup {
    match worker.silent_ms {
        Some(silent) if silent >= SILENT => html! { (badge::silent()) span.note { "for " (took(silent)) } },
        Some(_) => html! { (badge::there()) },
        None => html! { (badge::there()) span.note { "seen for the first time" } },
    }
}

fn doing(worker: &WorkerView) -> Markup {
    let (first, rest) = worker.jobs.split_at(worker.jobs.len().min(DOING));
    html! {
        @if first.is_empty() { span.dim { "nothing" } }
        @else { (items(first)) }
        @if !rest.is_empty() {
            details data-key={ "rest-" (shown(&worker.owner)) } {
                summary { (number(rest.len() as u64)) " more" }
                (items(rest))
            }
        }
    }
}

fn items(jobs: &[JobView]) -> Markup {
    html! {
        ul.doing {
            @for job in jobs {
                li data-key=(shown(&job.id)) {
                    a href=(job_path(&job.id, "")) {
                        (address(&shortened(job.about.as_deref().unwrap_or(&job.kind), 80)))
                    }
                }
            }
        }
    }
}

fn queue_list(visit: &Visit, queues: &[QueueView]) -> Markup {
    if queues.is_empty() {
        return html! { p.nothing { "Nothing was put yet." } };
    }
    let columns = [
        Text("Queue"),
        Text("State"),
        Number("Ready"),
        Number("Oldest"),
        Number("Waiting"),
        Number("Running"),
        Number("Dead"),
        Number("Done"),
        Unseen("Buttons"),
    ];
    let columns = &columns[..columns.len() - usize::from(visit.csrf.is_none())];
    let rows = html! { @for queue in queues { (queue_row(visit, queue)) } };
    html! {
        (table("cards queues", "Queues", columns, rows))
        p.note { "Ready: what a worker could take now. Oldest: for how long the oldest of these has been due." }
    }
}

fn queue_row(visit: &Visit, queue: &QueueView) -> Markup {
    let count = |label: &str, state: JobState, count: u64| {
        html! {
            td.number data-label=(label) {
                @if count == 0 { "0" }
                @else { a href=(at(Some(state), &queue.name, None)) { (number(count)) } }
            }
        }
    };
    html! {
        tr data-row data-key=(shown(&queue.name)) {
            th.name scope="row" { a href=(href("/jobs", &[("queue", queue.name.as_str())])) { (shown(&queue.name)) } }
            td.state {
                (badge::open(queue.paused))
                @if queue.is_stalled() && !queue.paused {
                    span.note { "nobody takes them: is there a worker, with these credentials?" }
                }
            }
            td.number data-label="Ready" { (number(queue.ready)) }
            td.number data-label="Oldest" { @if let Some(lag) = queue.lag_ms { (took(lag)) } @else { "–" } }
            (count("Waiting", JobState::Waiting, queue.waiting))
            (count("Running", JobState::Running, queue.running))
            (count("Dead", JobState::Dead, queue.dead))
            (count("Done", JobState::Done, queue.done))
            @if visit.csrf.is_some() { td.do { (queue_buttons(visit, queue)) } }
        }
    }
}
