//! The book, with the crates' documentation beside it, as the two link to one another.

use crate::run::{cargo, run, run_with, target};
use crate::test::doc;

/// What rustdoc does its own way: the lines of sources are made by a script; documentation that it takes over from other
/// crates has links that are relative to those; where cargo takes pages for fresh that were removed, a link to another
/// crate stays a path; and to a type of a private module it links by a page that sends on, in
/// which a script keeps the fragment.
const LENIENT: [&str; 10] = [
    "--ignore-fragment",
    r"^\d+(-\d+)?$",
    "--exclude",
    r"/dispatcher(#|$)|/futures_(core|util)::",
    "--exclude",
    r"/trait\.impl/",
    "--exclude",
    r"/(patterns_core|actors)::",
    "--exclude",
    r"/patterns_core/\w+/\w+/(struct|enum|trait)\.",
];

/// Builds both into the target folder, and checks every link and fragment in them with our own tool.
pub(crate) fn book() -> Result<(), String> {
    doc()?;
    let cargo = cargo();
    run(&cargo, &["run", "--quiet", "--package", "book", "--", "build"])?;
    let target = target()?.to_string_lossy().into_owned();
    let check = ["run", "--quiet", "--package", "sitewatch", "--", "check", "--no-external"];
    run(&cargo, &[&check[..], &LENIENT, &["--from", "book/index.html", &target]].concat())?;
    println!("{target}/book/index.html");
    Ok(())
}

/// Plays every demo and every listing on virtual time, and keeps what they say and draw, and the tables of costs.
pub(crate) fn figures() -> Result<(), String> {
    let cargo = cargo();
    let record = ["test", "--quiet", "--package", "tour", "--test", "it", "says_and_draws"];
    run_with(&cargo, &record, &[("RECORD", "1")])?;
    run(&cargo, &["run", "--quiet", "--package", "book", "--", "update"])
}
