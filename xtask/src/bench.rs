//! The benchmarks.

use crate::run::{cargo, run};

/// Runs the rows whose names contain one of `rows`, or all.
pub(crate) fn bench(rows: &[String]) -> Result<(), String> {
    let mut args = vec!["run", "--release", "--package", "benches", "--"];
    args.extend(rows.iter().map(String::as_str));
    run(&cargo(), &args)
}
