//! A service that is asked over HTTP, and the commands that ask it.

use std::sync::Arc;

use clap::{Parser, Subcommand};
use serde_json::{Value, json};
use sitewatch::cli::remote::{Client, ClientError, RemoteCommand, Source, run};
use sitewatch::cli::{Console, Exit, Sink};
use sitewatch::service::{Action, FindingQuery, Watch, WatchError};

use super::{Served, TOKEN, auth};
use crate::api_fake::{self, Fake};
use crate::cli::Capture;

/// The commands as the program would have them.
#[derive(Debug, Parser)]
struct Program {
    #[command(subcommand)]
    command: Commands,
}

#[derive(Debug, Subcommand)]
enum Commands {
    #[command(flatten)]
    Remote(RemoteCommand),
}

fn command(arguments: &[&str]) -> RemoteCommand {
    let Commands::Remote(command) = Program::parse_from(["sitewatch"].iter().chain(arguments)).command;
    command
}

/// Exit code, standard output and standard error of a command.
pub(super) async fn said(arguments: &[&str], watch: &dyn Watch) -> (Exit, String, String) {
    let (out, err) = (Capture::default(), Capture::default());
    let (stdout, stderr) = (Sink::new(out.clone()), Sink::new(err.clone()));
    let console = Console { stdout, stderr, color: false, bar: false, vars: Vec::new() };
    let exit = run(&command(arguments), &console, watch).await;
    (exit, out.text(), err.text())
}

#[tokio::test]
async fn over_http_everything_is_as_it_is() {
    let fake = Fake::new();
    let served = Served::start(auth(false), &fake);
    let client = Client::new(&served.url, Some(TOKEN)).unwrap();
    assert_eq!(client.sites().await, fake.sites().await);
    assert_eq!(client.machinery().await, fake.machinery().await);
    for name in ["docs", "nothing", "a/../b", "?#%", ""] {
        let (asked, known) = (client.site(name).await, fake.site(name).await);
        // Without a name it is another address, which there is not.
        assert!(asked == known || (name.is_empty() && asked.is_err()), "{name}: {asked:?}");
        assert_eq!(client.runs(Some(name), 1, Some(9)).await.ok(), fake.runs(Some(name), 1, Some(9)).await.ok());
    }
    assert_eq!(client.runs(None, 3, None).await, fake.runs(None, 3, None).await);
    for id in [7, 1, i64::MIN] {
        assert_eq!(client.run(id).await, fake.run(id).await);
    }
    let query = FindingQuery {
        fixed: true,
        reason: Some("dns".to_owned()),
        page: Some("a b&c=d".to_owned()),
        text: Some("ä+%".to_owned()),
        limit: 7,
        offset: 0,
    };
    assert_eq!(client.findings("docs", &query).await, fake.findings("docs", &query).await);
    // What came over is what was sent.
    assert_eq!(*fake.queries.lock(), [query.clone(), query]);
    for action in Action::ALL {
        assert_eq!(client.act("docs", action).await, fake.act("docs", action).await);
    }
    assert_eq!(client.act("nothing", Action::Check).await, Err(WatchError::NoSuchSite("nothing".to_owned())));

    assert_eq!(client.readiness().await, fake.readiness().await);
    fake.set_down(true);
    assert_eq!(client.readiness().await, fake.readiness().await);
    let why = "the database does not answer: connection refused".to_owned();
    assert_eq!(client.sites().await, Err(WatchError::NoAnswer(why)));
    served.stop().await;
}

#[tokio::test]
async fn a_token_that_is_missing_is_told_with_what_to_do() {
    let fake = Arc::new(Fake { at_rest: true, ..Fake::with(Vec::new()) });
    let served = Served::start(auth(true), &fake);
    let stranger = Client::new(&served.url, None).unwrap();
    let why = format!(
        "{} needs its token, which its settings name as web.token, or it printed as it started: set SITEWATCH_TOKEN, or \
        name a file by --token-file",
        served.url
    );
    assert_eq!(stranger.sites().await, Err(WatchError::NoAnswer(why.clone())));
    let (exit, out, err) = said(&["ask", "docs", "check"], &stranger).await;
    assert_eq!((exit, out, err), (Exit::Failed, String::new(), format!("error: {why}\n")));
    let known = Client::new(&served.url, Some(TOKEN)).unwrap();
    assert_eq!(known.act("docs", Action::Pause).await, Err(WatchError::NotLive("pause")));
    served.stop().await;
}

