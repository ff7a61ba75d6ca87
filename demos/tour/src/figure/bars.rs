use super::{BAR, CANCEL, CLEAN, FAIL, LANE, Scale, Svg, WAIT, WORK};
use crate::timeline::{Bar, Doing, End, Recording};

/// Says what the colours and marks mean that occur, and returns where the lanes begin.
pub(super) fn legend(
    svg: &mut Svg,
    recording: &Recording,
    scale: Scale,
) -> f64 {
    let bars = &recording.bars;
    let mut x = scale.left;
    for doing in [Doing::Works, Doing::Waits, Doing::CleansUp] {
        if bars.iter().any(|bar| bar.doing == doing && !bar.what.is_empty()) {
            svg.rect(
                (x, 4.0),
                (12.0, 12.0),
                colour(doing),
                doing == Doing::Waits,
                "",
            );
            svg.text(x + 18.0, 14.0, "start", doing.verb());
            x += 90.0;
        }
    }
    if bars.iter().any(|bar| matches!(bar.end, End::Cancelled(_))) {
        svg.stroke((x + 6.0, 1.0), (x + 6.0, 19.0), CANCEL, "");
        svg.text(x + 18.0, 14.0, "start", "cancelled");
        x += 90.0;
    }
    if bars.iter().any(|bar| matches!(bar.end, End::Failed(_))) {
        svg.cross((x + 6.0, 10.0), FAIL, "");
        svg.text(x + 18.0, 14.0, "start", "failed");
    }
    30.0
}

/// Draws every lane, in the order in which they began, and returns where the rest goes on.
pub(super) fn lanes(
    svg: &mut Svg,
    recording: &Recording,
    top: f64,
    scale: Scale,
) -> f64 {
    let mut lanes: Vec<&str> = Vec::new();
    for bar in &recording.bars {
        if !lanes.contains(&&*bar.lane) {
            lanes.push(&bar.lane);
        }
    }
    let mut y = top;
    for lane in lanes {
        svg.text(scale.left - 10.0, y + BAR / 2.0 + 4.0, "end", lane);
        let bars = || {
            recording
                .bars
                .iter()
                .filter(move |bar| bar.lane == lane && bar.from <= scale.until)
        };
        bars().for_each(|bar| draw(svg, bar, y, scale));
        // On top of bars that follow at once.
        bars().for_each(|bar| mark(svg, bar, y, scale));
        y += LANE;
    }
    y
}

fn draw(svg: &mut Svg, bar: &Bar, y: f64, scale: Scale) {
    if bar.to == Some(bar.from) {
        return;
    }
    let from = scale.x(bar.from);
    let width = scale.x(bar.to.unwrap_or(scale.until)) - from;
    let said = match bar.to {
        Some(to) => format!(
            "{} {} ms: {}",
            bar.doing.verb(),
            (to - bar.from).as_millis(),
            bar.what
        ),
        None => format!("{}: {}", bar.doing.verb(), bar.what),
    };
    // A hair narrower than it is, so that neighbours can be told apart.
    svg.rect(
        (from, y),
        ((width - 1.0).max(0.5), BAR),
        colour(bar.doing),
        bar.waits(),
        &said,
    );
    let label = if bar.waits() && bar.to.is_none() {
        "waits for ever"
    } else {
        &*bar.what
    };
    // Often a number, which says enough.
    let last_word = bar.what.rsplit(' ').next().unwrap_or_default();
    if let Some(label) =
        [label, last_word].into_iter().find(|label| Scale::fits(label, width))
    {
        svg.text(from + width / 2.0, y + BAR / 2.0 + 4.0, "middle", label);
    }
}

fn mark(svg: &mut Svg, bar: &Bar, y: f64, scale: Scale) {
    let Some(to) = bar.to.filter(|to| *to <= scale.until) else { return };
    let x = scale.x(to);
    match &bar.end {
        End::Done => {}
        End::Cancelled(why) => {
            svg.stroke((x, y - 3.0), (x, y + BAR + 3.0), CANCEL, why)
        }
        End::Failed(why) => svg.cross((x, y + BAR / 2.0), FAIL, why),
    }
}

fn colour(doing: Doing) -> &'static str {
    match doing {
        Doing::Works => WORK,
        Doing::Waits => WAIT,
        Doing::CleansUp => CLEAN,
    }
}
