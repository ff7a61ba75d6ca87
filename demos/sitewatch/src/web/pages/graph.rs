//! Components and what they stand on, drawn in layers.

use std::collections::HashMap;

use maud::{Markup, html};

use super::text::{shortened, shown};
use crate::service::ComponentView;

/// Two of them are beside each other on a narrow phone.
const WIDTH: usize = 140;
const HEIGHT: usize = 46;
const GAP: usize = 16;
const STEP: usize = 34;
const MARGIN: usize = 4;

/// A box: its component, and where its upper left corner is.
struct Placed<'a> {
    component: &'a ComponentView,
    x: usize,
    y: usize,
}

/// The picture, with arrows from what a component stands on to the component. It has its natural size, so that its
/// words can be read on a phone too.
pub(super) fn graph(components: &[ComponentView]) -> Markup {
    let depths = depths(components);
    let mut layers: Vec<Vec<&ComponentView>> = Vec::new();
    for (component, depth) in components.iter().zip(depths) {
        layers.resize_with(layers.len().max(depth + 1), Vec::new);
        layers[depth].push(component);
    }
    // A cycle, or a longer way to something that is missing, may leave a layer empty.
    layers.retain(|layer| !layer.is_empty());
    let row = |count: usize| count * (WIDTH + GAP) - GAP;
    let width = layers.iter().map(|layer| row(layer.len())).max().unwrap_or(WIDTH) + 2 * MARGIN;
    let height = layers.len() * (HEIGHT + STEP) - STEP + 2 * MARGIN;
    let placed = layers.iter().enumerate().flat_map(|(depth, layer)| {
        let left = (width - row(layer.len())) / 2;
        let y = MARGIN + depth * (HEIGHT + STEP);
        layer.iter().enumerate().map(move |(index, &component)| Placed {
            component,
            x: left + index * (WIDTH + GAP),
            y,
        })
    });
    let placed: Vec<Placed<'_>> = placed.collect();
    html! {
        div.scroll tabindex="0" role="region" aria-label="Components, drawn" {
            svg.graph width=(width) height=(height) viewBox={ "0 0 " (width) " " (height) } aria-hidden="true" {
                defs {
                    marker #arrow viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto" {
                        path d="M0 0L8 4L0 8Z" {}
                    }
                }
                @for arrow in arrows(&placed) { path.arrow d=(arrow) marker-end="url(#arrow)" {} }
                @for one in &placed {
                    g.component.ready[one.component.ready] {
                        title { (shown(&one.component.name)) ": " (shown(&one.component.state)) }
                        rect x=(one.x) y=(one.y) width=(WIDTH) height=(HEIGHT) rx="6" {}
                        text.name x=(one.x + 10) y=(one.y + 19) { (shown(&shortened(&one.component.name, 17))) }
                        text.how x=(one.x + 10) y=(one.y + 36) {
                            @if one.component.ready { "✓ " } @else { "! " }
                            (shown(&shortened(&one.component.state, 20)))
                        }
                    }
                }
            }
        }
    }
}

/// How many layers are above each: one more than above what it stands on. A cycle ends at as many as there are.
fn depths(components: &[ComponentView]) -> Vec<usize> {
    let numbers: HashMap<&str, usize> =
        components.iter().enumerate().map(|(number, component)| (component.name.as_str(), number)).collect();
    let mut depths = vec![0; components.len()];
    for _ in 1..components.len() {
        for (number, component) in components.iter().enumerate() {
            let below = component.after.iter().filter_map(|name| numbers.get(name.as_str()));
            let below = below.filter(|&&below| below != number).map(|&below| depths[below] + 1).max();
            depths[number] = below.unwrap_or(0).min(components.len() - 1);
        }
    }
    depths
}

/// From the lower edge of what is stood on to the upper edge of what stands on it.
fn arrows(placed: &[Placed<'_>]) -> Vec<String> {
    let places: HashMap<&str, &Placed<'_>> = placed.iter().map(|one| (one.component.name.as_str(), one)).collect();
    let mut arrows = Vec::new();
    for to in placed {
        for from in to.component.after.iter().filter_map(|name| places.get(name.as_str())) {
            // Upwards there is nothing to draw but what is wrong.
            if from.y < to.y {
                let (x1, y1) = (from.x + WIDTH / 2, from.y + HEIGHT);
                let (x2, y2) = (to.x + WIDTH / 2, to.y - 2);
                let middle = usize::midpoint(y1, y2);
                arrows.push(format!("M{x1} {y1}C{x1} {middle} {x2} {middle} {x2} {y2}"));
            }
        }
    }
    arrows
}
