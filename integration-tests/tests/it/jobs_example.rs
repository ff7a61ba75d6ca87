//! The example `jobs` of `actors`, on each engine.
#![cfg(unix)]

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command as AsyncCommand};

use crate::example::example;
use crate::jobs_nats;
use crate::pool_support::{blocking, bounded, postgres};

fn start(place: &str) -> Child {
    let mut command = AsyncCommand::new(example("jobs"));
    command.arg(place).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    command.spawn().unwrap()
}

/// What a life of it says, which ends in order.
async fn said(place: &str) -> Vec<String> {
    let output = start(place).wait_with_output().await.unwrap();
    assert!(output.status.success(), "{}", output.status);
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// It is killed when it has greeted somebody, and started again.
async fn what_was_done_is_not_done_again_and_the_rest_is(place: &str) {
    let mut first = start(place);
    let mut lines = BufReader::new(first.stdout.take().unwrap()).lines();
    let greeted = lines.next_line().await.unwrap();
    assert_eq!(greeted.as_deref(), Some("hello, Ada (attempt 1)"));
    // What came of it is written a moment later, and before anything is said of the next.
    assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("Ada: Done(10)"));
    first.kill().await.unwrap();
    let second = said(place).await;
    assert_eq!(second[0], "Ada: Done(10)", "{second:?}");
    assert!(second.iter().any(|line| line.starts_with("hello, Barbara (attempt ")), "{second:?}");
    assert_eq!(second.last().unwrap(), "Grace: Done(12)", "{second:?}");
    assert_eq!(said(place).await, ["Ada: Done(10)", "Barbara: Done(14)", "Grace: Done(12)"]);
}

#[tokio::test]
async fn the_example_goes_on_where_it_was_killed_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("greetings.db");
    bounded(what_was_done_is_not_done_again_and_the_rest_is(file.to_str().unwrap())).await;
}

#[tokio::test]
async fn the_example_goes_on_where_it_was_killed_on_postgres() {
    let Some(server) = postgres("the example of jobs on PostgreSQL").await else { return };
    bounded(what_was_done_is_not_done_again_and_the_rest_is(&server.url(""))).await;
    blocking(move || drop(server)).await;
}

#[tokio::test]
async fn the_example_goes_on_where_it_was_killed_on_nats() {
    let Some(server) = jobs_nats::server("the example of jobs on NATS", "always").await else { return };
    bounded(what_was_done_is_not_done_again_and_the_rest_is(&server.url())).await;
    blocking(move || drop(server)).await;
}
