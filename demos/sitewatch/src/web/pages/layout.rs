use actix_web::http::StatusCode;
use actix_web::http::header::HeaderName;
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, html};

use super::Visit;
use super::query::href;
use super::text::shown;
use crate::service::Readiness;
use crate::web::assets::{ICON, SCRIPT, STYLE};

/// A page, but for what all have in common.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) title: String,
    pub(super) nav: Nav,
    pub(super) content: Markup,
    pub(super) status: StatusCode,
    /// One more header.
    pub(super) header: Option<(HeaderName, String)>,
    pub(super) live: Option<Live>,
}

/// Which entry of the navigation the page belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nav {
    Sites,
    Workers,
    Machinery,
    Other,
}

/// What makes a script bring the page up to date.
#[derive(Debug)]
pub(super) struct Live {
    /// Only what happens to this site, and to the service.
    pub(super) site: Option<String>,
    /// What of the page is concerned when a check has come further.
    pub(super) progress: &'static str,
    /// After how many seconds it is brought up to date without an event: times are shown as how long ago.
    pub(super) every: u32,
}

impl Live {
    /// Whatever happens; once a minute otherwise.
    pub(super) const ALL: Self = Self { site: None, progress: "main", every: 60 };
}

impl Page {
    pub(super) fn new(title: String, nav: Nav, content: Markup) -> Self {
        Self { title, nav, content, status: StatusCode::OK, header: None, live: None }
    }

    pub(super) fn live(mut self, live: Live) -> Self {
        self.live = Some(live);
        self
    }
}

/// The part of a page that changes.
pub(super) fn main(page: &Page, readiness: &Readiness) -> Markup {
    let live = page.live.as_ref();
    html! {
        main #main tabindex="-1" data-title=(title(page, readiness))
            data-live=[live.map(|live| live.progress)]
            data-every=[live.map(|live| live.every)]
            data-site=[live.and_then(|live| live.site.as_deref())]
        {
            @if !readiness.is_well() {
                section.banner aria-label="Trouble" {
                    @if readiness.ready { strong { "A check doesn't get on." } }
                    @else { strong { "The service can't do all of its work." } }
                    ul { @for reason in &readiness.reasons { li { (shown(reason)) } } }
                }
            }
            (page.content)
        }
    }
}

pub(super) fn document(visit: &Visit, page: &Page, readiness: &Readiness, said: Option<&str>) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title(page, readiness)) }
                link rel="icon" type="image/svg+xml" href=(ICON.path);
                link rel="stylesheet" href=(STYLE.path);
                script src=(SCRIPT.path) defer {}
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                header.top {
                    a.brand href="/" { img src=(ICON.path) alt="" width="22" height="22"; span { "sitewatch" } }
                    nav aria-label="Main" {
                        (entry("/", "Sites", page.nav == Nav::Sites))
                        @if visit.watch.queue().is_ok() {
                            (entry("/workers", "Workers", page.nav == Nav::Workers))
                        }
                        (entry("/machinery", "Machinery", page.nav == Nav::Machinery))
                    }
                    @if page.live.is_some() { span #live.live.scripted data-state="off" { "Connecting" } }
                    (who(visit))
                }
                div #said.said role="status" { @if let Some(said) = said { p { (shown(said)) } } }
                (main(page, readiness))
                footer.bottom {
                    span { "sitewatch " (visit.shell.version) }
                    span { "Times are in UTC; it is " (clock(visit.now)) "." }
                    span.scripted { kbd { "/" } " searches, " kbd { "j" } " and " kbd { "k" } " go from row to row." }
                }
            }
        }
    }
}

/// What is read where pages are kept open: trouble first, so that it is not cut off.
fn title(page: &Page, readiness: &Readiness) -> Markup {
    html! { @if !readiness.ready { "Trouble: " } (shown(&page.title)) " · sitewatch" }
}

fn entry(path: &str, name: &str, here: bool) -> Markup {
    html! { a href=(path) aria-current=[here.then_some("page")] { (name) } }
}

/// The way in, or out.
fn who(visit: &Visit) -> Markup {
    html! {
        div.who {
            @if let Some(csrf) = &visit.csrf {
                form method="post" action="/logout" {
                    input type="hidden" name="csrf" value=(csrf);
                    button.quiet type="submit" { "Log out" }
                }
            } @else if visit.request.path() != "/login" {
                a.button.quiet href=(href("/login", &[("next", next(visit))])) { "Log in" }
            }
        }
    }
}

fn next(visit: &Visit) -> &str {
    let here = visit.here();
    if here == "/" || !visit.request.method().is_safe() { "" } else { here }
}

fn clock(now: Timestamp) -> Markup {
    html! { time datetime=(now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()) { (now.strftime("%H:%M").to_string()) } }
}
