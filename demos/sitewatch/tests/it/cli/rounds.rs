use std::io;
use std::sync::Arc;
use std::time::Duration;

use patterns_core::cancel::CancelToken;
use sitewatch::cli::{Exit, Failure, Interrupts, Rounds, Target, execute};
use sitewatch::config::CheckConfig;
use sitewatch::progress::ProgressState;
use sitewatch::report::{Format, Reason, Report};
use tokio::time::Instant;

use super::capture::console;
use super::execute::{config, finding};

/// Runs a round for each of these, and then no more.
async fn rounds(config: CheckConfig, rounds: Vec<Result<Report, Failure>>) -> (Exit, String, String) {
    let (console, out, err) = console();
    let (_sender, mut interrupts) = Interrupts::channel();
    let (fire, fired) = Rounds::channel(rounds.len());
    for _ in 1..rounds.len() {
        fire.try_send(()).unwrap();
    }
    drop(fire);
    let mut rounds = rounds.into_iter();
    let check = |_: Target, _: CheckConfig, _: Arc<ProgressState>, _: CancelToken| {
        std::future::ready(rounds.next().expect("one for each round"))
    };
    let exit = execute(config, &console, &mut interrupts, Some(fired), check).await;
    (exit, out.text(), err.text())
}

fn down() -> Failure {
    Failure::failed(&io::Error::other("the site is down"))
}

#[tokio::test(start_paused = true)]
async fn later_rounds_tell_only_what_changed() {
    let reports =
        vec![Ok(finding(&[Reason::Ok])), Ok(finding(&[Reason::Dns])), Ok(finding(&[Reason::Dns])), Ok(finding(&[]))];
    let (exit, out, _) = rounds(config(), reports).await;
    assert_eq!(exit, Exit::Clean, "of the last round");
    let (first, later) = out.split_once("in 0 ms\n").unwrap();
    assert!(first.starts_with("Nothing broken"), "{out}");
    let expected = "1 newly broken:\n  a.html: x  dns\n0 broken as before\n\
                    nothing changed; 1 broken as before\n\
                    1 repaired:\n  a.html: x  dns\n0 broken as before\n";
    assert_eq!(later, expected);
}

#[tokio::test(start_paused = true)]
async fn programs_get_every_report_whole_and_people_the_changes_beside() {
    let mut config = config();
    config.report.format = Some(Format::Json);
    let (_, out, err) = rounds(config, vec![Ok(finding(&[])), Ok(finding(&[Reason::Dns]))]).await;
    let documents: Vec<serde_json::Value> =
        serde_json::Deserializer::from_str(&out).into_iter().collect::<Result<_, _>>().unwrap();
    assert_eq!(documents.len(), 2);
    assert_eq!(documents[1]["summary"]["broken"], 1);
    assert!(err.contains("1 newly broken:\n"), "{err}");
}

#[tokio::test(start_paused = true)]
async fn a_later_round_that_fails_is_told_and_the_next_one_runs() {
    let (exit, out, err) = rounds(config(), vec![Ok(finding(&[])), Err(down()), Ok(finding(&[Reason::Dns]))]).await;
    assert_eq!(exit, Exit::Broken);
    assert_eq!(err, "error: the site is down\n");
    assert!(out.contains("1 newly broken"), "{out}");
}

#[tokio::test(start_paused = true)]
async fn a_first_round_that_fails_is_the_last() {
    let (exit, _, err) = rounds(config(), vec![Err(down())]).await;
    assert_eq!((exit, err.as_str()), (Exit::Failed, "error: the site is down\n"));
}

#[tokio::test(start_paused = true)]
async fn a_signal_between_rounds_ends_them() {
    let (console, _, _) = console();
    let (sender, mut interrupts) = Interrupts::channel();
    let (_fire, fired) = Rounds::channel(1);
    let check =
        |_: Target, _: CheckConfig, _: Arc<ProgressState>, _: CancelToken| async { Ok::<_, Failure>(finding(&[])) };
    let run = execute(config(), &console, &mut interrupts, Some(fired), check);
    let signal = async {
        tokio::time::sleep(Duration::from_secs(3600)).await;
        sender.send("SIGTERM").await.unwrap();
    };
    let (exit, ()) = tokio::join!(run, signal);
    assert_eq!(exit, Exit::Interrupted);
}

#[tokio::test(start_paused = true)]
async fn a_round_that_is_due_while_another_runs_is_skipped() {
    let started = Instant::now();
    let mut rounds = Rounds::every(Duration::from_secs(10)).await.unwrap();
    let mut begun = Vec::new();
    for takes in [25, 0, 0] {
        rounds.next().await.unwrap();
        begun.push(started.elapsed().as_secs());
        tokio::time::sleep(Duration::from_secs(takes)).await;
    }
    assert_eq!(begun, [10, 40, 50], "those at 20 and 30 not at all");
}
