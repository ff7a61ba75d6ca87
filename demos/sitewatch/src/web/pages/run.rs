//! One check: what it did, and when.

use actix_web::HttpResponse;
use actix_web::web::Path;
use maud::{Markup, html};

use super::layout::{Live, Nav, Page};
use super::query::site_path;
use super::text::{exact, number, shown, took, when};
use super::{Refusal, Visit, badge, bar};
use crate::service::{Moment, Numbers, RunState, RunView, WatchError};

pub(super) async fn run(visit: Visit, path: Path<(String, String)>) -> HttpResponse {
    let (site, id) = path.into_inner();
    let page = page(&visit, &site, &id).await;
    visit.answer(page).await
}

async fn page(visit: &Visit, name: &str, id: &str) -> Result<Page, Refusal> {
    let id: i64 = id.parse().map_err(|_| Refusal::nothing_here())?;
    let run = visit.watch.run(id).await?;
    // Its number alone is enough to find it, but the address says more.
    if run.site != name {
        return Err(WatchError::NoSuchRun(id).into());
    }
    let going = run.state == RunState::Running;
    let progress = if going { visit.watch.site(name).await?.progress } else { None };
    let content = html! {
        nav.crumbs aria-label="Where this is" {
            a href="/" { "Sites" } " / " a href=(site_path(name, "")) { (shown(name)) }
        }
        section.status {
            div.head { h1 { "Check " (run.id) } (badge::state(run.state)) }
            @if let Some(why) = &run.why { p.why { (shown(why)) } }
            @if let Some(progress) = &progress { (bar::progress(progress)) }
            (facts(visit, &run))
        }
        @if !matches!(run.state, RunState::Skipped | RunState::Missed) {
            section {
                h2 { "In numbers" }
                (numbers(&run.numbers))
            }
        }
        section {
            h2 { "Timeline" }
            (timeline(&run))
        }
    };
    let live = Live { site: Some(name.to_owned()), progress: "main", every: 60 };
    let title = format!("Check {id} of {name}");
    let page = Page::new(title, Nav::Sites, content);
    Ok(if going { page.live(live) } else { page })
}

fn facts(visit: &Visit, run: &RunView) -> Markup {
    html! {
        dl.facts {
            div { dt { "Began" } dd { (when(visit.now, run.began)) span.note { (badge::cause(run.cause)) } } }
            @if let Some(due) = run.due { div { dt { "Was due" } dd { (exact(due)) } } }
            @if let Some(ended) = run.ended { div { dt { "Ended" } dd { (when(visit.now, ended)) } } }
            @if run.times > 1 {
                div { dt { "Stands for" } dd { (number(run.times)) " checks" span.note { "that were due before it" } } }
            }
            @if run.resumed > 0 {
                div { dt { "Resumed" } dd { (run.resumed) "×" span.note { "after the program had ended" } } }
            }
        }
    }
}

fn numbers(numbers: &Numbers) -> Markup {
    let tile = |class: &str, value: &str, word: &str, more: &str| {
        html! { div.(class) { dt { (word) } dd { (value) } @if !more.is_empty() { dd.note { (more) } } } }
    };
    let count = |class: &str, value: u64, word: &str, more: &str| tile(class, &number(value), word, more);
    html! {
        dl.numbers {
            (count("broken", numbers.broken, "broken", "links"))
            (count("new", numbers.newly_broken, "newly broken", "since this check"))
            (count("fixed", numbers.fixed, "fixed", "or gone, since this check"))
            (count("ok", numbers.ok, "well", "links"))
            (count("moved", numbers.redirected, "redirected", "links that are well elsewhere"))
            (count("skipped", numbers.skipped, "skipped", "links not looked at"))
            (count("links", numbers.links, "links", "in all"))
            (count("pages", numbers.pages, "pages", "searched for links"))
            (count("fetched", numbers.fetched, "asked for", "addresses"))
            (count("unchanged", numbers.unchanged, "unchanged", "pages not read again"))
            (count("remembered", numbers.remembered, "remembered", "links to other sites, not asked for"))
            (count("flapping", numbers.flapping, "flapping", "broken at first, then well"))
            (tile("took", &took(numbers.elapsed_ms), "took", "without the time in which nothing ran"))
        }
    }
}

/// What happened, in order: as parts of a bar, and in words.
fn timeline(run: &RunView) -> Markup {
    let [first, .., last] = run.timeline.as_slice() else { return moments(&run.timeline) };
    let start = first.at.as_millisecond();
    let length = (last.at.as_millisecond() - start).max(1);
    html! {
        svg.timeline viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true" {
            @for pair in run.timeline.windows(2) {
                @let (from, to) = (pair[0].at.as_millisecond() - start, pair[1].at.as_millisecond() - start);
                @let (from, to) = (from.clamp(0, length) * 1_000 / length, to.clamp(0, length) * 1_000 / length);
                rect x=(from) y="0" width=((to - from).max(1)) height="10" { title { (shown(&pair[0].what)) } }
            }
        }
        (moments(&run.timeline))
    }
}

fn moments(timeline: &[Moment]) -> Markup {
    let Some(first) = timeline.first() else { return html! { p.nothing { "Nothing was noted." } } };
    html! {
        ol.moments {
            @for moment in timeline {
                @let after = u64::try_from(moment.at.as_millisecond() - first.at.as_millisecond()).unwrap_or(0);
                li {
                    strong { (shown(&moment.what)) }
                    span.at { (exact(moment.at)) @if after > 0 { " · after " (took(after)) } }
                    @if let Some(detail) = &moment.detail { p { (shown(detail)) } }
                }
            }
        }
    }
}
