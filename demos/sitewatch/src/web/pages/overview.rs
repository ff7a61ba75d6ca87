//! All sites.

use std::cmp::Reverse;

use actix_web::{HttpRequest, HttpResponse, ResponseError};
use maud::{Markup, html};

use super::act::buttons;
use super::layout::{Live, Nav, Page};
use super::login::by_link;
use super::query::{href, site_path};
use super::table::Column::{Number, Text, Unseen};
use super::table::table;
use super::text::{address, number, shortened, shown, when};
use super::{LoginNeeded, Refusal, Visit, badge, bar, chart};
use crate::report::text::plural;
use crate::service::{Activity, Health, RunState, SiteView};

/// Sites of a kind, which can be looked at alone.
struct Kind {
    key: &'static str,
    word: &'static str,
    holds: fn(&SiteView) -> bool,
    /// Whether it is shown where there are none.
    always: bool,
}

static KINDS: [Kind; 7] = [
    Kind { key: "", word: "sites", holds: |_| true, always: true },
    Kind { key: "failing", word: "check failed", holds: |site| site.health == Health::Failing, always: false },
    Kind { key: "broken", word: "with broken links", holds: |site| site.health == Health::Broken, always: true },
    Kind { key: "ok", word: "OK", holds: |site| site.health == Health::Ok, always: true },
    Kind { key: "unknown", word: "not checked yet", holds: |site| site.health == Health::Unknown, always: false },
    Kind { key: "checking", word: "being checked", holds: is_busy, always: true },
    Kind { key: "paused", word: "paused", holds: |site| site.paused, always: false },
];

fn is_busy(site: &SiteView) -> bool {
    matches!(site.activity, Activity::Checking | Activity::Waiting)
}

/// Worse first. Among those of one rank the one with the most broken links comes first.
fn rank(site: &SiteView) -> u8 {
    match site.health {
        Health::Failing => 0,
        Health::Broken => 1,
        Health::Unknown => 2,
        Health::Ok => 3,
    }
}

/// The page, or the way in: whoever comes by the link with the token has logged in.
pub(super) async fn overview(request: HttpRequest, visit: Result<Visit, LoginNeeded>) -> HttpResponse {
    if let Some(answer) = by_link(&request) {
        return answer;
    }
    match visit {
        Ok(visit) => {
            let page = page(&visit).await;
            visit.answer(page).await
        }
        Err(needed) => needed.error_response(),
    }
}

async fn page(visit: &Visit) -> Result<Page, Refusal> {
    let (search, kind) = (visit.query("q"), visit.query("is"));
    let kind = KINDS.iter().find(|known| known.key == kind).unwrap_or(&KINDS[0]);
    let sites = visit.watch.sites().await?;
    let wanted = search.to_lowercase();
    let matches = |site: &&SiteView| {
        (kind.holds)(site)
            && (site.name.to_lowercase().contains(&wanted) || site.target.to_lowercase().contains(&wanted))
    };
    let mut listed: Vec<&SiteView> = sites.iter().filter(matches).collect();
    listed.sort_by(|a, b| (rank(a), Reverse(a.broken), &a.name).cmp(&(rank(b), Reverse(b.broken), &b.name)));
    let content = html! {
        h1.unseen { "Sites" }
        (tiles(&sites, kind, &search))
        (search_form(kind, &search))
        @if sites.is_empty() {
            p.nothing {
                "No site is watched yet. Add one to the settings, under " code { "[sites.NAME]" }
                ", and have them read again: by the signal SIGHUP, or by starting sitewatch again."
            }
        } @else if listed.is_empty() {
            p.nothing { "No site is like that. " a href="/" { "Show all " (number(sites.len() as u64)) } }
        } @else {
            (list(visit, &listed))
        }
    };
    Ok(Page::new(title(&sites), Nav::Sites, content).live(Live::ALL))
}

/// How they are, in so few words that they can be read in a tab.
fn title(sites: &[SiteView]) -> String {
    let count = |health: Health| sites.iter().filter(|site| site.health == health).count();
    match count(Health::Broken) + count(Health::Failing) {
        0 if !sites.is_empty() && count(Health::Ok) == sites.len() => "All OK · Sites".to_owned(),
        0 => "Sites".to_owned(),
        bad => format!("{bad} of {} not OK · Sites", sites.len()),
    }
}

