//! The settings of the service: what a file says, and what the service then does by it.
mod channels;
mod check;
mod commands;
mod databases;
mod laws;
mod reference;
mod refused;
mod restart;
mod secrets;

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use actors::scheduler::{CatchUp, Overlap};
use sitewatch::config::{Patterns, Scope};
use sitewatch::report::Reason;
use sitewatch::service::config::{
    AuthConfig, ChannelConfig, ChannelKind, CommandConfig, ConfirmConfig, MailConfig, Readers, Secret, ServiceConfig,
    SiteConfig, Told, When, load, load_with,
};

const NO_VARS: [(&str, &str); 0] = [];

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// A folder for settings.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// Short paths instead of those of this run.
    fn short(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.0.path().display()), "")
    }

    /// What is told of these settings.
    fn refused(&self, text: &str, vars: &[(&str, &str)]) -> String {
        let path = self.write("s.toml", text);
        self.short(&load(&path, vars.iter().copied()).expect_err("something is wrong").to_string())
    }
}

fn loaded(text: &str) -> ServiceConfig {
    let folder = Folder::new();
    load(&folder.write("s.toml", text), NO_VARS).unwrap_or_else(|error| panic!("{error}"))
}

fn refused(text: &str) -> String {
    Folder::new().refused(text, &[])
}

/// The one site of these settings, which needs no more than what is said of it.
fn site(text: &str) -> SiteConfig {
    let mut config = loaded(&format!("[sites.a]\ntarget = 'https://a.example/docs/'\n{text}"));
    config.sites.remove("a").unwrap()
}

#[test]
fn a_file_that_says_nothing_is_the_defaults() {
    let config = loaded("");
    assert_eq!((config.database.as_str(), config.checks_at_once.get(), config.workers), ("sitewatch.db", 4, None));
    assert_eq!(config.grace, Duration::from_secs(20));
    assert_eq!(config.web.listen, ["127.0.0.1:8080".parse::<SocketAddr>().unwrap()]);
    assert_eq!((config.web.token, config.web.url, config.web.read), (None, None, Readers::Anyone));
    assert_eq!((config.retention.runs, config.retention.findings), (90 * DAY, 365 * DAY));
    assert!(config.sites.is_empty() && config.notify.is_empty());

    let site = site("");
    assert_eq!((site.target.as_str(), &site.schedule.when), ("https://a.example/docs/", &When::ByHand));
    assert_eq!((site.schedule.jitter, site.schedule.overlap), (Duration::ZERO, Overlap::Skip));
    assert_eq!(site.schedule.catch_up, CatchUp::Latest);
    assert_eq!((site.max_pages, site.max_links, site.max_time), (100_000, 50_000, 6 * HOUR));
    assert_eq!((site.allow_private, site.remember_external), (false, DAY));
    assert_eq!(site.confirm, ConfirmConfig { times: 1, after: Duration::from_secs(30) });
    assert_eq!((site.auth, site.notify.len()), (AuthConfig::None, 0));
}

#[test]
fn whatever_a_file_says_of_a_site_holds() {
    let site = site(
        "cron = '0 3 * * *'\ntime_zone = 'Europe/Berlin'\njitter = '5m'\noverlap = 'queue'\ncatch_up = 'all'\n\
         scope = 'host'\ndepth = 3\nmax_pages = 9\nmax_links = 8\ninclude = 'a'\nexclude = ['b', 'c']\n\
         external = false\nignore_fragment = '^L'\nmax_time = '1h'\nallow_private = true\nremember_external = '0s'\n\
         confirm = { times = 0 }\nhttp = { rate = 2, max_body = 100, headers = { accept-language = 'en' } }\n\
         report = { ignore = ['http-403', 'timeout'], redirects = true }\nauth = { user = 'me', password = 'x' }\n",
    );
    let patterns = |patterns: &[&str]| Patterns::new(patterns.iter().copied()).unwrap();
    let when = When::Cron { expression: "0 3 * * *".to_owned(), time_zone: "Europe/Berlin".to_owned() };
    assert_eq!((&site.schedule.when, site.schedule.jitter), (&when, Duration::from_secs(300)));
    assert_eq!(site.schedule.overlap, Overlap::Queue(10));
    assert_eq!(site.schedule.catch_up, CatchUp::All { within: DAY, at_most: 10 });
    assert_eq!((&site.scope, site.depth, site.max_pages, site.max_links), (&Scope::Host, Some(3), 9, 8));
    assert_eq!((site.include, site.exclude), (patterns(&["a"]), patterns(&["b", "c"])));
    assert_eq!((site.external, site.ignore_fragment, site.max_time), (false, patterns(&["^L"]), HOUR));
    assert_eq!((site.allow_private, site.remember_external), (true, Duration::ZERO));
    assert_eq!(site.confirm, ConfirmConfig { times: 0, after: Duration::from_secs(30) });
    assert_eq!((site.http.rate, site.http.max_body, site.http.headers.len()), (2.0, 100, 1));
    assert_eq!(site.report.ignore, BTreeSet::from([Reason::HttpStatus(403), Reason::Timeout]));
    assert!(site.report.is_finding(Reason::MovedPermanently) && !site.report.is_finding(Reason::Timeout));
    assert_eq!(site.auth, AuthConfig::Basic { user: "me".to_owned(), password: Secret::new("x") });
}

