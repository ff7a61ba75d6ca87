use std::time::Duration;

use proptest::prelude::*;
use sitewatch::config::{CheckConfig, Patterns, Scope};
use url::Url;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn config(json: &str) -> Result<CheckConfig, String> {
    serde_json::from_str(json).map_err(|error| error.to_string())
}

#[test]
fn settings_that_are_written_out_read_back_as_they_were() {
    let json = r#"{
        "target": "docs", "scope": "domain", "depth": 3, "max_pages": 10, "include": ["a"], "exclude": ["b", "c"],
        "external": false, "from": "index.html", "ignore_fragment": "^\\d+$", "workers": 2, "db": "x.db", "every": "10m",
        "http": { "rate": 1.5, "total_timeout": "5s" },
        "report": { "format": "junit", "output": "x.xml", "all": true, "quiet": true, "progress": false }
    }"#;
    let first = config(json).unwrap();
    assert_eq!(first.every, Some(Duration::from_secs(600)));
    assert!(first.ignore_fragment.matches("42"), "one expression needs no list");
    let again = config(&serde_json::to_string(&first).unwrap()).unwrap();
    assert_eq!(first, again);
    assert_eq!(config("{}").unwrap(), CheckConfig::default());
}

#[test]
fn a_key_that_is_not_known_is_refused_in_every_section() {
    for json in [r#"{ "dept": 1 }"#, r#"{ "http": { "rates": 1 } }"#, r#"{ "report": { "formats": 1 } }"#] {
        assert!(config(json).unwrap_err().contains("unknown field"), "{json}");
    }
}

#[test]
fn values_without_sense_are_refused_by_name() {
    let refused = |json: &str, words: &str| {
        let error = config(json).unwrap_err();
        assert!(error.contains(words), "{error}");
    };
    refused(r#"{ "exclude": "(" }"#, "not a valid regular expression: (: unclosed group");
    refused(
        r#"{ "include": ["ok", "*"] }"#,
        "not a valid regular expression: *: repetition operator missing expression",
    );
    refused(r#"{ "exclude": 7 }"#, "a regular expression or a list of them");
    refused(r#"{ "scope": "all" }"#, "not a scope: all: it takes path, origin, host, domain, or a URL");
    refused(r#"{ "scope": "ftp://a.b/" }"#, "not a scope: ftp://a.b/");
    refused(r#"{ "every": "soon" }"#, "a duration such as");
    refused(r#"{ "workers": 0 }"#, "nonzero");
    refused(r#"{ "report": { "format": "pdf" } }"#, "unknown variant `pdf`");
}

#[test]
fn an_expression_that_compiles_to_too_much_is_refused_and_named() {
    let error = Patterns::new(["a", r"\w{5000}{5000}"]).unwrap_err();
    assert_eq!(error.pattern, r"\w{5000}{5000}");
    assert!(error.problem.contains("size limit"), "{error}");
}

#[test]
fn exclude_wins_over_include_and_no_include_means_all() {
    let config = config(r#"{ "include": ["docs", "blog"], "exclude": "draft" }"#).unwrap();
    assert!(config.allows("/docs/a") && config.allows("/blog/"));
    assert!(!config.allows("/shop") && !config.allows("/docs/draft"));
    assert!(CheckConfig::default().allows("/shop"));
}

#[test]
fn a_path_is_everything_beside_and_below_the_start_page() {
    let contains = |start: &str, other: &str| Scope::Path.contains(&url(start), &url(other));
    assert!(contains("https://a.b/docs/x.html", "https://a.b/docs/y/z?q#f"));
    assert!(!contains("https://a.b/docs/x.html", "https://a.b/docs"));
    assert!(!contains("https://a.b/docs/", "https://a.b/docs2/"));
    assert!(!contains("https://a.b/", "http://a.b/"));
    assert!(!contains("https://a.b/", "https://a.b:8443/"));
    assert!(contains("https://a.b", "https://a.b:443/x"));
}

#[test]
fn each_wider_scope_contains_the_narrower() {
    let start = url("https://www.a.b/docs/");
    let others = [
        "https://www.a.b/docs/x",
        "https://www.a.b/x",
        "http://www.a.b:81/x",
        "https://api.a.b/",
        "https://a.b/",
        "https://xa.b/",
        "https://a.b.c/",
        "mailto:x@www.a.b",
    ];
    let inside = |scope: Scope| others.into_iter().filter(|other| scope.contains(&start, &url(other))).count();
    assert_eq!([Scope::Path, Scope::Origin, Scope::Host, Scope::Domain].map(inside), [1, 2, 3, 5]);
}

#[test]
fn an_address_by_number_has_no_hosts_below_it() {
    let start = url("http://127.0.0.1:8000/");
    assert!(Scope::Domain.contains(&start, &url("http://127.0.0.1:9000/")));
    assert!(!Scope::Domain.contains(&start, &url("http://1.127.0.0.1.example/")));
}

#[test]
fn a_prefix_does_not_reach_into_another_host() {
    let scope: Scope = "https://a.b".parse().unwrap();
    assert!(scope.contains(&url("https://x.y"), &url("https://a.b/c")));
    assert!(!scope.contains(&url("https://x.y"), &url("https://a.b.evil/c")));
    assert_eq!(scope.to_string(), "https://a.b/");
}

proptest! {
    #[test]
    fn the_start_page_is_in_every_scope_of_its_own(path in "[a-z/.]{0,20}", port in proptest::option::of(1_u16..)) {
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let start = url(&format!("https://www.example.com{port}/{path}"));
        for scope in [Scope::Path, Scope::Origin, Scope::Host, Scope::Domain] {
            prop_assert!(scope.contains(&start, &start), "{scope} {start}");
        }
    }
}
