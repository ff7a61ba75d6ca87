//! Every test, and every lint.

use std::fs;

use crate::book::book;
use crate::features::features;
use crate::run::{cargo, has, root, run, run_with};
use crate::setup::setup;

/// Everything that can be tested, after the lints if they are wanted. Further arguments go to `cargo test`.
pub(crate) fn test(args: &[String], lints: bool) -> Result<(), String> {
    setup()?;
    if lints {
        lint()?;
    }
    let skips = root().join("target/skipped-tests.txt");
    fs::create_dir_all(root().join("target")).map_err(|error| format!("cannot make target/: {error}"))?;
    fs::write(&skips, "").map_err(|error| format!("cannot write {}: {error}", skips.display()))?;
    let skips_path = skips.to_string_lossy().into_owned();
    // One feature set, one profile, one target directory: nothing is compiled twice.
    let mut all = vec!["test", "--workspace", "--exclude", "benches"];
    all.extend(args.iter().map(String::as_str));
    let result = run_with(&cargo(), &all, &[("SKIPPED_TESTS", &skips_path)]);
    let skipped = fs::read_to_string(&skips).unwrap_or_default();
    if !skipped.is_empty() {
        eprintln!("\n!!! SKIPPED, for want of a server:");
        for line in skipped.lines() {
            eprintln!("!!!   {line}");
        }
        eprintln!("!!! `cargo xtask setup` installs it where it can.\n");
    }
    result
}

/// The crates' documentation.
pub(crate) fn doc() -> Result<(), String> {
    // Links between crates only become links where the other one's pages are there already.
    let libraries = [["--package", "patterns-core"], ["--package", "actors"]];
    let all = ["--workspace", "--exclude", "benches"];
    for packages in libraries.iter().map(|package| &package[..]).chain([&all[..]]) {
        let doc = [&["doc", "--no-deps", "--quiet"], packages].concat();
        run_with(&cargo(), &doc, &[("RUSTDOCFLAGS", "-D warnings")])?;
    }
    Ok(())
}

/// Formatting, clippy, documentation, the book, and licences where the tool for them is there.
pub(crate) fn lint() -> Result<(), String> {
    let cargo = cargo();
    run(&cargo, &["fmt", "--all", "--check"])?;
    run(
        &cargo,
        &["clippy", "--workspace", "--exclude", "benches", "--all-targets", "--quiet", "--", "-D", "warnings"],
    )?;
    book()?;
    features(false)?;
    if has("cargo-deny") {
        run(&cargo, &["deny", "--log-level", "error", "check"])?;
    } else {
        eprintln!("cargo-deny is not installed: licences and advisories were not checked");
    }
    Ok(())
}
