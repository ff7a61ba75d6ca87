//! Telling people what changed: what is said, by which way, and that nothing is lost.

use jiff::Timestamp;
use sitewatch::notify::{Notice, NoticeKind};
use sitewatch::service::FindingView;

mod command;
mod duty;
mod mail;
mod notifier;
mod stopping;
mod webhook;
mod words;

fn at() -> Timestamp {
    "2026-11-26T15:00:00Z".parse().unwrap()
}

fn notice(kind: NoticeKind, site: &str) -> Notice {
    Notice::new(kind, site, format!("https://example.org/{site}/"), 12, at())
}

/// A finding on a page of `docs`.
fn finding(page: &str, url: &str, reason: &str, message: &str) -> FindingView {
    FindingView {
        id: 1,
        site: "docs".to_owned(),
        page: format!("https://example.org/docs/{page}"),
        line: 12,
        column: 8,
        text: "the manual".to_owned(),
        link: "gone.html".to_owned(),
        url: url.to_owned(),
        reason: reason.to_owned(),
        message: message.to_owned(),
        redirects: Vec::new(),
        first_seen: at(),
        last_seen: at(),
        times: 1,
        fixed_at: None,
    }
}

fn broken(page: &str, url: &str) -> FindingView {
    finding(page, url, "http-404", "404 Not Found")
}

/// Two links broken, one fixed.
fn changed() -> Notice {
    let gone = "https://example.org/gone.html";
    let notice = notice(NoticeKind::Changed, "docs")
        .with_broken([broken("a.html", gone), broken("b.html", gone)])
        .with_fixed([broken("c.html", "https://example.org/old.html")]);
    Notice { total_broken: 5, ..notice }
}
