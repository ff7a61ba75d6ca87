use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::num::NonZeroUsize;
use std::time::Duration;

use clap::CommandFactory;
use serde_json::Value;
use sitewatch::cli::{CheckArgs, Cli, Command, Exit, load, overrides, parse};
use sitewatch::config::{CheckConfig, Patterns, ReportConfig, Scope};
use sitewatch::fetch::{HttpConfig, Private};
use sitewatch::report::Format;

const DOCS: &str = include_str!("../../../docs/settings.md");

fn args(arguments: &[&str]) -> CheckArgs {
    let Command::Check(args) = parse(["sitewatch", "check"].iter().chain(arguments)).unwrap().command else {
        panic!("another command")
    };
    *args
}

const NO_VARS: [(&str, &str); 0] = [];

/// An argument for every option that there is.
const EVERYTHING: [&str; 57] = [
    "docs",
    "--scope",
    "host",
    "--depth",
    "3",
    "--max-pages",
    "9",
    "--max-links",
    "7",
    "--include",
    "a,b",
    "--exclude",
    "[c]",
    "--exclude",
    "d",
    "--no-external",
    "--from",
    "i.html",
    "--ignore-fragment",
    r"^\d{1,3}$",
    "--rate",
    "2.5",
    "--per-host",
    "1",
    "--retries",
    "0",
    "--timeout",
    "5s",
    "--connect-timeout",
    "1s",
    "--read-timeout",
    "2s",
    "--max-body",
    "100",
    "--max-ratio",
    "8",
    "--max-redirects",
    "3",
    "--user-agent",
    "me",
    "--header",
    "A: b",
    "--credential-host",
    "h",
    "--refuse-private",
    "--private-host",
    "p:1",
    "--ignore-robots",
    "--format=json",
    "--output=o.json",
    "--all",
    "--quiet",
    "--no-progress",
    "--workers=2",
    "--every=10m",
    "--db=x.db",
    "--config=sitewatch-test.toml",
];

#[test]
fn every_option_reaches_its_setting() {
    let mut args = args(&EVERYTHING);
    args.config = None;
    let config = load(&args, NO_VARS).unwrap();
    let patterns = |patterns: &[&str]| Patterns::new(patterns.iter().copied()).unwrap();
    let expected = CheckConfig {
        target: Some("docs".to_owned()),
        scope: Scope::Host,
        depth: Some(3),
        max_pages: Some(9),
        max_links: 7,
        include: patterns(&["a,b"]),
        exclude: patterns(&["[c]", "d"]),
        external: false,
        from: Some("i.html".to_owned()),
        ignore_fragment: patterns(&[r"^\d{1,3}$"]),
        workers: NonZeroUsize::new(2),
        db: Some("x.db".into()),
        every: Some(Duration::from_secs(600)),
        http: HttpConfig {
            rate: 2.5,
            per_host: 1,
            retries: 0,
            total_timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(1),
            read_timeout: Duration::from_secs(2),
            max_body: 100,
            max_ratio: 8,
            max_redirects: 3,
            user_agent: "me".to_owned(),
            headers: [("A".to_owned(), "b".to_owned())].into(),
            credential_hosts: vec!["h".to_owned()],
            credentials: BTreeMap::new(),
            private: Private::Refuse,
            private_hosts: vec!["p:1".to_owned()],
            ignore_robots: true,
        },
        report: ReportConfig {
            format: Some(Format::Json),
            output: Some("o.json".into()),
            all: true,
            quiet: true,
            progress: false,
        },
    };
    assert_eq!(config, expected);
}

#[test]
fn no_option_is_without_a_setting_and_no_setting_without_an_option() {
    let command = Cli::command();
    let check = command.find_subcommand("check").unwrap();
    let options: BTreeSet<String> = check
        .get_arguments()
        .filter_map(|arg| arg.get_long())
        .filter(|name| !matches!(*name, "config" | "help"))
        .map(|name| format!("--{name}"))
        .chain(["the target".to_owned()])
        .collect();
    let given = overrides(&args(&EVERYTHING));
    let set: BTreeSet<String> = given.iter().map(|given| given.flag.to_owned()).collect();
    assert_eq!(options, set);

    let keys: BTreeSet<String> =
        given.iter().map(|given| given.key.replace("http.headers.A", "http.headers")).collect();
    assert_eq!(keys, settings());
}

/// The keys of all settings.
fn settings() -> BTreeSet<String> {
    let defaults = serde_json::to_value(CheckConfig::default()).unwrap();
    let table = |value: &Value| value.as_object().unwrap().clone();
    let mut keys = BTreeSet::new();
    for (key, value) in table(&defaults) {
        match key.as_str() {
            "http" | "report" => keys.extend(table(&value).keys().map(|inner| format!("{key}.{inner}"))),
            _ => drop(keys.insert(key)),
        }
    }
    keys
}

