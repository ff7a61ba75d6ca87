//! Plots of what the benchmarks measured: a bar for each implementation, with its best and its worst round.
use std::fmt::Write as _;

use crate::costs::{Line, Row};

const WIDTH: f64 = 760.0;
const LEFT: f64 = 250.0;
const RIGHT: f64 = 150.0;
const HEAD: f64 = 26.0;
const LINE: f64 = 22.0;
const BAR: f64 = 14.0;

/// Draws rows below one another, each on a scale of its own: what counts is how far the bars of a row are apart.
#[must_use]
pub fn draw(title: &str, rows: &[Row]) -> String {
    let mut svg = String::new();
    let mut y = 4.0;
    for row in rows {
        let most = row.lines.iter().map(|line| line.max).fold(1e-9, f64::max);
        text(
            &mut svg,
            0.0,
            y + 14.0,
            "start",
            &row.name,
            " font-weight=\"bold\"",
        );
        y += HEAD;
        for line in &row.lines {
            bar(&mut svg, line, y, (WIDTH - LEFT - RIGHT) / most);
            y += LINE;
        }
        y += 6.0;
    }
    format!(
        "<svg class=\"plot\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {y}\" role=\"img\" \
         aria-label=\"{title}\" font-family=\"sans-serif\" font-size=\"12\" fill=\"currentColor\">\n{svg}</svg>\n"
    )
}

fn bar(svg: &mut String, line: &Line, y: f64, scale: f64) {
    let middle = y + BAR / 2.0;
    let colour = match &*line.kind {
        "ours" => "#3d8bd4",
        "peer" => "#8d96a0",
        _ => "none",
    };
    let label = if line.kind == "limit" {
        format!("{} (limit)", line.implementation)
    } else {
        line.implementation.clone()
    };
    text(svg, LEFT - 10.0, middle + 4.0, "end", &label, "");
    let width = line.median * scale;
    let _ = writeln!(
        svg,
        r##"<rect x="{LEFT}" y="{y:.1}" width="{width:.1}" height="{BAR}" fill="{colour}" fill-opacity="0.6" stroke="#8d96a0"></rect>"##
    );
    let (from, to) = (LEFT + line.min * scale, LEFT + line.max * scale);
    let _ = writeln!(
        svg,
        r#"<path d="M{from:.1} {middle:.1}H{to:.1}M{from:.1} {:.1}v6M{to:.1} {:.1}v6" stroke="currentColor"></path>"#,
        middle - 3.0,
        middle - 3.0
    );
    let value = format!("{:.1} {}", line.median, line.unit);
    text(svg, to + 8.0, middle + 4.0, "start", &value, "");
}

fn text(
    svg: &mut String,
    x: f64,
    y: f64,
    anchor: &str,
    text: &str,
    more: &str,
) {
    let text =
        text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let _ = writeln!(
        svg,
        r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}"{more}>{text}</text>"#
    );
}
