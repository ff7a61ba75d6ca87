use std::time::Duration;

use super::{Svg, WIDTH};
use crate::timeline::Recording;

const RIGHT: f64 = 26.0;
/// Of a character, in pixels; a little more than most have.
const CHARACTER: f64 = 7.0;

/// Where the times of a recording are, from left to right.
#[derive(Clone, Copy)]
pub(super) struct Scale {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) until: Duration,
}

impl Scale {
    pub(super) fn new(recording: &Recording, until: Duration) -> Self {
        let lanes = recording.bars.iter().map(|bar| bar.lane.chars().count());
        let states = recording
            .curves
            .iter()
            .flat_map(|curve| &curve.names)
            .map(|name| name.chars().count());
        let curves =
            recording.curves.iter().map(|curve| curve.name.chars().count());
        let longest =
            lanes.chain(states).chain(curves).max().unwrap_or_default();
        let left = (longest as f64 * CHARACTER + 16.0).clamp(84.0, WIDTH / 3.0);
        Self { left, right: WIDTH - RIGHT, until }
    }

    pub(super) fn x(self, at: Duration) -> f64 {
        let share = at.as_secs_f64() / self.until.as_secs_f64().max(1e-9);
        self.left + share.min(1.0) * (self.right - self.left)
    }

    /// Whether so much text has room in so many pixels.
    pub(super) fn fits(text: &str, width: f64) -> bool {
        CHARACTER * (text.chars().count() as f64) + 4.0 < width
    }

    pub(super) fn axis(self, svg: &mut Svg, y: f64) {
        svg.line((self.left, y + 2.0), (self.right, y + 2.0), false);
        let until = u64::try_from(self.until.as_millis()).unwrap_or(u64::MAX);
        let step = step(until);
        let mut at = 0;
        while at <= until {
            let x = self.x(Duration::from_millis(at));
            svg.line((x, y + 2.0), (x, y + 6.0), false);
            svg.text(x, y + 20.0, "middle", &label(at, step));
            at += step;
        }
    }
}

/// Milliseconds between two marks, of which there are at most ten.
fn step(until: u64) -> u64 {
    const STEPS: [u64; 24] = [
        1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000,
        20_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_200_000,
        1_800_000, 3_600_000, 7_200_000, 21_600_000,
    ];
    STEPS.into_iter().find(|step| until / step <= 9).unwrap_or(until / 8)
}

fn label(at: u64, step: u64) -> String {
    let (unit, name) = [(3_600_000, "h"), (60_000, "min"), (1_000, "s")]
        .into_iter()
        .find(|(unit, _)| step.is_multiple_of(*unit))
        .unwrap_or((1, "ms"));
    format!("{} {name}", at / unit)
}
