use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::load::Load;
use super::ours::ARGUMENT;
use crate::harness::{Skipped, root};

/// A program that does loads: this one, or a peer's.
pub(super) struct Program {
    path: PathBuf,
    /// What it is told before the load.
    first: Vec<&'static str>,
}

/// A process that has done its load, and does nothing any more. It ends when this is dropped, or with this process.
pub(super) struct Idle(Child);

impl Program {
    /// This program, on that engine.
    pub(super) fn ours(engine: &'static str) -> Self {
        let path = env::current_exe().expect("the system knows what it runs");
        Self { path, first: vec![ARGUMENT, engine] }
    }

    pub(super) fn peer(name: &str) -> Result<Self, Skipped> {
        let folder =
            env::var_os("BENCHES_PEERS").map_or_else(|| root().join("benches/peers/target/release"), PathBuf::from);
        let path = folder.join(name);
        if path.is_file() {
            return Ok(Self { path, first: Vec::new() });
        }
        let help = "`cargo build --release --manifest-path benches/peers/Cargo.toml` builds it";
        Err(Skipped(format!("no program {}: {help}, and BENCHES_PEERS=folder says where it is", path.display())))
    }

    /// Microseconds for each job.
    pub(super) fn us_per_job(&self, load: Load, place: &str) -> f64 {
        let mut process = self.start(load, place);
        // It ends with its input, so that is kept until it has ended by itself.
        let input = process.stdin.take();
        let output = process.wait_with_output().expect("it is our child");
        drop(input);
        let said = String::from_utf8_lossy(&output.stdout);
        match said.trim().parse::<f64>() {
            Ok(seconds) if output.status.success() => seconds * 1_000_000.0 / load.jobs as f64,
            _ => panic!("{}: {}: it said {said:?}", self.path.display(), output.status),
        }
    }

    /// Returns after it has done the load.
    pub(super) fn idle(&self, load: Load, place: &str) -> Idle {
        let mut process = self.start(load, place);
        let mut said = String::new();
        let output = process.stdout.take().expect("it was asked for");
        BufReader::new(output).read_line(&mut said).expect("it is open");
        assert_eq!(said.trim(), "ready", "{}", self.path.display());
        Idle(process)
    }

    fn start(&self, load: Load, place: &str) -> Child {
        let mut command = Command::new(&self.path);
        command.args(&self.first).args(load.args(place)).stdin(Stdio::piped()).stdout(Stdio::piped());
        command.spawn().expect("the program starts")
    }
}

impl Idle {
    /// How often each of its threads has gone to sleep by itself so far, by the thread's id.
    pub(super) fn sleeps(&self) -> Vec<(u32, u64)> {
        let threads = fs::read_dir(format!("/proc/{}/task", self.0.id())).expect("it runs");
        let sleeps = threads.flatten().filter_map(|thread| {
            let status = fs::read_to_string(thread.path().join("status")).ok()?;
            let count = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
            Some((thread.file_name().to_str()?.parse::<u32>().ok()?, count.trim().parse::<u64>().ok()?))
        });
        sleeps.collect()
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
