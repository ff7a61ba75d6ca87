use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A demo takes a moment on virtual time.
const LIMIT: Duration = Duration::from_secs(60);

/// The binary of this name.
pub(crate) fn binary(name: &str) -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_tour")).with_file_name(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// Runs a binary to its end, which must come in time.
pub(crate) fn run(name: &str, args: &[&str]) -> Output {
    let mut program = Command::new(binary(name));
    program.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = program.spawn().unwrap_or_else(|error| panic!("{name} can't be run: {error}"));
    finish(&format!("{name} {}", args.join(" ")), child)
}

#[allow(clippy::disallowed_methods, reason = "a process lives in real time")]
fn finish(what: &str, mut child: Child) -> Output {
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if started.elapsed() > LIMIT {
            child.kill().unwrap();
            let output = child.wait_with_output().unwrap();
            panic!("{what} was not done within {LIMIT:?}; it said\n{}", String::from_utf8_lossy(&output.stdout));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    child.wait_with_output().unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}