#[test]
fn a_site_is_what_it_says_over_what_all_say() {
    let config = loaded(
        "[defaults]\nevery = '6h'\ndepth = 2\nexclude = ['x', 'y']\nnotify = ['ops']\n[defaults.http]\nrate = 1\n\
         retries = 0\n[defaults.auth]\nbearer = 'common'\n\
         [sites.plain]\ntarget = 'https://a.example/'\n\
         [sites.own]\ntarget = 'https://b.example/'\ncron = '@daily'\nexclude = 'z'\nnotify = []\nhttp.rate = 3\n\
         auth = { headers = { x-key = 'own' } }\n\
         [sites.hand]\ntarget = 'https://c.example/'\nevery = 'never'\nauth = {}\n\
         [notify.ops]\nkind = 'command'\nrun = ['tell']\n",
    );
    let [hand, own, plain] = ["hand", "own", "plain"].map(|name| &config.sites[name]);
    assert_eq!((plain.schedule.to_string(), plain.depth, plain.http.rate), ("every 6h".to_owned(), Some(2), 1.0));
    assert_eq!((&*plain.notify, &plain.auth), (&["ops".to_owned()][..], &AuthConfig::Bearer(Secret::new("common"))));
    assert_eq!((own.schedule.to_string(), own.depth, own.http.rate), ("@daily UTC".to_owned(), Some(2), 3.0));
    assert_eq!((own.http.retries, own.notify.len(), &own.exclude), (0, 0, &Patterns::new(["z"]).unwrap()));
    assert!(matches!(&own.auth, AuthConfig::Headers(headers) if headers["x-key"].expose() == "own"));
    assert_eq!((hand.schedule.to_string(), hand.schedule.is_scheduled()), ("by hand".to_owned(), false));
    assert_eq!(hand.auth, AuthConfig::None, "a table that is empty is one, so that nobody is told what was not meant");
}

#[test]
fn a_schedule_says_in_short_when_it_is_due() {
    let shown = |text: &str| site(text).schedule.to_string();
    assert_eq!(shown("every = '90m'"), "every 1h 30m");
    assert_eq!(shown("every = '45d'"), "every 45d");
    assert_eq!(shown("cron = '0 3 * * *'\ntime_zone = 'Europe/Berlin'"), "0 3 * * * Europe/Berlin");
    for (overlap, queues) in [("skip", false), ("queue", true), ("allow", true), ("cancel", true)] {
        assert_eq!(site(&format!("overlap = '{overlap}'")).schedule.queues(), queues, "{overlap}");
    }
}

