//! The book.

use std::process::Command;

use crate::run::{cargo, has, root, run};

/// The series that `book/book.toml` is written for: its keys differ from one to the next.
const SERIES: &str = "v0.5.";

/// Builds the book into `target/book`, and checks its links.
///
/// What mdBook only logs as an error or a warning fails here, as it exits 0 on a missing include.
pub(crate) fn book() -> Result<(), String> {
    const INSTALL: &str = "`cargo install mdbook --version 0.5.4 --locked` installs it";
    if !has("mdbook") {
        return Err(format!("mdbook is not here: {INSTALL}"));
    }
    let version = said(&["--version"])?.0;
    if !version.contains(SERIES) {
        return Err(format!("{} is not of the series {SERIES}: {INSTALL}", version.trim()));
    }
    let (_, log) = said(&["build", "book"])?;
    eprint!("{log}");
    if log.contains("ERROR") || log.contains("WARN") {
        return Err("the book did not build cleanly".into());
    }
    // mdBook sees no dead link. From the first page, as `404.html` has links that hold at any depth.
    let check = ["run", "--quiet", "--package", "sitewatch", "--", "check", "--no-external"];
    run(&cargo(), &[&check[..], &["--from", "index.html", "target/book"]].concat())?;
    println!("target/book/index.html");
    Ok(())
}

/// Runs mdBook in the workspace's root; what it printed to both its outputs.
fn said(args: &[&str]) -> Result<(String, String), String> {
    let output = Command::new("mdbook")
        .args(args)
        .current_dir(root())
        .output()
        .map_err(|error| format!("cannot run mdbook: {error}"))?;
    let [out, log] = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    if output.status.success() { Ok((out, log)) } else { Err(format!("mdbook failed: {log}")) }
}
