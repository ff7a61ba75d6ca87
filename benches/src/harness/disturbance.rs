//! How much of the machine others used in the meantime.

use std::fs;
use std::time::{Duration, Instant};

/// Kernel ticks per second in `/proc`, the same on every Linux that Rust runs on.
const TICKS: f64 = 100.0;

/// The counters at one instant.
pub(crate) struct Watch {
    at: Instant,
    ticks: Option<Ticks>,
}

struct Ticks {
    everybody: f64,
    own: f64,
}

impl Watch {
    pub(crate) fn start() -> Self {
        Self { at: Instant::now(), ticks: Ticks::read() }
    }

    /// The share of one core that other processes used since, or `None` where the system doesn't say.
    pub(crate) fn others(&self) -> Option<f64> {
        let (before, now) = (self.ticks.as_ref()?, Ticks::read()?);
        let others = (now.everybody - before.everybody) - (now.own - before.own);
        let elapsed = self.at.elapsed().max(Duration::from_millis(1)).as_secs_f64();
        Some((others / TICKS / elapsed).max(0.0))
    }
}

impl Ticks {
    fn read() -> Option<Self> {
        let stat = fs::read_to_string("/proc/stat").ok()?;
        let cpu: Vec<f64> = numbers(stat.lines().next()?.strip_prefix("cpu ")?);
        // user nice system idle iowait irq softirq steal: all but idle and iowait is work.
        let everybody = cpu.iter().take(8).sum::<f64>() - cpu.get(3)? - cpu.get(4)?;
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        // After the name, which may hold anything up to the last parenthesis: state is field 3, and
        // utime stime cutime cstime are 14 to 17. The last two are children that have been waited for.
        let fields = numbers(stat.rsplit_once(") ")?.1.split_once(' ')?.1);
        let own = fields.get(10..14)?.iter().sum();
        Some(Self { everybody, own })
    }
}

fn numbers(text: &str) -> Vec<f64> {
    text.split_whitespace().map_while(|word| word.parse().ok()).collect()
}
