use std::collections::BTreeSet;
use std::fs;

use clap::CommandFactory;
use serde_json::Value;
use sitewatch::cli::{CheckArgs, Cli, Command, Exit, load, overrides, parse};
use sitewatch::config::{CheckConfig, Scope};
use sitewatch::report::Format;

const DOCS: &str = include_str!("../../../docs/settings.md");

fn args(arguments: &[&str]) -> CheckArgs {
    let Command::Check(args) = parse(["sitewatch", "check"].iter().chain(arguments)).unwrap().command else {
        panic!("check was asked for")
    };
    *args
}

const NO_VARS: [(&str, &str); 0] = [];

/// An argument for every option that there is.
const EVERYTHING: [&str; 50] = [
    "docs", "--scope", "host", "--depth", "3", "--max-pages", "9", "--include", "a,b", "--exclude", "[c]",
    "--exclude", "d", "--no-external", "--from", "i.html", "--ignore-fragment", r"^\d{1,3}$", "--rate", "2.5",
    "--per-host", "1", "--retries", "0", "--timeout", "5s", "--connect-timeout", "1s", "--read-timeout", "2s",
    "--max-body", "100", "--max-redirects", "3", "--user-agent", "me", "--header", "A: b", "--credential-host",
    "h", "--ignore-robots", "--format=json", "--output=o.json", "--all", "--quiet", "--no-progress",
    "--workers=2", "--every=10m", "--db=x.db", "--config=sitewatch-test.toml",
];

#[test]
fn every_option_reaches_its_setting() {
    let mut args = args(&EVERYTHING);
    args.config = None;
    let config = load(&args, NO_VARS).unwrap();
    let mut expected = CheckConfig::default();
    expected.target = Some("docs".to_owned());
    expected.scope = Scope::Host;
    (expected.depth, expected.max_pages) = (Some(3), Some(9));
    expected.include = sitewatch::config::Patterns::new(["a,b"]).unwrap();
    expected.exclude = sitewatch::config::Patterns::new(["[c]", "d"]).unwrap();
    expected.ignore_fragment = sitewatch::config::Patterns::new([r"^\d{1,3}$"]).unwrap();
    expected.external = false;
    expected.from = Some("i.html".to_owned());
    expected.workers = std::num::NonZeroUsize::new(2);
    expected.every = Some(std::time::Duration::from_secs(600));
    expected.db = Some("x.db".into());
    let http = &mut expected.http;
    (http.rate, http.per_host, http.retries, http.max_body, http.max_redirects) = (2.5, 1, 0, 100, 3);
    [http.total_timeout, http.connect_timeout, http.read_timeout] = [5, 1, 2].map(std::time::Duration::from_secs);
    http.user_agent = "me".to_owned();
    http.headers.insert("A".to_owned(), "b".to_owned());
    http.credential_hosts = vec!["h".to_owned()];
    http.ignore_robots = true;
    let report = &mut expected.report;
    (report.all, report.quiet, report.progress) = (true, true, false);
    (report.format, report.output) = (Some(Format::Json), Some("o.json".into()));
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

    let keys: BTreeSet<String> = given.iter().map(|given| given.key.replace("http.headers.A", "http.headers")).collect();
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
    fs::write(&path, "depth = 1\nmax_pages = 1\nfrom = 'x'\n[http]\nretries = 1\nheaders = { A = 'file', B = 'file' }\n").unwrap();
    let arguments = args(&["--config", path.to_str().unwrap(), "--depth", "3", "--header", "A: option"]);
    let vars = [("SITEWATCH_DEPTH", "2"), ("SITEWATCH_MAX_PAGES", "2"), ("SITEWATCH_HTTP__RETRIES", "2"), ("OTHER", "x")];
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
        "--exclude: exclude = ",
    ];
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), starts.len(), "{text}");
    for (line, start) in lines.iter().zip(starts) {
        assert!(line.starts_with(start), "{text}");
    }
    assert!(text.contains("not a valid regular expression: [: unclosed character class"), "{text}");
}

#[test]
fn values_that_only_make_no_sense_together_are_refused_too() {
    let refused = |arguments: &[&str]| load(&args(arguments), NO_VARS).unwrap_err().to_string();
    assert_eq!(refused(&["--every", "0s"]), "--every: every = \"0s\": the interval must be longer than nothing");
    let junit = refused(&["--every", "1h", "--format", "junit"]);
    assert!(junit.starts_with("--format: report.format = \"junit\": every round would begin another XML document"), "{junit}");
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
