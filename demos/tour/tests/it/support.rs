use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A demo takes a moment on virtual time; on real time one writes a gigabyte.
const LIMIT: Duration = Duration::from_secs(180);

/// The binary of this name.
pub(crate) fn binary(name: &str) -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_tour")).with_file_name(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// Runs a binary to its end, which must come in time.
#[allow(clippy::disallowed_methods, reason = "a process lives in real time")]
pub(crate) fn run(name: &str, args: &[&str]) -> Output {
    // Into files: nobody reads a pipe meanwhile, and a full one would stop it.
    let (said, errors) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
    let mut program = Command::new(binary(name));
    program.args(args).stdin(Stdio::null()).stdout(said.try_clone().unwrap()).stderr(errors.try_clone().unwrap());
    let mut child = program.spawn().unwrap_or_else(|error| panic!("{name} can't be run: {error}"));
    let started = Instant::now();
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if started.elapsed() > LIMIT => {
                child.kill().unwrap();
                child.wait().unwrap();
                let said = String::from_utf8(read(said)).unwrap();
                panic!("{name} {args:?} was not done within {LIMIT:?}; it said\n{said}");
            }
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    Output { status, stdout: read(said), stderr: read(errors) }
}

fn read(mut file: File) -> Vec<u8> {
    let mut bytes = Vec::new();
    file.rewind().unwrap();
    file.read_to_end(&mut bytes).unwrap();
    bytes
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}