#[test]
fn whoever_is_told_is_told_by_a_webhook_a_command_or_mail() {
    let mut notify = loaded(
        "[notify.hook]\nkind = 'webhook'\nurl = 'https://h.example/x'\nsecret = 's'\nheaders = { x-a = 'b' }\n\
         wait = '0s'\non = ['fixed']\n\
         [notify.run]\nkind = 'command'\nrun = ['tell', '--quiet']\n\
         [notify.mail]\nkind = 'mail'\nsmtp = 'smtps://m.example'\nuser = 'u'\npassword = 'p'\n\
         from = 'Sitewatch <s@a.example>'\nto = ['x@a.example', 'y@a.example']\n",
    )
    .notify;
    let mut taken = |name: &str| notify.remove(name).unwrap();
    let ChannelConfig { kind: ChannelKind::Webhook(hook), on, wait } = taken("hook") else { panic!("a webhook") };
    assert_eq!((hook.url.as_str(), hook.secret), ("https://h.example/x", Some(Secret::new("s"))));
    assert_eq!((hook.headers["x-a"].expose(), on, wait), ("b", BTreeSet::from([Told::Fixed]), Duration::ZERO));
    let run = taken("run");
    let command = CommandConfig { run: vec!["tell".into(), "--quiet".into()], timeout: Duration::from_secs(60) };
    assert_eq!(run.kind, ChannelKind::Command(command));
    assert_eq!((run.on, run.wait), (BTreeSet::from(Told::ALL), Duration::from_secs(60)));
    let mail = MailConfig {
        smtp: "smtps://m.example".parse().unwrap(),
        login: Some(("u".to_owned(), Secret::new("p"))),
        from: "Sitewatch <s@a.example>".to_owned(),
        to: vec!["x@a.example".to_owned(), "y@a.example".to_owned()],
    };
    assert_eq!(taken("mail").kind, ChannelKind::Mail(mail));
}

#[test]
fn the_command_line_comes_before_the_environment_and_that_before_the_file() {
    let folder = Folder::new();
    let text = "grace = '1s'\ndatabase = 'file.db'\nchecks_at_once = 1\n\
                [sites.my-docs]\ntarget = 'https://a.example/'\n";
    let path = folder.write("s.toml", text);
    let vars = [
        ("SITEWATCH_DATABASE", "env.db"),
        ("SITEWATCH_CHECKS_AT_ONCE", "2"),
        ("SITEWATCH_WEB__LISTEN", "127.0.0.1:1, [::1]:2"),
        ("SITEWATCH_DEFAULTS__DEPTH", "3"),
        ("SITEWATCH_SITES__MY_DOCS__HTTP__RATE", "0.5"),
        // For the command line alone.
        ("SITEWATCH_URL", "https://status.example/"),
        ("SITEWATCH_TOKEN", "x"),
        ("OTHER", "x"),
    ];
    let config = load_with(&path, vars, [("database", "--database", "flag.db".to_owned())]).unwrap();
    assert_eq!((config.grace, config.checks_at_once.get(), &*config.database), (Duration::from_secs(1), 2, "flag.db"));
    assert_eq!(config.web.listen.iter().map(ToString::to_string).collect::<Vec<_>>(), ["127.0.0.1:1", "[::1]:2"]);
    assert_eq!((config.sites["my-docs"].depth, config.sites["my-docs"].http.rate), (Some(3), 0.5));

    let wrong = load_with(&path, NO_VARS, [("web.listen", "--listen", "here".to_owned())]).unwrap_err();
    assert_eq!(
        wrong.to_string(),
        "--listen: web.listen = \"here\": expected an address and a port, such as 127.0.0.1:8080"
    );
}

#[test]
fn yaml_and_json_say_the_same_as_toml() {
    let folder = Folder::new();
    let toml = "[defaults]\nevery = '1h'\nhttp = { rate = 2 }\n[sites.a]\ntarget = 'https://a.example/'\n";
    let yaml = "defaults:\n  every: 1h\n  http: {rate: 2}\nsites:\n  a:\n    target: https://a.example/\n    http:\n";
    let json = r#"{"defaults": {"every": "1h", "http": {"rate": 2}},
                   "sites": {"a": {"target": "https://a.example/"}}}"#;
    let [toml, yaml, json] = [("s.toml", toml), ("s.yaml", yaml), ("s.json", json)]
        .map(|(name, text)| load(&folder.write(name, text), NO_VARS).unwrap());
    assert_eq!(toml, yaml);
    assert_eq!(toml, json);
}

#[test]
fn settings_are_equal_only_if_the_service_would_do_the_same() {
    let folder = Folder::new();
    let secret = folder.write("secret", "0123456789abcdef\n");
    let text = format!("web.token = {{ file = {secret:?} }}\n[sites.a]\ntarget = 'https://a.example/'\n");
    let path = folder.write("s.toml", &text);
    let before = load(&path, NO_VARS).unwrap();
    assert_eq!(before, load(&path, NO_VARS).unwrap());
    folder.write("secret", "fedcba9876543210\n");
    let after = load(&path, NO_VARS).unwrap();
    assert_ne!(before, after, "what is in a file of a secret is a part of the settings");
    assert_eq!(before.sites, after.sites);
}