/// How many there are of each kind.
fn tiles(sites: &[SiteView], selected: &Kind, search: &str) -> Markup {
    html! {
        ul.tiles aria-label="Sites by kind" {
            @for kind in &KINDS {
                @let count = sites.iter().filter(|site| (kind.holds)(site)).count() as u64;
                @let here = kind.key == selected.key;
                @let class = if kind.key.is_empty() { "all" } else { kind.key };
                @if count > 0 || kind.always || here {
                    li data-key={ "kind-" (kind.key) } {
                        a.tile.(class).none[count == 0]
                            href=(href("/", &[("is", kind.key), ("q", search)]))
                            aria-current=[here.then_some("true")]
                        {
                            strong { (number(count)) } " " span { (kind.word) }
                        }
                    }
                }
            }
            li data-key="links" {
                p.tile {
                    strong { (number(sites.iter().map(|site| site.broken).sum())) } " " span { "broken links in all" }
                }
            }
        }
    }
}

fn search_form(kind: &Kind, search: &str) -> Markup {
    html! {
        form.filter role="search" method="get" action="/" {
            @if !kind.key.is_empty() { input type="hidden" name="is" value=(kind.key); }
            label.unseen for="q" { "Name or address" }
            input #q type="search" name="q" value=(search) placeholder="Name or address" autocomplete="off";
            button type="submit" { "Search" }
            @if !search.is_empty() { a.button.quiet href=(href("/", &[("is", kind.key)])) { "Clear" } }
        }
    }
}

fn list(visit: &Visit, sites: &[&SiteView]) -> Markup {
    let columns = [
        Text("Site"),
        Text("State"),
        Number("Broken"),
        Text("Trend"),
        Text("Last check"),
        Text("Next check"),
        Unseen("Buttons"),
    ];
    let columns = &columns[..columns.len() - usize::from(visit.csrf.is_none())];
    table("cards sites", "Sites", columns, html! { @for site in sites { (row(visit, site)) } })
}

fn row(visit: &Visit, site: &SiteView) -> Markup {
    html! {
        tr data-row data-key=(shown(&site.name)) data-site=(shown(&site.name)) {
            th.name scope="row" {
                a href=(site_path(&site.name, "")) { (shown(&site.name)) }
                span.target title=(shown(&site.target)) { (address(&shortened(&site.target, 60))) }
            }
            td.state {
                (badge::health(site.health)) " " (badge::activity(site))
                @if let Some(progress) = &site.progress { (bar::progress(progress)) }
            }
            td.number data-label="Broken" { (broken(site)) }
            td.trend data-label="Trend" { (chart::spark(&site.trend)) }
            td data-label="Last check" { (last(visit, site)) }
            td data-label="Next check" { (next(visit, site)) }
            @if visit.csrf.is_some() { td.do { (buttons(visit, site)) } }
        }
    }
}

/// How many of its links are broken, if a check has told.
pub(super) fn broken(site: &SiteView) -> Markup {
    let unknown = site.broken == 0 && site.trend.is_empty() && site.health != Health::Ok;
    html! {
        @if unknown { span aria-hidden="true" { "–" } span.unseen { "not known yet" } }
        @else { (number(site.broken)) }
    }
}

/// When a site was looked at last, and what was new then.
pub(super) fn last(visit: &Visit, site: &SiteView) -> Markup {
    let Some(run) = &site.last else { return html! { span.dim { "never" } } };
    let numbers = &run.numbers;
    html! {
        (when(visit.now, run.ended.unwrap_or(run.began)))
        @match run.state {
            RunState::Done => {
                span.note {
                    (plural(numbers.pages, "page", "pages"))
                    @if numbers.newly_broken > 0 { ", " (number(numbers.newly_broken)) " new" }
                    @if numbers.fixed > 0 { ", " (number(numbers.fixed)) " fixed" }
                }
            }
            _ => { span.note { (shown(&shortened(run.why.as_deref().unwrap_or("not to its end"), 90))) } }
        }
    }
}

/// When it is looked at next, and by which rule.
pub(super) fn next(visit: &Visit, site: &SiteView) -> Markup {
    html! {
        @match (site.next, site.paused) {
            (_, true) => { span.dim { "when resumed" } }
            // A check that has to wait for others, or for a service that is busy.
            (Some(next), _) if next <= visit.now => { "due" }
            (Some(next), _) => { (when(visit.now, next)) }
            (None, _) => { span.dim { "not planned" } }
        }
        @if !site.schedule.is_empty() { span.note { (shown(&site.schedule)) } }
    }
}
