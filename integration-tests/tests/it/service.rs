//! The four actors in a process of their own, which the system's signals end: the example `service` of `actors`.
#![cfg(unix)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use actors::connection_pool::sqlite::rusqlite::Connection;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command as AsyncCommand};
use tokio::time::{Instant, sleep, timeout};

use crate::example::example;
use crate::service_crashes::within;

const BOUND: Duration = Duration::from_secs(30);

struct Service {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Service {
    /// Starts it, and waits until it works.
    async fn start(pages: &Path, more: &[&str]) -> Self {
        let mut command = AsyncCommand::new(example("service"));
        command.arg(pages).args(more).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut service = Self { child, lines };
        assert_eq!(service.line().await.as_deref(), Some("ready"));
        service
    }

    async fn line(&mut self) -> Option<String> {
        timeout(BOUND, self.lines.next_line()).await.expect("it says nothing").unwrap()
    }

    fn kill(&self, signal: &str) {
        // The shell's own `kill`: there need be no other.
        let kill = format!("kill {signal} {}", self.child.id().unwrap());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// What it says at its end, and its exit code.
    async fn end(mut self) -> (Vec<String>, Option<i32>) {
        let mut lines = Vec::new();
        while let Some(line) = self.line().await {
            lines.push(line);
        }
        (lines, timeout(BOUND, self.child.wait()).await.expect("it does not end").unwrap().code())
    }
}

/// How many pages it has stored so far; none while its file is still being made.
fn stored(pages: &Path) -> i64 {
    let count = |pages: Connection| pages.query_row("select count(*) from page", [], |row| row.get(0));
    Connection::open(pages).and_then(count).unwrap_or(0)
}

/// What `component` says of itself, and in which line.
fn receipt<'a>(lines: &'a [String], component: &str) -> (usize, &'a str) {
    let mut of = lines.iter().map(|line| line.trim_start()).enumerate();
    let found = of.find(|(_, line)| line.strip_prefix(component).is_some_and(|rest| rest.starts_with(": ")));
    found.unwrap_or_else(|| panic!("{component} is not in {lines:?}"))
}

#[tokio::test]
async fn sigterm_finishes_and_stores_what_has_begun_in_order_and_exits_with_zero() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pages.db");
    let service = Service::start(&file, &[]).await;
    assert!(within(BOUND, async || stored(&file) > 5).await, "{} pages", stored(&file));
    let asked = Instant::now();
    service.kill("-TERM");
    let (lines, code) = service.end().await;
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}: {lines:?}", asked.elapsed());
    assert_eq!(code, Some(0), "{lines:?}");
    assert!(lines[0].contains("got SIGTERM, shut down in "), "{lines:?}");

    let pages = Connection::open(&file).unwrap();
    let stored: i64 = pages.query_row("select count(*) from page", [], |row| row.get(0)).unwrap();
    assert!(stored > 5, "{stored} pages");
    // Nothing is lost, and the books of all agree.
    let (first, scheduler) = receipt(&lines, "scheduler");
    let (second, workers) = receipt(&lines, "workers");
    let (third, connections) = receipt(&lines, "pages");
    for said in [scheduler, workers] {
        assert!(said.ends_with(&format!("; {stored} handled, 0 rejected, 0 dead")), "{stored} stored: {lines:?}");
    }
    assert!(first < second && first < third, "{lines:?}");
    assert!([scheduler, workers, connections].iter().all(|said| said.contains(": stopped in ")), "{lines:?}");
}

#[tokio::test]
async fn a_second_signal_does_not_wait_for_what_never_ends() {
    let folder = tempfile::tempdir().unwrap();
    let mut service = Service::start(&folder.path().join("pages.db"), &["stubborn"]).await;
    // Long enough for a visit to begin, of which none ends.
    sleep(Duration::from_secs(1)).await;
    service.kill("-INT");
    // Longer than an echo of the first.
    sleep(Duration::from_millis(600)).await;
    assert!(service.child.try_wait().unwrap().is_none(), "asked once, it waits");
    let asked = Instant::now();
    service.kill("-TERM");
    let (lines, code) = service.end().await;
    assert!(asked.elapsed() < Duration::from_secs(6), "{:?}: {lines:?}", asked.elapsed());
    assert_eq!(code, Some(1), "{lines:?}");
    assert!(receipt(&lines, "scheduler").1.contains(": cut short after "), "{lines:?}");
}
