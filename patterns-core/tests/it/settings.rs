#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]
mod hostile;
mod inherit;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use patterns_core::settings::{Findings, Problem, ProblemKind, Settings, SettingsError, Source, Validate, size};
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct App {
    name: String,
    http: Http,
    pool: Pool,
    level: Level,
    include: Vec<String>,
    ports: Vec<u16>,
    sites: Vec<Site>,
    labels: BTreeMap<String, u32>,
    proxy: Option<Proxy>,
    token: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Http {
    retries: u8,
    max_pages: u64,
    offset: i16,
    factor: f64,
    verify: bool,
    #[serde(with = "patterns_core::settings::duration")]
    timeout: Duration,
    #[serde(with = "patterns_core::settings::duration")]
    pause: Option<Duration>,
    #[serde(with = "patterns_core::settings::size")]
    body: u64,
    #[serde(with = "patterns_core::settings::size")]
    cache: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Pool {
    min: u32,
    max: NonZeroU32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Quiet,
    Normal,
    File { path: String },
    Sampled(u32),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Site {
    url: String,
    #[serde(default)]
    depth: u8,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Proxy {
    host: String,
    port: u16,
}

impl Default for App {
    fn default() -> Self {
        Self {
            name: "app".into(),
            http: Http {
                retries: 3,
                max_pages: 1000,
                offset: 0,
                factor: 1.5,
                verify: true,
                timeout: Duration::from_secs(30),
                pause: None,
                body: 16 << 20,
                cache: None,
            },
            pool: Pool { min: 1, max: NonZeroU32::new(8).unwrap() },
            level: Level::Normal,
            include: vec!["all".into()],
            ports: vec![],
            sites: vec![],
            labels: BTreeMap::new(),
            proxy: None,
            token: None,
        }
    }
}

impl Validate for App {
    fn validate(&self, findings: &mut Findings) {
        findings.below("pool", &self.pool);
        if self.include.is_empty() {
            findings.refuse("include", "must name something");
        }
    }
}

impl Validate for Pool {
    fn validate(&self, findings: &mut Findings) {
        if self.min > self.max.get() {
            findings.refuse("min", format!("must not exceed max, which is {}", self.max));
        }
    }
}

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The report with short paths.
    fn told(&self, error: &SettingsError) -> String {
        error.to_string().replace(&format!("{}/", self.0.path().display()), "")
    }

    fn refused<T>(&self, settings: &Settings) -> String
    where
        T: Serialize + DeserializeOwned + Default,
    {
        let error = settings.load::<T>().err().expect("something is wrong");
        assert_eq!(error.to_string().lines().count(), error.problems().len(), "one line each: {error}");
        self.told(&error)
    }
}

fn flag(key: &str, value: &str) -> Settings {
    Settings::new().set(key, value, "--flag")
}

fn refused(settings: &Settings) -> String {
    Folder::new().refused::<App>(settings)
}

#[test]
fn without_layers_the_defaults_come_back() {
    assert_eq!(Settings::new().load::<App>().unwrap(), App::default());
}

#[test]
fn each_layer_wins_over_the_ones_below_it_key_by_key() {
    let folder = Folder::new();
    let first = folder.write("1.toml", "name = 'toml'\n[http]\nretries = 1\nmax-pages = 1\noffset = 1\nfactor = 0.1\n");
    let second = folder.write("2.yaml", "http:\n  max-pages: 2\n  offset: 2\n  factor: 0.2\n");
    let third = folder.write("3.json", r#"{"http": {"offset": 3, "factor": 0.3}}"#);
    let app: App = Settings::new()
        .set("http.verify", "false", "--insecure")
        .env("APP", [("APP_HTTP__FACTOR", "0.4"), ("APP_HTTP__VERIFY", "true"), ("APPLE", "pie"), ("OTHER_NAME", "x")])
        .file(first)
        .file(second)
        .optional_file(third)
        .optional_file(folder.path("missing.toml"))
        .load()
        .unwrap();
    assert_eq!(app.name, "toml");
    assert_eq!((app.http.retries, app.http.max_pages, app.http.offset), (1, 2, 3));
    assert_eq!((app.http.factor, app.http.verify), (0.4, false));
    assert_eq!(app.http.timeout, Duration::from_secs(30));
}

#[test]
fn the_three_formats_say_the_same() {
    let folder = Folder::new();
    let toml = "ports = [80, 443]\nlevel = { file = { path = 'x' } }\n[http]\nmax-pages = 7\ntimeout = '2s'\n\
                [[sites]]\nurl = 'a'\n[[sites]]\nurl = 'b'\ndepth = 2\n[labels]\nx = 1\n[proxy]\nhost = 'p'\nport = 1\n";
    let yaml = "ports: [80, 443]\nlevel:\n  file: {path: x}\nhttp:\n  max-pages: 7\n  timeout: 2s\n\
                sites:\n- url: a\n- {url: b, depth: 2}\nlabels: {x: 1}\nproxy: {host: p, port: 1}\n";
    let json = r#"{"ports": [80, 443], "level": {"file": {"path": "x"}}, "http": {"max-pages": 7, "timeout": "2s"},
                 "sites": [{"url": "a"}, {"url": "b", "depth": 2}], "labels": {"x": 1},
                 "proxy": {"host": "p", "port": 1}}"#;
    let mut expected = App { ports: vec![80, 443], level: Level::File { path: "x".into() }, ..App::default() };
    expected.http.max_pages = 7;
    expected.http.timeout = Duration::from_secs(2);
    expected.sites = vec![Site { url: "a".into(), depth: 0 }, Site { url: "b".into(), depth: 2 }];
    expected.labels = BTreeMap::from([("x".into(), 1)]);
    expected.proxy = Some(Proxy { host: "p".into(), port: 1 });
    for (name, text) in [("a.toml", toml), ("a.yaml", yaml), ("a.yml", yaml), ("a.JSON", json)] {
        let app: App = Settings::new().file(folder.write(name, text)).load().unwrap();
        assert_eq!(app, expected, "{name}");
    }
}

#[test]
fn an_empty_file_or_one_of_comments_says_nothing() {
    let folder = Folder::new();
    for (name, text) in [
        ("a.toml", ""),
        ("b.toml", "# nothing\n"),
        ("a.yaml", ""),
        ("b.yaml", "# nothing\n"),
        ("c.yaml", "---\n"),
        ("a.json", "{}"),
        ("bom.toml", "\u{feff}name = 'app'\n"),
    ] {
        assert_eq!(Settings::new().file(folder.write(name, text)).load::<App>().unwrap(), App::default(), "{name}");
    }
}

#[test]
fn texts_become_what_their_field_wants() {
    let app: App = Settings::new()
        .env(
            "APP",
            [
                ("APP_NAME", "7"),
                ("APP_TOKEN", "12345"),
                ("APP_HTTP__RETRIES", " 9 "),
                ("APP_HTTP__OFFSET", "-4"),
                ("APP_HTTP__MAX_PAGES", "18446744073709551615"),
                ("APP_HTTP__VERIFY", "off"),
                ("APP_HTTP__PAUSE", "5m"),
                ("APP_HTTP__BODY", "1kB"),
                ("APP_INCLUDE", "a, b ,c"),
                ("APP_PORTS", "[1, 2]"),
                ("APP_LEVEL", "quiet"),
                ("APP_SITES", r#"[{"url": "u"}]"#),
                ("APP_LABELS__X", "4"),
                ("APP_PROXY__HOST", "p"),
                ("APP_PROXY__PORT", "80"),
            ],
        )
        .load()
        .unwrap();
    assert_eq!((app.name.as_str(), app.token.as_deref()), ("7", Some("12345")));
    assert_eq!((app.http.retries, app.http.offset, app.http.max_pages), (9, -4, u64::MAX));
    assert_eq!((app.http.verify, app.http.pause, app.http.body), (false, Some(Duration::from_secs(300)), 1000));
    assert_eq!(app.include, ["a", "b", "c"]);
    assert_eq!(app.ports, [1, 2]);
    assert_eq!(app.level, Level::Quiet);
    assert_eq!(app.sites, [Site { url: "u".into(), depth: 0 }]);
    assert_eq!(app.labels["x"], 4);
    assert_eq!(app.proxy, Some(Proxy { host: "p".into(), port: 80 }));
}

#[test]
fn an_empty_text_is_none_for_an_option_and_an_empty_list_for_a_list() {
    let folder = Folder::new();
    let file = folder.write("a.toml", "token = 'secret'\ninclude = ['a']\n");
    let app: App =
        Settings::new().file(file).set("token", "", "--no-token").set("include", "", "--include").load().unwrap();
    assert_eq!((app.token, app.include), (None, vec![]));
}

#[test]
fn a_variant_of_a_higher_layer_replaces_the_one_below() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Log {
        level: Level,
    }
    impl Default for Log {
        fn default() -> Self {
            Self { level: Level::File { path: "a".into() } }
        }
    }
    let folder = Folder::new();
    let file = folder.write("a.toml", "[level]\nsampled = 7\n");
    let load = |settings: Settings| settings.load::<Log>().map(|log| log.level).map_err(|error| error.to_string());
    assert_eq!(load(Settings::new()), Ok(Level::File { path: "a".into() }));
    assert_eq!(load(Settings::new().file(file)), Ok(Level::Sampled(7)));
    assert_eq!(load(flag("level", "quiet")), Ok(Level::Quiet));
    assert_eq!(load(flag("level.file.path", "b")), Ok(Level::File { path: "b".into() }));
    assert_eq!(
        load(flag("level", "quite")),
        Err(r#"--flag: level = "quite": expected one of quiet, normal, file, sampled; did you mean quiet?"#.into())
    );
}

#[test]
fn values_in_files_are_not_bent() {
    let folder = Folder::new();
    let told = |text: &str| folder.refused::<App>(&Settings::new().file(folder.write("a.toml", text)));
    assert_eq!(told("name = 7"), "a.toml:1: name = 7: expected a string");
    assert_eq!(told("[http]\nretries = 2.7"), "a.toml:2: http.retries = 2.7: expected a whole number from 0 to 255");
    assert_eq!(told("[http]\nretries = '3'"), "a.toml:2: http.retries = \"3\": expected a whole number from 0 to 255");
    assert_eq!(told("[http]\nmax-pages = -1"), "a.toml:2: http.max-pages = -1: expected a whole number, 0 or more");
    assert_eq!(told("[http]\nverify = 1"), "a.toml:2: http.verify = 1: expected true or false");
    assert_eq!(told("http = 1"), "a.toml:1: http = 1: expected a table");
    assert_eq!(told("http = [1]"), "a.toml:1: http = [1]: expected a table");
    assert_eq!(told("include = 'a'"), "a.toml:1: include = \"a\": expected a list");
    assert_eq!(told("labels = 'a'"), "a.toml:1: labels = \"a\": expected a table");
    assert_eq!(told("[pool]\nmax = 0"), "a.toml:2: pool.max = 0: expected a whole number from 1 to 4294967295");
    assert_eq!(told("level = 3"), "a.toml:1: level = 3: expected one of quiet, normal, file, sampled");
    assert_eq!(told("[http]\nbody = 1.5"), "a.toml:2: http.body = 1.5: expected a size in bytes such as \"16MiB\"");
    assert_eq!(told("[http]\ntimeout = 30"), "a.toml:2: http.timeout = 30: expected a duration such as \"1m 30s\"");
}

#[test]
fn a_wrong_text_names_its_variable_or_flag() {
    assert_eq!(
        refused(&Settings::new().env("APP", [("APP_HTTP__RETRIES", "three")])),
        "environment variable APP_HTTP__RETRIES: http.retries = \"three\": expected a whole number from 0 to 255"
    );
    assert_eq!(
        refused(&Settings::new().set("http.retries", "256", "--retries")),
        "--retries: http.retries = \"256\": expected a whole number from 0 to 255"
    );
    assert_eq!(refused(&flag("http.factor", "much")), "--flag: http.factor = \"much\": expected a number");
    assert_eq!(
        refused(&flag("ports", "80, x")),
        "--flag: ports[1] = \"80, x\": expected a whole number from 0 to 65535"
    );
    assert_eq!(refused(&flag("sites", "{")), "--flag: sites[0] = \"{\": expected a table");
    assert_eq!(
        refused(&flag("http.cache", "10K")),
        "--flag: http.cache = \"10K\": expected a size in bytes such as \"16MiB\""
    );
    assert_eq!(
        refused(&flag("http.pause", "10")),
        "--flag: http.pause = \"10\": expected a duration such as \"1m 30s\""
    );
}

#[test]
fn an_unknown_key_is_refused_with_what_was_probably_meant() {
    assert_eq!(refused(&flag("http.retris", "3")), "--flag: unknown key http.retris; did you mean http.retries?");
    assert_eq!(
        refused(&flag("http.max_pages", "3")),
        "--flag: unknown key http.max_pages; did you mean http.max-pages?"
    );
    assert_eq!(refused(&flag("http.eRtries", "3")), "--flag: unknown key http.eRtries; did you mean http.retries?");
    assert_eq!(refused(&flag("retries", "3")), "--flag: unknown key retries; did you mean http.retries?");
    assert_eq!(refused(&flag("pool.size", "3")), "--flag: unknown key pool.size; known here: pool.min, pool.max");
    assert_eq!(
        refused(&Settings::new().env("APP", [("APP_HTPP__RETRIES", "3")])),
        "environment variable APP_HTPP__RETRIES: unknown key htpp; did you mean http?"
    );

    let folder = Folder::new();
    let file =
        folder.write("a.toml", "[[sites]]\nurl = 'a'\n\n[[sites]]\nurl = 'b'\ndeepth = 3\n\n[htpp]\nretries = 1\n");
    assert_eq!(
        folder.refused::<App>(&Settings::new().file(file)),
        "a.toml:6: unknown key sites[1].deepth; did you mean sites[1].depth?\n\
         a.toml:8: unknown key htpp; did you mean http?"
    );
}

#[test]
fn a_wrong_value_without_a_default_is_not_also_reported_as_missing() {
    let folder = Folder::new();
    let file = folder.write("a.toml", "[[sites]]\ndepth = 1\nurl = 7\n\n[proxy]\nport = 1\nhost = 2\n");
    assert_eq!(
        folder.refused::<App>(&Settings::new().file(file)),
        "a.toml:3: sites[0].url = 7: expected a string\n\
         a.toml:7: proxy.host = 2: expected a string"
    );
}

#[test]
fn keys_of_a_map_are_free() {
    let app: App = flag("labels.anything", "3").load().unwrap();
    assert_eq!(app.labels["anything"], 3);
    assert_eq!(
        refused(&flag("labels.anything", "x")),
        "--flag: labels.anything = \"x\": expected a whole number from 0 to 4294967295"
    );
}

#[test]
fn a_file_that_cannot_be_read_is_one_clear_sentence() {
    let folder = Folder::new();
    let told = |path: &Path| folder.refused::<App>(&Settings::new().file(path));
    assert_eq!(told(&folder.path("missing.toml")), "missing.toml: no such file");
    assert_eq!(
        told(&folder.write("a.ini", "x=1")),
        "a.ini: unknown format: expected a name that ends in .toml, .yaml, .yml or .json"
    );
    assert_eq!(told(&folder.write("binary.toml", [0xff, 0xfe])), "binary.toml: not valid UTF-8");
    let inside = folder.path("folder.toml");
    std::fs::create_dir(&inside).unwrap();
    assert_eq!(told(&inside), "folder.toml: is a folder, not a file");
    let below = folder.write("file.toml", "").join("below.toml");
    assert!(told(&below).starts_with("file.toml/below.toml: cannot be read: "), "{}", told(&below));

    // That it is optional excuses only that it is missing.
    let optional = Settings::new().optional_file(&inside);
    assert_eq!(folder.refused::<App>(&optional), "folder.toml: is a folder, not a file");
}

#[test]
fn a_syntax_error_has_its_place() {
    let folder = Folder::new();
    let told = |name: &str, text: &str| folder.refused::<App>(&Settings::new().file(folder.write(name, text)));
    let toml = told("a.toml", "name = 'x'\nhttp = \n");
    assert!(toml.starts_with("a.toml:2: not valid TOML at column 8: "), "{toml}");
    let twice = told("b.toml", "name = 'x'\nname = 'y'\n");
    assert!(twice.starts_with("b.toml:2: not valid TOML at column 1: duplicate key"), "{twice}");
    let yaml = told("a.yaml", "name: x\nhttp: [1, 2\n");
    assert!(yaml.starts_with("a.yaml:3: not valid YAML at column "), "{yaml}");
    let json = told("a.json", "{\"name\": \"x\",\n \"http\": }");
    assert_eq!(json, "a.json:2: not valid JSON at column 10: expected value");
    assert_eq!(told("b.json", "[1]"), "b.json: not valid JSON: expected keys with values, found sequence");
    assert_eq!(told("c.json", ""), "c.json:1: not valid JSON at column 0: EOF while parsing a value");
    let large = told("c.toml", "ports = [99999999999999999999]\n");
    assert!(large.starts_with("c.toml: not valid TOML: number too large"), "{large}");
}

#[test]
fn all_problems_of_all_layers_come_at_once_and_in_order() {
    let folder = Folder::new();
    let settings = Settings::new()
        .file(folder.write("1.toml", "name = 3\n\n[http]\nretries = 'many'\nverify = 'no'\nmax-pagse = 1\n"))
        .file(folder.write("2.yaml", "http:\n  offset: 40000\nports:\n  - 80\n  - http\n  - 70000\n"))
        .file(
            folder.write("3.json", "{\n\t\"sites\": [\n\t\t{\"depth\": 1},\n\t\t{\"url\": 1, \"depth\": 256}\n\t]\n}"),
        )
        .file(folder.path("4.toml"))
        .env("APP", [("APP_POOL__MIN", "-1"), ("APP_NOTHING", "x"), ("APP_LEVEL", "loud")])
        .set("http.timeout", "soon", "--timeout")
        .set("proxy.port", "x", "--proxy-port")
        .set("proxy.hots", "p", "--proxy-host");
    let expected = "\
        1.toml:1: name = 3: expected a string\n\
        1.toml:4: http.retries = \"many\": expected a whole number from 0 to 255\n\
        1.toml:5: http.verify = \"no\": expected true or false\n\
        1.toml:6: unknown key http.max-pagse; did you mean http.max-pages?\n\
        2.yaml:2: http.offset = 40000: expected a whole number from -32768 to 32767\n\
        2.yaml:5: ports[1] = \"http\": expected a whole number from 0 to 65535\n\
        2.yaml:6: ports[2] = 70000: expected a whole number from 0 to 65535\n\
        3.json:3: sites[0].url is missing\n\
        3.json:4: sites[1].depth = 256: expected a whole number from 0 to 255\n\
        3.json:4: sites[1].url = 1: expected a string\n\
        4.toml: no such file\n\
        environment variable APP_LEVEL: level = \"loud\": expected one of quiet, normal, file, sampled\n\
        environment variable APP_NOTHING: unknown key nothing; known here: name, http, pool, level, include, ports, \
        sites, labels, proxy, token\n\
        environment variable APP_POOL__MIN: pool.min = \"-1\": expected a whole number from 0 to 4294967295\n\
        --timeout: http.timeout = \"soon\": expected a duration such as \"1m 30s\"\n\
        --proxy-host: unknown key proxy.hots; did you mean proxy.host?\n\
        --proxy-port: proxy.port = \"x\": expected a whole number from 0 to 65535";
    for _ in 0..20 {
        assert_eq!(folder.refused::<App>(&settings), expected);
    }
}

#[test]
fn a_problem_can_be_taken_apart() {
    let error = flag("http.retries", "x").load::<App>().unwrap_err();
    let problem: &Problem = &error.problems()[0];
    assert_eq!(problem.key(), "http.retries");
    assert_eq!(problem.source(), &Source::Flag("--flag".into()));
    assert_eq!(
        problem.kind(),
        &ProblemKind::Invalid { value: "\"x\"".into(), reason: "expected a whole number from 0 to 255".into() }
    );
}

#[test]
fn relations_are_checked_when_every_value_is_of_its_type() {
    let folder = Folder::new();
    let file = folder.write("a.toml", "include = []\n[pool]\nmax = 4\n");
    let settings = Settings::new().file(&file).set("pool.min", "9", "--min");
    let error = settings.load_valid::<App>().unwrap_err();
    assert_eq!(
        folder.told(&error),
        "a.toml:1: include = []: must name something\n\
         --min: pool.min = \"9\": must not exceed max, which is 4"
    );
    assert!(settings.load::<App>().is_ok());

    let error = settings.set("http.retries", "x", "--retries").load_valid::<App>().unwrap_err();
    assert_eq!(error.problems().len(), 1, "{error}");

    #[derive(Debug, Default, Serialize, Deserialize)]
    struct Unset {
        url: String,
    }
    impl Validate for Unset {
        fn validate(&self, findings: &mut Findings) {
            if self.url.is_empty() {
                findings.refuse("url", "must be set");
            }
        }
    }
    let error = Settings::new().load_valid::<Unset>().unwrap_err();
    assert_eq!(error.to_string(), "default: url = \"\": must be set");
}

#[test]
fn a_secret_is_not_told() {
    #[derive(Debug, Default, Serialize, Deserialize)]
    struct Db {
        db: Login,
    }
    #[derive(Debug, Default, Serialize, Deserialize)]
    struct Login {
        password: u32,
        user: u32,
    }
    let told = |settings: Settings| Folder::new().refused::<Db>(&settings.secret("db.password"));
    assert_eq!(told(flag("db.password", "hunter2")), "--flag: db.password = (hidden): not valid");
    assert!(told(flag("db.user", "me")).contains("\"me\""));
    assert!(!told(flag("db", "{\"password\": \"hunter2\"}")).contains("hunter2"));
    assert!(!told(flag("db", "hunter2")).contains("hunter2"));
}

#[test]
#[cfg(unix)]
fn an_environment_that_is_not_unicode_is_no_panic() {
    use std::os::unix::ffi::OsStringExt;
    let binary = || OsString::from_vec(vec![0xff]);
    let settings = Settings::new().env("APP", [(OsString::from("APP_NAME"), binary()), (binary(), binary())]);
    assert_eq!(refused(&settings), "environment variable APP_NAME: name = (binary): not valid Unicode");
}

#[test]
fn a_long_value_is_cut_short() {
    let told = refused(&flag("http.retries", &"x".repeat(1000)));
    assert!(told.len() < 200, "{told}");
    assert!(told.contains("xxx...: expected"), "{told}");
}

#[test]
fn a_message_of_several_lines_becomes_one() {
    #[derive(Debug, Default, Serialize)]
    struct Picky {
        pattern: Pattern,
    }
    #[derive(Debug, Default, Serialize)]
    struct Pattern(String);
    impl<'de> Deserialize<'de> for Pattern {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let text = String::deserialize(deserializer)?;
            if text.contains('(') {
                return Err(serde::de::Error::custom("unclosed group:\n    a(\n     ^"));
            }
            Ok(Self(text))
        }
    }
    impl<'de> Deserialize<'de> for Picky {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            #[derive(Deserialize)]
            struct Plain {
                pattern: Pattern,
            }
            Plain::deserialize(deserializer).map(|plain| Self { pattern: plain.pattern })
        }
    }
    let told = Folder::new().refused::<Picky>(&flag("pattern", "a("));
    assert_eq!(told, "--flag: pattern = \"a(\": unclosed group: a( ^");
}

#[test]
fn flattened_and_tagged_types_load_with_texts_typed_by_the_default() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Outer {
        #[serde(flatten)]
        inner: Inner,
        store: Store,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Inner {
        size: u32,
        fast: bool,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "kind", rename_all = "lowercase")]
    enum Store {
        Memory { limit: u32 },
        Disk { path: String },
    }
    impl Default for Outer {
        fn default() -> Self {
            Self { inner: Inner { size: 1, fast: false }, store: Store::Memory { limit: 1 } }
        }
    }
    let settings = flag("size", "7").set("fast", "yes", "--fast").set("store.limit", "9", "--limit");
    let expected = Outer { inner: Inner { size: 7, fast: true }, store: Store::Memory { limit: 9 } };
    assert_eq!(settings.load::<Outer>().unwrap(), expected);
    let disk = flag("store.kind", "disk").set("store.path", "x", "--path").load::<Outer>().unwrap();
    assert_eq!(disk.store, Store::Disk { path: "x".into() });
}

#[test]
fn a_type_whose_default_cannot_be_read_back_is_an_error_and_not_a_hang() {
    #[derive(Debug, Default, Serialize, Deserialize)]
    struct Odd {
        #[serde(skip_serializing)]
        hidden: u8,
        seen: u8,
    }
    let told = Folder::new().refused::<Odd>(&Settings::new());
    assert_eq!(told, "default: hidden is missing");
    assert_eq!(flag("hidden", "3").load::<Odd>().unwrap().hidden, 3);
}

#[test]
fn sizes_are_exact() {
    assert_eq!(size::parse("0"), Some(0));
    assert_eq!(size::parse("1_000 b"), Some(1000));
    assert_eq!(size::parse("0.5KIB"), Some(512));
    assert_eq!(size::parse("18446744073709551615"), Some(u64::MAX));
    for wrong in ["", "MiB", "1.", ".5MiB", "0.3B", "1.0001kB", "-1", "1 2", "1ZB", "20000000000TB", "1e3", "1,5MB"] {
        assert_eq!(size::parse(wrong), None, "{wrong}");
    }
    // 1.0001 kB is 1000.1 bytes, 1.001 kB is 1001.
    assert_eq!(size::parse("1.001kB"), Some(1001));
}

proptest! {
    #[test]
    fn a_size_is_read_back_as_it_was_written(bytes: u64, shift in 0u32..64) {
        let bytes = bytes >> shift << (shift / 2);
        prop_assert_eq!(size::parse(&size::format(bytes)), Some(bytes));
    }

    #[test]
    fn a_duration_is_read_back_as_it_was_written(millis in 0u64..10_000_000_000_000) {
        let mut app = App::default();
        app.http.timeout = Duration::from_millis(millis);
        let text = serde_json::to_value(&app).unwrap()["http"]["timeout"].as_str().unwrap().to_owned();
        prop_assert_eq!(flag("http.timeout", &text).load::<App>().unwrap(), app);
    }

    #[test]
    fn no_text_anywhere_panics(key in "[a-z.\\[\\]_-]{0,12}", value in "\\PC{0,12}", name in "[A-Z_]{0,12}") {
        let _ = flag(&key, &value).env("APP", [(format!("APP_{name}"), value)]).load::<App>();
    }

    #[test]
    fn no_file_panics_and_what_loads_loads_again(text in "\\PC{0,40}(\n\\PC{0,40}){0,4}", kind in 0..3usize) {
        let folder = Folder::new();
        let file = folder.write(["a.toml", "a.yaml", "a.json"][kind], text);
        let once = Settings::new().file(&file).load::<App>();
        prop_assert_eq!(Settings::new().file(&file).load::<App>(), once);
    }
}

#[test]
fn a_secret_is_not_told_as_a_part_of_what_is_around_it_either() {
    #[derive(Default, Serialize, Deserialize)]
    struct Service {
        db: Option<Db>,
        name: String,
    }
    #[derive(Default, Serialize, Deserialize)]
    struct Db {
        password: String,
        port: u16,
    }
    impl Validate for Service {
        fn validate(&self, findings: &mut Findings) {
            findings.refuse("dbb.port", "must be even");
        }
    }
    let secret = || Settings::new().secret("db.password");
    let text =
        Folder::new().refused::<Service>(&secret().env("APP", [("APP_DB", r#"{"password": "hunter2", "port": "x"}"#)]));
    assert!(text.starts_with("environment variable APP_DB: db.port = (hidden): "), "{text}");
    let loaded = secret().env("APP", [("APP_DB", r#"{"password": "hunter2", "port": 3}"#)]);
    let text = loaded.load_valid::<Service>().err().unwrap().to_string();
    assert!(text.contains("dbb.port = (hidden): must be even"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn what_is_set_below_of_a_value_is_told_and_the_defaults_stay() {
    let folder = Folder::new();
    let file = folder.write("a.toml", "http = 5\n");
    let settings = Settings::new().file(&file).env("APP", [("APP_HTTP__RETRIES", "7")]);
    assert_eq!(
        folder.refused::<App>(&settings),
        "a.toml:1: http = 5: keys below it are set too, so it must be a table"
    );
    let both = Settings::new().env("APP", [("APP_HTTP", "garbage"), ("APP_HTTP__RETRIES", "7")]);
    assert_eq!(
        folder.refused::<App>(&both),
        "environment variable APP_HTTP: http = \"garbage\": keys below it are set too, so it must be a table"
    );
    // A heading whose lines are all commented out says nothing.
    let heading = folder.write("a.yaml", "http:\n");
    let loaded: App = Settings::new().file(heading).env("APP", [("APP_HTTP__RETRIES", "7")]).load().unwrap();
    assert_eq!((loaded.http.retries, loaded.http.verify), (7, App::default().http.verify));
}

#[test]
fn an_unknown_key_is_told_in_each_layer_that_has_it() {
    let folder = Folder::new();
    let (a, b) = (folder.write("a.toml", "nmae = 'x'\n"), folder.write("b.toml", "nmae = 'y'\n"));
    let text = folder.refused::<App>(&Settings::new().file(a).file(b));
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[0].starts_with("a.toml:1: ") && lines[1].starts_with("b.toml:1: "), "{text}");
}
