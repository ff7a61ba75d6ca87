//! Files, variables and flags that nobody means well with: each is a value or a problem on one line, and never a
//! panic, an overflow or something that is silently left out.
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::Duration;

use patterns_core::settings::{Findings, Settings, Validate};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::{App, Folder, flag, refused};

/// What is told of a file of this name and text.
fn told(name: &str, text: impl AsRef<[u8]>) -> String {
    let folder = Folder::new();
    folder.refused::<App>(&Settings::new().file(folder.write(name, text)))
}

fn loaded(name: &str, text: impl AsRef<[u8]>) -> App {
    let folder = Folder::new();
    Settings::new().file(folder.write(name, text)).load().unwrap()
}

#[test]
fn nesting_without_end_is_refused_and_does_not_overflow_the_stack() {
    const DEEP: usize = 100_000;
    // YAML's parser recurses without a limit of its own where blocks are nested.
    let yaml = told("a.yaml", format!("ports:\n{}1\n", "- ".repeat(DEEP)));
    assert!(yaml.starts_with("a.yaml:2: not valid YAML at column "), "{yaml}");
    assert!(yaml.ends_with(": nested deeper than 128 levels"), "{yaml}");
    let flow = told("b.yaml", format!("ports: {}", "[".repeat(DEEP)));
    assert!(flow.ends_with(": recursion limit exceeded"), "the scanner looks ahead: {flow}");
    let json = told("c.json", format!("{{\"ports\": {}", "[".repeat(DEEP)));
    assert!(json.starts_with("c.json:1: not valid JSON") && json.ends_with("recursion limit exceeded"), "{json}");
    let toml = told("d.toml", format!("ports = {}", "[".repeat(10_000)));
    assert!(toml.starts_with("d.toml:1: not valid TOML"), "{toml}");
    let dotted = told("e.toml", format!("{}a = 1", "a.".repeat(10_000)));
    assert!(dotted.contains("not valid TOML"), "{dotted}");
    let text = refused(&flag("sites", &"[".repeat(DEEP)));
    assert!(text.ends_with("...: expected a table"), "{text}");

    // What is not as deep is read, and is of the wrong type.
    let shallow = told("f.yaml", format!("ports: {}{}", "[".repeat(100), "]".repeat(100)));
    assert!(shallow.starts_with("f.yaml:1: ports[0] = [[[["), "{shallow}");
}

#[test]
fn aliases_of_aliases_of_aliases_are_refused_before_they_fill_the_memory() {
    let mut text = "a: &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (name, of) in "bcdefghijklm".chars().zip("abcdefghijkl".chars()) {
        let aliases = vec![format!("*{of}"); 10].join(", ");
        text += &format!("{name}: &{name} [{aliases}]\n");
    }
    let told = told("a.yaml", text);
    assert!(told.starts_with("a.yaml:5: not valid YAML at column "), "{told}");
    assert!(told.ends_with(": aliases stand for more than 100000 values"), "{told}");
}

