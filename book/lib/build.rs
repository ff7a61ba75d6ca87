//! Expands the chapters' includes, so that `cargo test --doc` can compile and run every listing with this
//! workspace's own dependencies. mdBook itself renders a missing anchor as an empty listing; here it is an error.
#![allow(
    clippy::print_stdout,
    reason = "that is how a build script talks to cargo"
)]

#[path = "expand/mod.rs"]
mod expand;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, process};

fn main() {
    let book = PathBuf::from(
        env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"),
    );
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    println!("cargo::rerun-if-changed=src");
    let (mut included, mut problems) = (BTreeSet::new(), Vec::new());
    let mut modules = String::new();
    for chapter in chapters(&book.join("src")) {
        let name = chapter
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        match expand::chapter(&book, &chapter) {
            Ok(expanded) => {
                included.extend(expanded.included);
                let path = out.join(format!("{name}.md"));
                write(&path, &expanded.text);
                let _ = writeln!(
                    modules,
                    "#[doc = include_str!({path:?})]\npub mod {name} {{}}"
                );
            }
            Err(found) => problems.extend(found),
        }
    }
    for file in &included {
        println!("cargo::rerun-if-changed={}", file.display());
    }
    write(&out.join("chapters.rs"), &modules);
    if !problems.is_empty() {
        for problem in problems {
            println!("cargo::error={problem}");
        }
        process::exit(1);
    }
}

/// Every chapter, in the order of their names; the table of contents is none.
fn chapters(src: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(src).unwrap_or_else(|error| {
        panic!("cannot read {}: {error}", src.display())
    });
    let mut chapters: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.extension().is_some_and(|extension| extension == "md")
                && !path.ends_with("SUMMARY.md")
        })
        .collect();
    chapters.sort();
    chapters
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap_or_else(|error| {
        panic!("cannot write {}: {error}", path.display())
    });
}
