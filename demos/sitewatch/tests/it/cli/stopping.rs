use std::sync::Arc;
use std::time::Duration;

use patterns_core::cancel::CancelToken;
use patterns_core::context;
use sitewatch::cli::{Exit, Failure, Interrupts, Target, execute};
use sitewatch::config::CheckConfig;
use sitewatch::progress::ProgressState;
use sitewatch::report::{Links, Reason, Report, Summary};
use tokio::time::{Instant, sleep};

use super::capture::console;
use super::execute::{config, finding};

fn partial(why: &str) -> Report {
    let mut summary = Summary { stopped: Some(why.to_owned()), ..Summary::default() };
    summary.counts.add(Reason::Dns, 1);
    Report::new("https://example.com/", summary, Links::default(), Vec::new())
}

/// Sends signals at these times, in seconds, while a check runs that takes `lag` to stop.
async fn stop(signals: &[(u64, &'static str)], lag: Duration) -> (Exit, Duration, String, String) {
    let (console, out, err) = console();
    let (sender, mut interrupts) = Interrupts::channel();
    let check = |_: Target, _: CheckConfig, _: Arc<ProgressState>, token: CancelToken| async move {
        let cause = token.cancelled().await;
        assert!(context::is_cancelled(), "the token is the ambient one as well");
        sleep(lag).await;
        Ok::<_, Failure>(partial(cause.message()))
    };
    let started = Instant::now();
    let send = async {
        for (at, name) in signals {
            tokio::time::sleep_until(started + Duration::from_secs(*at)).await;
            sender.send(name).await.unwrap();
        }
        std::future::pending::<()>().await
    };
    let exit = tokio::select! {
        exit = execute(config(), &console, &mut interrupts, None, check) => exit,
        () = send => unreachable!("it waits for ever"),
    };
    (exit, started.elapsed(), out.text(), err.text())
}

#[tokio::test(start_paused = true)]
async fn the_first_signal_ends_the_check_with_a_partial_report() {
    let (exit, took, out, err) = stop(&[(7, "SIGTERM")], Duration::from_secs(2)).await;
    assert_eq!((exit, took), (Exit::Interrupted, Duration::from_secs(9)));
    assert!(out.ends_with("PARTIAL: stopped early (SIGTERM); this is what was checked until then\n"), "{out}");
    assert!(err.contains("SIGTERM: stopping; again to stop at once, without a report\n"), "{err}");
}

#[tokio::test(start_paused = true)]
async fn the_second_signal_ends_it_at_once() {
    let (exit, took, out, err) = stop(&[(1, "SIGINT"), (2, "SIGINT")], Duration::from_secs(4)).await;
    assert_eq!((exit, took), (Exit::Interrupted, Duration::from_secs(2)));
    assert_eq!(out, "");
    assert!(err.ends_with("error: stopped at once, so there is no report\n"), "{err}");
}

#[tokio::test(start_paused = true)]
async fn a_check_that_does_not_stop_is_given_up_after_five_seconds() {
    let (exit, took, _, err) = stop(&[(1, "SIGINT")], Duration::from_secs(60)).await;
    assert_eq!((exit, took), (Exit::Interrupted, Duration::from_secs(6)));
    assert!(err.ends_with("error: the check did not stop within 5 seconds, so there is no report\n"), "{err}");
}

#[tokio::test(start_paused = true)]
async fn a_check_that_was_done_anyway_when_the_signal_came_counts_as_done() {
    let (console, _, _) = console();
    let (sender, mut interrupts) = Interrupts::channel();
    sender.try_send("SIGINT").unwrap();
    let check = |_: Target, _: CheckConfig, _: Arc<ProgressState>, token: CancelToken| async move {
        token.cancelled().await;
        Ok::<_, Failure>(finding(&[Reason::Dns]))
    };
    assert_eq!(execute(config(), &console, &mut interrupts, None, check).await, Exit::Broken);
}

#[tokio::test(start_paused = true)]
async fn a_log_gets_a_line_every_five_seconds_and_quiet_gets_none() {
    let lines = async |quiet: bool, progress: bool| {
        let (console, _, err) = console();
        let (_sender, mut interrupts) = Interrupts::channel();
        let mut config = config();
        config.report.quiet = quiet;
        config.report.progress = progress;
        let check = |_: Target, _: CheckConfig, progress: Arc<ProgressState>, _: CancelToken| async move {
            progress.add_pages(5);
            sleep(Duration::from_secs(12)).await;
            Ok::<_, Failure>(finding(&[]))
        };
        assert_eq!(execute(config, &console, &mut interrupts, None, check).await, Exit::Clean);
        err.text()
    };
    let log = lines(false, true).await;
    assert_eq!(log.lines().count(), 2, "{log}");
    assert!(log.starts_with("5 pages (1/s), 0 links, 0 broken, 0 queued"), "{log}");
    assert_eq!(lines(true, true).await, "");
    assert_eq!(lines(false, false).await, "");
}
