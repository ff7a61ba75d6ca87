//! What becomes of a value, by its field's type and by where it stands.
use std::ffi::OsString;
use std::time::Duration;

use patterns_core::settings::{Settings, size};
use serde::{Deserialize, Serialize};

use super::{App, Folder, Level, Proxy, Site, flag, refused};

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
fn keys_of_a_map_are_free() {
    let app: App = flag("labels.anything", "3").load().unwrap();
    assert_eq!(app.labels["anything"], 3);
    assert_eq!(
        refused(&flag("labels.anything", "x")),
        "--flag: labels.anything = \"x\": expected a whole number from 0 to 4294967295"
    );
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
