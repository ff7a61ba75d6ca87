use std::time::Duration;

use sitewatch::fetch::{FetchError, FetchSetupError, Fetcher, HttpConfig};
use tokio::time::Instant;

use super::{config, fetcher, fetcher_with};
use crate::support::bounded;
use crate::support::reply::{Reply, Step};
use crate::support::server::Server;

#[tokio::test]
async fn a_page_comes_with_its_type_charset_and_body() {
    bounded(async {
        let server = Server::start(|_| Reply::html("<p>caf\u{e9}")).await;
        let fetched = fetcher().page(&server.url("/x#part")).await;
        let page = fetched.result.unwrap();
        assert_eq!(page.status, 200);
        assert!(page.is_html());
        assert_eq!(page.content_type.as_deref(), Some("text/html"));
        assert_eq!(page.charset.as_deref(), Some("utf-8"));
        assert_eq!(page.body.as_deref(), Some("<p>caf\u{e9}".as_bytes()));
        assert_eq!(fetched.url, server.url("/x#part"));
        assert_eq!((fetched.attempts, fetched.redirects.len()), (1, 0));
    })
    .await;
}

#[tokio::test]
async fn the_body_of_what_is_not_html_is_left_to_text() {
    bounded(async {
        let server =
            Server::start(|_| Reply::status(200).header("Content-Type", "application/xml").body("<urlset/>")).await;
        let fetcher = fetcher();
        assert_eq!(fetcher.page(&server.url("/")).await.result.unwrap().body, None);
        assert_eq!(fetcher.text(&server.url("/")).await.result.unwrap().body.as_deref(), Some(&b"<urlset/>"[..]));
    })
    .await;
}

