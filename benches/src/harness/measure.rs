use super::disturbance::Watch;
use super::row::{Entry, Kind, Row, Target, Verdict};
use super::watchdog::Watchdog;

/// The share of a core from which on a repetition counts as disturbed by others.
const DISTURBED: f64 = 0.15;

/// A row with its numbers.
pub(crate) struct Measured {
    pub(crate) row: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) target: Target,
    pub(crate) rounds: usize,
    /// Repetitions that were disturbed each time they were tried.
    pub(crate) disturbed: usize,
    pub(crate) results: Vec<Figures>,
}

/// What one implementation cost.
pub(crate) struct Figures {
    pub(crate) implementation: &'static str,
    pub(crate) kind: Kind,
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) max: f64,
}

/// Warms up with one round, then measures `rounds` of them. Each round has every implementation once, one
/// after the other, and starts with another one than the round before. What others disturbed is redone, up to
/// `tries` times in all; then the least disturbed one counts.
pub(crate) fn measure(mut row: Row, rounds: usize, tries: usize) -> Measured {
    let count = row.entries.len();
    let mut samples = vec![Vec::with_capacity(rounds); count];
    let mut disturbed = 0;
    for round in 0..=rounds {
        for nth in 0..count {
            let nth = (nth + round) % count;
            let _watchdog = Watchdog::over(format!("{}: {}", row.name, row.entries[nth].implementation));
            if round == 0 {
                (row.entries[nth].repeat)();
                continue;
            }
            let (value, share) = repeat(&mut row.entries[nth], tries);
            samples[nth].push(value);
            disturbed += usize::from(share >= DISTURBED);
        }
    }
    let results = row.entries.iter().zip(samples).map(|(entry, samples)| Figures::of(entry, samples)).collect();
    Measured { row: row.name, unit: row.unit, target: row.target, rounds, disturbed, results }
}

/// The least disturbed of a few tries, and by how much it was disturbed.
fn repeat(entry: &mut Entry, tries: usize) -> (f64, f64) {
    let mut best = (0.0, f64::INFINITY);
    for _ in 0..tries {
        let watch = Watch::start();
        let value = (entry.repeat)();
        let share = watch.others().unwrap_or(0.0);
        if share < best.1 {
            best = (value, share);
        }
        if share < DISTURBED {
            break;
        }
    }
    best
}

impl Figures {
    fn of(entry: &Entry, mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        let middle = samples.len() / 2;
        let median =
            if samples.len() % 2 == 1 { samples[middle] } else { (samples[middle - 1] + samples[middle]) / 2.0 };
        Self {
            implementation: entry.implementation,
            kind: entry.kind,
            min: samples[0],
            median,
            max: samples[samples.len() - 1],
        }
    }
}

impl Measured {
    pub(crate) fn ours(&self) -> &Figures {
        self.results.iter().find(|figures| figures.kind == Kind::Ours).expect("every row has ours")
    }

    /// The peer that our target is measured by.
    pub(crate) fn fastest_peer(&self) -> Option<&Figures> {
        let peers = self.results.iter().filter(|figures| figures.kind == Kind::Peer);
        peers.min_by(|a, b| a.median.total_cmp(&b.median))
    }

    pub(crate) fn verdict(&self) -> Verdict {
        let limit = match self.target {
            Target::Absolute(limit) => limit,
            Target::Ratio(ratio) => ratio * self.fastest_peer().expect("a ratio needs a peer").median,
        };
        if self.ours().median <= limit { Verdict::Holds } else { Verdict::Missed }
    }
}
