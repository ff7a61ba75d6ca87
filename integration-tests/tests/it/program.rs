//! The program as people and scripts meet it: arguments in, report and exit code out, signals.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use actors::connection_pool::sqlite::rusqlite::Connection;
use integration_tests::sitewatch::command;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::process::Command as AsyncCommand;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

const BOUND: Duration = Duration::from_secs(30);

fn run(args: &[&str]) -> Output {
    command().unwrap().args(args).output().unwrap()
}

fn site(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in files {
        fs::write(folder.path().join(path), content).unwrap();
    }
    folder
}

fn check(folder: &TempDir, more: &[&str]) -> (i32, String, String) {
    let path = folder.path().to_str().unwrap();
    let output = run(&[&["check", path][..], more].concat());
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_exit_code_says_what_came_of_it() {
    let good = site(&[("index.html", "<a href=index.html>me</a>")]);
    let bad = site(&[("index.html", "<a href=gone.html>x</a>")]);
    assert_eq!(check(&good, &[]).0, 0);
    assert_eq!(check(&bad, &[]).0, 1);
    assert_eq!(check(&good, &["--exclude", "["]).0, 2);
    assert_eq!(check(&good, &["--no-such-option"]).0, 2);
    // Port 9 of this machine: nobody listens there.
    let refused = run(&["check", "http://127.0.0.1:9/"]);
    assert_eq!(refused.status.code(), Some(3));
    assert_eq!(
        String::from_utf8(refused.stderr).unwrap(),
        "error: cannot check http://127.0.0.1:9/: connection refused\n"
    );
}

#[test]
fn a_report_in_a_file_is_whole_and_a_run_in_a_database_is_too() {
    let folder = site(&[("index.html", "<a href=gone.html>x</a><a href=mailto:a@b.c>m</a>")]);
    let out = tempfile::tempdir().unwrap();
    let (json, db) = (out.path().join("links.json"), out.path().join("runs.db"));
    let more = ["--output", json.to_str().unwrap(), "--db", db.to_str().unwrap()];
    assert_eq!(check(&folder, &more).0, 1);
    let report: serde_json::Value = serde_json::from_slice(&fs::read(&json).unwrap()).unwrap();
    assert_eq!(report["summary"]["links"], 2);
    assert_eq!(report["summary"]["broken"], 1);
    assert_eq!(report["summary"]["skipped"], 1);
    assert_eq!(report["summary"]["complete"], true);
    assert_eq!(report["links"][0]["reason"], "missing-file");
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 2, "no temporary file is left, nor a log of the database");

    let db = Connection::open(&db).unwrap();
    let run = "select state = 'done', numbers ->> 'links', broken, numbers ->> 'skipped', why is null from run";
    let run: [i64; 5] = db.query_row(run, [], |row| Ok([0, 1, 2, 3, 4].map(|n| row.get(n).unwrap()))).unwrap();
    assert_eq!(run, [1, 2, 1, 1, 1]);
    let mut links = db.prepare("select page, link, reason from finding where fixed_at is null order by link").unwrap();
    let links = links.query_map([], |row| Ok([0, 1, 2].map(|n| row.get::<_, String>(n).unwrap()))).unwrap();
    let links: Vec<_> = links.map(Result::unwrap).collect();
    assert_eq!(links, [["index.html", "gone.html", "missing-file"]]);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let many: String = (0..20_000).map(|n| format!("<a href=gone{n}.html>{n}</a>\n")).collect();
    let folder = site(&[("index.html", &many)]);
    let mut child = command()
        .unwrap()
        .args(["check", folder.path().to_str().unwrap(), "--all", "--quiet"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 10];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "the links are broken all the same");
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

/// A site whose first page links to one that is never answered. It tells each path once it has done with it.
async fn slow_site() -> (tokio::task::JoinHandle<()>, String, watch::Receiver<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (tell, asked) = watch::channel(Vec::new());
    let serve = async move {
        let mut kept = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 4096];
            let length = stream.read(&mut request).await.unwrap_or(0);
            let request = String::from_utf8_lossy(&request[..length]).into_owned();
            let body = "<a href=gone>1</a><a href=slow>2</a>";
            let answer = |status: &str, body: &str| {
                format!(
                    "HTTP/1.1 {status}\r\ncontent-type: text/html\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                )
            };
            let path = request.split(' ').nth(1).unwrap_or_default();
            let answer = match path {
                "/" => Some(answer("200 OK", body)),
                "/slow" => None,
                _ => Some(answer("404 Not Found", "")),
            };
            match answer {
                Some(answer) => {
                    let _ = stream.write_all(answer.as_bytes()).await;
                }
                None => kept.push(stream),
            }
            tell.send_modify(|asked: &mut Vec<String>| asked.push(path.to_owned()));
        }
    };
    (tokio::spawn(serve), url, asked)
}

