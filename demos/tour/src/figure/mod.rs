//! Draws a [`Recording`] as SVG.

mod bars;
mod curves;
mod scale;
mod svg;

use std::time::Duration;

use crate::timeline::Recording;
use scale::Scale;
use svg::Svg;

const WIDTH: f64 = 760.0;
const LANE: f64 = 30.0;
const BAR: f64 = 20.0;
const CURVE: f64 = 90.0;
const GAP: f64 = 18.0;

/// Readable on white and on black.
const WORK: &str = "#3d8bd4";
const WAIT: &str = "#d9772b";
const CLEAN: &str = "#3a9e6e";
const CANCEL: &str = "#9a6bd1";
const FAIL: &str = "#d6455d";

/// How a recording is drawn: a line of bars for each who works, waits or cleans up, and below them the curves.
///
/// The same recording always gives the same bytes. Nothing is loaded from elsewhere: shapes, and text in whatever
/// sans-serif font there is.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use tour::figure::Figure;
/// use tour::timeline::Timeline;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let timeline = Timeline::new();
/// timeline.works("cook", "boils eggs");
/// tokio::time::sleep(Duration::from_millis(5)).await;
/// timeline.fails("cook", "no water");
/// let recording = timeline.recording();
/// let figure = Figure::new("A cook fails");
/// assert_eq!(figure.draw(&recording), figure.draw(&recording));
/// // It follows the reader's choice of light or dark.
/// assert!(figure.draw(&recording).contains("prefers-color-scheme: dark"));
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Figure {
    title: String,
    until: Option<Duration>,
}

impl Figure {
    /// A figure that says this to whoever can't see it.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), until: None }
    }

    /// Ends at this time; without it, where the last thing that was recorded ends.
    #[must_use]
    pub fn until(mut self, until: Duration) -> Self {
        self.until = Some(until);
        self
    }

    /// The figure: a file of its own, or a part of a page that brings the colours for `svg.timeline`.
    #[must_use]
    pub fn draw(&self, recording: &Recording) -> String {
        let mut svg = Svg::default();
        let scale =
            Scale::new(recording, self.until.unwrap_or_else(|| end(recording)));
        let mut y = bars::legend(&mut svg, recording, scale);
        y = bars::lanes(&mut svg, recording, y, scale);
        for curve in &recording.curves {
            y += GAP;
            curves::draw(&mut svg, curve, y, scale);
            y += CURVE;
        }
        scale.axis(&mut svg, y);
        svg.finish(&self.title, WIDTH, y + 24.0)
    }
}

/// When the last thing ends that was recorded.
fn end(recording: &Recording) -> Duration {
    let bars =
        recording.bars.iter().map(|bar| bar.to.unwrap_or(recording.length));
    let levels = recording
        .curves
        .iter()
        .flat_map(|curve| &curve.levels)
        .map(|level| level.at);
    bars.chain(levels).max().unwrap_or(recording.length)
}
