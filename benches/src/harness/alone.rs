//! Measuring in a process of its own, as memory has to be: what a repetition frees stays with the allocator,
//! and the next one would seem to need nothing.

use std::env;
use std::fs;
use std::process::Command;

use super::row::Skipped;

/// The argument that makes this program such a process.
const ALONE: &str = "--alone";

/// Where Linux says what a process has in memory, to the page.
const ROLLUP: &str = "/proc/self/smaps_rollup";

/// A repetition of `implementation`, as the row of that name calls it: `measure`, in a process that does nothing
/// else.
pub(crate) fn alone(row: &'static str, implementation: &'static str, measure: fn() -> f64) -> impl FnMut() -> f64 {
    move || {
        if asked_alone().is_some() {
            return measure();
        }
        let program = env::current_exe().expect("the system knows what it runs");
        let output = Command::new(program).args([ALONE, row, implementation]).output().expect("the program starts");
        let said = String::from_utf8_lossy(&output.stdout);
        match said.trim().parse() {
            Ok(value) if output.status.success() => value,
            _ => panic!("{row}: {implementation}: {}: {}", output.status, String::from_utf8_lossy(&output.stderr)),
        }
    }
}

/// The row and the implementation that this process is to measure, if it is one of those.
pub(crate) fn asked_alone() -> Option<(String, String)> {
    let mut args = env::args().skip(1);
    if args.next()? != ALONE {
        return None;
    }
    Some((args.next()?, args.next()?))
}

/// Whether memory can be measured here.
pub(crate) fn can_tell_memory() -> Result<(), Skipped> {
    fs::read_to_string(ROLLUP).map(drop).map_err(|error| Skipped(format!("cannot read {ROLLUP}: {error}")))
}

/// What this process has in memory now, in bytes.
pub(crate) fn resident() -> f64 {
    let rollup = fs::read_to_string(ROLLUP).expect("it was there before");
    let kilobytes = rollup.lines().find_map(|line| line.strip_prefix("Rss:")?.trim().strip_suffix("kB"));
    kilobytes.and_then(|kilobytes| kilobytes.trim().parse::<f64>().ok()).expect("it says so in kB") * 1024.0
}
