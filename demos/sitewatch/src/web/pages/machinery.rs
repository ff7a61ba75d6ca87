//! What the service is made of, and how that is.

use actix_web::HttpResponse;
use maud::{Markup, html};

use super::graph::graph;
use super::layout::{Live, Nav, Page};
use super::text::{number, shown, when};
use super::{Visit, badge, bar};
use crate::service::{ActorView, ComponentView, MachineryView, PoolView, TimerView};

/// How many timers are shown at once.
const TIMERS: usize = 20;

/// After how many seconds the page is brought up to date: nobody tells what a queue does.
const EVERY: u32 = 2;

pub(super) async fn machinery(visit: Visit) -> HttpResponse {
    let view = visit.watch.machinery().await;
    let live = Live { every: EVERY, ..Live::ALL };
    let page = Page::new("Machinery".to_owned(), Nav::Machinery, content(&visit, &view)).live(live);
    visit.answer(Ok(page)).await
}

fn content(visit: &Visit, view: &MachineryView) -> Markup {
    html! {
        h1 { "Machinery" }
        div.columns {
            section { h2 { "Components" } (components(&view.components)) }
            div {
                section { h2 { "Workers" } div.gauges { @for gauge in &view.workers { (bar::gauge(gauge)) } } }
                section { h2 { "Connections" } @for pool in &view.pools { (pool_of(pool)) } }
            }
        }
        section { h2 { "Actors" } (actors(&view.actors)) }
        section { h2 { "Timers" } (timers(visit, &view.timers)) }
        section {
            h2 { "Tasks" }
            @if view.tasks.trim().is_empty() { p.nothing { "There is none." } } @else {
                div.scroll.tall tabindex="0" role="region" aria-label="Tasks" { pre { (shown(&view.tasks)) } }
            }
        }
    }
}

fn components(components: &[ComponentView]) -> Markup {
    if components.is_empty() {
        return html! { p.nothing { "There is none." } };
    }
    html! {
        (graph(components))
        ul.plain {
            @for component in components {
                li data-key=(shown(&component.name)) {
                    strong { (shown(&component.name)) } " " (badge::ready(component.ready))
                    @if !component.ready { span.note { (shown(&component.state)) } }
                    @if !component.after.is_empty() { span.note { "stands on " (shown(&component.after.join(", "))) } }
                }
            }
        }
    }
}

fn pool_of(pool: &PoolView) -> Markup {
    html! {
        div.pool data-key=(shown(&pool.name)) {
            h3 { (shown(&pool.name)) " " span.note { (shown(&pool.state)) } }
            div.gauges { @for gauge in &pool.gauges { (bar::gauge(gauge)) } }
        }
    }
}

fn actors(actors: &[ActorView]) -> Markup {
    if actors.is_empty() {
        return html! { p.nothing { "There is none." } };
    }
    html! {
        table.cards.actors {
            thead {
                tr {
                    th scope="col" { "Actor" }
                    th scope="col" { "State" }
                    th scope="col" { "Lanes of its mailbox" }
                    th.number scope="col" { "Handled" }
                    th.number scope="col" { "Restarts" }
                }
            }
            tbody {
                @for actor in actors {
                    tr data-row data-key=(shown(&actor.name)) {
                        th.name scope="row" { (shown(&actor.name)) }
                        td.state { (shown(&actor.state)) }
                        td.lanes data-label="Lanes" { div.gauges { @for lane in &actor.lanes { (bar::gauge(lane)) } } }
                        td.number data-label="Handled" { (number(actor.handled)) }
                        td.number data-label="Restarts" { (number(actor.restarts)) }
                    }
                }
            }
        }
    }
}

/// Those that fire next, and behind a fold the others.
fn timers(visit: &Visit, timers: &[TimerView]) -> Markup {
    let mut sorted: Vec<&TimerView> = timers.iter().collect();
    sorted.sort_by_key(|timer| (timer.next.is_none(), timer.next));
    let (first, rest) = sorted.split_at(sorted.len().min(TIMERS));
    if first.is_empty() {
        return html! { p.nothing { "There is none." } };
    }
    html! {
        (table(visit, first))
        @if !rest.is_empty() {
            details data-key="timers" {
                summary { (number(rest.len() as u64)) " more" }
                (table(visit, rest))
            }
        }
    }
}

fn table(visit: &Visit, timers: &[&TimerView]) -> Markup {
    html! {
        table.cards.timers {
            thead {
                tr {
                    th scope="col" { "Timer" }
                    th scope="col" { "State" }
                    th scope="col" { "Fires" }
                    th scope="col" { "So far" }
                }
            }
            tbody {
                @for timer in timers {
                    tr data-row data-key=(shown(&timer.name)) {
                        th.name scope="row" { (shown(&timer.name)) }
                        td.state { (shown(&timer.state)) }
                        td data-label="Fires" {
                            @match timer.next {
                                Some(next) => { (when(visit.now, next)) }
                                None => { span.dim { "not planned" } }
                            }
                        }
                        td data-label="So far" { (shown(&timer.counts)) }
                    }
                }
            }
        }
    }
}
