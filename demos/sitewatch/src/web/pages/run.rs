//! One check: what it did, and when.

use actix_web::HttpResponse;
use actix_web::web::Path;
use maud::{Markup, html};

use super::act::buttons;
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
    let site = if going { Some(visit.watch.site(name).await?) } else { None };
    let content = html! {
        nav.crumbs aria-label="Where this is" {
            a href="/" { "Sites" } " / " a href=(site_path(name, "")) { (shown(name)) } " / "
            span aria-current="page" { "Check " (run.id) }
        }
        section.status {
            div.head { h1 { "Check " (run.id) } (badge::state(run.state)) }
            @if let Some(why) = &run.why { p.why { (shown(why)) } }
            @if let Some(progress) = site.as_ref().and_then(|site| site.progress.as_ref()) {
                (bar::progress(progress))
            }
            (facts(visit, &run))
            @if let Some(site) = &site { (buttons(visit, site)) }
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
    let title = format!("{} · Check {id} of {name}", badge::state(run.state).word);
    let page = Page::new(title, Nav::Sites, content);
    Ok(if going { page.live(live) } else { page })
}

fn facts(visit: &Visit, run: &RunView) -> Markup {
    html! {
        dl.facts {
            div {
                dt { "Began" }
                dd { (exact(run.began)) span.note { (when(visit.now, run.began)) ", " (badge::cause(run.cause)) } }
            }
            @if let Some(due) = run.due { div { dt { "Was due" } dd { (exact(due)) } } }
            @if let Some(ended) = run.ended {
                div { dt { "Ended" } dd { (exact(ended)) span.note { (when(visit.now, ended)) } } }
            }
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
    let tile = |word: &str, value: &str, more: &str| html! { div { dt { (word) } dd { (value) } dd.note { (more) } } };
    let count = |word: &str, value: u64, more: &str| tile(word, &number(value), more);
    // What is counted is a link, unless it says what else.
    let links = |word: &str, value: u64, more: &str| {
        let what = if value == 1 { "link" } else { "links" };
        tile(word, &number(value), &format!("{what}{more}"))
    };
    html! {
        dl.numbers {
            (links("Broken", numbers.broken, ""))
            (links("Newly broken", numbers.newly_broken, ", since this check"))
            (links("Fixed", numbers.fixed, " well again or gone, since this check"))
            (links("OK", numbers.ok, ""))
            (links("Redirected", numbers.redirected, ", well at another address"))
            (links("Skipped", numbers.skipped, ", not looked at"))
            (links("In all", numbers.links, ""))
            (count("Pages", numbers.pages, "searched for links"))
            (count("Fetched", numbers.fetched, "addresses that were asked for"))
            (count("Unchanged", numbers.unchanged, "pages that were not read again"))
            (links("Remembered", numbers.remembered, " to other sites, known to be well and not asked for"))
            (links("Flapping", numbers.flapping, ", broken at first and then well"))
            (tile("Took", &took(numbers.elapsed_ms), "without the time in which sitewatch did not run"))
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
        div.ends { span { (exact(first.at)) } span { "after " (took(length.unsigned_abs())) } }
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
