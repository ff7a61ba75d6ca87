//! What the service is made of, and how that is.

use actix_web::HttpResponse;
use maud::{Markup, html};

use super::graph::graph;
use super::layout::{Live, Nav, Page};
use super::table::Column::{Number, Text};
use super::table::table;
use super::text::{number, shown, when};
use super::{Visit, badge, bar};
use crate::service::{ActorView, ComponentView, Gauge, MachineryView, PoolView, TimerView};

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
        div {
            h1 { "Machinery" }
            p.dim { "The parts of sitewatch, what waits in them, and how much may wait there at most." }
        }
        div.columns {
            section { h2 { "Components" } (components(&view.components)) }
            div {
                section { h2 { "Workers" } (gauges(&view.workers, "Nothing runs here that has workers.")) }
                section {
                    h2 { "Connections" }
                    @for pool in &view.pools { (pool_of(pool)) }
                    @if view.pools.is_empty() { p.nothing { "Nothing keeps connections." } }
                }
            }
        }
        section { h2 { "Actors" } (actors(&view.actors)) }
        section { h2 { "Timers" } (timers(visit, &view.timers)) }
        section {
            h2 { "Tasks" }
            @if view.tasks.trim().is_empty() {
                p.nothing { "No tasks are known now. While a site is checked they are here, with what each waits for." }
            } @else {
                div.scroll.tall tabindex="0" role="region" aria-label="Tasks" { pre { (shown(&view.tasks)) } }
            }
        }
    }
}

fn components(components: &[ComponentView]) -> Markup {
    if components.is_empty() {
        return html! { p.nothing { "Nothing has been started here." } };
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
            (gauges(&pool.gauges, "There is nothing to count."))
        }
    }
}

/// Quantities, or why there are none.
fn gauges(gauges: &[Gauge], none: &str) -> Markup {
    html! {
        @if gauges.is_empty() { p.nothing { (none) } }
        @else { div.gauges { @for gauge in gauges { (bar::gauge(gauge)) } } }
    }
}

fn actors(actors: &[ActorView]) -> Markup {
    if actors.is_empty() {
        return html! { p.nothing { "No actor runs here." } };
    }
    let columns =
        [Text("Actor"), Text("State"), Text("Messages that wait, by lane"), Number("Handled"), Number("Restarts")];
    let rows = html! {
        @for actor in actors {
            tr data-key=(shown(&actor.name)) {
                th.name scope="row" { (shown(&actor.name)) }
                td.state data-label="State" { (shown(&actor.state)) }
                td.lanes data-label="Messages that wait, by lane" { (gauges(&actor.lanes, "no lanes")) }
                td.number data-label="Handled" { (number(actor.handled)) }
                td.number data-label="Restarts" { (number(actor.restarts)) }
            }
        }
    };
    table("cards actors", "Actors", &columns, rows)
}

/// Those that fire next, and behind a fold the others.
fn timers(visit: &Visit, timers: &[TimerView]) -> Markup {
    let mut sorted: Vec<&TimerView> = timers.iter().collect();
    sorted.sort_by_key(|timer| (timer.next.is_none(), timer.next));
    let (first, rest) = sorted.split_at(sorted.len().min(TIMERS));
    if first.is_empty() {
        return html! { p.nothing { "No site has a timer." } };
    }
    html! {
        (timer_rows(visit, first))
        @if !rest.is_empty() {
            details data-key="timers" {
                summary { (number(rest.len() as u64)) " more" }
                (timer_rows(visit, rest))
            }
        }
    }
}

fn timer_rows(visit: &Visit, timers: &[&TimerView]) -> Markup {
    let rows = html! {
        @for timer in timers {
            tr data-key=(shown(&timer.name)) {
                th.name scope="row" { (shown(&timer.name)) }
                td.state data-label="State" { (shown(&timer.state)) }
                td data-label="Fires next" {
                    @match timer.next {
                        Some(next) => { (when(visit.now, next)) }
                        None => { span.dim { "not planned" } }
                    }
                }
                td data-label="So far" { (shown(&timer.counts)) }
            }
        }
    };
    table("cards timers", "Timers", &[Text("Timer"), Text("State"), Text("Fires next"), Text("So far")], rows)
}
