//! What makes no sense is told at once, with key, value and place.
use actors::scheduler::Scheduler;
use actors::{System, scheduler};

use super::{Folder, refused};
use sitewatch::service::config::load;

/// The settings of a site, and what is told of them.
fn of_site(text: &str) -> String {
    refused(&format!("[sites.a]\ntarget = 'https://a.example/'\n{text}"))
}

#[test]
fn every_mistake_is_told_at_once_where_it_stands() {
    let text = "checks_at_once = 0\n[retention]\nruns = 'x'\n[defaults]\ndpeth = 1\nmax_pages = 0\n\
                [sites.a]\ntarget = 'https://a.example/'\n[sites.b]\nscope = 'all'\nhttp.rate = 'fast'\n";
    assert_eq!(
        refused(text),
        "s.toml:1: checks_at_once = 0: expected a whole number, 1 or more\n\
         s.toml:3: retention.runs = \"x\": expected a duration such as \"1m 30s\"\n\
         s.toml:5: unknown key defaults.dpeth; did you mean defaults.depth?\n\
         s.toml:6: defaults.max_pages = 0: expected a whole number, 1 or more\n\
         s.toml:10: sites.b.scope = \"all\": not a scope: all: it takes path, origin, host, domain, or a URL that \
         pages begin with\n\
         s.toml:11: sites.b.http.rate = \"fast\": expected a number"
    );
}

#[test]
fn what_only_makes_no_sense_is_told_at_once_too() {
    let text = "grace = '0s'\n[web]\nread = 'token'\nurl = 'status'\n[retention]\nruns = '23h'\n[defaults]\n\
                max_time = '0s'\n[sites.a]\ntarget = 'https://a.example/'\nnotify = ['opps']\n\
                [sites.b]\nevery = '1h'\ncron = '0 3 * * *'\n[notify.ops]\n";
    assert_eq!(
        refused(text),
        "s.toml:1: grace = \"0s\": must be longer than nothing\n\
         s.toml:3: web.read = \"token\": there is no web.token to know\n\
         s.toml:4: web.url = \"status\": expected an http or https URL\n\
         s.toml:6: retention.runs = \"23h\": must be at least a day\n\
         s.toml:8: defaults.max_time = \"0s\": must be longer than nothing\n\
         s.toml:11: sites.a.notify[0] = \"opps\": expected the name of a table below [notify]: ops\n\
         s.toml:12: sites.b.target is missing\n\
         s.toml:14: sites.b.cron = \"0 3 * * *\": every is set too, and a site has one of them\n\
         s.toml:15: notify.ops.kind is missing"
    );
}

#[test]
fn names_are_plain_and_short() {
    let long = "x".repeat(65);
    for (name, quoted) in [("Docs", "Docs"), ("-x", "-x"), ("'a b'", "\"a b\""), (long.as_str(), long.as_str())] {
        let told = refused(&format!("[sites.{name}]\ntarget = 'https://a.example/'\n"));
        assert!(told.starts_with(&format!("s.toml:1: sites.{quoted}: a name has at most 64 ")), "{told}");
        let told = refused(&format!("[notify.{name}]\nkind = 'command'\nrun = ['x']\n"));
        assert!(told.starts_with(&format!("s.toml:1: notify.{quoted}: a name has at most 64 ")), "{told}");
    }
    let fine = format!(
        "[sites.{}]\ntarget = 'https://a.example/'\n[sites.'2.a_b-c']\ntarget = 'https://b.example/'\n",
        &long[1..]
    );
    assert_eq!(super::loaded(&fine).sites.len(), 2);
}

