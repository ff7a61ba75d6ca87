//! What the checker takes of a site, and what `sitewatch check` takes of the service's file.
use std::collections::BTreeSet;

use serde_json::Value;
use sitewatch::config::{CheckConfig, Patterns, Scope};
use sitewatch::fetch::{HttpConfig, Private};
use sitewatch::service::config::{SiteConfig, for_check, schema};

use super::{Folder, NO_VARS, loaded, site};

fn at(target: &str, more: &str) -> SiteConfig {
    loaded(&format!("[sites.a]\ntarget = '{target}'\n{more}")).sites.remove("a").unwrap()
}

#[test]
fn a_check_goes_by_what_is_said_of_its_site() {
    let check = site(
        "scope = 'host'\ndepth = 3\nmax_pages = 9\nmax_links = 8\ninclude = 'a'\nexclude = 'b'\n\
                      external = false\nignore_fragment = 'c'\nhttp.retries = 0\n",
    )
    .check_config();
    assert_eq!((check.target.as_deref(), check.scope), (Some("https://a.example/docs/"), Scope::Host));
    assert_eq!((check.depth, check.max_pages, check.max_links), (Some(3), Some(9), 8));
    let pattern = |text: &str| Patterns::new([text]).unwrap();
    assert_eq!((check.include, check.exclude, check.ignore_fragment), (pattern("a"), pattern("b"), pattern("c")));
    assert_eq!((check.external, check.http.retries, check.every, check.db), (false, 0, None, None));
    let plain = site("").check_config();
    assert_eq!(plain.http.user_agent, HttpConfig::default().user_agent);
}

