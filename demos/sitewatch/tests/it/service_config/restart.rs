//! What a running service does not take over.

use super::loaded;

const BEFORE: &str = "database = 'a.db'\nworkers = 2\ngrace = '20s'\n\
     [web]\nlisten = '127.0.0.1:8080'\ntoken = '0123456789abcdef'\nurl = 'https://a.example/'\nread = 'anyone'\n\
     [sites.a]\ntarget = 'https://a.example/'\nhttp.per_host = 4\n\
     [sites.b]\ntarget = 'https://b.example/'\nhttp.per_host = 2\n";

/// The keys of which it is said that they count from the next start, if this is written instead.
fn told(before: &str, after: &str) -> Vec<&'static str> {
    assert!(BEFORE.contains(before), "{before}");
    loaded(BEFORE).needs_restart(&loaded(&BEFORE.replacen(before, after, 1)))
}

#[test]
fn what_counts_from_the_next_start_is_named_as_the_file_has_it() {
    for (key, before, after) in [
        ("database", "'a.db'", "'b.db'"),
        ("workers", "workers = 2", "workers = 3"),
        ("workers", "workers = 2\n", ""),
        ("grace", "'20s'", "'30s'"),
        ("web.listen", "'127.0.0.1:8080'", "['127.0.0.1:8080', '127.0.0.1:8081']"),
        ("web.token", "0123456789abcdef", "fedcba9876543210"),
        ("web.token", "token = '0123456789abcdef'\n", ""),
        ("web.url", "url = 'https://a.example/'", "url = 'https://b.example/'"),
        ("web.read", "'anyone'", "'token'"),
        ("http.per_host", "per_host = 4", "per_host = 5"),
        ("http.per_host", "per_host = 2", "per_host = 8"),
    ] {
        assert_eq!(told(before, after), [key], "{before} {after}");
    }
    assert_eq!(told("'a.db'\nworkers = 2", "'b.db'\nworkers = 4"), ["database", "workers"]);
}

#[test]
fn what_counts_at_once_is_not_named() {
    for (before, after) in [
        ("", ""),
        ("", "checks_at_once = 9\n"),
        ("[sites.b]", "[retention]\nruns = '9d'\n[defaults]\nevery = '1h'\n[sites.b]"),
        ("target = 'https://b.example/'", "target = 'https://c.example/'\nmax_pages = 9\nevery = '6h'"),
        ("[sites.b]", "[notify.ops]\nkind = 'command'\nrun = ['true']\n[sites.b]\nnotify = ['ops']"),
        ("[sites.b]", "[sites.c]"),
        // Others may ask a host for as much, so this is a matter of the site alone.
        ("per_host = 2", "per_host = 4"),
        ("per_host = 4", "per_host = 3"),
    ] {
        assert!(told(before, after).is_empty(), "{before} {after}");
    }
}