#[tokio::test]
async fn what_is_no_sitewatch_is_told_by_its_address() {
    let app = || actix_web::App::new().default_service(actix_web::web::to(|| async { "<html>hello" }));
    let server = actix_web::HttpServer::new(app).workers(1).disable_signals().bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://user:secret@{}/below", server.addrs()[0]);
    let server = server.run();
    let handle = server.handle();
    let ended = tokio::spawn(server);
    let client = Client::new(&url, None).unwrap();
    let Err(WatchError::NoAnswer(why)) = client.sites().await else { panic!("it is no sitewatch") };
    assert!(why.contains("/below does not answer as sitewatch does: ") && !why.contains("secret"), "{why}");
    assert!(!client.readiness().await.ready);
    handle.stop(false).await;
    ended.await.unwrap().unwrap();

    // A new one: who serves a connection that was kept may not have stopped yet.
    let client = Client::new(&url, None).unwrap();
    let (exit, out, err) = said(&["status"], &client).await;
    assert_eq!((exit, out.as_str()), (Exit::Failed, ""));
    assert!(err.contains("/below does not answer: "), "{err}");
}

#[tokio::test]
async fn the_status_is_the_exit_code() {
    let fake = Fake::new();
    let (exit, out, err) = said(&["status"], &*fake).await;
    assert_eq!((exit, err.as_str()), (Exit::Broken, ""));
    assert!(out.ends_with("\n\n2 sites: 1 broken, 1 failing\n"), "{out}");
    let (_, json, _) = said(&["status", "--json"], &*fake).await;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json, json!({ "ready": true, "reasons": [], "sites": api_fake::sites() }));
    // A database is neither ready nor not.
    let (exit, json, _) = said(&["status", "--json", "--database", "x.db"], &*fake).await;
    assert_eq!(exit, Exit::Broken);
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), json!({ "sites": api_fake::sites() }));
    fake.set_down(true);
    let (exit, out, err) = said(&["status"], &*fake).await;
    assert_eq!((exit, out.as_str()), (Exit::Failed, ""));
    assert_eq!(err, "error: the database does not answer: connection refused\n");
}

