//! Draws a [`Recording`] as SVG that is put into the page, where it takes the page's colour for text and lines: it
//! is as readable in the dark as in the light.
use std::fmt::Write as _;
use std::time::Duration;

use crate::timeline::{Bar, Level, Recording};

const WIDTH: f64 = 760.0;
const LEFT: f64 = 84.0;
const RIGHT: f64 = 26.0;
const LANE: f64 = 30.0;
const BAR: f64 = 20.0;
const CURVE: f64 = 90.0;
const GAP: f64 = 18.0;

/// Readable on white and on black.
const WORK: &str = "#3d8bd4";
const WAIT: &str = "#d9772b";

/// How a recording is drawn: bars for who works or waits, below them a curve of levels if wanted.
#[derive(Clone, Debug)]
pub struct Figure {
    title: &'static str,
    until: Option<Duration>,
    level: Option<(&'static str, usize)>,
}

impl Figure {
    /// A figure that says this to whoever can't see it.
    #[must_use]
    pub fn new(title: &'static str) -> Self {
        Self { title, until: None, level: None }
    }

    /// Ends at this time; without it, at the end of the recording.
    #[must_use]
    pub fn until(mut self, until: Duration) -> Self {
        self.until = Some(until);
        self
    }

    /// Draws the levels too, with their name and a line at the bound.
    #[must_use]
    pub fn level(mut self, name: &'static str, bound: usize) -> Self {
        self.level = Some((name, bound));
        self
    }

    /// The figure.
    #[must_use]
    pub fn draw(&self, recording: &Recording) -> String {
        let until = self.until.unwrap_or(recording.length);
        let scale = Scale { until };
        let mut lanes: Vec<&str> = Vec::new();
        for bar in &recording.bars {
            if !lanes.contains(&bar.lane) {
                lanes.push(bar.lane);
            }
        }
        lanes.sort_unstable();
        let mut svg = Svg::default();
        let mut y = legend(&mut svg);
        for lane in lanes {
            svg.text(LEFT - 10.0, y + BAR / 2.0 + 4.0, "end", lane);
            for bar in recording
                .bars
                .iter()
                .filter(|bar| bar.lane == lane && bar.from < until)
            {
                draw_bar(&mut svg, bar, y, scale);
            }
            y += LANE;
        }
        if let Some((name, bound)) = self.level {
            y += GAP;
            draw_levels(&mut svg, &recording.levels, name, bound, y, scale);
            y += CURVE;
        }
        axis(&mut svg, y, scale);
        svg.finish(self.title, y + 24.0)
    }
}

#[derive(Clone, Copy)]
struct Scale {
    until: Duration,
}

impl Scale {
    fn x(self, at: Duration) -> f64 {
        let share = at.as_secs_f64() / self.until.as_secs_f64().max(1e-9);
        LEFT + share.min(1.0) * (WIDTH - LEFT - RIGHT)
    }
}

fn legend(svg: &mut Svg) -> f64 {
    for (x, colour, text) in
        [(LEFT, WORK, "works"), (LEFT + 80.0, WAIT, "waits")]
    {
        svg.rect(x, 4.0, 12.0, 12.0, colour);
        svg.text(x + 18.0, 14.0, "start", text);
    }
    30.0
}

fn draw_bar(svg: &mut Svg, bar: &Bar, y: f64, scale: Scale) {
    let from = scale.x(bar.from);
    let width = scale.x(bar.to.unwrap_or(scale.until)) - from;
    let colour = if bar.waits { WAIT } else { WORK };
    // A hair narrower than it is, so that neighbours can be told apart.
    svg.rect(from, y, (width - 1.0).max(0.5), BAR, colour);
    let label = match (bar.waits, bar.to) {
        (true, None) => "waits for ever",
        (true, Some(_)) => "",
        // The page's number: listings end with it.
        (false, _) => bar.what.rsplit(' ').next().unwrap_or_default(),
    };
    if width > 8.0 * label.len() as f64 {
        svg.text(from + width / 2.0, y + BAR / 2.0 + 4.0, "middle", label);
    }
}

fn draw_levels(
    svg: &mut Svg,
    levels: &[Level],
    name: &str,
    bound: usize,
    y: f64,
    scale: Scale,
) {
    let highest = levels
        .iter()
        .map(|level| level.value)
        .max()
        .unwrap_or_default()
        .max(bound);
    let height = |value: usize| {
        y + CURVE - value as f64 / highest as f64 * (CURVE - 14.0)
    };
    let mut path = String::new();
    let mut before: Option<Level> = None;
    for level in levels.iter().filter(|level| level.at <= scale.until) {
        let x = scale.x(level.at);
        match before {
            None => {
                let _ = write!(path, "M{x:.1} {:.1}", y + CURVE);
            }
            Some(before) => {
                let _ = write!(path, "H{x:.1}");
                if before.value == level.value {
                    continue;
                }
            }
        }
        let _ = write!(path, "V{:.1}", height(level.value));
        before = Some(*level);
    }
    let _ = write!(path, "H{:.1}V{:.1}Z", scale.x(scale.until), y + CURVE);
    svg.text(LEFT - 10.0, y + CURVE / 2.0, "end", name);
    svg.area(&path, WORK);
    svg.line((LEFT, height(bound)), (WIDTH - RIGHT, height(bound)), true);
    svg.text(
        WIDTH - RIGHT - 2.0,
        height(bound) - 4.0,
        "end",
        &format!("bound {bound}"),
    );
    svg.text(LEFT + 4.0, y + 8.0, "start", &format!("most: {highest}"));
}

fn axis(svg: &mut Svg, y: f64, scale: Scale) {
    svg.line((LEFT, y + 2.0), (WIDTH - RIGHT, y + 2.0), false);
    let until = scale.until.as_millis() as u64;
    let step = [5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000]
        .into_iter()
        .find(|step| until / step <= 8);
    let step = step.unwrap_or(10_000);
    for at in (0..=until).step_by(step as usize) {
        let x = scale.x(Duration::from_millis(at));
        svg.line((x, y + 2.0), (x, y + 6.0), false);
        svg.text(x, y + 20.0, "middle", &format!("{at} ms"));
    }
}

/// Elements, one a line: a blank line would end the block of HTML that a chapter includes this in.
#[derive(Default)]
struct Svg(String);

impl Svg {
    fn rect(&mut self, x: f64, y: f64, width: f64, height: f64, colour: &str) {
        let _ = writeln!(
            self.0,
            r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" rx="2" fill="{colour}" fill-opacity="0.55" stroke="{colour}"></rect>"#
        );
    }

    fn text(&mut self, x: f64, y: f64, anchor: &str, text: &str) {
        if !text.is_empty() {
            let _ = writeln!(
                self.0,
                r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{}</text>"#,
                escaped(text)
            );
        }
    }

    fn line(&mut self, from: (f64, f64), to: (f64, f64), dashed: bool) {
        let dashes = if dashed { r#" stroke-dasharray="5 4""# } else { "" };
        let _ = writeln!(
            self.0,
            r#"<path d="M{:.1} {:.1}L{:.1} {:.1}" stroke="currentColor"{dashes}></path>"#,
            from.0, from.1, to.0, to.1
        );
    }

    fn area(&mut self, path: &str, colour: &str) {
        let _ = writeln!(
            self.0,
            r#"<path d="{path}" fill="{colour}" fill-opacity="0.3" stroke="{colour}"></path>"#
        );
    }

    fn finish(self, title: &str, height: f64) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{}\" \
             font-family=\"sans-serif\" font-size=\"12\" fill=\"currentColor\">\n{}</svg>\n",
            escaped(title),
            self.0
        )
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