async fn stopped_by(signal: &str, db: Option<&Path>) -> String {
    let (server, url, mut asked_for) = slow_site().await;
    let mut program = AsyncCommand::from(command().unwrap());
    program.args(["check", &url, "--format", "json", "--no-progress"]);
    if let Some(db) = db {
        program.arg("--db").arg(db);
    }
    let child = program.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let both = |asked: &Vec<String>| ["/gone", "/slow"].iter().all(|path| asked.iter().any(|asked| asked == path));
    timeout(BOUND, asked_for.wait_for(both)).await.expect("it does not ask for both links").unwrap();
    // Long enough to note the quick answer, and far from any timeout.
    sleep(Duration::from_secs(2)).await;
    // Another program has the database for itself.
    let locked = db.map(|db| {
        let db = Connection::open(db).unwrap();
        db.execute_batch("begin exclusive").unwrap();
        db
    });
    let pid = child.id().unwrap().to_string();
    let asked = Instant::now();
    // The shell's own `kill`: there need be no other.
    assert!(Command::new("sh").args(["-c", &format!("kill {signal} {pid}")]).status().unwrap().success());
    let output = timeout(BOUND, child.wait_with_output()).await.expect("it does not stop").unwrap();
    // A call that waits for a lock of SQLite's can't be cut short; it gives up by itself.
    let limit = Duration::from_secs(if db.is_some() { 10 } else { 5 });
    assert!(asked.elapsed() < limit, "took {:?}", asked.elapsed());
    let said = || format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(130), "{}", said());
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["summary"]["complete"], false);
    assert_eq!(report["summary"]["pages"], 1);
    assert_eq!(report["summary"]["broken"], 1, "what was checked is reported: {report}");
    server.abort();
    drop(locked);
    String::from_utf8(output.stderr).unwrap()
}

#[cfg(unix)]
#[tokio::test]
async fn ctrl_c_stops_it_within_five_seconds_with_a_partial_report() {
    stopped_by("-INT", None).await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_polite_kill_stops_it_within_five_seconds_with_a_partial_report() {
    stopped_by("-TERM", None).await;
}

#[cfg(unix)]
#[tokio::test]
async fn ctrl_c_while_the_database_is_locked_still_gives_the_partial_report_and_says_that_it_was_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let said = stopped_by("-INT", Some(&folder.path().join("runs.db"))).await;
    assert!(said.contains("could not be kept"), "{said}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_worker_whose_log_nobody_reads_any_more_goes_on_and_ends_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let queue = folder.path().join("jobs.db");
    let mut worker = AsyncCommand::from(command().unwrap());
    worker.args(["worker", "--log", "debug", "--queue"]).arg(queue).stderr(Stdio::piped()).kill_on_drop(true);
    let mut worker = worker.spawn().unwrap();
    let mut stderr = worker.stderr.take().unwrap();
    timeout(BOUND, async {
        let mut said = String::new();
        while !said.contains("working for ") {
            let mut some = [0; 1024];
            let read = stderr.read(&mut some).await.unwrap();
            assert!(read > 0, "it has ended: {said}");
            said.push_str(&String::from_utf8_lossy(&some[..read]));
        }
        drop(stderr);
        let pid = worker.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert_eq!(worker.wait().await.unwrap().code(), Some(0));
    })
    .await
    .expect("it ends");
}
