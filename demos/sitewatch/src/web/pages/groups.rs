//! Broken links, in groups.

use std::collections::HashSet;

use jiff::Timestamp;
use maud::{Markup, html};

use super::findings::{By, Filter, Found, PAGE};
use super::text::{link, number, shortened, shown, since, when};
use crate::report::Reason;
use crate::report::text::plural;
use crate::service::FindingView;

/// How many places of one target are shown at once: a link in a menu is on every page.
const PLACES: usize = 5;

/// How many redirects are shown at once: a chain that is too long is long.
const REDIRECTS: usize = 3;

/// Findings that belong together, and those of them that are on this page of the list.
struct Group<'a> {
    all: &'a [FindingView],
    shown: &'a [FindingView],
}

/// The groups of which something is between `from` and `to`.
fn groups<'a>(
    items: &'a [FindingView],
    same: fn(&FindingView, &FindingView) -> bool,
    from: usize,
    to: usize,
) -> Vec<Group<'a>> {
    let mut groups = Vec::new();
    let mut start = 0;
    for all in items.chunk_by(same) {
        let end = start + all.len();
        let (first, last) = (from.max(start), to.min(end));
        if first < last {
            groups.push(Group { all, shown: &all[first - start..last - start] });
        }
        start = end;
    }
    groups
}

/// A page of the list.
pub(super) fn list(now: Timestamp, site: &str, filter: &Filter, found: &Found) -> Markup {
    let items = &found.items;
    // An address from before may be beyond the end.
    let from = if filter.from < items.len() { filter.from } else { 0 };
    let to = items.len().min(from.saturating_add(PAGE));
    html! {
        @match filter.by {
            By::Cause => {
                @for group in groups(items, |one, other| cause(one) == cause(other), from, to) {
                    (by_cause(now, &group))
                }
            }
            By::Page => {
                @for group in groups(items, |one, other| page(one) == page(other), from, to) {
                    (by_page(now, site, filter, &group))
                }
            }
        }
        @if items.len() > PAGE { (pages(site, filter, from, to, items.len())) }
        @if found.is_cut() {
            p.nothing {
                "Only the first " (plural(items.len() as u64, "link", "links")) " of " (number(found.total))
                " are listed. A search, a cause or a page narrows them down; the plain text has all."
            }
        }
    }
}

fn cause(finding: &FindingView) -> (bool, &str) {
    (finding.fixed_at.is_some(), &finding.reason)
}

fn page(finding: &FindingView) -> (bool, &str) {
    (finding.fixed_at.is_some(), &finding.page)
}

/// The words for a reason's code.
pub(super) fn words(code: &str) -> String {
    code.parse::<Reason>().map_or_else(|_| code.to_owned(), |reason| reason.sentence().to_string())
}

fn by_cause(now: Timestamp, group: &Group<'_>) -> Markup {
    let Some(first) = group.all.first() else { return html! {} };
    let (fixed, code) = cause(first);
    let sentence = words(code);
    let targets = group.all.chunk_by(|one, other| one.url == other.url).count() as u64;
    let pages = group.all.iter().map(|finding| finding.page.as_str()).collect::<HashSet<_>>().len() as u64;
    html! {
        section.group.fixed[fixed] data-key={ @if fixed { "fixed-" } (shown(code)) } {
            header {
                h3 { @if fixed { "Fixed: " } (shown(&sentence)) }
                code { (shown(code)) }
                span.count {
                    (plural(group.all.len() as u64, "link", "links")) " to " (plural(targets, "address", "addresses"))
                    " on " (plural(pages, "page", "pages"))
                }
            }
            ul.targets {
                @for target in group.shown.chunk_by(|one, other| one.url == other.url) {
                    (to_target(now, &sentence, target))
                }
            }
        }
    }
}

