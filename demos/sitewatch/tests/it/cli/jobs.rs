//! `sitewatch jobs --queue`: a queue itself, without a service.

use std::path::Path;

use actors::System;
use actors::jobs::{Failure, Job, Run};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use sitewatch::cli::remote::{JobsArgs, RemoteCommand, jobs_of_queue};
use sitewatch::cli::{Command, Exit, parse};
use sitewatch::remote::{Engine, Place};

use super::capture::console;

#[derive(Serialize, Deserialize)]
struct Mail;

#[async_trait]
impl Job for Mail {
    const KIND: &'static str = "mail";
    const QUEUE: &'static str = "mails";
    type Output = ();
    type State = ();

    async fn run(self, _: &(), _: &mut Run) -> Result<(), Failure> {
        Ok(())
    }
}

fn args(words: &[&str]) -> JobsArgs {
    let Command::Remote(RemoteCommand::Jobs(args)) = parse(["sitewatch", "jobs"].iter().chain(words)).unwrap().command
    else {
        unreachable!("it is about jobs")
    };
    *args
}

async fn said(words: &[&str], queue: &str) -> (Exit, String, String) {
    let (console, out, err) = console();
    let words = [words, &["--queue", queue]].concat();
    let exit = jobs_of_queue(&args(&words), &console).await;
    (exit, out.text(), err.text())
}

/// A queue with so many jobs that wait.
async fn filled(path: &Path, jobs: usize) {
    let system = System::start().unwrap();
    let engine = Engine::open(&Place::of(path.to_str().unwrap()).unwrap(), &system).await.unwrap();
    let queue = engine.queue().start(&system).await.unwrap();
    for _ in 0..jobs {
        queue.put(Mail.entry()).await.unwrap();
    }
}

#[tokio::test]
async fn a_queue_is_looked_at_and_changed_without_a_service() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jobs.db");
    let queue = file.to_str().unwrap();
    filled(&file, 0).await;
    let (exit, out, err) = said(&["queues"], queue).await;
    assert_eq!((exit, &*out, &*err), (Exit::Clean, "no queue has had a job yet\n", ""));
    filled(&file, 2).await;
    let (_, out, _) = said(&["--json"], queue).await;
    let jobs: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&jobs[0]["kind"], &jobs[1]["state"]), (&"mail".into(), &"waiting".into()));
    let id = jobs[0]["id"].as_str().unwrap();
    let (exit, out, err) = said(&["cancel", id], queue).await;
    assert_eq!((exit, out, &*err), (Exit::Clean, format!("job {id} is cancelled\n"), ""));
    let (_, out, _) = said(&["pause", "mails"], queue).await;
    assert_eq!(out, "mails is paused; what runs goes on\n");
    let (_, out, _) = said(&["queues"], queue).await;
    let counts: Vec<&str> = out.lines().nth(1).unwrap().split_whitespace().take(3).collect();
    assert_eq!(counts, ["mails", "paused", "1"]);
    assert_eq!(said(&["workers"], queue).await.1, "no worker is there\n");
}

#[tokio::test]
async fn a_queue_that_is_none_is_wrong_use_and_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jobs.db");
    let (exit, out, err) = said(&["list"], file.to_str().unwrap()).await;
    assert_eq!((exit, &*out), (Exit::Usage, ""));
    assert_eq!(err, format!("error: cannot use the queue {}: there is no such file\n", file.display()));
    assert!(!file.exists());
    let (exit, _, err) = said(&["list"], "redis://me:hunter2@db").await;
    assert_eq!(exit, Exit::Usage);
    assert!(err.starts_with("error: cannot use the queue redis://db: expected postgres://"), "{err}");
}

#[tokio::test]
async fn a_queue_can_be_named_by_the_environment_so_that_its_password_is_no_argument() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jobs.db");
    filled(&file, 1).await;
    for (vars, expected) in [
        (vec![("SITEWATCH_QUEUE", file.to_str().unwrap())], Exit::Clean),
        (vec![("SITEWATCH_QUEUE", "redis://me:hunter2@db")], Exit::Usage),
        (vec![], Exit::Usage),
    ] {
        let (mut console, out, err) = console();
        console.vars = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let exit = jobs_of_queue(&args(&["queues", "--queue", "-"]), &console).await;
        assert_eq!(exit, expected, "{}", err.text());
        match (expected, vars.is_empty()) {
            (Exit::Clean, _) => assert!(out.text().contains("mails"), "{}", out.text()),
            (_, true) => {
                assert!(err.text().contains("SITEWATCH_QUEUE names, which is empty or not set"), "{}", err.text())
            }
            (_, false) => assert!(err.text().contains("cannot use the queue redis://db: "), "{}", err.text()),
        }
    }
}
