//! The benchmarks.

use crate::run::{cargo, run};

/// Runs the rows whose names contain one of `rows`, or all.
pub(crate) fn bench(rows: &[String]) -> Result<(), String> {
    let cargo = cargo();
    let words: Vec<&str> = rows.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
    if words.is_empty() || words.iter().any(|word| "sitewatch_folder_rust_docs".contains(word)) {
        // That row runs the program as a user does.
        run(&cargo, &["build", "--release", "--package", "sitewatch"])?;
    }
    let mut args = vec!["run", "--release", "--package", "benches", "--"];
    args.extend(rows.iter().map(String::as_str));
    run(&cargo, &args)
}
