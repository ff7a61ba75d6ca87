//! A site: what is broken in it, how it was before, and its checks.

use actix_web::HttpResponse;
use actix_web::web::Path;
use maud::{Markup, html};

use super::act::buttons;
use super::findings::{By, Filter, Found, find};
use super::layout::{Live, Nav, Page};
use super::overview::{broken, last, next};
use super::query::site_path;
use super::text::{link, number, shortened, shown, when};
use super::{Refusal, Visit, badge, bar, chart, groups, runs};
use crate::report::text::plural;
use crate::service::{Activity, Health, SiteView};

/// How many checks the history goes back.
const HISTORY: u64 = 100;

pub(super) async fn site(visit: Visit, name: Path<String>) -> HttpResponse {
    let page = page(&visit, &name).await;
    visit.answer(page).await
}

async fn page(visit: &Visit, name: &str) -> Result<Page, Refusal> {
    let site = visit.watch.site(name).await?;
    let title = title(&site);
    let live = Live { site: Some(name.to_owned()), progress: "status", every: 60 };
    // While a check goes on, only what it has come to is wanted, and that several times a minute.
    if visit.fragment() == Some("status") {
        return Ok(Page::new(title, Nav::Sites, status(visit, &site)).live(live));
    }
    let filter = Filter::of(visit);
    let found = find(visit, name, &filter).await?;
    let history = visit.watch.runs(Some(name), HISTORY, None).await?;
    let older = match visit.query("before").parse() {
        Ok(before) => Some(visit.watch.runs(Some(name), runs::SHOWN as u64 + 1, Some(before)).await?),
        Err(_) => None,
    };
    let content = html! {
        nav.crumbs aria-label="Where this is" { a href="/" { "Sites" } " / " span { (shown(name)) } }
        div.overview {
            (status(visit, &site))
            section.history { h2 { "Broken links over time" } (chart::history(name, &history)) }
        }
        section #links {
            (heading(name, &filter, &found))
            (narrow(name, &filter, &found))
            @if found.items.is_empty() {
                (nothing(visit, &site, &filter))
            } @else {
                (groups::list(visit.now, name, &filter, &found))
            }
        }
        section #checks {
            h2 { "Checks" }
            (runs::list(visit, name, older.as_deref().unwrap_or(&history)))
        }
    };
    Ok(Page::new(title, Nav::Sites, content).live(live))
}

/// How it is, in so few words that they can be read in a tab.
fn title(site: &SiteView) -> String {
    let going = if site.activity == Activity::Checking { "↻ " } else { "" };
    match site.health {
        Health::Broken => format!("{going}{} broken · {}", number(site.broken), site.name),
        health => format!("{going}{} · {}", badge::health(health).word, site.name),
    }
}

fn status(visit: &Visit, site: &SiteView) -> Markup {
    html! {
        section #status.status {
            div.head { h1 { (shown(&site.name)) } (badge::health(site.health)) (badge::activity(site)) }
            p.target { (link(&site.target)) }
            @if let Some(progress) = &site.progress { (bar::progress(progress)) }
            dl.facts {
                div { dt { "Broken links" } dd.large { (broken(site)) } }
                div { dt { "Last check" } dd { (last(visit, site)) } }
                div { dt { "Next check" } dd { (next(visit, site)) } }
            }
            (buttons(visit, site))
        }
    }
}

fn heading(site: &str, filter: &Filter, found: &Found) -> Markup {
    let by = |by: By, word: &str| {
        let here = (filter.by == by).then_some("true");
        let address = Filter { by, from: 0, ..filter.clone() }.address(site, "");
        html! { a href={ (address) "#links" } aria-current=[here] { (word) } }
    };
    let text = Filter { from: 0, ..filter.clone() }.address(site, "/findings.txt");
    html! {
        div.heading {
            h2 {
                @if filter.fixed { "Broken and fixed links " } @else { "Broken links " }
                span.count { (number(found.total)) }
            }
            nav.tabs aria-label="Grouped" { (by(By::Cause, "By cause")) (by(By::Page, "By page")) }
            div.tools {
                a.button href=(text) { "Plain text" }
                button.scripted type="button" data-copy=(text) { "Copy list" }
            }
        }
    }
}

/// What narrows the list down.
fn narrow(site: &str, filter: &Filter, found: &Found) -> Markup {
    html! {
        form.filter role="search" method="get" action=(site_path(site, "")) {
            @if filter.by == By::Page { input type="hidden" name="by" value="page"; }
            @if !filter.page.is_empty() { input type="hidden" name="page" value=(filter.page); }
            label.unseen for="q" { "Text in the page, the link or its address" }
            input #q type="search" name="q" value=(filter.text) placeholder="Page, text or address" autocomplete="off";
            label.unseen for="reason" { "Cause" }
            select #reason name="reason" {
                option value="" { "Every cause" }
                @for (code, count) in &found.reasons {
                    option value=(code) selected[*code == filter.reason] {
                        (shown(&groups::words(code))) " (" (number(*count)) ")"
                    }
                }
                @if !filter.reason.is_empty() && found.reasons.iter().all(|(code, _)| *code != filter.reason) {
                    option value=(filter.reason) selected { (shown(&groups::words(&filter.reason))) " (0)" }
                }
            }
            label.check { input type="checkbox" name="fixed" value="1" checked[filter.fixed]; " Also fixed" }
            button type="submit" { "Filter" }
            @if filter.is_narrow() {
                a.button.quiet href=(filter.wide().address(site, "")) { "Clear" }
            }
        }
        @if !filter.page.is_empty() {
            p.only { "Only on the page " (link(&filter.page)) }
        }
    }
}

/// Why nothing is listed, and what can be done about it.
fn nothing(visit: &Visit, site: &SiteView, filter: &Filter) -> Markup {
    html! {
        p.nothing {
            @match (&site.last, filter.is_narrow()) {
                (_, true) => {
                    "No broken link is like that. " a href=(filter.wide().address(&site.name, "")) { "Show all" }
                }
                (None, false) => {
                    "This site was not checked yet."
                    @if site.live && site.activity == Activity::Idle {
                        @if visit.csrf.is_some() { " Press “Check now” to begin." }
                        @else { " Who has logged in can begin a check." }
                        @if let Some(next) = site.next {
                            " The next one by its schedule begins " (when(visit.now, next)) "."
                        }
                    }
                }
                (Some(run), false) if site.health == Health::Ok => {
                    "Nothing is broken, in " (plural(run.numbers.links, "link", "links")) "."
                }
                (Some(run), false) => {
                    (shown(&shortened(run.why.as_deref().unwrap_or("Nothing is known to be broken."), 200)))
                }
            }
        }
    }
}
