use std::fs;
use std::io::{self, Write};
use std::sync::Arc;

use patterns_core::cancel::CancelToken;
use sitewatch::cli::{Console, Exit, Failure, Interrupts, Sink, Target, execute};
use sitewatch::config::CheckConfig;
use sitewatch::progress::ProgressState;
use sitewatch::report::{LinkResult, Links, Reason, Report, Summary, Verdict};

use super::capture::console;

/// A check that finds these reasons, one link each.
pub(super) fn finding(reasons: &[Reason]) -> Report {
    let mut summary = Summary { pages: 1, ..Summary::default() };
    let mut links = Links::default();
    for (line, reason) in (1..).zip(reasons) {
        summary.counts.add(*reason, 1);
        let verdict = Verdict::new(*reason);
        links.push(LinkResult { page: "a.html", line, column: 1, text: "", link: "x", url: "x", verdict: &verdict });
    }
    Report::new("https://example.com/", summary, links, Vec::new())
}

pub(super) fn config() -> CheckConfig {
    CheckConfig { target: Some("https://example.com".to_owned()), ..CheckConfig::default() }
}

async fn run(config: CheckConfig, console: &Console, result: Result<Report, Failure>) -> Exit {
    let (_sender, mut interrupts) = Interrupts::channel();
    let mut result = Some(result);
    let check =
        |_: Target, _: CheckConfig, _: Arc<ProgressState>, _: CancelToken| std::future::ready(result.take().unwrap());
    execute(config, console, &mut interrupts, None, check).await
}

#[tokio::test(start_paused = true)]
async fn the_exit_code_says_whether_anything_is_broken() {
    let (console, out, err) = console();
    assert_eq!(run(config(), &console, Ok(finding(&[Reason::Ok]))).await, Exit::Clean);
    let redirected_and_skipped = finding(&[Reason::MovedPermanently, Reason::Mailto]);
    assert_eq!(run(config(), &console, Ok(redirected_and_skipped)).await, Exit::Clean);
    assert_eq!(run(config(), &console, Ok(finding(&[Reason::Dns]))).await, Exit::Broken);
    assert!(out.text().contains("Nothing broken among 1 link on 1 page of https://example.com/"));
    assert_eq!(err.text(), "");
}

#[tokio::test(start_paused = true)]
async fn what_can_be_refused_is_refused_before_the_check() {
    let (console, out, err) = console();
    let (_sender, mut interrupts) = Interrupts::channel();
    let never = |_: Target, _: CheckConfig, _: Arc<ProgressState>, _: CancelToken| async {
        panic!("nothing is to be checked");
        #[allow(unreachable_code, reason = "it gives the future its type")]
        Err::<Report, Failure>(Failure::failed(&io::Error::other("")))
    };
    let mut nowhere = config();
    nowhere.target = Some("no/such/folder".to_owned());
    assert_eq!(execute(nowhere, &console, &mut interrupts, None, never).await, Exit::Usage);
    let mut nothing = config();
    nothing.target = None;
    assert_eq!(execute(nothing, &console, &mut interrupts, None, never).await, Exit::Usage);
    let mut unwritable = config();
    unwritable.report.output = Some("no/such/folder/report.json".into());
    assert_eq!(execute(unwritable, &console, &mut interrupts, None, never).await, Exit::Usage);
    assert_eq!(out.text(), "");
    let lines: Vec<_> = err.text().lines().map(str::to_owned).collect();
    assert_eq!(lines[0], "error: there is no file or folder no/such/folder");
    assert_eq!(lines[1], "error: nothing to check: name a URL, a folder, an HTML file or a sitemap");
    assert!(lines[2].starts_with("error: can't write the report to no/such/folder/report.json: "), "{}", lines[2]);
    assert_eq!(lines.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_check_that_fails_says_why_with_its_own_exit_code() {
    let (console, out, err) = console();
    let refused =
        Failure::failed(&io::Error::other("https://example.com/ can't be fetched: the connection was refused"));
    assert_eq!(run(config(), &console, Err(refused)).await, Exit::Failed);
    assert_eq!(err.text(), "error: https://example.com/ can't be fetched: the connection was refused\n");
    let usage = Failure::usage(&io::Error::other("x"));
    assert_eq!(run(config(), &console, Err(usage)).await, Exit::Usage);
    assert_eq!(out.text(), "");
}

#[tokio::test(start_paused = true)]
async fn a_check_that_panics_is_a_failure_with_its_words() {
    let (console, _, err) = console();
    let (_sender, mut interrupts) = Interrupts::channel();
    let check = |_: Target, _: CheckConfig, _: Arc<ProgressState>, _: CancelToken| async {
        tokio::task::yield_now().await;
        panic!("index out of bounds");
        #[allow(unreachable_code, reason = "it gives the future its type")]
        Ok::<Report, Failure>(finding(&[]))
    };
    assert_eq!(execute(config(), &console, &mut interrupts, None, check).await, Exit::Failed);
    assert!(err.text().starts_with("error: the check panicked, which is a mistake in sitewatch: "), "{}", err.text());
    assert!(err.text().contains("index out of bounds"));
}

#[tokio::test(start_paused = true)]
async fn a_report_in_a_file_leaves_standard_output_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (console, out, err) = console();
    let mut config = config();
    let path = folder.path().join("report.json");
    config.report.output = Some(path.clone());
    assert_eq!(run(config.clone(), &console, Ok(finding(&[Reason::Dns, Reason::Ok]))).await, Exit::Broken);
    let json: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!(json["summary"]["broken"], 1);
    assert_eq!(out.text(), "");
    assert_eq!(err.text(), format!("1 of 2 links broken; see {}\n", path.display()));

    config.report.quiet = true;
    assert_eq!(run(config.clone(), &console, Ok(finding(&[]))).await, Exit::Clean);
    assert_eq!(err.text().lines().count(), 1, "quiet adds nothing");

    config.report.output = Some("-".into());
    assert_eq!(run(config, &console, Ok(finding(&[Reason::Dns]))).await, Exit::Broken);
    assert!(out.text().contains("dns"), "a dash is standard output");
}

#[tokio::test(start_paused = true)]
async fn colours_are_for_the_terminal_and_not_for_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let (mut console, out, _) = console();
    console.color = true;
    let mut config = config();
    assert_eq!(run(config.clone(), &console, Ok(finding(&[Reason::Dns]))).await, Exit::Broken);
    assert!(out.text().contains("\u{1b}[31m"));
    let path = folder.path().join("report.txt");
    config.report.output = Some(path.clone());
    assert_eq!(run(config, &console, Ok(finding(&[Reason::Dns]))).await, Exit::Broken);
    assert!(!fs::read_to_string(path).unwrap().contains('\u{1b}'));
}

struct Failing(io::ErrorKind);

impl Write for Failing {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_has_gone_is_no_failure_but_a_full_disk_is() {
    let (mut console, _, err) = console();
    console.stdout = Sink::new(Failing(io::ErrorKind::BrokenPipe));
    assert_eq!(run(config(), &console, Ok(finding(&[Reason::Dns]))).await, Exit::Broken);
    assert_eq!(err.text(), "");
    console.stdout = Sink::new(Failing(io::ErrorKind::StorageFull));
    assert_eq!(run(config(), &console, Ok(finding(&[Reason::Dns]))).await, Exit::Failed);
    assert_eq!(err.text(), "error: can't write the report to standard output: no storage space\n");
}