#[tokio::test]
async fn a_hundred_requests_use_the_same_connection() {
    bounded(async {
        let server = Server::start(|request| match &*request.path {
            "/missing" => Reply::status(404).body("nothing here"),
            _ => Reply::html("<p>"),
        })
        .await;
        let fetcher = fetcher();
        for _ in 0..25 {
            fetcher.page(&server.url("/")).await.result.unwrap();
            fetcher.probe(&server.url("/")).await.result.unwrap();
            fetcher.probe(&server.url("/missing")).await.result.unwrap_err();
        }
        assert_eq!(server.log().len(), 100);
        assert_eq!(server.connections(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_short_body_that_nobody_wants_is_read_for_the_sake_of_its_connection() {
    bounded(async {
        let server = Server::start(|request| {
            let (status, kind) = if request.path == "/missing" { (404, "text/html") } else { (200, "image/png") };
            let head = format!("HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: 4\r\n\r\n");
            let late = Step::Wait(Duration::from_millis(1));
            Reply::raw([Step::Send(head.into_bytes()), late, Step::Send(b"body".to_vec())])
        })
        .await;
        let fetcher = fetcher();
        for _ in 0..3 {
            fetcher.page(&server.url("/missing")).await.result.unwrap_err();
            fetcher.page(&server.url("/image")).await.result.unwrap();
        }
        assert_eq!(server.connections(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_body_that_nobody_wants_is_not_waited_for() {
    bounded(async {
        let server = Server::start(|request| {
            let length = if request.path == "/long" { 1_000_000_000 } else { 4 };
            let head = format!("HTTP/1.1 200 X\r\nContent-Type: video/mp4\r\nContent-Length: {length}\r\n\r\n");
            Reply::raw([Step::Send(head.into_bytes()), Step::Hang])
        })
        .await;
        // Longer than any wait here may be.
        let fetcher = fetcher_with(|config| config.read_timeout = Duration::from_secs(60));
        for path in ["/long", "/short"] {
            let start = Instant::now();
            fetcher.page(&server.url(path)).await.result.unwrap();
            assert!(start.elapsed() < Duration::from_secs(8), "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn requests_say_truthfully_who_asks() {
    bounded(async {
        let server = Server::start(|_| Reply::html("")).await;
        fetcher().page(&server.url("/")).await.result.unwrap();
        let headers = &server.log()[0].headers;
        assert!(headers["user-agent"].starts_with("sitewatch/"), "{headers:?}");
        assert!(headers["accept"].starts_with("text/html"), "{headers:?}");
        for encoding in ["gzip", "br", "deflate"] {
            assert!(headers["accept-encoding"].contains(encoding), "{headers:?}");
        }
        assert!(!headers.contains_key("referer"));
    })
    .await;
}

#[tokio::test]
async fn a_probe_asks_with_head_and_is_content_with_it() {
    bounded(async {
        let server = Server::start(|_| Reply::html("<p>")).await;
        let page = fetcher().probe(&server.url("/")).await.result.unwrap();
        assert_eq!((page.status, page.body), (200, None));
        assert_eq!(server.methods("/"), ["HEAD"]);
    })
    .await;
}

#[tokio::test]
async fn a_probe_asks_with_get_where_head_is_not_served() {
    bounded(async {
        let server = Server::start(|request| match (&*request.method, &*request.path) {
            ("GET", _) => Reply::html("<p>"),
            (_, "/reset") => Reply::raw([Step::Reset]),
            (_, "/garbage") => Reply::bytes("no such method\r\n\r\n"),
            (_, path) => Reply::status(path[1..].parse().unwrap()),
        })
        .await;
        let fetcher = fetcher();
        for path in ["/403", "/404", "/405", "/501", "/reset", "/garbage"] {
            let fetched = fetcher.probe(&server.url(path)).await;
            assert_eq!(fetched.result.unwrap().status, 200, "{path}");
            assert_eq!(server.methods(path), ["HEAD", "GET"], "{path}");
            assert_eq!(fetched.attempts, 1, "{path}");
        }
        let fetched = fetcher.probe(&server.url("/410")).await;
        assert!(matches!(fetched.result, Err(FetchError::Status(410))));
        assert_eq!(server.methods("/410"), ["HEAD"]);
    })
    .await;
}

#[tokio::test]
async fn headers_with_credentials_go_to_the_named_hosts_only() {
    bounded(async {
        let own = Server::start(|_| Reply::html("")).await;
        let other = Server::start(|_| Reply::html("")).await;
        let fetcher = fetcher_with(|config| {
            config.headers.insert("Authorization".to_owned(), "Bearer secret".to_owned());
            config.headers.insert("X-Team".to_owned(), "web".to_owned());
            config.credential_hosts.push(own.url("/").authority().to_owned());
        });
        fetcher.page(&own.url("/")).await.result.unwrap();
        fetcher.page(&other.url("/")).await.result.unwrap();
        assert_eq!(own.log()[0].headers["authorization"], "Bearer secret");
        assert_eq!(own.log()[0].headers["x-team"], "web");
        assert!(!other.log()[0].headers.contains_key("authorization"));
        assert_eq!(other.log()[0].headers["x-team"], "web");
    })
    .await;
}

#[test]
fn a_configuration_that_can_not_work_is_refused() {
    let with = |change: fn(&mut HttpConfig)| {
        let mut config = config();
        change(&mut config);
        Fetcher::new(&config).unwrap_err()
    };
    assert_eq!(with(|config| config.per_host = 0).to_string(), "per_host must be at least 1");
    for rate in [-1.0, f64::NAN, f64::INFINITY, 1e-9] {
        let error = Fetcher::new(&HttpConfig { rate, ..config() }).unwrap_err();
        assert!(matches!(error, FetchSetupError::Value { field: "rate", .. }), "{rate}");
    }
    let zero = with(|config| config.read_timeout = Duration::ZERO);
    assert_eq!(zero.to_string(), "read_timeout must be longer than nothing");
    for (name, value) in [("Bad Name", "x"), ("x-bad", "a\nb"), ("Host", "x"), ("Accept-Encoding", "zstd")] {
        let headers = [(name.to_owned(), value.to_owned())].into();
        let error = Fetcher::new(&HttpConfig { headers, ..config() }).unwrap_err();
        assert!(matches!(&error, FetchSetupError::Header { name: named, .. } if named == name), "{error}");
    }
    let everywhere = with(|config| drop(config.headers.insert("Cookie".to_owned(), "a=b".to_owned())));
    assert!(matches!(everywhere, FetchSetupError::Credentials { .. }));
    let agent = with(|config| config.user_agent = "a\nb".to_owned());
    assert!(matches!(agent, FetchSetupError::Header { .. }));
}
