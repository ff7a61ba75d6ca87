//! The book.

use std::process::Command;

use crate::run::{has, root};

/// Builds the book; what mdBook only logs as an error or a warning fails here, as it exits 0 on a
/// missing include.
pub(crate) fn book() -> Result<(), String> {
    if !has("mdbook") {
        return Err("mdbook is not installed: `cargo install mdbook --version 0.5.4 --locked`".into());
    }
    let output = Command::new("mdbook")
        .args(["build", "book"])
        .current_dir(root())
        .output()
        .map_err(|error| format!("cannot run mdbook: {error}"))?;
    let log = String::from_utf8_lossy(&output.stderr);
    eprint!("{log}");
    if !output.status.success() || log.contains("ERROR") || log.contains("WARN") {
        return Err("the book did not build cleanly".into());
    }
    println!("target/book/index.html");
    Ok(())
}
