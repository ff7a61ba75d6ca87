//! Programs of `actors/examples`, run as processes of their own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The program, beside this test's own binary; built if it is older, as it is where only this test was asked for.
pub(crate) fn example(name: &str) -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let built = own.parent().unwrap().parent().unwrap().join("examples").join(name);
    let made = |file: &Path| fs::metadata(file).and_then(|file| file.modified()).ok();
    if made(&built) < made(&own) {
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--package", "actors", "--example", name]);
        build.args((!cfg!(debug_assertions)).then_some("--release"));
        assert!(build.status().unwrap().success());
    }
    built
}
