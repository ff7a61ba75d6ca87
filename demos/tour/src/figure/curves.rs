use std::fmt::Write as _;

use super::{CURVE, Scale, Svg, WORK};
use crate::timeline::{Curve, Level};

/// Draws a curve of steps, with its bound or the names of its levels.
pub(super) fn draw(svg: &mut Svg, curve: &Curve, y: f64, scale: Scale) {
    let most =
        curve.levels.iter().map(|level| level.value).max().unwrap_or_default();
    let named = curve.names.len().saturating_sub(1);
    let highest = most.max(curve.bound.unwrap_or_default()).max(named).max(1);
    let bottom = y + CURVE;
    let height =
        |value: usize| bottom - value as f64 / highest as f64 * (CURVE - 14.0);
    if let Some(path) = path(&curve.levels, bottom, height, scale) {
        svg.area(&path, WORK);
    }
    if curve.names.is_empty() {
        svg.text(scale.left - 10.0, y + CURVE / 2.0, "end", &curve.name);
        svg.text(scale.left + 4.0, y + 8.0, "start", &format!("most: {most}"));
    } else {
        svg.text(scale.left + 4.0, y + 8.0, "start", &curve.name);
        for (value, name) in curve.names.iter().enumerate() {
            svg.text(scale.left - 10.0, height(value) + 4.0, "end", name);
        }
    }
    if let Some(bound) = curve.bound {
        svg.line(
            (scale.left, height(bound)),
            (scale.right, height(bound)),
            true,
        );
        svg.text(
            scale.right - 2.0,
            height(bound) - 4.0,
            "end",
            &format!("bound {bound}"),
        );
    }
}

fn path(
    levels: &[Level],
    bottom: f64,
    height: impl Fn(usize) -> f64,
    scale: Scale,
) -> Option<String> {
    let mut path = String::new();
    let mut before: Option<Level> = None;
    for level in levels.iter().filter(|level| level.at <= scale.until) {
        let x = scale.x(level.at);
        match before {
            None => {
                let _ = write!(path, "M{x:.1} {bottom:.1}");
            }
            Some(before) if before.value == level.value => continue,
            Some(_) => {
                let _ = write!(path, "H{x:.1}");
            }
        }
        let _ = write!(path, "V{:.1}", height(level.value));
        before = Some(*level);
    }
    before?;
    let _ = write!(path, "H{:.1}V{bottom:.1}Z", scale.x(scale.until));
    Some(path)
}
