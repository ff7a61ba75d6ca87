//! Which layer wins, in which format it may be, and what is left of those below.
use std::collections::BTreeMap;
use std::time::Duration;

use patterns_core::settings::Settings;
use serde::{Deserialize, Serialize};

use super::{App, Folder, Level, Proxy, Site, flag};

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
