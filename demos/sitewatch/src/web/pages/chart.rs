//! How many links were broken, over time.
//!
//! The lines are stretched to the width that there is; words stand beside them, so that they are not.

use std::fmt::Write;

use maud::{Markup, html};

use super::query::run_path;
use super::table::Column::{Number, Text};
use super::table::table;
use super::text::{exact, number, short};
use crate::report::text::plural;
use crate::service::{RunState, RunView, TrendPoint};

/// The height in which lines are drawn, and the margin that keeps them whole above and below.
const HEIGHT: f64 = 100.0;
const MARGIN: f64 = 4.0;

/// A small line for a row of a table.
pub(super) fn spark(trend: &[TrendPoint]) -> Markup {
    let [first, .., last] = trend else { return html! {} };
    let counts: Vec<u64> = trend.iter().map(|point| point.broken).collect();
    let most = counts.iter().copied().max().unwrap_or(0);
    let words = format!(
        "Over the last {} checks: from {} to {} broken, at most {}",
        trend.len(),
        number(first.broken),
        number(last.broken),
        number(most)
    );
    let line = Line::new(&counts, most.max(1));
    html! {
        svg.spark viewBox="0 0 100 100" preserveAspectRatio="none" role="img" aria-label=(words) {
            title { (words) }
            path.area d=(line.area()) {}
            path.line d=(line.path()) {}
            path.dot d=(line.dot(counts.len() - 1)) {}
        }
        span.note { "last " (trend.len()) " checks" }
    }
}

/// The history of a site, of its runs from the newest on: a chart, and the same as a table.
pub(super) fn history(site: &str, runs: &[RunView]) -> Markup {
    let done: Vec<&RunView> = runs.iter().filter(|run| run.state == RunState::Done).rev().collect();
    let [first, .., last] = done.as_slice() else {
        return html! { p.nothing { "There is a chart here once two checks have come to their end." } };
    };
    let counts: Vec<u64> = done.iter().map(|run| run.numbers.broken).collect();
    let most = counts.iter().copied().max().unwrap_or(0);
    let top = round(most);
    let line = Line::new(&counts, top);
    let words = format!(
        "Broken links at the end of the last {}: from {} to {}, at most {}",
        plural(done.len() as u64, "check", "checks"),
        number(first.numbers.broken),
        number(last.numbers.broken),
        number(most)
    );
    html! {
        figure.chart {
            div.plot {
                div.scale aria-hidden="true" {
                    span { (number(top)) }
                    span { (number(top / 2)) }
                    span { "0" }
                }
                svg viewBox="0 0 100 100" preserveAspectRatio="none" role="img" aria-label=(words) {
                    path.grid d="M0 4H100M0 50H100M0 96H100" {}
                    path.area d=(line.area()) {}
                    path.line d=(line.path()) {}
                    @for (index, run) in done.iter().enumerate() {
                        @let (left, width) = line.column(index);
                        path.dot d=(line.dot(index)) {}
                        rect.hover x=(left) y="0" width=(width) height="100" {
                            title { (label(run)) }
                        }
                    }
                }
                div.ends aria-hidden="true" {
                    span { (short(first.ended.unwrap_or(first.began))) }
                    span { (short(last.ended.unwrap_or(last.began))) }
                }
            }
            figcaption { (words) ". Each dot is a check, the latest on the right." }
        }
        details data-key="history" {
            summary { "The same as a table" }
            div.scroll tabindex="0" role="region" aria-label="Broken links by check" {
                (table("plain", "Broken links by check", &[Text("Check"), Text("Ended"), Number("Broken")], html! {
                    @for run in done.iter().rev() {
                        tr {
                            td { a href=(run_path(site, run.id)) { (run.id) } }
                            td { (exact(run.ended.unwrap_or(run.began))) }
                            td.number { (number(run.numbers.broken)) }
                        }
                    }
                }))
            }
        }
    }
}

fn label(run: &RunView) -> String {
    let at = run.ended.unwrap_or(run.began).strftime("%-d %b %Y, %H:%M UTC").to_string();
    format!("Check {}, {at}: {} broken", run.id, number(run.numbers.broken))
}

/// The next even number that reads well on a scale: 2, 4, 6, 10, 20, 40, 60, 100.
fn round(most: u64) -> u64 {
    let mut unit: u64 = 1;
    loop {
        for step in [2, 4, 6, 10] {
            let top = unit.saturating_mul(step);
            if top >= most {
                return top;
            }
        }
        unit = unit.saturating_mul(10);
    }
}

/// A line through counts that are evenly spaced, in a square of a hundred units.
struct Line {
    points: Vec<(f64, f64)>,
}

impl Line {
    /// Where nothing is higher than `top`.
    fn new(counts: &[u64], top: u64) -> Self {
        let last = counts.len().saturating_sub(1).max(1) as f64;
        let point = |(index, count): (usize, &u64)| {
            let share = *count as f64 / top.max(1) as f64;
            // Half a point's width is left at both sides.
            (1.0 + 98.0 * index as f64 / last, HEIGHT - MARGIN - share * (HEIGHT - 2.0 * MARGIN))
        };
        Self { points: counts.iter().enumerate().map(point).collect() }
    }

    fn path(&self) -> String {
        let mut path = String::new();
        for (index, (x, y)) in self.points.iter().enumerate() {
            // A String takes everything.
            let _ = write!(path, "{}{x:.2} {y:.2}", if index == 0 { 'M' } else { 'L' });
        }
        path
    }

    /// What is under the line.
    fn area(&self) -> String {
        let (first, last) =
            (self.points.first().map_or(0.0, |point| point.0), self.points.last().map_or(0.0, |point| point.0));
        let floor = HEIGHT - MARGIN;
        format!("{}L{last:.2} {floor}L{first:.2} {floor}Z", self.path())
    }

    /// A line of no length: its round ends are a dot, whatever the picture is stretched to.
    fn dot(&self, index: usize) -> String {
        let (x, y) = self.points.get(index).copied().unwrap_or_default();
        format!("M{x:.2} {y:.2}h0")
    }

    /// Where a mouse is nearest to a point: the left edge, and the width.
    fn column(&self, index: usize) -> (String, String) {
        let x = |index: usize| self.points.get(index).map(|point| point.0);
        let here = x(index).unwrap_or(0.0);
        let left = index.checked_sub(1).and_then(x).map_or(0.0, |before| (before + here) / 2.0);
        let right = x(index + 1).map_or(100.0, |after| (here + after) / 2.0);
        (format!("{left:.2}"), format!("{:.2}", right - left))
    }
}
