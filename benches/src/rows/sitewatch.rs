//! Whole programs by the clock on the wall: the documentation that every Rust installation has.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{Row, Skipped, Target};

/// What a program may take; beyond that something is wrong with it.
const LIMIT: Duration = Duration::from_secs(120);

/// `HYPERLINK` names the peer's binary (`cargo install hyperlink`), `SITEWATCH` ours if it is not beside this
/// program's.
pub(super) fn folder_rust_docs() -> Result<Row, Skipped> {
    let docs = docs()?;
    let ours = program("SITEWATCH", beside("sitewatch"), "`cargo build --release -p sitewatch` builds it")?;
    let peer = program("HYPERLINK", None, "HYPERLINK=path names the binary of `cargo install hyperlink`")?;
    let (ours_docs, peer_docs) = (docs.clone(), docs);
    Ok(Row::new("sitewatch_folder_rust_docs", "s", Target::Ratio(0.75))
        .ours("sitewatch", move || {
            let mut command = Command::new(&ours);
            command.args(["check", "--no-external", "--quiet"]).arg(&ours_docs);
            // 1: it found broken links, which that documentation has.
            seconds(command, &[0, 1])
        })
        .peer("hyperlink", move || {
            let mut command = Command::new(&peer);
            command.arg(&peer_docs).arg("--check-anchors");
            // 1: bad links; 2: bad anchors only.
            seconds(command, &[0, 1, 2])
        }))
}

fn docs() -> Result<PathBuf, Skipped> {
    let output = Command::new("rustc").args(["--print", "sysroot"]).output();
    let sysroot = output.ok().and_then(|output| String::from_utf8(output.stdout).ok()).unwrap_or_default();
    let docs = Path::new(sysroot.trim()).join("share/doc/rust/html");
    if docs.is_dir() {
        return Ok(docs);
    }
    Err(Skipped(format!("no {}: `rustup component add rust-docs` installs it", docs.display())))
}

fn beside(program: &str) -> Option<PathBuf> {
    Some(env::current_exe().ok()?.with_file_name(program))
}

fn program(variable: &str, otherwise: Option<PathBuf>, help: &str) -> Result<PathBuf, Skipped> {
    match env::var_os(variable).map(PathBuf::from).or(otherwise) {
        Some(path) if path.is_file() => Ok(path),
        Some(path) => Err(Skipped(format!("no program {}: {help}", path.display()))),
        None => Err(Skipped(format!("one program is missing: {help}"))),
    }
}

/// Runs the program to its end.
fn seconds(mut command: Command, codes: &[i32]) -> f64 {
    let started = Instant::now();
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
    let status = loop {
        if let Some(status) = child.try_wait().expect("it is our child") {
            break status;
        }
        if started.elapsed() > LIMIT {
            let _ = child.kill();
            let _ = child.wait();
            panic!("{command:?} was not done within {LIMIT:?}");
        }
        thread::sleep(Duration::from_millis(1));
    };
    let took = started.elapsed().as_secs_f64();
    assert!(status.code().is_some_and(|code| codes.contains(&code)), "{command:?} ended with {status}");
    took
}
