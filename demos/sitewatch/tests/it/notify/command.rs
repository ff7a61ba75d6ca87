//! What a program is told, and what becomes of it.
#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use sitewatch::notify::{Channel, Command, CommandSettings, Notice, NoticeKind, SendError, SetupError, text};
use tokio::task::yield_now;
use tokio::time::Instant;

use super::{broken, changed, notice};

/// A script with a folder as its `$0`.
fn script(script: &str, folder: &Path) -> Command {
    let run = ["sh", "-c", script, folder.to_str().unwrap()].map(str::to_owned).into();
    Command::new(CommandSettings { run, ..CommandSettings::default() }).unwrap()
}

async fn run(text: &str) -> Result<(), SendError> {
    script(text, Path::new("sh")).send(&[changed()]).await
}

#[tokio::test]
async fn a_program_gets_json_and_a_summary() {
    let folder = tempfile::tempdir().unwrap();
    let command = script("cat > \"$0/in\"; printf %s \"$SITEWATCH_SUMMARY\" > \"$0/summary\"", folder.path());
    let notices = [changed(), notice(NoticeKind::Failing, "blog")];
    command.send(&notices).await.unwrap();
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&read("in")).unwrap(), json!({ "version": 1, "notices": notices }));
    assert_eq!(read("summary"), text(&notices));
}

#[tokio::test]
async fn arguments_go_as_they_are_with_no_shell_in_between() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("$(id); *");
    let run = vec!["touch".to_owned(), "--".to_owned(), path.to_str().unwrap().to_owned()];
    let command = Command::new(CommandSettings { run, ..CommandSettings::default() }).unwrap();
    command.send(&[changed()]).await.unwrap();
    assert!(path.exists());
}

#[tokio::test]
async fn whatever_a_program_does_but_exit_with_0_is_worth_another_attempt() {
    for (text, expected) in [
        ("exit 75", "sh did not take it: exit status: 75"),
        ("echo ' no  such team' >&2; exit 1", "sh did not take it: exit status: 1: no such team"),
        ("echo seen; exit 2", "sh did not take it: exit status: 2"),
        ("kill -9 $$", "sh did not take it: signal: 9 (SIGKILL)"),
    ] {
        let error = run(text).await.unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert!(!error.is_permanent());
    }
}

#[tokio::test]
async fn a_program_that_is_not_there_may_come() {
    let run = vec!["/nowhere/notify".to_owned()];
    let command = Command::new(CommandSettings { run, ..CommandSettings::default() }).unwrap();
    let error = command.send(&[changed()]).await.unwrap_err();
    assert!(matches!(&error, SendError::Unreachable { to, .. } if to == "/nowhere/notify"), "{error}");
    assert!(!error.is_permanent());
}

#[tokio::test]
async fn a_program_need_not_listen_and_may_say_much() {
    let many = (0..1_000).map(|number| broken("a.html", &format!("https://example.org/{number}")));
    let long = notice(NoticeKind::Changed, "docs").with_broken(many);
    script("exit 0", Path::new("sh")).send(std::slice::from_ref(&long)).await.unwrap();
    let talkative = "head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2; exit 1";
    let error = script(talkative, Path::new("sh")).send(&[long]).await.unwrap_err().to_string();
    assert!(error.len() < 2_000, "{error}");
}

#[tokio::test]
async fn a_summary_is_no_longer_than_a_variable_may_be() {
    let folder = tempfile::tempdir().unwrap();
    let page = "\u{e4}".repeat(400);
    let many = (0..50).map(|number| broken(&page, &format!("https://example.org/{number}")));
    let long = notice(NoticeKind::Changed, "docs").with_broken(many);
    let notices: Vec<Notice> = std::iter::repeat_n(long, 10).collect();
    assert!(text(&notices).len() > 128 * 1024);
    script("printf %s \"$SITEWATCH_SUMMARY\" > \"$0/summary\"", folder.path()).send(&notices).await.unwrap();
    let summary = fs::read_to_string(folder.path().join("summary")).unwrap();
    let kept = summary.strip_suffix("...\n").unwrap();
    assert!(summary.len() <= 64 * 1024 && summary.len() > 60 * 1024, "{}", summary.len());
    assert!(kept.ends_with('\n') && text(&notices).starts_with(kept));
}

#[test]
fn a_command_needs_a_program() {
    for run in [Vec::new(), vec![String::new(), "x".to_owned()]] {
        let error = Command::new(CommandSettings { run, ..CommandSettings::default() }).unwrap_err();
        assert_eq!(error, SetupError::NoProgram);
    }
}

/// A program that would run for an hour, and says by a file that it has begun.
const ENDLESS: &str = "echo $$ > \"$0/new\"; mv \"$0/new\" \"$0/pid\"; exec sleep 3600";

/// The number of the process, once it has begun. Looks without a pause: on a paused clock no time passes meanwhile.
async fn begun(folder: &Path) -> String {
    loop {
        if let Ok(pid) = fs::read_to_string(folder.join("pid")) {
            return pid.trim().to_owned();
        }
        yield_now().await;
    }
}

/// Whether a process runs; one that has ended and that nobody has asked about does not.
#[cfg(target_os = "linux")]
fn runs(pid: &str) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    !stat.rsplit(')').next().unwrap().trim_start().starts_with('Z')
}

#[cfg(target_os = "linux")]
#[tokio::test(start_paused = true)]
async fn a_program_that_does_not_end_is_killed_at_its_timeout() {
    let folder = tempfile::tempdir().unwrap();
    let command = script(ENDLESS, folder.path());
    let began = Instant::now();
    let sending = tokio::spawn(async move { command.send(&[changed()]).await });
    let pid = begun(folder.path()).await;
    assert!(runs(&pid) && began.elapsed() == Duration::ZERO);
    let error = sending.await.unwrap().unwrap_err();
    assert!(error.is_timeout() && !error.is_permanent(), "{error}");
    assert_eq!(error.to_string(), "sh did not take it within 1m");
    assert_eq!(began.elapsed().as_secs(), 60);
    assert!(!runs(&pid));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_program_does_not_outlive_whoever_waits_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let command = script(ENDLESS, folder.path());
    let sending = tokio::spawn(async move { command.send(&[changed()]).await });
    let pid = begun(folder.path()).await;
    sending.abort();
    assert!(sending.await.unwrap_err().is_cancelled());
    let ended = async {
        while runs(&pid) {
            yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), ended).await.unwrap();
}
