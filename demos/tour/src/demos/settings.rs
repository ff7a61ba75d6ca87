//! Settings in layers, and every mistake in them at once.
use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use patterns_core::outcome::BoxError;
use patterns_core::settings::{
    Findings, ProblemKind, Settings, SettingsError, Validate,
};
use serde::{Deserialize, Serialize};

use crate::{Demo, Stage};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "settings",
    "File, environment and flags over defaults, key by key; all mistakes told at once with their place, no secret among them.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(broken(stage)));

// ANCHOR: settings
/// What a check can be told.
#[derive(Debug, Serialize, Deserialize)]
struct Check {
    workers: usize,
    user_agent: String,
    http: Http,
}

/// How it asks for pages.
#[derive(Debug, Serialize, Deserialize)]
struct Http {
    per_host: usize,
    retries: u8,
    #[serde(with = "patterns_core::settings::duration")]
    timeout: Duration,
    token: Option<String>,
}

impl Default for Check {
    fn default() -> Self {
        let http = Http {
            per_host: 2,
            retries: 3,
            timeout: Duration::from_secs(30),
            token: None,
        };
        Self { workers: 4, user_agent: "sitewatch".to_owned(), http }
    }
}
// ANCHOR_END: settings

// ANCHOR: validate
/// What no type can say.
impl Validate for Check {
    fn validate(&self, findings: &mut Findings) {
        if self.http.per_host > self.workers {
            let workers = self.workers;
            findings.refuse(
                "http.per_host",
                format!("must not exceed workers, which is {workers}"),
            );
        }
    }
}
// ANCHOR_END: validate

async fn play(stage: Stage) -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("sitewatch.toml");

    stage.scene("each layer wins over those before it, key by key");
    // ANCHOR: layers
    fs::write(
        &file,
        "workers = 8\nuser_agent = 'watcher'\n[http]\ntimeout = '20s'\n",
    )?;
    // A program passes `std::env::vars_os()`.
    let environment = [
        ("SITEWATCH_WORKERS", "16"),
        ("SITEWATCH_HTTP__TOKEN", "hush"),
        ("LANG", "C"),
    ];
    let settings = Settings::new();
    tell(&stage, "defaults", &settings)?;
    let settings = settings.file(&file);
    tell(&stage, "+ file", &settings)?;
    let settings = settings.env("SITEWATCH", environment);
    tell(&stage, "+ environment", &settings)?;
    let settings = settings.set("http.retries", "0", "--retries");
    let check = tell(&stage, "+ flags", &settings)?;
    // ANCHOR_END: layers
    assert_eq!((check.workers, check.http.retries), (16, 0));
    assert_eq!(check.http.token.as_deref(), Some("hush"));

    stage.scene("seven mistakes in three places, all of them in one report");
    // ANCHOR: problems
    fs::write(
        &file,
        "wrokers = 8\nuser_agent = 7\n\n[http]\nretries = 500\ntoken = 8821\n",
    )?;
    let environment =
        [("SITEWATCH_HTTP__TIMEOUT", "30"), ("SITEWATCH_RETRIES", "2")];
    let error = Settings::new()
        .file(&file)
        .env("SITEWATCH", environment)
        .set("workers", "a few", "--workers")
        .secret("http.token")
        .load_valid::<Check>()
        .expect_err("nothing in it is right");
    let report = told(&error, folder.path());
    stage.say(&report);
    assert_eq!(error.problems().len(), 7);
    assert!(!report.contains("8821"), "a secret is not told");
    // ANCHOR_END: problems

    stage.scene("a program can ask what is wrong");
    // ANCHOR: apart
    for problem in error.problems() {
        if let ProblemKind::UnknownKey { suggestion, .. } = problem.kind() {
            let meant = suggestion.as_deref().unwrap_or("something else");
            say!(stage, "{} was to be {meant}", problem.key());
        }
    }
    // ANCHOR_END: apart

    stage.scene("every value is of its type, and together they make no sense");
    // ANCHOR: relation
    fs::write(&file, "workers = 2\n")?;
    let error = Settings::new()
        .file(&file)
        .set("http.per_host", "4", "--per-host")
        .load_valid::<Check>()
        .expect_err("two workers make no four requests");
    // ANCHOR_END: relation
    stage.say(told(&error, folder.path()));
    assert_eq!(error.problems().len(), 1);
    Ok(())
}

/// Reads the settings, and says what they are now.
fn tell(
    stage: &Stage,
    layers: &str,
    settings: &Settings,
) -> Result<Check, SettingsError> {
    let check: Check = settings.load_valid()?;
    let Check { workers, user_agent, http } = &check;
    let Http { retries, timeout, token, .. } = http;
    let token = if token.is_some() { "a token" } else { "no token" };
    say!(
        stage,
        "{layers:<14}{workers:>2} workers, {retries} retries, {timeout:?}, {user_agent}, {token}"
    );
    Ok(check)
}

/// What an error says, without the folder: that has another name in each run.
fn told(error: &SettingsError, folder: &Path) -> String {
    error.to_string().replace(&format!("{}/", folder.display()), "")
}

// ANCHOR: broken
#[derive(Debug, PartialEq, Eq)]
struct ByHand {
    workers: u64,
    retries: u64,
    timeout_s: u64,
}

/// What is not there, or can't be read, is the default.
fn by_hand(text: &str) -> ByHand {
    let given: HashMap<&str, &str> =
        text.lines().filter_map(|line| line.split_once(" = ")).collect();
    let number = |key: &str, default: u64| -> u64 {
        given.get(key).and_then(|value| value.parse().ok()).unwrap_or(default)
    };
    ByHand {
        workers: number("workers", 4),
        retries: number("retries", 3),
        timeout_s: number("timeout_s", 30),
    }
}
// ANCHOR_END: broken

async fn broken(stage: Stage) -> Result<(), BoxError> {
    stage.scene("read by hand, with a default for whatever is not there");
    let file = "wrokers = 1\nretries = none\ntimeout_s = 90s\n";
    stage.say(file);
    let ByHand { workers, retries, timeout_s } = by_hand(file);
    say!(
        stage,
        "it runs with {workers} workers, {retries} retries and {timeout_s} s; three mistakes, and not a word about them"
    );
    assert_eq!((workers, retries, timeout_s), (4, 3, 30));
    Ok(())
}