#[test]
fn every_setting_is_documented_with_its_option() {
    for given in overrides(&args(&EVERYTHING)) {
        let key = given.key.replace("http.headers.A", "http.headers");
        let option = if key == "target" { "the argument".to_owned() } else { format!("`{}`", given.flag) };
        let row = format!("| `{key}` | {option} |");
        assert!(DOCS.contains(&row), "{row} is not in docs/settings.md");
    }
    let rows = DOCS.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(rows, settings().len(), "docs/settings.md has a row for each setting and no more");
}

#[test]
fn the_example_in_the_documentation_holds() {
    let folder = tempfile::tempdir().unwrap();
    let example = DOCS.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let path = folder.path().join("sitewatch.toml");
    fs::write(&path, example).unwrap();
    let config = load(&args(&["--config", path.to_str().unwrap()]), NO_VARS).unwrap();
    assert!(!config.allows("a.pdf") && config.ignore_fragment.matches("12-14"));
    assert_eq!((config.http.rate, config.report.effective_format()), (2.0, Format::Json));
}

#[test]
fn options_come_before_the_environment_and_that_before_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("my.toml");
    fs::write(
        &path,
        "depth = 1\nmax_pages = 1\nfrom = 'x'\n[http]\nretries = 1\nheaders = { A = 'file', B = 'file' }\n",
    )
    .unwrap();
    let arguments = args(&["--config", path.to_str().unwrap(), "--depth", "3", "--header", "A: option"]);
    let vars =
        [("SITEWATCH_DEPTH", "2"), ("SITEWATCH_MAX_PAGES", "2"), ("SITEWATCH_HTTP__RETRIES", "2"), ("OTHER", "x")];
    let config = load(&arguments, vars).unwrap();
    assert_eq!((config.depth, config.max_pages, config.from.as_deref()), (Some(3), Some(2), Some("x")));
    assert_eq!(config.http.retries, 2);
    let headers: Vec<_> = config.http.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    assert_eq!(headers, ["A: option", "B: file"], "a header replaces only its namesake");
}

#[test]
fn a_pattern_in_the_environment_may_have_commas_and_a_list_is_json() {
    let config = |pattern: &str| load(&args(&[]), [("SITEWATCH_EXCLUDE", pattern)]).unwrap();
    assert!(!config(r"^\d{1,3}$").allows("123"));
    assert!(config(r"^\d{1,3}$").allows("1234"));
    assert!(!config(r#"["^a", "b$"]"#).allows("xb"));
    assert!(!config("[ab]").allows("b"));
}

#[test]
fn an_option_given_once_may_look_like_anything() {
    let config = |pattern: &str| load(&args(&["--exclude", pattern]), NO_VARS).unwrap();
    assert!(!config("[a,b]").allows(","));
    assert!(!config(r#"["x"]"#).allows("x") && config(r#"["x"]"#).allows("y"));
}

#[test]
fn all_mistakes_are_told_at_once_with_key_and_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.toml");
    fs::write(&path, "dept = 1\nscope = 'all'\n").unwrap();
    let name = path.display().to_string();
    let arguments = args(&["--config", &name, "--exclude", "[", "--every", "0s"]);
    let failure = load(&arguments, [("SITEWATCH_HTTP__RATE", "fast")]).unwrap_err();
    assert_eq!(failure.exit(), Exit::Usage);
    let text = failure.to_string().replace(&name, "bad.toml");
    let starts = [
        "bad.toml:1: unknown key dept; did you mean depth?",
        "bad.toml:2: scope = \"all\": not a scope: all: it takes path, origin, host, domain, or a URL",
        "environment variable SITEWATCH_HTTP__RATE: http.rate = \"fast\": ",
        "--exclude: exclude = \"[\": not a valid regular expression: [: unclosed character class",
    ];
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), starts.len(), "{text}");
    for (line, start) in lines.iter().zip(starts) {
        assert!(line.starts_with(start), "{text}");
    }
}

#[test]
fn values_that_only_make_no_sense_together_are_refused_too() {
    let refused = |arguments: &[&str]| load(&args(arguments), NO_VARS).unwrap_err().to_string();
    assert_eq!(refused(&["--every", "0s"]), "--every: every = \"0s\": the interval must be longer than nothing");
    let junit = refused(&["--every", "1h", "--format", "junit"]);
    assert!(
        junit.starts_with("--format: report.format = \"junit\": every round would begin another XML document"),
        "{junit}"
    );
    assert!(load(&args(&["--every", "1h", "--format", "junit", "--output", "x.xml"]), NO_VARS).is_ok());
}

#[test]
fn a_settings_file_that_is_not_there_is_an_error_only_if_it_was_named() {
    let refused = load(&args(&["--config", "no-such.toml"]), NO_VARS).unwrap_err();
    assert_eq!(refused.to_string(), "no-such.toml: no such file");
    assert!(load(&args(&[]), NO_VARS).is_ok());
}

#[test]
fn a_secret_is_not_repeated_in_a_mistake() {
    let refused = load(&args(&[]), [("SITEWATCH_HTTP__HEADERS", "Bearer hush")]).unwrap_err().to_string();
    assert!(refused.contains("http.headers") && !refused.contains("hush"), "{refused}");
}
