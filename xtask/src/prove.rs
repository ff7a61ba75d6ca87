//! What the service of sitewatch and the engines of jobs claim of themselves, at full size.

use std::env::consts::EXE_SUFFIX;

use crate::run::{cargo, run, run_with, target};
use crate::setup::setup;

/// The tests whose size is set here.
const TESTS: [&str; 5] = ["service_crashes", "service_outage", "service_idle", "jobs_crashes", "many_workers"];

/// Builds the optimised program, and has it killed a hundred times in a check on each database, its database away for a
/// minute, its disk full, and two hundred sites at rest; has a thousand misfortunes befall the workers of jobs on each
/// engine; and has a site of 20,000 pages checked by workers that are killed, or cut off from their queue.
pub(crate) fn prove() -> Result<(), String> {
    setup()?;
    let cargo = cargo();
    run(&cargo, &["build", "--release", "--package", "sitewatch"])?;
    let program = target()?.join("release").join(format!("sitewatch{EXE_SUFFIX}"));
    let program = program.to_string_lossy();
    // One after the other, as some look at how much of the machine is used.
    let test = ["test", "--package", "integration-tests", "--test", "it", "--", "--test-threads=1"];
    // With CI=true a server that is missing is a failure: what is skipped proves nothing.
    let size = [
        ("CRASHES", "100"),
        ("OUTAGE", "60"),
        ("ROUNDS", "1000"),
        ("PAGES", "20000"),
        ("SITEWATCH_PROGRAM", &*program),
        ("CI", "true"),
    ];
    run_with(&cargo, &[&test[..], &TESTS].concat(), &size)
}
