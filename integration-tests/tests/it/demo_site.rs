//! The site full of faults, as a checker, a browser and a shell meet it.

use std::collections::{BTreeMap, HashMap};
use std::process::Stdio;
use std::time::Duration;

use integration_tests::sitewatch::{Reply, ask, command};
use sitewatch::check::Checker;
use sitewatch::cli::Target;
use sitewatch::config::CheckConfig;
use sitewatch::demo_site::{DemoSite, Fault, Faults, Stats};
use sitewatch::report::{Report, Status};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::{sleep, timeout};

const BOUND: Duration = Duration::from_secs(60);

async fn bounded<F: Future>(scenario: F) -> F::Output {
    timeout(BOUND, scenario).await.expect("the scenario hangs")
}

async fn check(site: &DemoSite) -> Report {
    let mut config = CheckConfig::default();
    (config.http.rate, config.http.retries) = (0.0, 0);
    Checker::new(config).run(&Target::parse(site.url(), None).unwrap()).await.unwrap()
}

async fn get(site: &DemoSite, path: &str, headers: &[(&str, &str)]) -> Reply {
    ask("GET", &format!("{}{}", site.url(), &path[1..]), headers, "").await.unwrap()
}

async fn post(site: &DemoSite, path: &str) -> Reply {
    ask("POST", &format!("{}{}", site.url(), &path[1..]), &[], "").await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_the_tree_is_reached_and_asked_for_once() {
    bounded(async {
        let site = DemoSite::builder().pages(1_000).faults(Faults::none()).start().await.unwrap();
        let report = check(&site).await;
        assert_eq!((report.summary().pages, report.summary().broken()), (1_000, 0));
        let fetched = site.fetched();
        let twice: HashMap<_, _> = fetched.iter().filter(|(_, times)| **times != 1).collect();
        assert!(twice.is_empty(), "{twice:?}");
        let pages = fetched.keys().filter(|path| *path == "/" || path.starts_with("/pages/")).count();
        assert_eq!(pages, 1_000);
        let peak = site.in_flight_peak();
        assert!((1..=4).contains(&peak), "{peak} at a time, by four seats");
        assert_eq!(site.in_flight(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_is_reported_for_what_it_is() {
    bounded(async {
        let site = DemoSite::builder().pages(1).slow(Duration::from_millis(200)).start().await.unwrap();
        let report = check(&site).await;
        let faults = format!("{}faults/", site.url());
        let listed =
            report.links().iter().filter(|link| matches!(link.verdict.status(), Status::Broken | Status::Redirected));
        let found: BTreeMap<String, String> = listed
            .map(|link| {
                let fault = link.page.strip_prefix(&faults).unwrap().trim_end_matches('/');
                (fault.to_owned(), link.verdict.reason.code().to_string())
            })
            .collect();
        let expected = [
            ("error-once", "http-500"),
            ("malformed", "malformed-url"),
            ("missing", "http-404"),
            ("missing-fragment", "missing-fragment"),
            ("moved", "moved-permanently"),
            ("not-http", "protocol"),
            ("redirect-chain", "too-many-redirects"),
            ("redirect-elsewhere", "moved-temporarily"),
            ("redirect-loop", "redirect-loop"),
            ("redirect-nowhere", "bad-redirect"),
            ("reset", "reset"),
            ("scattered", "http-404"),
            ("short-body", "reset"),
            ("typo", "http-404"),
        ];
        let expected = expected.map(|(fault, reason)| (fault.to_owned(), reason.to_owned()));
        assert_eq!(found, BTreeMap::from(expected));
        assert!(!site.fetched().contains_key("/private/"), "robots.txt asks not to");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scattered_faults_are_on_every_fiftieth_page() {
    bounded(async {
        let site = DemoSite::builder().pages(200).faults([Fault::Scattered]).start().await.unwrap();
        let report = check(&site).await;
        let mut pages: Vec<&str> = report.links().iter().map(|link| link.page).collect();
        pages.sort_unstable();
        let page = |path: &str| format!("{}{path}", site.url());
        assert_eq!(pages, ["faults/scattered/", "pages/107/", "pages/157/", "pages/57/", "pages/7/"].map(page));
    })
    .await;
}

#[tokio::test]
async fn a_page_that_is_known_is_not_sent_again() {
    bounded(async {
        let site = DemoSite::builder().pages(20).control(true).start().await.unwrap();
        for path in ["/", "/pages/19/", "/faults/", "/faults/typo/"] {
            let first = get(&site, path, &[]).await;
            let (etag, date) = (first.header("etag").unwrap(), first.header("last-modified").unwrap());
            assert!(first.status == 200 && first.text().contains("<h1>"), "{path}");
            for known in [("if-none-match", etag), ("if-none-match", "\"other\", *"), ("if-modified-since", date)] {
                let again = get(&site, path, &[known]).await;
                assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, Some(etag)), "{path}");
            }
            let other = [("if-none-match", "\"other\""), ("if-modified-since", date)];
            assert_eq!(get(&site, path, &other).await.status, 200, "{path}: the tag counts");
        }
        let typo = get(&site, "/faults/typo/", &[]).await;
        let known = [("if-none-match", typo.header("etag").unwrap())];
        assert!(site.fix());
        let mended = get(&site, "/faults/typo/", &known).await;
        assert_eq!(mended.status, 200, "it is another page now");
        assert!(mended.text().contains("/faults/typo/target") && !mended.text().contains("/faults/typo/taget"));
        let stats = site.stats();
        assert_eq!((stats.conditional, stats.not_modified), (17, 12));
    })
    .await;
}

#[tokio::test]
async fn the_controls_mend_it_and_break_it_again() {
    bounded(async {
        let site = DemoSite::builder().pages(1).control(true).start().await.unwrap();
        let target = "/faults/missing/target";
        for (control, said, status) in [
            ("/_control/fix", r#"{"changed":true,"mended":true}"#, 200),
            ("/_control/fix", r#"{"changed":false,"mended":true}"#, 200),
            ("/_control/break", r#"{"changed":true,"mended":false}"#, 404),
        ] {
            assert_eq!(post(&site, control).await.text(), said);
            assert_eq!(get(&site, target, &[]).await.status, status, "after {control}");
        }
        assert_eq!(get(&site, "/_control/fix", &[]).await.status, 405, "a link must not mend it");
        let stats: Stats = serde_json::from_slice(&get(&site, "/_control/stats", &[]).await.body).unwrap();
        assert_eq!(stats, site.stats());
        assert_eq!((stats.total, stats.requests[target], stats.connections), (3, 3, 8));
    })
    .await;
}

#[tokio::test]
async fn without_controls_there_are_none() {
    bounded(async {
        let site = DemoSite::builder().pages(1).start().await.unwrap();
        assert_eq!(get(&site, "/_control/stats", &[]).await.status, 404);
        assert_eq!(post(&site, "/_control/fix").await.status, 405);
        assert_eq!(get(&site, "/faults/missing/target", &[]).await.status, 404);
    })
    .await;
}

#[tokio::test]
async fn some_faults_come_and_go() {
    bounded(async {
        let site = DemoSite::builder().pages(1).start().await.unwrap();
        for (path, statuses) in [
            ("/faults/error-once/target", [500, 200, 200, 200, 200, 200]),
            ("/faults/flapping/target", [200, 200, 500, 200, 200, 500]),
        ] {
            for status in statuses {
                assert_eq!(get(&site, path, &[]).await.status, status, "{path}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn hostile_faults_are_there_if_wanted_only() {
    bounded(async {
        let tame = DemoSite::builder().pages(1).start().await.unwrap();
        assert_eq!(get(&tame, "/calendar/2026/12/", &[]).await.status, 404);

        let site = DemoSite::builder().pages(1).faults(Faults::all()).start().await.unwrap();
        let december = get(&site, "/calendar/2026/12/", &[]).await.text();
        assert!(december.contains("/calendar/2027/01/"), "{december}");
        assert_eq!(get(&site, "/calendar/2027/01/", &[]).await.status, 200);
        assert_eq!(get(&site, "/calendar/2027/13/", &[]).await.status, 404);

        let bomb = get(&site, "/faults/gzip-bomb/target", &[]).await;
        assert_eq!(bomb.header("content-encoding"), Some("gzip"));
        assert!(bomb.body.len() < 2_000_000, "{} bytes", bomb.body.len());

        let silent = format!("{}faults/silent/target", site.url());
        assert!(timeout(Duration::from_millis(300), ask("GET", &silent, &[], "")).await.is_err(), "it answers");
        // The client has hung up, and the site notices.
        while site.in_flight() > 0 {
            sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_connection_serves_many_requests_and_ends_with_the_site() {
    bounded(async {
        let site = DemoSite::builder().pages(5).start().await.unwrap();
        let mut socket = TcpStream::connect(site.address()).await.unwrap();
        // Two at once, and the second has a body.
        let head = "GET / HTTP/1.1\r\nhost: x\r\n\r\nPOST / HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc";
        socket.write_all(head.as_bytes()).await.unwrap();
        let mut said = String::new();
        while !said.contains("405 Method Not Allowed") {
            let mut some = [0; 1_024];
            let read = socket.read(&mut some).await.unwrap();
            assert_ne!(read, 0, "it hung up: {said}");
            said += std::str::from_utf8(&some[..read]).unwrap();
        }
        assert!(said.starts_with("HTTP/1.1 200 OK\r\n"), "{said}");
        assert_eq!(site.stats().connections, 1);
        let address = site.address();
        drop(site);
        let mut rest = Vec::new();
        // However the system says it: it ends.
        let _ = socket.read_to_end(&mut rest).await;
        while TcpStream::connect(address).await.is_ok() {
            sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_no_request_is_refused_and_does_not_stop_the_others() {
    bounded(async {
        let site = DemoSite::builder().pages(1).start().await.unwrap();
        let long = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(40_000));
        for (request, status) in [
            ("nonsense\r\n\r\n", "400"),
            ("GET http://x/ HTTP/1.1\r\n\r\n", "400"),
            ("POST / HTTP/1.1\r\ncontent-length: 99999999\r\n\r\n", "413"),
            ("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n", "411"),
            (&*long, "431"),
        ] {
            let mut socket = TcpStream::connect(site.address()).await.unwrap();
            socket.write_all(request.as_bytes()).await.unwrap();
            let mut said = [0; 12];
            socket.read_exact(&mut said).await.unwrap();
            assert_eq!(&said[9..], status.as_bytes(), "{}", String::from_utf8_lossy(&said));
        }
        assert_eq!(get(&site, "/", &[]).await.status, 200);
    })
    .await;
}

#[cfg(unix)]
#[tokio::test]
async fn the_program_serves_it_until_it_is_told_to_stop() {
    bounded(async {
        let mut program = Command::from(command().unwrap());
        program.args(["demo-site", "--pages", "5", "--faults", "missing"]).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = program.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next_line().await.unwrap().unwrap();
        let url = first.strip_prefix("listening on ").unwrap();
        let list = ask("GET", &format!("{url}faults/"), &[], "").await.unwrap();
        assert!(list.text().contains("/faults/missing/") && !list.text().contains("/faults/slow/"), "{list:?}");
        let kill = format!("kill -TERM {}", child.id().unwrap());
        assert!(Command::new("sh").args(["-c", &kill]).status().await.unwrap().success());
        assert_eq!(child.wait().await.unwrap().code(), Some(0));

        let refused = command().unwrap().args(["demo-site", "--faults", "mising"]).output().unwrap();
        assert_eq!(refused.status.code(), Some(2));
        assert!(String::from_utf8(refused.stderr).unwrap().contains("no such fault: \"mising\""));
    })
    .await;
}
