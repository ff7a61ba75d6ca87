//! One job: where it is, and what it works on.

use actix_web::HttpResponse;
use actix_web::web::Path;
use maud::{Markup, html};

use super::act::job_buttons;
use super::jobs::{alone, at, trouble};
use super::layout::{Live, Nav, Page};
use super::text::{exact, link, number, shown, when};
use super::{Refusal, Visit, badge};
use crate::service::{JobView, WatchError};

/// How much of an error is shown.
const ERROR: usize = 2_000;

/// After how many seconds the page is brought up to date: nobody tells of a job.
const EVERY: u32 = 10;

pub(super) async fn job(visit: Visit, id: Path<String>) -> HttpResponse {
    let page = page(&visit, &id).await;
    visit.answer(page).await
}

async fn page(visit: &Visit, id: &str) -> Result<Page, Refusal> {
    let queue = match visit.watch.queue() {
        Err(WatchError::NoQueue) => return Ok(alone("Jobs")),
        queue => queue?,
    };
    let job = queue.job(id).await?;
    let content = html! {
        nav.crumbs aria-label="Where this is" {
            a href="/workers" { "Workers" } " / " a href="/jobs" { "Jobs" } " / "
            span aria-current="page" { (shown(&job.id)) }
        }
        section.status {
            div.head { h1 { "Job " (number(job.number)) } (badge::job(job.state)) }
            @if let Some(about) = &job.about { p { (link(about)) } }
            (trouble(&job, ERROR))
            (facts(visit, &job))
            (job_buttons(visit, &job))
            @if visit.csrf.is_some() && !job.state.is_over() && job.about.is_some() {
                p.note {
                    "If it is cancelled, the check tells of its link as failed, "
                    "unless it is well when the check asks again."
                }
            }
        }
        (text("What it works on", job.payload.as_deref()))
        (text("What came of it", job.output.as_deref()))
    };
    let page = Page::new(format!("{} · Job {}", badge::job(job.state).word, job.number), Nav::Workers, content);
    Ok(if job.state.is_over() { page } else { page.live(Live { every: EVERY, ..Live::ALL }) })
}

fn facts(visit: &Visit, job: &JobView) -> Markup {
    html! {
        dl.facts {
            div { dt { "Queue" } dd { a href=(at(None, &job.queue, None)) { (shown(&job.queue)) } } }
            div { dt { "Kind" } dd { (shown(&job.kind)) } }
            div { dt { "Put" } dd { (exact(job.entered)) span.note { (when(visit.now, job.entered)) } } }
            @if !job.state.is_over() {
                div { dt { "May begin" } dd { (exact(job.due)) span.note { (when(visit.now, job.due)) } } }
            }
            @if let Some(taken) = job.taken {
                div { dt { "Taken" } dd { (exact(taken)) span.note { (when(visit.now, taken)) } } }
            }
            @if let Some(over) = job.over {
                div { dt { "Over" } dd { (exact(over)) span.note { (when(visit.now, over)) } } }
            }
            div { dt { "Attempts" } dd { (number(job.attempts.into())) } }
            @if job.crashes > 0 {
                div {
                    dt { "Workers that went away with it" }
                    dd { (number(job.crashes.into())) span.note { "the one that has it included" } }
                }
            }
            @if let Some(worker) = &job.worker { div { dt { "Worker" } dd { (shown(worker)) } } }
        }
    }
}

fn text(heading: &str, text: Option<&str>) -> Markup {
    html! {
        @if let Some(text) = text {
            section {
                h2 { (heading) }
                div.scroll.tall tabindex="0" role="region" aria-label=(heading) { pre { (shown(text)) } }
            }
        }
    }
}
