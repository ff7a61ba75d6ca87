//! The jobs of the queue, as a list.

use actix_web::HttpResponse;
use maud::{Markup, html};

use super::act::job_buttons;
use super::layout::{Live, Nav, Page};
use super::query::{href, job_path};
use super::table::Column::{Number, Text, Unseen};
use super::table::table;
use super::text::{address, number, shortened, shown, when};
use super::{Refusal, Visit, badge};
use crate::service::{JobQuery, JobState, JobView, WatchError};

/// How many are shown at a time.
const SHOWN: usize = 50;

/// After how many seconds the page is brought up to date: nobody tells of a job.
const EVERY: u32 = 10;

/// The address of these jobs.
pub(super) fn at(state: Option<JobState>, queue: &str, before: Option<u64>) -> String {
    let before = before.map(|before| before.to_string()).unwrap_or_default();
    let state = state.map(JobState::as_str).unwrap_or_default();
    href("/jobs", &[("state", state), ("queue", queue), ("before", before.as_str())])
}

/// The page of a service that has no queue.
pub(super) fn alone(heading: &'static str) -> Page {
    let content = html! {
        h1 { (heading) }
        p.nothing {
            "This service fetches by itself: its settings name no " code { "queue" } " that workers could share."
        }
    };
    Page::new(heading.to_owned(), Nav::Workers, content)
}

pub(super) async fn jobs(visit: Visit) -> HttpResponse {
    let page = page(&visit).await;
    visit.answer(page).await
}

async fn page(visit: &Visit) -> Result<Page, Refusal> {
    let queue = match visit.watch.queue() {
        Err(WatchError::NoQueue) => return Ok(alone("Jobs")),
        queue => queue?,
    };
    let (wanted, of) = (visit.query("state"), visit.query("queue"));
    let state = JobState::ALL.into_iter().find(|state| state.as_str() == wanted);
    let before = visit.query("before").parse().ok();
    // One more than is shown tells whether there are any.
    let query =
        JobQuery { state, queue: Some(of.clone()).filter(|of| !of.is_empty()), limit: SHOWN as u64 + 1, before };
    let found = match queue.jobs(&query).await {
        // Of a service that is asked by its API, only now.
        Err(WatchError::NoQueue) => return Ok(alone("Jobs")),
        found => found?,
    };
    let content = html! {
        nav.crumbs aria-label="Where this is" {
            a href="/workers" { "Workers" } " / " span aria-current="page" { "Jobs" }
        }
        div.heading {
            h1 { "Jobs" }
            nav.tabs aria-label="By state" {
                (tab(None, state, &of))
                @for one in JobState::ALL { (tab(Some(one), state, &of)) }
            }
            @if !of.is_empty() {
                div.tools { "of " (shown(&of)) " " a.button.quiet href=(at(state, "", None)) { "All queues" } }
            }
        }
        (list(visit, &found, state, &of, before.is_some()))
    };
    let title = state.map_or("Jobs".to_owned(), |state| format!("{} · Jobs", badge::job(state).word));
    Ok(Page::new(title, Nav::Workers, content).live(Live { every: EVERY, ..Live::ALL }))
}

fn tab(state: Option<JobState>, here: Option<JobState>, queue: &str) -> Markup {
    let word = state.map_or("All", |state| badge::job(state).word);
    html! { a href=(at(state, queue, None)) aria-current=[(state == here).then_some("true")] { (word) } }
}

fn list(visit: &Visit, jobs: &[JobView], state: Option<JobState>, queue: &str, is_later: bool) -> Markup {
    let (shown, rest) = jobs.split_at(jobs.len().min(SHOWN));
    let columns = [Text("Job"), Text("State"), Text("Queue"), Text("Put"), Number("Attempts"), Unseen("Buttons")];
    let columns = &columns[..columns.len() - usize::from(visit.csrf.is_none())];
    html! {
        @if let Some(last) = shown.last() {
            (table("cards jobs", "Jobs, the latest first", columns, html! { @for job in shown { (row(visit, job)) } }))
            @if is_later || !rest.is_empty() {
                nav.pages aria-label="Pages of the list of jobs" {
                    @if is_later { a.button href=(at(state, queue, None)) { "Latest" } }
                    @if !rest.is_empty() { a.button rel="next" href=(at(state, queue, Some(last.number))) { "Older" } }
                }
            }
        } @else if is_later {
            p.nothing { "No job is before that. " a href=(at(state, queue, None)) { "Latest" } }
        } @else {
            p.nothing { "No job is like that. What was done is kept for an hour, what is dead for a week." }
        }
    }
}

fn row(visit: &Visit, job: &JobView) -> Markup {
    html! {
        tr data-row data-key=(shown(&job.id)) {
            th.name scope="row" {
                a href=(job_path(&job.id, "")) {
                    (address(&shortened(job.about.as_deref().unwrap_or(&job.kind), 80)))
                }
                span.target { (shown(&job.id)) }
            }
            td.state { (badge::job(job.state)) (trouble(job, 160)) }
            td data-label="Queue" { (shown(&job.queue)) }
            td data-label="Put" { (when(visit.now, job.entered)) }
            td.number data-label="Attempts" { (number(job.attempts.into())) }
            @if visit.csrf.is_some() { td.do { (job_buttons(visit, job)) } }
        }
    }
}

/// Why it is dead, and how its latest attempt failed, in so many characters.
pub(super) fn trouble(job: &JobView, limit: usize) -> Markup {
    html! {
        @if let Some(why) = &job.why { span.note { (shown(why)) } }
        @if let Some(error) = &job.error { span.note { (shown(&shortened(error, limit))) } }
    }
}
