//! What is told of what is wrong: all of it, each on one line, with its place.
use std::path::Path;

use patterns_core::settings::{Findings, Problem, ProblemKind, Settings, Source, Validate};
use serde::{Deserialize, Serialize};

use super::{App, Folder, flag, refused};

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