#[test]
fn who_we_are_is_told_to_the_host_of_the_target_only() {
    let auth = "auth.headers = { x-key = 'hush' }\n";
    for (target, hosts) in [
        ("https://a.example/docs/", &["a.example:443"][..]),
        ("https://a.example:8443/", &["a.example:8443"]),
        ("http://a.example/", &["a.example"]),
        ("http://[::1]:81/", &["[::1]:81"]),
    ] {
        let http = at(target, auth).check_config().http;
        assert_eq!(http.credential_hosts, hosts, "{target}");
        assert_eq!(http.credentials["x-key"].expose(), "hush");
        assert!(http.headers.is_empty(), "those that everybody is sent");
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("index.html"), "<p>").unwrap();
    let http = at(folder.path().to_str().unwrap(), auth).check_config().http;
    assert!(http.credentials.is_empty() && http.credential_hosts.is_empty(), "there is no host to tell");

    let basic = at("https://a.example/", "auth = { user = 'Aladdin', password = 'open sesame' }").check_config();
    assert_eq!(basic.http.credentials["authorization"].expose(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    let bearer = at("https://a.example/", "auth.bearer = 'abc'").check_config();
    assert_eq!(bearer.http.credentials["authorization"].expose(), "Bearer abc");
}

#[test]
fn only_a_target_that_is_private_itself_may_lead_to_private_addresses() {
    for (target, may) in [
        ("https://a.example/", Private::Refuse),
        ("https://localhost.example/", Private::Refuse),
        ("http://8.8.8.8/", Private::Refuse),
        ("http://[2001:4860:4860::8888]/", Private::Refuse),
        ("http://localhost:3000/", Private::Allow),
        ("http://docs.localhost/", Private::Allow),
        ("http://127.0.0.1:8080/", Private::Allow),
        ("http://0x7f.1/", Private::Allow),
        ("http://192.168.1.1/", Private::Allow),
        ("http://100.64.0.1/", Private::Allow),
        ("http://[::1]/", Private::Allow),
        ("http://[fd00::1]/", Private::Allow),
        ("http://[::ffff:10.0.0.1]/", Private::Allow),
    ] {
        assert_eq!(at(target, "").check_config().http.private, may, "{target}");
        assert_eq!(at(target, "allow_private = true").check_config().http.private, Private::Allow, "{target}");
    }
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn whatever_a_check_can_be_told_a_site_can_be_told() {
    let schema = schema();
    let (site, http) = (&schema["$defs"]["Site"]["properties"], &schema["$defs"]["Http"]["properties"]);
    let check = serde_json::to_value(CheckConfig::default()).unwrap();
    // Of the service as a whole.
    let missing: Vec<_> = keys(&check).difference(&keys(site)).copied().collect();
    assert_eq!(missing, ["db", "workers"]);
    let check = serde_json::to_value(HttpConfig::default()).unwrap();
    // Of these, `auth` and `allow_private` decide.
    let decided = ["credential_hosts", "private", "private_hosts"];
    let missing: Vec<_> = keys(&check).difference(&keys(http)).copied().filter(|key| !decided.contains(key)).collect();
    assert_eq!(missing, [""; 0]);
    for key in keys(http) {
        assert_eq!(http[key]["default"], check[key], "{key}");
    }
}

#[test]
fn a_check_takes_what_it_knows_of_the_defaults_of_a_services_file() {
    let folder = Folder::new();
    let path = folder.write(
        "sitewatch.toml",
        "database = 'x.db'\nworkers = 9\n[web]\nread = 'token'\n[defaults]\ndepth = 3\nexclude = 'x'\nevery = '6h'\n\
         time_zone = 'UTC'\njitter = '5m'\nconfirm.times = 2\nauth.bearer = 'x'\nreport.ignore = ['timeout']\n\
         notify = ['ops']\nallow_private = true\nremember_external = '1h'\nmax_time = '1h'\nhttp.rate = 2\n\
         [sites.a]\ntarget = 'https://a.example/'\ndepth = 9\n",
    );
    let config: CheckConfig = for_check(Some(&path), NO_VARS).load_valid().unwrap();
    let expected = CheckConfig { depth: Some(3), exclude: Patterns::new(["x"]).unwrap(), ..CheckConfig::default() };
    let expected = CheckConfig { http: HttpConfig { rate: 2.0, ..HttpConfig::default() }, ..expected };
    assert_eq!(config, expected);

    let over: CheckConfig =
        for_check(Some(&path), [("SITEWATCH_DEPTH", "4")]).set("http.rate", "7", "--rate").load_valid().unwrap();
    assert_eq!((over.depth, over.http.rate), (Some(4), 7.0), "the environment and the command line come first");

    let wrong = folder.write("wrong.toml", "[defaults]\ndepth = 'x'\ndpeth = 1\n[sites.a]\n");
    let told = for_check(Some(&wrong), NO_VARS).load_valid::<CheckConfig>().unwrap_err();
    assert_eq!(
        folder.short(&told.to_string()),
        "wrong.toml:2: depth = \"x\": expected a whole number from 0 to 4294967295\n\
         wrong.toml:3: unknown key dpeth; did you mean depth?"
    );
}

#[test]
fn a_file_of_a_check_is_read_as_before() {
    let folder = Folder::new();
    let path = folder.write("sitewatch.toml", "target = 'docs'\nevery = '1h'\nreport.all = true\n");
    let config: CheckConfig = for_check(Some(&path), NO_VARS).load_valid().unwrap();
    assert_eq!((config.target.as_deref(), config.report.all, config.every.is_some()), (Some("docs"), true, true));
    let defaults = folder.write("defaults.toml", "[defaults]\ndepth = 1\n");
    let told = for_check(Some(&defaults), NO_VARS).load_valid::<CheckConfig>().unwrap_err().to_string();
    assert!(told.contains("unknown key defaults"), "without sites it is none of the service: {told}");
    let gone = for_check(Some(&folder.0.path().join("gone.toml")), NO_VARS).load_valid::<CheckConfig>().unwrap_err();
    assert!(gone.to_string().ends_with("gone.toml: no such file"));
    let broken = folder.write("broken.toml", "[sites\n");
    let told = for_check(Some(&broken), NO_VARS).load_valid::<CheckConfig>().unwrap_err().to_string();
    assert!(told.contains("not valid TOML"), "{told}");
}

#[test]
fn variables_of_the_service_are_none_of_a_checks() {
    let folder = Folder::new();
    let path = folder.write("s.toml", "");
    let vars = [
        ("SITEWATCH_DATABASE", "x.db"),
        ("SITEWATCH_CHECKS_AT_ONCE", "1"),
        ("SITEWATCH_GRACE", "1s"),
        ("SITEWATCH_WEB__TOKEN", "x"),
        ("SITEWATCH_RETENTION__RUNS", "1d"),
        ("SITEWATCH_DEFAULTS__DEPTH", "1"),
        ("SITEWATCH_SITES__A__TARGET", "x"),
        ("SITEWATCH_NOTIFY__X__KIND", "mail"),
        ("SITEWATCH_URL", "x"),
        ("SITEWATCH_TOKEN", "x"),
        ("SITEWATCH_WORKERS", "2"),
    ];
    let config: CheckConfig = for_check(Some(&path), vars).load_valid().unwrap();
    assert_eq!(config.workers.map(std::num::NonZeroUsize::get), Some(2));
    let told = for_check(Some(&path), [("SITEWATCH_DPETH", "2")]).load_valid::<CheckConfig>().unwrap_err();
    assert!(told.to_string().contains("did you mean depth?"), "a slip is still told");
}
