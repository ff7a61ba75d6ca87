//! `Shutdown` with the system's signals, in a process of its own: the example of `patterns-core`.
#![cfg(unix)]

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command as AsyncCommand};
use tokio::time::{Instant, timeout};

const BOUND: Duration = Duration::from_secs(30);

/// The example, beside this test's own binary; built if only this test was asked for.
fn program() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let built = own.parent().unwrap().parent().unwrap().join("examples/shutdown");
    if !built.is_file() {
        let build = ["build", "--package", "patterns-core", "--example", "shutdown"];
        assert!(Command::new(env!("CARGO")).args(build).status().unwrap().success());
    }
    built
}

struct Program {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Program {
    /// Starts it, and waits until it listens to signals.
    async fn start(args: &[&str]) -> Self {
        let mut child = AsyncCommand::new(program())
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut program = Self { child, lines };
        assert_eq!(program.line().await, "ready");
        program
    }

    async fn line(&mut self) -> String {
        timeout(BOUND, self.lines.next_line()).await.expect("it says nothing").unwrap().unwrap_or_default()
    }

    fn kill(&self, signal: &str) {
        let pid = self.child.id().unwrap();
        // The shell's own `kill`: there need be no other.
        assert!(Command::new("sh").args(["-c", &format!("kill {signal} {pid}")]).status().unwrap().success());
    }

    async fn exit_code(&mut self) -> Option<i32> {
        timeout(BOUND, self.child.wait()).await.expect("it does not stop").unwrap().code()
    }
}

#[tokio::test]
async fn sigterm_finishes_or_hands_back_what_is_in_flight_and_exits_with_zero() {
    let mut program = Program::start(&[]).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let asked = Instant::now();
    program.kill("-TERM");
    let came_of_it = program.line().await;
    let numbers: Vec<u64> = came_of_it.split(' ').filter_map(|word| word.parse().ok()).collect();
    let [done, handed_back, of] = numbers[..] else { panic!("{came_of_it}") };
    assert!(done > 0 && handed_back > 0, "{came_of_it}");
    assert_eq!(done + handed_back, of, "nothing is lost");
    let report = program.line().await;
    assert!(report.starts_with("cancelled: shutting down: got SIGTERM; complete after "), "{report}");
    assert_eq!(program.exit_code().await, Some(0));
    assert!(asked.elapsed() < Duration::from_secs(10), "took {:?}", asked.elapsed());
}

#[tokio::test]
async fn a_second_signal_ends_a_program_that_does_not_listen() {
    let mut program = Program::start(&["stubborn"]).await;
    program.kill("-INT");
    // Longer than an echo of the first.
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(program.child.try_wait().unwrap().is_none(), "asked once, it goes on");
    program.kill("-TERM");
    let report = program.line().await;
    assert!(report.contains("got SIGINT; forced after ") && report.contains("left behind: main (for "), "{report}");
    assert_eq!(program.exit_code().await, Some(130));
}
