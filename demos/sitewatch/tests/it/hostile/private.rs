//! Private addresses are not asked, by whatever way they are reached.

use sitewatch::fetch::{FetchError, Fetched, Fetcher, HttpConfig, LONGEST_URL, Private};

use super::server::{Server, html, missing, redirect};

fn config(private_hosts: &[String]) -> HttpConfig {
    HttpConfig { rate: 0.0, private: Private::Refuse, private_hosts: private_hosts.to_vec(), ..HttpConfig::default() }
}

fn fetcher(private_hosts: &[String]) -> Fetcher {
    Fetcher::new(&config(private_hosts)).unwrap()
}

fn is_private(fetched: &Fetched) -> bool {
    matches!(fetched.result, Err(FetchError::Private { .. }))
}

#[tokio::test]
async fn an_address_is_recognized_in_every_form_and_nothing_is_sent() {
    let inside = Server::start(|_| html("")).await;
    let fetcher = fetcher(&[]);
    let port = inside.port();
    for host in ["127.0.0.1", "127.1", "0x7f.0.0.1", "2130706433", "017700000001", "0", "[::1]", "[::ffff:127.0.0.1]"] {
        let url = format!("http://{host}:{port}/").parse().unwrap();
        for fetched in [fetcher.page(&url).await, fetcher.probe(&url).await, fetcher.text(&url).await] {
            assert!(is_private(&fetched), "{host}: {fetched:?}");
            assert_eq!(fetched.attempts, 0, "{host}");
        }
        assert_eq!(fetcher.robots(&url).await.unwrap_err().code(), "private", "{host}");
    }
    assert!(inside.asked().is_empty());
}

#[tokio::test]
async fn a_name_is_looked_up_by_the_connection_and_refused_if_it_leads_inside() {
    let inside = Server::start(|_| html("")).await;
    let url = format!("http://localhost:{}/", inside.port()).parse().unwrap();
    let fetcher = fetcher(&[]);
    let first = fetcher.page(&url).await;
    assert!(is_private(&first), "{first:?}");
    assert_eq!(first.attempts, 1, "it is not tried again");
    assert_eq!(fetcher.page(&url).await.attempts, 0, "and remembered");
    assert!(inside.asked().is_empty());
}

#[tokio::test]
async fn a_host_that_is_named_is_asked_all_the_same_at_its_port_only() {
    let inside = Server::start(|_| html("hello")).await;
    let url = format!("http://localhost:{}/", inside.port()).parse().unwrap();
    for (host, may) in [
        (format!("localhost:{}", inside.port()), true),
        (format!("LOCALHOST:{}", inside.port()), true),
        ("localhost".to_owned(), false),
        ("localhost:1".to_owned(), false),
        (inside.authority(), false),
    ] {
        let fetched = fetcher(std::slice::from_ref(&host)).page(&url).await;
        assert_eq!(fetched.result.is_ok(), may, "{host}: {fetched:?}");
    }
    let fetched = fetcher(&[inside.authority()]).page(&inside.url("/")).await;
    assert_eq!(fetched.result.unwrap().body.as_deref(), Some(&b"hello"[..]));
    assert_eq!(inside.asked().len(), 3);
}

#[tokio::test]
async fn a_redirect_that_leads_inside_is_not_followed() {
    let inside = Server::start(|_| html("")).await;
    let (by_address, by_name) = (inside.url("/").to_string(), format!("http://localhost:{}/", inside.port()));
    let outside = Server::start(move |path| redirect(if path == "/address" { &by_address } else { &by_name })).await;
    let fetcher = fetcher(&[outside.authority()]);
    for path in ["/address", "/name"] {
        let fetched = fetcher.page(&outside.url(path)).await;
        assert!(is_private(&fetched), "{fetched:?}");
        assert_eq!(fetched.redirects.len(), 1);
    }
    // A robots.txt that is elsewhere, where nobody may look, is none.
    fetcher.allowed(&outside.url("/name")).await.unwrap();
    assert_eq!(outside.asked().last().map(String::as_str), Some("/robots.txt"));
    assert!(inside.asked().is_empty());
}

#[tokio::test]
async fn a_url_that_is_too_long_is_not_sent() {
    let server = Server::start(|_| missing()).await;
    let fetcher = fetcher(&[server.authority()]);
    let longest = LONGEST_URL - server.url("/").as_str().len();
    let at = |length: usize| server.url(&format!("/{}#{}", "x".repeat(length), "part".repeat(1_000)));
    let fetched = fetcher.page(&at(longest + 1)).await;
    assert_eq!((fetched.result.unwrap_err().code(), fetched.attempts), ("url-too-long", 0));
    assert!(server.asked().is_empty());
    assert_eq!(fetcher.page(&at(longest)).await.result.unwrap_err().status(), Some(404));
}

#[test]
fn settings_that_would_do_nothing_are_refused() {
    for host in ["", "http://localhost/", "localhost/", "a b"] {
        let error = Fetcher::new(&config(&[host.to_owned()])).unwrap_err().to_string();
        assert!(error.starts_with("private_hosts must be hosts, each with or without a port"), "{error}");
    }
    let error = Fetcher::new(&HttpConfig { max_ratio: 0, ..HttpConfig::default() }).unwrap_err();
    assert_eq!(error.to_string(), "max_ratio must be at least 1");
    let read = |text: &str| serde_json::from_str::<HttpConfig>(text).map(|config| config.private);
    assert_eq!(read(r#"{ "private": "refuse" }"#).unwrap(), Private::Refuse);
    assert_eq!(read("{}").unwrap(), Private::Allow);
    assert!(read(r#"{ "private": "no" }"#).is_err());
}
