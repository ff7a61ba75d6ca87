use super::measure::Measured;
use super::row::{Target, Verdict};

impl Measured {
    /// Prints the row as a table, fastest first, and what became of its target.
    pub(crate) fn print(&self) {
        println!("{} ({}, {} rounds)", self.row, self.unit, self.rounds);
        println!("  {:<34} {:<5} {:>10} {:>10} {:>10} {:>8}", "", "", "min", "median", "max", "x ours");
        let ours = self.ours().median;
        let mut sorted: Vec<_> = self.results.iter().collect();
        sorted.sort_by(|a, b| a.median.total_cmp(&b.median));
        for figures in sorted {
            println!(
                "  {:<34} {:<5} {:>10} {:>10} {:>10} {:>8.2}",
                figures.implementation,
                figures.kind.as_str(),
                shown(figures.min),
                shown(figures.median),
                shown(figures.max),
                figures.median / ours,
            );
        }
        println!("  {}", self.conclusion());
        if self.disturbed > 0 {
            println!("  others used the machine: {} repetitions were disturbed", self.disturbed);
        }
    }

    fn conclusion(&self) -> String {
        let verdict = match self.verdict() {
            Verdict::Holds => "holds",
            Verdict::Missed => "MISSED",
        };
        let ours = self.ours().median;
        match (self.target, self.fastest_peer()) {
            (Target::Ratio(ratio), Some(peer)) => {
                format!("{:.2} x {}, target {ratio}: {verdict}", ours / peer.median, peer.implementation)
            }
            (Target::Absolute(limit), Some(peer)) => format!(
                "{} {}, target {limit}: {verdict} ({:.2} x {})",
                shown(ours),
                self.unit,
                ours / peer.median,
                peer.implementation
            ),
            (Target::Absolute(limit), None) => format!("{} {}, target {limit}: {verdict}", shown(ours), self.unit),
            (Target::Ratio(_), None) => unreachable!("a ratio needs a peer"),
        }
    }
}

/// Three digits that matter.
pub(super) fn shown(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}