#[test]
fn a_target_is_something_that_can_be_checked() {
    let folder = Folder::new();
    let of = |lines: &str| folder.refused(&format!("[sites.a]\n{lines}"), &[]);
    assert_eq!(
        of("target = 'a.example/docs'"),
        "s.toml:2: sites.a.target = \"a.example/docs\": there is no file or folder a.example/docs; did you mean \
         https://a.example/docs?"
    );
    let here = std::path::absolute("no/such").unwrap();
    assert_eq!(
        of("target = 'no/such'"),
        format!("s.toml:2: sites.a.target = \"no/such\": there is no file or folder {}", here.display())
    );
    assert!(of("target = 'ftp://a.example/'").contains("only http and https addresses can be"));
    assert!(of("target = ' '").ends_with("expected a URL, a folder, an HTML file or a sitemap"));
    assert!(
        of("target = 'https://a.example/'\nfrom = 'x.html'").starts_with("s.toml:3: sites.a.from = \"x.html\": is for")
    );

    std::fs::create_dir(folder.0.path().join("book")).unwrap();
    let book = folder.0.path().join("book");
    let empty = folder.write("s.toml", &format!("[sites.a]\ntarget = {book:?}\n"));
    assert!(load(&empty, super::NO_VARS).is_ok(), "what is in a folder may be there when it is checked");
    std::fs::write(book.join("index.html"), "<p>").unwrap();
    let of = |lines: &str| of(&format!("target = {book:?}\n{lines}"));
    assert!(of("depth = 1").starts_with("s.toml:3: sites.a.depth = 1: in a folder it is counted from a page"));
    assert!(of("scope = 'host'").starts_with("s.toml:3: sites.a.scope = \"host\": is for sites"));
    assert!(of("from = 'x.html'").starts_with("s.toml:3: sites.a.from = \"x.html\": there is no such page"));
}

#[test]
fn a_schedule_that_never_comes_or_means_nothing_is_refused() {
    assert_eq!(of_site("every = '0s'"), "s.toml:3: sites.a.every = \"0s\": must be longer than nothing");
    assert_eq!(of_site("every = 6"), "s.toml:3: sites.a.every = 6: expected a duration such as \"6h\", or \"never\"");
    assert_eq!(
        of_site("every = 'now'"),
        "s.toml:3: sites.a.every = \"now\": expected a duration such as \"6h\", or \"never\""
    );
    let zone = of_site("cron = '0 3 * * *'\ntime_zone = 'Europe/Atlantis'");
    assert!(
        zone.starts_with("s.toml:4: sites.a.time_zone = \"Europe/Atlantis\": expected the IANA name of a time zone")
    );
    let never = of_site("cron = '0 0 30 2 *'");
    assert!(never.ends_with("expected a cron expression such as \"0 3 * * *\": it never comes"), "{never}");
    for (cron, problem) in [
        ("60 * * * *", "the minute is \"60\", and can be 0 to 59"),
        ("0 24 * * *", "the hour is \"24\", and can be 0 to 23"),
        ("0 0 24 * * *", "the hour is \"24\", and can be 0 to 23"),
        ("0 0 * * FUN", "the day of the week is \"FUN\", and can be 0 to 7, or SUN to SAT"),
        ("0 3 * *", "it has 4 fields, and not 5, or 6 with the second first"),
        ("", "it has 0 fields, and not 5, or 6 with the second first"),
        ("@never", "there is no @never, only @hourly, @daily, @weekly, @monthly and @yearly"),
    ] {
        let told = of_site(&format!("cron = '{cron}'"));
        assert!(told.ends_with(&format!("expected a cron expression such as \"0 3 * * *\": {problem}")), "{told}");
    }
    for cron in ["@hourly", "@daily", "@weekly", "@monthly", "@yearly", "30 0 3 * * *"] {
        super::loaded(&format!("[sites.a]\ntarget = 'https://a.example/'\ncron = '{cron}'\n"));
    }
    assert!(
        of_site("catch_up = 'all'").starts_with("s.toml:3: sites.a.catch_up = \"all\": needs an overlap of \"queue\"")
    );
    assert!(of_site("overlap = 'skpi'").ends_with("expected one of skip, queue, allow, cancel; did you mean skip?"));
    // What all say may go well with what each says.
    super::loaded("defaults.catch_up = 'all'\nsites.a = { target = 'https://a.example/', overlap = 'queue' }\n");
}

