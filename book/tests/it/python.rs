use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use integration_tests::skip_or_fail;

use crate::page::Page;
use crate::support::{book, files, read};

/// A twin takes a second or two.
const LIMIT: Duration = Duration::from_secs(60);

/// Whether there is a Python for the twins; says so if not.
fn has_python(test: &str) -> bool {
    let asked = Command::new("python3").args(["-c", "import sys; sys.exit(sys.version_info < (3, 11))"]).output();
    let has = asked.is_ok_and(|output| output.status.success());
    if !has {
        skip_or_fail(test, "python3, 3.11 or newer");
    }
    has
}

#[test]
fn every_python_twin_runs_and_prints_what_the_book_shows() {
    let twins = files(&book().join("python"), "py");
    assert!(!twins.is_empty());
    if !has_python("python::every_python_twin_runs_and_prints_what_the_book_shows") {
        return;
    }
    // All at once: they sleep most of the time.
    let running: Vec<_> = twins.iter().map(|twin| (twin, start(twin))).collect();
    for (twin, child) in running {
        let output = finish(twin, child);
        let printed = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{} failed:\n{printed}{errors}", twin.display());
        assert_eq!(printed, read(&twin.with_extension("out")), "{}", twin.display());
        assert!(errors.is_empty(), "{} complains: {errors}", twin.display());
    }
}

#[test]
fn every_public_name_of_asyncio_is_in_the_table_of_its_counterparts() {
    if !has_python("python::every_public_name_of_asyncio_is_in_the_table_of_its_counterparts") {
        return;
    }
    // Names of later versions are news to the table.
    let ask = "import sys, asyncio; print(*(asyncio.__all__ if sys.version_info < (3, 14) else []))";
    let asked = Command::new("python3").args(["-I", "-c", ask]).output().unwrap();
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    let names = String::from_utf8(asked.stdout).unwrap();
    let table = Page::read(&book().join("src/from_asyncio.md"));
    let is_there = |name: &str| {
        table.codes.iter().any(|code| code.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == name))
    };
    let missing: Vec<_> = names.split_whitespace().filter(|name| !is_there(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

fn start(twin: &Path) -> Child {
    // `-I` and `-B`: nothing but the standard library, and nothing written beside it. Not `-X dev`, by which asyncio also
    // complains of a machine that is busy.
    let mut python = Command::new("python3");
    python.args(["-I", "-B", "-W", "error"]).arg(twin);
    python.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[allow(clippy::disallowed_methods, reason = "a process lives in real time")]
fn finish(twin: &Path, mut child: Child) -> Output {
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if started.elapsed() > LIMIT {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{} was not done within {LIMIT:?}", twin.display());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.wait_with_output().unwrap()
}
