//! The command, as far as it goes without a server.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use sitewatch::cli::{self, Command, Console, Exit, Interrupts, Sink, WorkerArgs, parse};

/// Keeps what is written to it.
#[derive(Clone, Default)]
struct Capture(Arc<Mutex<Vec<u8>>>);

impl Write for Capture {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn args(words: &[&str]) -> WorkerArgs {
    let Command::Worker(args) = parse(["sitewatch", "worker"].iter().chain(words)).unwrap().command else {
        unreachable!("it is a worker")
    };
    args
}

/// What comes of these arguments and variables; it is asked to stop as soon as it works.
async fn run(words: &[&str], vars: &[(&str, &str)]) -> (Exit, String) {
    let told = Capture::default();
    let console = Console {
        stdout: Sink::new(io::sink()),
        stderr: Sink::new(told.clone()),
        color: false,
        bar: false,
        vars: vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
    };
    let text = || String::from_utf8(told.0.lock().clone()).unwrap();
    let (sender, mut interrupts) = Interrupts::channel();
    let stopping = async {
        while !text().contains("working for") {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        sender.send("SIGTERM").await.unwrap();
        std::future::pending::<()>().await;
    };
    let args = args(words);
    let exit = tokio::select! {
        exit = cli::worker(&args, &console, &mut interrupts) => exit,
        () = stopping => unreachable!("it waits for ever"),
        () = tokio::time::sleep(Duration::from_secs(60)) => panic!("it does not end: {}", text()),
    };
    (exit, text())
}

#[test]
fn its_arguments_have_defaults_and_are_looked_at() {
    let defaults = args(&[]);
    assert_eq!((defaults.concurrency.get(), defaults.queue, defaults.name), (64, None, None));
    for wrong in [&["--concurrency", "0"][..], &["--private-host", "wiki"], &["--queue"]] {
        let error = parse(["sitewatch", "worker"].iter().chain(wrong)).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{wrong:?}");
    }
}

#[tokio::test]
async fn without_a_queue_or_with_a_bad_one_it_is_wrong_use() {
    let (exit, told) = run(&[], &[]).await;
    assert_eq!(exit, Exit::Usage);
    let expected = "error: name the queue with --queue, as postgres://user@host/database or nats://host:4222\n";
    assert_eq!(told, expected);
    for (words, vars) in [
        (&["--queue", "redis://me:hunter2@db"][..], &[][..]),
        (&[][..], &[("SITEWATCH_QUEUE", "redis://me:hunter2@db")][..]),
    ] {
        let (exit, told) = run(words, vars).await;
        assert_eq!(exit, Exit::Usage);
        assert!(told.starts_with("error: cannot use the queue redis://db: expected postgres://"), "{told}");
    }
    let (exit, told) = run(&["--queue", "no/such/jobs.db"], &[]).await;
    assert_eq!(exit, Exit::Failed);
    assert!(told.starts_with("error: cannot use the queue no/such/jobs.db: there is no folder "), "{told}");
    let (exit, told) = run(&["--config", "no/such/sitewatch.toml"], &[]).await;
    assert_eq!(exit, Exit::Usage);
    assert!(told.contains("no/such/sitewatch.toml"), "{told}");
}

#[tokio::test]
async fn it_works_until_it_is_asked_to_stop_and_says_for_whom_and_as_whom() {
    let folder = tempfile::tempdir().unwrap();
    let (file, queue) = (folder.path().join("sitewatch.toml"), folder.path().join("jobs.db"));
    let text = format!("queue = '{}'\n[sites.docs]\ntarget = 'http://s.test/'\nauth.bearer = 'x'", queue.display());
    std::fs::write(&file, text).unwrap();
    let (exit, told) = run(&["--config", file.to_str().unwrap(), "--concurrency", "7"], &[]).await;
    assert_eq!(exit, Exit::Clean, "{told}");
    let lines: Vec<&str> = told.lines().collect();
    let working = format!("working for {}, 7 fetches at a time, with the credentials of docs", queue.display());
    assert_eq!(lines, [&*working, "stopping: requested: SIGTERM"]);
}
