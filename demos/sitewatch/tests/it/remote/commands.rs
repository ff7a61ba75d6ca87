//! The command, as far as it goes without a server.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use sitewatch::cli::{self, Command, Console, Exit, Hangups, Interrupts, Sink, WorkerArgs, parse};

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
    run_through(words, vars, &[]).await
}

/// The same; but asked to stop only once it has been through these: a file gets this text, it is asked to read its
/// settings again, and says something that ends so.
async fn run_through(words: &[&str], vars: &[(&str, &str)], changes: &[(&Path, &str, &str)]) -> (Exit, String) {
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
    let (hangup, mut hangups) = Hangups::channel();
    let stopping = async {
        let said = async |end: &str, after: usize| {
            while !text()[after..].lines().any(|line| line.contains(end)) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        said("working for", 0).await;
        for &(file, settings, end) in changes {
            std::fs::write(file, settings).unwrap();
            let before = text().len();
            hangup.send(()).await.unwrap();
            said(end, before).await;
        }
        sender.send("SIGTERM").await.unwrap();
        std::future::pending::<()>().await;
    };
    let args = args(words);
    let exit = tokio::select! {
        exit = cli::worker(&args, &console, &mut interrupts, &mut hangups) => exit,
        () = stopping => unreachable!("it waits for ever"),
        () = tokio::time::sleep(Duration::from_secs(60)) => panic!("it does not end: {}", text()),
    };
    (exit, text())
}

#[test]
fn its_arguments_have_defaults_and_are_looked_at() {
    let defaults = args(&[]);
    assert_eq!((defaults.concurrency.get(), defaults.queue, defaults.name), (64, None, None));
    for wrong in [&["--concurrency", "0"][..], &["--private-host", "wiki"], &["--queue"], &["--name", ""]] {
        let error = parse(["sitewatch", "worker"].iter().chain(wrong)).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{wrong:?}");
    }
}

#[tokio::test]
async fn without_a_queue_or_with_a_bad_one_it_is_wrong_use() {
    let (exit, told) = run(&[], &[]).await;
    assert_eq!(exit, Exit::Usage);
    let expected = "error: no queue is named: by --queue, by SITEWATCH_QUEUE or by `queue` in the settings of --config, as \
        postgres://user@host/database, nats://host:4222 or a file\n";
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

#[tokio::test]
async fn settings_are_read_again_when_that_is_asked_for_and_bad_ones_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (file, queue) = (folder.path().join("sitewatch.toml"), folder.path().join("jobs.db"));
    let of = |place: &Path| {
        format!("queue = '{}'\n[sites.docs]\ntarget = 'http://s.test/'\nauth.bearer = ", place.display())
    };
    let (old, rotated) = (of(&queue) + "'old'", of(&queue) + "'rotated'");
    let both = format!("{rotated}\n[sites.wiki]\ntarget = 'http://w.test/'\nauth.bearer = 'x'");
    let moved = both.replace("jobs.db", "others.db");
    std::fs::write(&file, &old).unwrap();
    let changes = [
        (&*file, "[sites", "everything goes on as before"),
        (&*file, &*old, "its sites are as they were"),
        (&*file, &*rotated, "with the credentials of docs"),
        (&*file, &*both, "with the credentials of docs, wiki"),
        (&*file, &*moved, "its sites are as they were"),
    ];
    let (exit, told) = run_through(&["--config", file.to_str().unwrap(), "--name", "a"], &[], &changes).await;
    assert_eq!(exit, Exit::Clean, "{told}");
    let mut lines: Vec<&str> = told.lines().collect();
    let bad = lines.iter().position(|line| line.starts_with("error: ")).expect("why they are bad");
    lines.retain(|line| !line.starts_with("error: "));
    assert_eq!(bad, 1, "{told}");
    let name = file.display();
    let working = format!("working for {}, 64 fetches at a time, with the credentials of docs", queue.display());
    let anew = format!("{name} was read again: its sites have changed, so the worker begins anew");
    let same = format!("{name} was read again: its sites are as they were");
    let expected = [
        working.clone(),
        format!("{name} was not taken: everything goes on as before"),
        same.clone(),
        anew.clone(),
        working.clone(),
        anew,
        format!("{working}, wiki"),
        format!("{name}: `queue` counts from the next start"),
        same,
        "stopping: requested: SIGTERM".to_owned(),
    ];
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn without_settings_there_is_nothing_to_read_again_and_it_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (unused, queue) = (folder.path().join("unused"), folder.path().join("jobs.db"));
    let changes = [(&*unused, "", "there are no settings to read again: --config names none")];
    let (exit, told) = run_through(&["--queue", queue.to_str().unwrap()], &[], &changes).await;
    assert_eq!((exit, told.lines().count()), (Exit::Clean, 3), "{told}");
}
