//! How much of the machine others used in the meantime.

use std::fs::{self, DirEntry};
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
        Some(Self { everybody, own: own()? })
    }
}

/// What this process and all that descend from it have used.
fn own() -> Option<f64> {
    let processes: Vec<_> = fs::read_dir("/proc").ok()?.flatten().filter_map(|entry| Process::read(&entry)).collect();
    let mut family = vec![std::process::id()];
    let mut nth = 0;
    while let Some(parent) = family.get(nth).copied() {
        family.extend(processes.iter().filter(|process| process.parent == parent).map(|process| process.id));
        nth += 1;
    }
    let ticks = |id: &u32| processes.iter().find(|process| process.id == *id).map(|process| process.ticks);
    // The first is this process, which has to be there.
    ticks(&family[0])?;
    Some(family.iter().filter_map(ticks).sum())
}

struct Process {
    id: u32,
    parent: u32,
    ticks: f64,
}

impl Process {
    /// `None` for what is no process, or has just ended.
    fn read(entry: &DirEntry) -> Option<Self> {
        let id = entry.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        // After the name, which may hold anything up to the last parenthesis: state is field 3, the parent 4, and
        // utime stime cutime cstime are 14 to 17. The last two are children that have been waited for.
        let fields = numbers(stat.rsplit_once(") ")?.1.split_once(' ')?.1);
        let ticks = fields.get(10..14)?.iter().sum();
        Some(Self { id, parent: *fields.first()? as u32, ticks })
    }
}

fn numbers(text: &str) -> Vec<f64> {
    text.split_whitespace().map_while(|word| word.parse().ok()).collect()
}