#[test]
fn a_key_that_stands_twice_is_refused_in_every_format() {
    // JSON's parser takes the last, and says nothing.
    let json = "{\n\"name\": \"a\",\n\"http\": {\"retries\": 1,\n\"retries\": 2}}";
    assert_eq!(told("a.json", json), "a.json:4: not valid JSON: duplicate key http.retries");
    let yaml = told("a.yaml", "http:\n  retries: 1\n  retries: 2\n");
    assert!(yaml.starts_with("a.yaml:3: not valid YAML") && yaml.contains("duplicated key"), "{yaml}");
    let toml = told("a.toml", "[http]\nretries = 1\nretries = 2\n");
    assert!(toml.starts_with("a.toml:3: not valid TOML") && toml.contains("duplicate key"), "{toml}");
    // Two keys for YAML, and one for everybody else.
    let number = told("b.yaml", "labels:\n  1: 1\n  \"1\": 2\n");
    assert_eq!(number, "b.yaml:3: not valid YAML: duplicate key labels.1");

    let apart = loaded("b.json", r#"{"sites": [{"url": "a"}, {"url": "b"}], "proxy": {"host": "h", "port": 1}}"#);
    assert_eq!(apart.sites.len(), 2, "the same key in two tables is none");
}

#[test]
fn what_comes_in_by_an_alias_has_the_line_of_the_alias() {
    let sites = told("a.yaml", "sites:\n- &site {url: 1}\n- *site\n");
    assert_eq!(sites, "a.yaml:2: sites[0].url = 1: expected a string\na.yaml:3: sites[1].url = 1: expected a string");
    let key = told("b.yaml", "name: &name http\n*name :\n  retries: many\n  offset: 40000\n");
    assert_eq!(
        key,
        "b.yaml:3: http.retries = \"many\": expected a whole number from 0 to 255\n\
         b.yaml:4: http.offset = 40000: expected a whole number from -32768 to 32767"
    );
    let app = loaded("c.yaml", "name: &name shop\ntoken: *name\n");
    assert_eq!((app.name.as_str(), app.token.as_deref()), ("shop", Some("shop")));
}

#[test]
fn a_key_that_looks_like_a_path_is_a_key_and_makes_no_room() {
    const WHAT: &str = "unknown key \"ports[99999999999]\"; known here: name, ";
    // Taken as a path, it would be a list of that many elements.
    let toml = told("a.toml", "\"ports[99999999999]\" = 1\n");
    assert!(toml.starts_with(&format!("a.toml:1: {WHAT}")), "{toml}");
    let by_flag = refused(&flag("ports[99999999999]", "1"));
    assert!(by_flag.starts_with(&format!("--flag: {WHAT}")), "{by_flag}");
    let variable = refused(&Settings::new().env("APP", [("APP_PORTS[99999999999]", "1")]));
    assert!(variable.starts_with("environment variable APP_PORTS[99999999999]: unknown key "), "{variable}");

    assert_eq!(
        told("b.toml", "\"http.retries\" = 500\n"),
        "b.toml:1: unknown key \"http.retries\"; did you mean http.retries?"
    );
    let empty = told("c.json", "{\"\": 1}");
    assert!(empty.starts_with("c.json:1: unknown key \"\"; known here: name, "), "{empty}");
}

#[test]
fn a_key_or_a_value_of_control_characters_stays_on_its_line() {
    let key = told("a.toml", "\"a\\nb\\u001b[31m\" = 1\n");
    assert!(key.starts_with(r#"a.toml:1: unknown key "a\nb\u{1b}[31m""#), "{key}");
    let value = refused(&flag("http.retries", "\u{1b}[31m\nx"));
    assert_eq!(
        value, r#"--flag: http.retries = "\u001b[31m\nx": expected a whole number from 0 to 255"#,
        "as JSON writes it"
    );
}

#[test]
fn numbers_that_are_none_or_too_large_are_named_and_never_bent() {
    assert_eq!(
        told("a.toml", "[http]\nretries = nan\noffset = -inf\n"),
        "a.toml:2: http.retries = nan: expected a whole number from 0 to 255\n\
         a.toml:3: http.offset = -inf: expected a whole number from -32768 to 32767"
    );
    let infinite = told("a.json", "{\"http\": {\"factor\": 1e400}}");
    assert!(infinite.starts_with("a.json:1: not valid JSON at column "), "{infinite}");
    let above = told("b.json", "{\"http\": {\"max-pages\": 18446744073709551616}}");
    assert!(above.starts_with("b.json:1: http.max-pages = 1.844674407370955"), "{above}");
    assert!(above.ends_with(": expected a whole number, 0 or more"), "{above}");
    let most = loaded("c.json", "{\"http\": {\"max-pages\": 18446744073709551615}}");
    assert_eq!(most.http.max_pages, u64::MAX);
}

#[test]
fn a_duration_longer_than_there_is_is_refused_and_the_longest_is_not() {
    // The first panics in humantime 2.4.
    let longer = ["18446744073709551615s 1000ms", "18446744073709551616s", "584542046091years"];
    for text in longer.into_iter().chain(["1e9s", "-1s", "5", "∞"]) {
        let told = refused(&flag("http.timeout", text));
        assert!(told.ends_with(": expected a duration such as \"1m 30s\""), "{told}");
    }
    #[derive(Debug, Serialize, Deserialize)]
    struct Never {
        #[serde(with = "patterns_core::settings::duration")]
        after: Duration,
    }
    impl Default for Never {
        fn default() -> Self {
            Self { after: Duration::MAX }
        }
    }
    assert_eq!(Settings::new().load::<Never>().unwrap().after, Duration::MAX);
    assert_eq!(flag("http.timeout", "0").load::<App>().unwrap().http.timeout, Duration::ZERO);
}

#[test]
fn a_size_larger_than_there_is_or_finer_than_a_byte_is_refused() {
    let fine = format!("0.{}1B", "0".repeat(40));
    for text in ["18446744073709551616", "16777216TiB", "1e9", "0x10", "１MiB", "1 0 MiB", &fine] {
        let told = refused(&flag("http.body", text));
        assert!(told.ends_with(": expected a size in bytes such as \"16MiB\""), "{told}");
    }
    assert_eq!(flag("http.body", "16777215TiB").load::<App>().unwrap().http.body, u64::MAX - ((1 << 40) - 1));
}

#[test]
fn a_table_in_a_text_is_merged_like_any_other() {
    let app: App = Settings::new()
        .env(
            "APP",
            [
                ("APP_HTTP", r#"{"retries": 9, "timeout": "2s"}"#),
                ("APP_HTTP__OFFSET", "-4"),
                ("APP_LABELS", r#"{"x": 1}"#),
                ("APP_LABELS__Y", "2"),
                ("APP_POOL", "{}"),
            ],
        )
        .set("http.verify", "no", "--insecure")
        .load()
        .unwrap();
    let expected = App::default();
    assert_eq!((app.http.retries, app.http.timeout, app.http.offset), (9, Duration::from_secs(2), -4));
    assert_eq!((app.http.verify, app.http.max_pages), (false, expected.http.max_pages));
    assert_eq!(app.labels, BTreeMap::from([("x".to_owned(), 1), ("y".to_owned(), 2)]));
    assert_eq!(app.pool, expected.pool);

    assert_eq!(
        refused(&Settings::new().env("APP", [("APP_HTTP", r#"{"retries": 900, "verfy": true}"#)])),
        "environment variable APP_HTTP: http.retries = 900: expected a whole number from 0 to 255\n\
         environment variable APP_HTTP: unknown key http.verfy; did you mean http.verify?"
    );
    assert_eq!(refused(&flag("http", "{")), "--flag: http = \"{\": expected a table");
    assert_eq!(refused(&flag("http", "[1]")), "--flag: http = \"[1]\": expected a table");
}

#[test]
fn a_variable_with_one_underscore_too_few_is_told_what_it_means() {
    assert_eq!(
        refused(&Settings::new().env("APP", [("APP_HTTP_MAX_PAGES", "3")])),
        "environment variable APP_HTTP_MAX_PAGES: unknown key http_max_pages; did you mean http.max-pages?"
    );
    let bare = refused(&Settings::new().env("APP", [("APP_", "x")]));
    assert!(bare.starts_with("environment variable APP_: unknown key \"\"; known here: name, "), "{bare}");
}

#[test]
fn a_key_that_is_refused_for_two_reasons_is_reported_twice() {
    #[derive(Debug, Default, Serialize, Deserialize)]
    struct Named {
        name: String,
    }
    impl Validate for Named {
        fn validate(&self, findings: &mut Findings) {
            findings.refuse("name", "is too short");
            findings.refuse("name", "has no letter in it");
        }
    }
    let error = Settings::new().load_valid::<Named>().unwrap_err();
    assert_eq!(error.to_string(), "default: name = \"\": is too short\ndefault: name = \"\": has no letter in it");
}

#[test]
fn a_wrong_value_in_a_variant_hides_no_other_problem() {
    assert_eq!(
        told("a.toml", "name = 3\n[level]\nsampled = 'x'\n[pool]\nmin = -1\n"),
        "a.toml:1: name = 3: expected a string\n\
         a.toml:3: level.sampled = \"x\": expected a whole number from 0 to 4294967295\n\
         a.toml:5: pool.min = -1: expected a whole number from 0 to 4294967295"
    );
    assert_eq!(
        told("b.toml", "level = { file = { path = 7 } }\nname = 3\n"),
        "b.toml:1: level.file.path = 7: expected a string\n\
         b.toml:2: name = 3: expected a string"
    );
}

#[test]
fn two_variants_in_one_file_contradict_each_other() {
    let told = told("a.toml", "[level]\nsampled = 1\nfile = { path = 'x' }\n");
    assert!(told.contains(": level = {") && told.ends_with(": expected only one of file, sampled"), "{told}");
}

#[test]
fn a_report_of_very_many_wrong_values_ends() {
    let folder = Folder::new();
    let text = format!("{{\"ports\": [{}]}}", vec!["\"x\""; 1_000].join(", "));
    let error = Settings::new().file(folder.write("a.json", text)).load::<App>().unwrap_err();
    assert_eq!(error.problems().len(), 200);
}

#[test]
fn settings_do_not_show_their_values() {
    let settings = Settings::new().file("shop.toml").env("APP", [("APP_TOKEN", "hush"), ("APP_NAME", "hush")]).set(
        "http.retries",
        "hush",
        "--retries",
    );
    let shown = format!("{settings:?}");
    assert!(!shown.contains("hush"), "{shown}");
    for name in ["shop.toml", "APP_TOKEN", "APP_NAME", "http.retries"] {
        assert!(shown.contains(name), "{name}: {shown}");
    }
}

#[test]
fn a_byte_order_mark_and_line_ends_of_windows_change_no_place() {
    for (name, text) in [
        ("a.toml", "\u{feff}name = 'x'\r\n[http]\r\nretries = 'many'\r\n"),
        ("a.yaml", "\u{feff}name: x\r\nhttp:\r\n  retries: many\r\n"),
        ("a.json", "\u{feff}{\r\n\"name\": \"x\",\r\n\"http\": {\"retries\": \"many\"}}\r\n"),
    ] {
        let expected = format!("{name}:3: http.retries = \"many\": expected a whole number from 0 to 255");
        assert_eq!(told(name, text), expected);
    }
}

#[test]
fn yaml_that_is_no_table_of_settings_is_refused_with_its_place() {
    let tab = told("a.yaml", "http:\n\tretries: 1\n");
    assert!(tab.starts_with("a.yaml:2: not valid YAML at column "), "{tab}");
    let two = told("b.yaml", "name: a\n---\nname: b\n");
    assert_eq!(two, "b.yaml: not valid YAML: Got 2 YAML documents, expected 1");
    let list = told("c.yaml", "? [a, b]\n: 1\n");
    assert!(list.starts_with("c.yaml: not valid YAML: Cannot parse "), "{list}");
    let nobody = told("d.yaml", "name: *nobody\n");
    assert!(nobody.starts_with("d.yaml:1: not valid YAML at column "), "{nobody}");
    // A merge key is a key like any other: YAML 1.2 has none.
    let merge = told("e.yaml", "http: &base {retries: 1}\npool:\n  <<: *base\n");
    assert_eq!(merge, "e.yaml:3: unknown key pool.\"<<\"; known here: pool.min, pool.max");
    let yes = told("f.yaml", "http:\n  verify: yes\n");
    assert_eq!(yes, "f.yaml:2: http.verify = \"yes\": expected true or false");
}

#[test]
#[cfg(unix)]
fn two_variables_of_one_key_that_are_not_unicode_are_two_problems() {
    use std::os::unix::ffi::OsStringExt;
    let binary = || OsString::from_vec(vec![0xff]);
    let settings =
        Settings::new().env("APP", [(OsString::from("APP_NAME"), binary()), (OsString::from("APP_name"), binary())]);
    assert_eq!(
        refused(&settings),
        "environment variable APP_NAME: name = (binary): not valid Unicode\n\
         environment variable APP_name: name = (binary): not valid Unicode"
    );
}

proptest! {
    #[test]
    fn no_key_panics_and_every_problem_is_one_line(
        key in "[a-z0-9.\\[\\]\n\"'\u{1b} -]{0,16}",
        value in "[{}\\[\\]\":,a-z0-9.-]{0,12}",
    ) {
        if let Err(error) = flag(&key, &value).load::<App>() {
            prop_assert_eq!(error.to_string().lines().count(), error.problems().len(), "{}", error);
        }
    }

    #[test]
    fn no_table_in_a_text_panics(
        key in "(http|labels|level|pool|proxy|sites)",
        value in "\\{(\"[a-z]{1,7}\": ?[0-9a-z\"]{1,4},? ?){0,3}\\}",
    ) {
        let _ = flag(&key, &value).load::<App>();
    }
}