#[tokio::test(start_paused = true)]
async fn a_cron_expression_is_taken_here_if_the_scheduler_takes_it() {
    let system = System::start().unwrap();
    let scheduler: Scheduler = Scheduler::builder().start(&system).unwrap();
    let folder = Folder::new();
    let expressions = [
        "0 3 * * *",
        "@daily",
        "*/15 * * * *",
        "0 0 1 jan *",
        "30 0 3 * * MON-FRI",
        "0 0 L * *",
        "0 0 * * 5#2",
        " 0 3 * * * ",
        "0 0 29 2 *",
        "0 0 0 1 1 * 2100",
        "0 0 0 1 1 * 1999",
        "",
        "* * * *",
        "60 * * * *",
        "0 24 * * *",
        "a b c d e",
        "0 0 31 2 *",
        ", * * * *",
        "0,, * * * *",
        "@never",
        "0 0 * * * * * *",
        "*/0 * * * *",
        "5-1 * * * *",
        "\u{1f550} * * * *",
    ];
    let mut taken = 0;
    for (number, expression) in expressions.into_iter().enumerate() {
        let cron = toml::Value::String(expression.to_owned());
        let text = format!("[sites.a]\ntarget = 'https://a.example/'\ntime_zone = 'Europe/Berlin'\ncron = {cron}\n");
        let here = load(&folder.write("s.toml", &text), super::NO_VARS);
        let there = scheduler.cron(number.to_string(), expression, "Europe/Berlin").run(async || {}).await;
        if let Err(error) = &there {
            assert!(matches!(error, scheduler::ScheduleError::Expression { .. }), "{expression:?}: {error}");
        }
        assert_eq!(here.is_ok(), there.is_ok(), "{expression:?}: {here:?}");
        taken += usize::from(here.is_ok());
    }
    assert!((8..expressions.len() - 8).contains(&taken), "{taken} of them, so that both are tried");
}

#[test]
fn a_page_that_others_can_reach_needs_a_token() {
    for listen in ["'0.0.0.0:8080'", "'[::]:8080'", "'192.168.1.1:80'", "['127.0.0.1:80', '10.0.0.1:80']"] {
        let told = refused(&format!("web.listen = {listen}\n"));
        assert!(told.ends_with("others than this machine can reach it, so there must be a web.token"), "{told}");
        let with = super::loaded(&format!("web = {{ listen = {listen}, token = '0123456789abcdef' }}\n"));
        assert!(with.web.token.is_some());
    }
    assert!(super::loaded("web.listen = ['127.0.0.1:0', '[::1]:0']\n").web.token.is_none());
    for listen in ["'localhost:8080'", "'127.0.0.1'", "[]", "['127.0.0.1:80', 'x']"] {
        assert!(refused(&format!("web.listen = {listen}\n")).contains("expected an address and a port"), "{listen}");
    }
    assert!(refused("web.listen = 8080\n").starts_with("s.toml:1: web.listen = 8080: expected an address and a port"));
}

#[test]
fn headers_and_limits_that_can_not_be_are_refused() {
    let told =
        of_site("[sites.a.http]\nper_host = 0\nrate = -1\nread_timeout = '0s'\nmax_body = 0\nuser_agent = \"a\\nb\"\n");
    assert_eq!(
        told,
        "s.toml:4: sites.a.http.per_host = 0: expected a whole number, 1 or more\n\
         s.toml:7: sites.a.http.max_body = 0: expected a whole number, 1 or more",
        "of the right type first"
    );
    let told = of_site("confirm.times = 11\n[sites.a.http]\nrate = -1\nread_timeout = '0s'\nuser_agent = \"a\\nb\"\n");
    assert_eq!(
        told,
        "s.toml:3: sites.a.confirm.times = 11: must be at most 10\n\
         s.toml:5: sites.a.http.rate = -1: expected a number of requests per second, or 0 for no limit\n\
         s.toml:6: sites.a.http.read_timeout = \"0s\": must be longer than nothing\n\
         s.toml:7: sites.a.http.user_agent = \"a\\nb\": has characters that a header can't have"
    );
    for (header, words) in [
        ("'a b' = 'x'", "the name is not one that a header can have"),
        ("host = 'x'", "is part of how HTTP works"),
        ("accept-encoding = 'gzip'", "is set by what can be decompressed"),
        ("x-a = \"\\u0000\"", "has characters that a header can't have"),
        ("Authorization = 'Bearer x'", "as one of auth.headers it is kept secret"),
        ("cookie = 'x'", "as one of auth.headers it is kept secret"),
    ] {
        let told = of_site(&format!("http.headers = {{ {header} }}"));
        assert!(told.contains(words) && told.contains("(hidden)"), "{told}");
    }
}

#[test]
fn reasons_that_no_link_can_have_are_refused() {
    let told = of_site("report.ignore = ['http-403', 'http-4040', 'slow']");
    let lines: Vec<&str> = told.lines().collect();
    assert!(lines[0].starts_with("s.toml:3: sites.a.report.ignore[1] = \"http-4040\": expected the code of a reason"));
    assert!(lines[1].starts_with("s.toml:3: sites.a.report.ignore[2] = \"slow\": expected the code of a reason"));
    assert_eq!(lines.len(), 2);
}