fn to_target(now: Timestamp, sentence: &str, places: &[FindingView]) -> Markup {
    let Some(first) = places.first() else { return html! {} };
    let earliest = places.iter().map(|finding| finding.first_seen).min().unwrap_or(first.first_seen);
    let (few, more) = places.split_at(places.len().min(PLACES));
    html! {
        li.target data-row data-key={ @if first.fixed_at.is_some() { "fixed-" } (shown(&first.url)) } {
            div.what {
                (link(&first.url))
                span.since {
                    @match first.fixed_at {
                        Some(at) => { "fixed " (when(now, at)) }
                        None => { (since(now, earliest)) }
                    }
                }
            }
            (detail(sentence, first))
            ul.places {
                @for finding in few { (place(finding)) }
                @if !more.is_empty() {
                    li {
                        details data-key="more" {
                            summary { "and on " (plural(more.len() as u64, "more place", "more places")) }
                            ul.places { @for finding in more { (place(finding)) } }
                        }
                    }
                }
            }
        }
    }
}

/// What is not said already: more about the reason, and the way there.
fn detail(sentence: &str, finding: &FindingView) -> Markup {
    html! {
        @if finding.message != sentence { p.why { (shown(&finding.message)) } }
        @if finding.redirects.len() > REDIRECTS {
            details.why data-key="redirects" {
                summary { "by way of " (plural(finding.redirects.len() as u64, "redirect", "redirects")) }
                ol.places { @for hop in &finding.redirects { li { (link(hop)) } } }
            }
        } @else if !finding.redirects.is_empty() {
            p.why {
                "by way of "
                @for (index, hop) in finding.redirects.iter().enumerate() { @if index > 0 { ", " } (link(hop)) }
            }
        }
    }
}

fn place(finding: &FindingView) -> Markup {
    html! {
        li data-key=(finding.id) { span.at { (link(&finding.page)) (position(finding)) } (text(finding)) }
    }
}

/// Line and column, as editors take them after the name of a file.
fn position(finding: &FindingView) -> Markup {
    html! {
        @if finding.line > 0 { span.position { ":" (finding.line) ":" (finding.column) } }
    }
}

fn text(finding: &FindingView) -> Markup {
    let words = finding.text.trim();
    html! {
        @if !words.is_empty() { " " q.text title=(shown(words)) { bdi { (shown(&shortened(words, 80))) } } }
    }
}

fn by_page(now: Timestamp, site: &str, filter: &Filter, group: &Group<'_>) -> Markup {
    let Some(first) = group.all.first() else { return html! {} };
    let fixed = first.fixed_at.is_some();
    let alone = Filter { page: first.page.clone(), from: 0, ..filter.clone() };
    html! {
        section.group.fixed[fixed] data-key={ @if fixed { "fixed-" } (shown(&first.page)) } {
            header {
                h3 { @if fixed { "Fixed: " } (link(&first.page)) }
                span.count { (plural(group.all.len() as u64, "link", "links")) }
                @if filter.page.is_empty() { a href=(alone.address(site, "")) { "Only this page" } }
            }
            ul.targets {
                @for finding in group.shown {
                    @let sentence = words(&finding.reason);
                    li.target data-row data-key=(finding.id) {
                        div.what {
                            (link(&finding.url))
                            span.since {
                                @match finding.fixed_at {
                                    Some(at) => { "fixed " (when(now, at)) }
                                    None => { (since(now, finding.first_seen)) }
                                }
                            }
                        }
                        p.why {
                            strong { (shown(&sentence)) }
                            @if finding.line > 0 { ", line " (finding.line) ", column " (finding.column) }
                            (text(finding))
                        }
                        (detail(&sentence, finding))
                    }
                }
            }
        }
    }
}

/// The way to the other pages of the list.
fn pages(site: &str, filter: &Filter, from: usize, to: usize, count: usize) -> Markup {
    let at = |from: usize| Filter { from, ..filter.clone() }.address(site, "");
    html! {
        nav.pages aria-label="Pages of the list" {
            @if from > 0 { a.button rel="prev" href=(at(from.saturating_sub(PAGE))) { "Previous" } }
            span { (number(from as u64 + 1)) "–" (number(to as u64)) " of " (number(count as u64)) }
            @if to < count { a.button rel="next" href=(at(to)) { "Next" } }
        }
    }
}