#[tokio::test]
async fn machines_are_told_what_the_api_tells() {
    let fake = Fake::new();
    let json = |(exit, out, err): (Exit, String, String)| {
        assert_eq!((exit, err.as_str()), (Exit::Clean, ""));
        serde_json::from_str::<Value>(&out).unwrap()
    };
    assert_eq!(json(said(&["sites", "--json"], &*fake).await), json!(api_fake::sites()));
    let runs = json(said(&["runs", "--json", "--site", "docs", "--limit", "1", "--before", "9"], &*fake).await);
    assert_eq!(runs, json!(fake.runs(Some("docs"), 1, Some(9)).await.unwrap()));
    let acted = json(said(&["ask", "docs", "check", "--json"], &*fake).await);
    assert_eq!(acted, json!({ "changed": true, "message": "docs: check, as asked" }));
    let report = json(said(&["report", "--site", "docs", "--format", "json"], &*fake).await);
    assert_eq!(report["links"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn people_are_told_in_words() {
    let fake = Fake::new();
    let (exit, out, _) = said(&["ask", "docs", "pause"], &*fake).await;
    assert_eq!((exit, out.as_str()), (Exit::Clean, "docs: pause, as asked\n"));
    let (exit, out, _) = said(&["report", "--site", "docs"], &*fake).await;
    assert_eq!(exit, Exit::Clean);
    assert!(out.contains("12:8") && out.contains("http-404") && out.contains("2 broken among"), "{out}");
    let (exit, out, _) = said(&["report", "--site", "blog"], &*fake).await;
    let why = "the start page can't be fetched: no answer in time";
    assert_eq!((exit, out), (Exit::Clean, format!("never checked to its end; the last check failed: {why}\n")));
    let (_, out, _) = said(&["runs", "--site", "docs", "--before", "1"], &*fake).await;
    assert_eq!(out, "no runs\n");
}

#[tokio::test]
async fn a_site_that_is_not_there_is_wrong_use() {
    let fake = Fake::new();
    for arguments in
        [&["report", "--site", "nothing"][..], &["runs", "--site", "nothing"], &["ask", "nothing", "check"]]
    {
        let (exit, out, err) = said(arguments, &*fake).await;
        assert_eq!((exit, out.as_str()), (Exit::Usage, ""));
        assert_eq!(err, "error: there is no site \"nothing\"\n");
    }
    let at_rest = Fake { at_rest: true, ..Fake::with(Vec::new()) };
    let (exit, _, err) = said(&["ask", "docs", "check", "--database", "x.db"], &at_rest).await;
    assert_eq!((exit, err.as_str()), (Exit::Usage, "error: only a running service can check\n"));
}

#[test]
fn wrong_arguments_are_refused() {
    for arguments in [
        &["ask", "docs", "destroy"][..],
        &["ask", "docs"],
        &["report"],
        &["report", "--site", "docs", "--format", "pdf"],
        &["runs", "--limit", "0"],
        &["jobs", "--limit", "501"],
        &["jobs", "--state", "lost"],
        &["jobs", "show"],
        &["jobs", "retry"],
        &["jobs", "retry", "x", "--dead"],
        &["jobs", "retry", "x", "--in", "sitewatch.fetch"],
        &["jobs", "cancel"],
        &["jobs", "pause"],
        &["jobs", "queues", "--queue", "x.db", "--url", "http://127.0.0.1/"],
        &["runs", "--limit", "1001"],
        &["sites", "--database", "x.db", "--url", "http://127.0.0.1/"],
        &["sites", "--database", "x.db", "--token-file", "x"],
    ] {
        let parsed = Program::try_parse_from(["sitewatch"].iter().chain(arguments));
        assert_eq!(parsed.unwrap_err().exit_code(), 2, "{arguments:?}");
    }
}

#[test]
fn the_address_comes_from_the_argument_or_the_environment_or_is_the_usual() {
    let vars = [("SITEWATCH_URL".to_owned(), "http://there:1/".to_owned())];
    let named = Source { url: Some("https://here/x".to_owned()), ..Source::default() };
    for (source, vars, url) in [
        (&named, &vars[..], "https://here/x"),
        (&Source::default(), &vars[..], "http://there:1/"),
        (&Source::default(), &vars[..0], "http://127.0.0.1:8080/"),
    ] {
        assert_eq!(source.client(vars).unwrap().url().as_str(), url);
    }
    let wrong = [("SITEWATCH_URL".to_owned(), "there".to_owned())];
    let refused = Source::default().client(&wrong).unwrap_err();
    assert_eq!(refused.exit(), Exit::Usage);
    assert!(refused.to_string().starts_with("SITEWATCH_URL: \"there\" is not an http or https URL"), "{refused}");
}

#[tokio::test]
async fn the_token_comes_from_the_file_or_the_environment() {
    let fake = Fake::new();
    let served = Served::start(auth(true), &fake);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, format!("{TOKEN}\n")).unwrap();
    let url = Some(served.url.clone());
    let with_file = Source { url: url.clone(), token_file: Some(file.clone()), database: None };
    let without = Source { url, ..Source::default() };
    let vars = |token: &str| [("SITEWATCH_TOKEN".to_owned(), token.to_owned())];
    assert!(with_file.client(&vars("another")).unwrap().sites().await.is_ok());
    assert!(without.client(&vars(TOKEN)).unwrap().sites().await.is_ok());
    assert!(without.client(&vars("another")).unwrap().sites().await.is_err());
    served.stop().await;

    std::fs::write(&file, "two\nlines\n").unwrap();
    let refused = with_file.client(&[]).unwrap_err();
    assert_eq!(refused.to_string(), "--token-file: a token is a word of visible ASCII characters");
    std::fs::remove_file(&file).unwrap();
    let refused = with_file.client(&[]).unwrap_err();
    assert!(refused.to_string().starts_with(&format!("--token-file: {}: ", file.display())), "{refused}");
    assert!(matches!(Client::new("http://127.0.0.1/", Some("ä")), Err(ClientError::Token)));
}
