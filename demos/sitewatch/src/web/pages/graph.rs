//! Components and what they stand on, drawn.

use std::collections::{HashMap, HashSet};

use maud::{Markup, html};

use super::layers::{HEIGHT, Layers, WIDTH};
use super::text::{shortened, shown};
use crate::service::ComponentView;

/// The picture, with arrows from what a component stands on to the component. It has its natural size, so that its
/// words can be read on a phone too.
pub(super) fn graph(components: &[ComponentView]) -> Markup {
    let levels = levels(components);
    let drawn = Layers::new(&levels, &arrows(components, &levels));
    let (width, height) = drawn.size();
    html! {
        div.scroll tabindex="0" role="region" aria-label="Components, drawn" {
            svg.graph width=(width) height=(height) viewBox={ "0 0 " (width) " " (height) } aria-hidden="true" {
                defs {
                    marker #arrow viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto" {
                        path d="M0 0L8 4L0 8Z" {}
                    }
                }
                @for (line, ends) in drawn.lines() {
                    path.arrow d=(line) marker-end=[ends.then_some("url(#arrow)")] {}
                }
                @for (one, (x, y)) in components.iter().zip(drawn.boxes()) {
                    g.component.ready[one.ready] {
                        title { (shown(&one.name)) ": " (shown(&one.state)) }
                        rect x=(x) y=(y) width=(WIDTH) height=(HEIGHT) rx="6" {}
                        text.name x=(x + 10) y=(y + 19) { (shown(&shortened(&one.name, 17))) }
                        text.how x=(x + 10) y=(y + 36) {
                            @if one.ready { "✓ " } @else { "! " }
                            (shown(&shortened(&one.state, 20)))
                        }
                    }
                }
            }
        }
    }
}

/// The numbers of the components that each stands on; not what isn't there.
fn below(components: &[ComponentView]) -> Vec<Vec<usize>> {
    let numbers: HashMap<&str, usize> =
        components.iter().enumerate().map(|(number, component)| (component.name.as_str(), number)).collect();
    let known = |component: &ComponentView| {
        component.after.iter().filter_map(|name| numbers.get(name.as_str()).copied()).collect::<Vec<usize>>()
    };
    components.iter().map(known).collect()
}

/// In which layer each is: below all that it stands on. A cycle ends at as many layers as there are components.
fn levels(components: &[ComponentView]) -> Vec<usize> {
    let below = below(components);
    let mut levels = vec![0; components.len()];
    for _ in 1..components.len() {
        for (number, below) in below.iter().enumerate() {
            let lowest = below.iter().filter(|&&other| other != number).map(|&other| levels[other] + 1).max();
            levels[number] = lowest.unwrap_or(0).min(components.len() - 1);
        }
    }
    // A cycle may leave a layer empty.
    let used: HashSet<usize> = levels.iter().copied().collect();
    levels.iter().map(|level| used.iter().filter(|other| *other < level).count()).collect()
}

/// Who is stood on, and by whom. What follows from others is left out: the list below the picture has it.
fn arrows(components: &[ComponentView], levels: &[usize]) -> Vec<(usize, usize)> {
    let below = below(components);
    let mut from_above: Vec<usize> = (0..components.len()).collect();
    from_above.sort_by_key(|&number| levels[number]);
    let mut all: Vec<HashSet<usize>> = vec![HashSet::new(); components.len()];
    let mut arrows = Vec::new();
    for to in from_above {
        // Upwards there is nothing to draw but what is wrong.
        let direct: HashSet<usize> = below[to].iter().copied().filter(|&from| levels[from] < levels[to]).collect();
        let beyond: HashSet<usize> = direct.iter().flat_map(|&from| all[from].iter().copied()).collect();
        let mut drawn: Vec<usize> = direct.difference(&beyond).copied().collect();
        drawn.sort_unstable();
        arrows.extend(drawn.into_iter().map(|from| (from, to)));
        all[to] = direct.union(&beyond).copied().collect();
    }
    arrows
}
